"""Requests over aiohttp, which no other folder of the client imports."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from functools import lru_cache
from urllib.parse import urlsplit

import aiohttp
import anyio
from attrs import field, frozen
from yarl import URL

from remote_backend.api.messages import Request, Response
from remote_backend.api.transport.bodies import (
    CutBody,
    UnreadableBody,
    is_streamed,
    open_body,
    read_body,
)
from remote_backend.api.transport.session_failures import Attempt
from remote_backend.api.transport.trusted_certificates import tls_settings
from remote_backend.api.transport_settings import TransportSettings
from remote_backend.errors import TransportError
from remote_backend.models.addresses import PublicUrl, SignedUrl
from remote_backend.notices import Notices
from remote_backend.structured_logging import Log
from remote_backend.telemetry import without_http_spans

__all__ = ("AiohttpTransport", "Origin", "open_transport")

log = Log()

_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# aiohttp has no time limit for the response to CONNECT alone: `connect` includes the wait for a
# free connection of the pool, so behind a proxy it has to be longer.
_PROXY_CONNECT_FACTOR = 6


@frozen
class Origin:
    """The address of an API and the token for it."""

    base_url: str
    """Absolute, with a slash at its end."""

    token: str = field(repr=False)


class AiohttpTransport:
    """Sends one request and reads its response, without a retry."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        settings: TransportSettings,
        origin: Origin | None = None,
        *,
        notices: Notices | None = None,
    ) -> None:
        self._session = session
        self._settings = settings
        self._origin = origin
        self._notices = notices or Notices()

    def at(self, origin: Origin) -> "AiohttpTransport":
        """Return a transport for an API; it shares the connections of this one."""
        return AiohttpTransport(
            self._session, self._settings, origin, notices=self._notices
        )

    async def send(self, request: Request) -> Response:
        """Send a request, and follow redirects of reads; raises `TransportError` when no response came."""
        url = self._url(request)
        redirects = 0
        while True:
            response = await self._exchange(request, url)
            target = response.headers.get("location")
            if (
                response.status not in _REDIRECTS
                or not target
                or request.method not in ("GET", "HEAD")
            ):
                return response
            redirects += 1
            attempt = self._attempt(request, url)
            if redirects > _MOST_REDIRECTS:
                raise attempt.error_after_sending("redirected too often", is_permanent=True)
            url = _redirect_url(attempt, url, target)

    async def _exchange(self, request: Request, url: URL) -> Response:
        awaited = "the end of an upload" if is_streamed(request.body) else "a response"
        with self._notices.waiting(
            awaited, detail=lambda: f"{request.method} {request.where}"
        ):
            if log.reports_steps:
                return await self._send_and_log(request, url)
            return await self._send_once(request, url)

    async def _send_and_log(self, request: Request, url: URL) -> Response:
        began = anyio.current_time()
        try:
            response = await self._send_once(request, url)
        except TransportError as error:
            log.debug(
                "request.failed",
                method=request.method,
                where=_described(request, url),
                seconds=round(anyio.current_time() - began, 3),
                problem=error.problem,
            )
            raise
        log.debug(
            "request.answered",
            method=request.method,
            where=_described(request, url),
            status=response.status,
            seconds=round(anyio.current_time() - began, 3),
            size_bytes=len(response.body),
            request_id=response.headers.get("x-request-id"),
        )
        return response

    async def _send_once(self, request: Request, url: URL) -> Response:
        try:
            if is_streamed(request.body):
                return await self._upload(request, url)
            read_seconds = self._settings.read_seconds
            return await self._receive(request, url, request.body, {}, read_seconds)
        except UnreadableBody as error:
            attempt = self._attempt(request, url)
            problem = f"the response of {attempt.host} cannot be read: {error}"
            raise attempt.error_after_sending(problem, is_permanent=True) from None
        except (aiohttp.ClientError, CutBody, OSError, ValueError) as error:
            raise self._attempt(request, url).error_from(error) from None

    async def _upload(self, request: Request, url: URL) -> Response:
        """Send a large body; only the time without progress is limited.

        The deadline moves with each part, the first one included; before it, the connection
        has a limit of its own.
        """
        seconds = self._settings.upload_seconds
        headers: dict[str, str] = {}
        with anyio.CancelScope() as scope:

            def on_part_sent() -> None:
                scope.deadline = anyio.current_time() + seconds
                if request.on_part_sent is not None:
                    request.on_part_sent()

            async with open_body(request.body, headers, on_part_sent) as data:
                return await self._receive(request, url, data, headers, seconds)
        problem = f"the upload made no progress for {seconds:g} s"
        raise self._attempt(request, url).error_after_sending(problem)

    async def _receive(
        self,
        request: Request,
        url: URL,
        data: object,
        body_headers: dict[str, str],
        read_seconds: float,
    ) -> Response:
        headers = {**request.headers, **body_headers}
        is_foreign = self._origin is not None and not self._may_carry_token(request, url)
        if self._origin is not None and not is_foreign:
            headers["Authorization"] = f"Bearer {self._origin.token}"
            # aiohttp refuses a request with two credentials; a redirect may name others.
            url = url.with_user(None)
        proxy = self._settings.proxy_of(str(url.origin()))
        with without_http_spans() if is_foreign else nullcontext():
            async with self._session.request(
                request.method,
                url,
                headers=headers,
                data=data,
                allow_redirects=False,
                proxy=proxy,
                timeout=_timeout(
                    self._settings.connect_seconds,
                    read_seconds,
                    is_proxied=proxy is not None,
                ),
            ) as response:
                return Response(
                    status=response.status,
                    headers={
                        name.lower(): value for name, value in response.headers.items()
                    },
                    body=await read_body(response, request.max_bytes),
                    url=str(response.url),
                )

    def _attempt(self, request: Request, url: URL) -> Attempt:
        proxy = self._settings.proxy_of(str(url.origin()))
        return Attempt(
            request.method,
            _address_without_secrets(request, url),
            _host_of(str(url)),
            _host_of(proxy) if proxy else None,
        )

    def _url(self, request: Request) -> URL:
        """Return the absolute URL of a request; raises `TransportError` for one that is not usable."""
        base = URL(self._origin.base_url) if self._origin else None
        try:
            url = _absolute_url(request, base)
            is_usable = _is_web_address(url)
        except ValueError:
            is_usable = False
        if not is_usable:
            raise _unusable(request, "this is not a web address")
        if base is not None and _loses_encryption(base, url):
            raise _unusable(
                request,
                f"the server names an address on {url.host} without encryption (http://), "
                "which is not used; check the settings of the server or of a proxy before it",
            )
        return url

    def _may_carry_token(self, request: Request, url: URL) -> bool:
        if not isinstance(request.target, str) or self._origin is None:
            return False
        # `URL.origin` would keep a default port that is written out, and the case of a host.
        base = URL(self._origin.base_url)
        return (url.scheme, url.host, url.port) == (base.scheme, base.host, base.port)


@asynccontextmanager
async def open_transport(
    settings: TransportSettings, notices: Notices | None = None
) -> AsyncIterator[AiohttpTransport]:
    """Open a pool of connections, which is closed at the end of the block."""
    tls = tls_settings(settings)
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=tls, limit=settings.connections),
        headers={"User-Agent": settings.user_agent, "Accept-Encoding": "gzip"},
        # aiohttp does not notice that the end of a compressed body is missing.
        auto_decompress=False,
        # A session cookie of the host would take precedence over the token.
        cookie_jar=aiohttp.DummyCookieJar(),
        # With trust_env the passwords of ~/.netrc would be sent to signed addresses.
        trust_env=False,
    )
    try:
        yield AiohttpTransport(session, settings, notices=notices)
    finally:
        # A cancellation of the block would interrupt `close` too, and replace the error that
        # ended the block.
        with anyio.CancelScope(shield=True):
            await session.close()


@lru_cache
def _timeout(
    connect_seconds: float, read_seconds: float, *, is_proxied: bool
) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        total=None,
        connect=connect_seconds * _PROXY_CONNECT_FACTOR if is_proxied else None,
        sock_connect=connect_seconds,
        sock_read=read_seconds,
    )


def _absolute_url(request: Request, base: URL | None) -> URL:
    """Return where a request goes; raises `ValueError` for a text that is not a URL."""
    target = request.target
    # Quoting a signed address anew would break its signature, so it is taken as it is.
    url = URL(target) if isinstance(target, str) else URL(target.address, encoded=True)
    if base is not None:
        # Signed addresses may be relative to the API, too.
        url = base.join(url)
    return url.update_query(list(request.query)) if request.query else url


def _unusable(request: Request, problem: str) -> TransportError:
    return TransportError(
        request.method,
        request.where,
        problem,
        may_have_happened=False,
        is_permanent=True,
    )


def _is_web_address(url: URL) -> bool:
    """Return whether a request can be sent to an address; raises `ValueError` for a bad port."""
    # yarl checks host and port only when they are read.
    return url.scheme in ("http", "https") and url.host is not None and url.port != 0


def _loses_encryption(url: URL, following: URL) -> bool:
    return url.scheme == "https" and following.scheme == "http"


def _redirect_url(attempt: Attempt, url: URL, target: str) -> URL:
    try:
        joined = url.join(URL(target, encoded=True))
        is_safe = _is_web_address(joined) and not _loses_encryption(url, joined)
    except ValueError:
        problem = "redirected to a text that is not an address"
        raise attempt.error_after_sending(problem, is_permanent=True) from None
    if not is_safe:
        problem = "redirected to an address that is not safe to follow"
        raise attempt.error_after_sending(problem, is_permanent=True)
    return joined


def _address_without_secrets(request: Request, url: URL) -> str:
    if isinstance(request.target, SignedUrl | PublicUrl):
        return request.where
    return f"{url.origin()}{url.path}"


def _described(request: Request, url: URL) -> str:
    """Return the target for a log; a signed address may be secret as a whole, but not its host."""
    is_signed = isinstance(request.target, SignedUrl)
    return f"{request.where} on {url.host}" if is_signed else request.where


def _host_of(address: str) -> str:
    """Return host and port of an address, without a user name and password."""
    return urlsplit(address).netloc.rpartition("@")[2]
