"""Requests over aiohttp: the only module of the client that knows it."""

import os
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import aiohttp
import anyio
from attrs import field, frozen
from yarl import URL

from remote_backend.errors import TransportError
from remote_backend.messages import FileBody, PublicUrl, Request, Response, SignedUrl

__all__ = ("AiohttpTransport", "ConnectionSettings", "Origin", "open_transport")

_BLOCK_BYTES = 1 << 16
_LARGE_BYTES = 1 << 20
_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def _directly(address: str) -> None:
    return None


@frozen(kw_only=True)
class ConnectionSettings:
    """How connections are made."""

    user_agent: str
    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    """How long an answer may be silent; a living stream has no time limit."""

    connections: int = 100
    ca_file: str | None = None
    """Authorities that are trusted besides those of the system."""

    ca_directory: str | None = None
    proxy_of: Callable[[str], str | None] = field(default=_directly, repr=False)
    """Tells the proxy for an address, or None."""


@frozen
class Origin:
    """Where an API is and the token that opens it."""

    base_url: str
    """Absolute, with a slash at its end."""

    token: str = field(repr=False)


class AiohttpTransport:
    """Sends one request and reads one answer, with no second try."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        settings: ConnectionSettings,
        origin: Origin | None = None,
    ) -> None:
        self._session = session
        self._settings = settings
        self._origin = origin

    def at(self, origin: Origin) -> "AiohttpTransport":
        """Return a transport to an API that shares the connections of this one."""
        return AiohttpTransport(self._session, self._settings, origin)

    async def send(self, request: Request) -> Response:
        """Send a request; raise `TransportError` when there is no answer."""
        url = self._url(request)
        method, redirects = request.method, 0
        while True:
            response = await self._exchange(request, url)
            target = response.headers.get("location")
            if (
                response.status not in _REDIRECTS
                or not target
                or method not in ("GET", "HEAD")
            ):
                return response
            redirects += 1
            if redirects > _MOST_REDIRECTS:
                raise _lost(request, "redirected too often")
            url = _joined(request, url, target)

    async def _exchange(self, request: Request, url: URL) -> Response:
        headers = dict(request.headers)
        if self._origin is not None and self._may_carry_token(request, url):
            headers["Authorization"] = f"Bearer {self._origin.token}"
        try:
            async with (
                _opened(request.body, headers) as data,
                self._session.request(
                    request.method,
                    url,
                    headers=headers,
                    data=data,
                    allow_redirects=False,
                    proxy=self._settings.proxy_of(str(url.origin())),
                ) as answer,
            ):
                return Response(
                    status=answer.status,
                    headers={name.lower(): value for name, value in answer.headers.items()},
                    body=await _body(answer),
                    url=str(answer.url),
                )
        except aiohttp.ClientConnectorError as error:
            raise _unreached(request, url, error) from None
        except (aiohttp.ClientError, ValueError) as error:
            raise _lost(request, type(error).__name__) from None
        except TimeoutError as error:
            before = isinstance(error, aiohttp.ConnectionTimeoutError)
            raise TransportError(
                request.method,
                _shown(request, url),
                f"no {'connection' if before else 'answer'} in time",
                may_have_happened=not before,
            ) from None
        except OSError as error:
            raise _lost(request, error.strerror or type(error).__name__) from None

    def _url(self, request: Request) -> URL:
        target = request.target
        base = self._origin.base_url if self._origin else None
        text = target if isinstance(target, str) else target.address
        # Signed addresses may be relative to the API; what is signed is not re-quoted.
        url = URL(text, encoded=not isinstance(target, str))
        if base is not None:
            url = URL(base).join(url)
        if not url.absolute:
            raise ValueError(
                f"{request.where} is relative and there is no API to add it to"
            )
        return url.update_query(list(request.query)) if request.query else url

    def _may_carry_token(self, request: Request, url: URL) -> bool:
        if not isinstance(request.target, str) or self._origin is None:
            return False
        base = URL(self._origin.base_url)
        return url.origin() == base.origin()


@asynccontextmanager
async def open_transport(settings: ConnectionSettings) -> AsyncIterator[AiohttpTransport]:
    """Open a pool of connections; it is closed when the block is left."""
    tls = _trusting(settings)
    timeout = aiohttp.ClientTimeout(
        total=None,
        connect=None,
        sock_connect=settings.connect_seconds,
        sock_read=settings.read_seconds,
    )
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=tls, limit=settings.connections),
        timeout=timeout,
        headers={"User-Agent": settings.user_agent},
        # A session cookie of the host would outrank the token.
        cookie_jar=aiohttp.DummyCookieJar(),
        # With trust_env the passwords of ~/.netrc would be sent to signed addresses.
        trust_env=False,
    ) as session:
        yield AiohttpTransport(session, settings)


def _trusting(settings: ConnectionSettings) -> ssl.SSLContext | bool:
    if not settings.ca_file and not settings.ca_directory:
        # aiohttp has read the authorities of the system already, which takes some time.
        return True
    tls = ssl.create_default_context()
    if settings.ca_file:
        tls.load_verify_locations(cafile=settings.ca_file)
    for directory in (settings.ca_directory or "").split(os.pathsep):
        for entry in sorted(os.listdir(directory)) if directory else ():
            # OpenSSL would only look at names that are hashes; Terraform reads every file.
            with suppress(OSError):
                tls.load_verify_locations(cafile=os.path.join(directory, entry))
    return tls


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    """Read a body whole; a large one in one piece of memory, without a second copy of it."""
    length = answer.content_length
    if length is None or length < _LARGE_BYTES or "Content-Encoding" in answer.headers:
        return await answer.read()
    body = bytearray(length)
    place = 0
    async for part in answer.content.iter_any():
        body[place : place + len(part)] = part
        place += len(part)
    return bytes(body)


@asynccontextmanager
async def _opened(
    body: bytes | FileBody | None, headers: dict[str, str]
) -> AsyncIterator[bytes | AsyncIterator[bytes] | None]:
    if isinstance(body, bytes) and len(body) > _LARGE_BYTES:
        headers["Content-Length"] = str(len(body))
        yield _parts(body)
        return
    if not isinstance(body, FileBody):
        yield body
        return
    headers["Content-Length"] = str(body.size_bytes)
    # Opened out here, because aiohttp leaves off reading when it has the announced length.
    async with await anyio.open_file(os.fspath(body.path), "rb") as file:
        yield _blocks(file, body)


async def _parts(body: bytes) -> AsyncIterator[bytes]:
    # In one piece it would be copied whole into the buffer of the connection.
    for start in range(0, len(body), _BLOCK_BYTES):
        yield body[start : start + _BLOCK_BYTES]


async def _blocks(file: anyio.AsyncFile[bytes], body: FileBody) -> AsyncIterator[bytes]:
    sent = 0
    while block := await file.read(_BLOCK_BYTES):
        sent += len(block)
        yield block
        if body.progress is not None:
            body.progress(sent)


def _joined(request: Request, url: URL, target: str) -> URL:
    try:
        joined = url.join(URL(target, encoded=True))
    except ValueError:
        raise _lost(request, "redirected to something that is no address") from None
    if joined.scheme not in ("http", "https") or (url.scheme, joined.scheme) == (
        "https",
        "http",
    ):
        raise _lost(request, "redirected to an address that is not safe to follow")
    return joined


def _shown(request: Request, url: URL) -> str:
    if isinstance(request.target, SignedUrl):
        return request.where
    if isinstance(request.target, PublicUrl):
        return request.where
    return f"{url.origin()}{url.path}"


def _unreached(
    request: Request, url: URL, error: aiohttp.ClientConnectorError
) -> TransportError:
    host = urlsplit(str(url)).netloc
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        problem = f"the certificate of {host} is not trusted ({error.certificate_error})"
    elif isinstance(error, aiohttp.ClientConnectorDNSError):
        problem = f"the name {url.host} cannot be resolved"
    else:
        problem = f"{host} cannot be reached ({error.os_error.strerror or error.os_error})"
    return TransportError(
        request.method, _shown(request, url), problem, may_have_happened=False
    )


def _lost(request: Request, problem: str) -> TransportError:
    return TransportError(
        request.method,
        request.where,
        f"the connection broke ({problem})",
        may_have_happened=True,
    )
