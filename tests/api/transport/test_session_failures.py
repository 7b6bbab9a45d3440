"""A failed exchange names its cause, and whether anything was sent."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from attrs import evolve

from remote_backend.api.messages import Request
from remote_backend.api.transport.session import Origin, open_transport
from remote_backend.api.transport_settings import TransportSettings
from remote_backend.errors import TransportError
from remote_backend.models.addresses import PublicUrl, SignedUrl
from remote_backend.server.certificate import make_certificate
from tests.support.servers import Handler, listening, replying

SETTINGS = TransportSettings(user_agent="tests", connect_seconds=0.2, read_seconds=0.2)


async def failed(url: str, settings: TransportSettings = SETTINGS) -> TransportError:
    """Return the error of a create at an address."""
    request = Request(method="POST", target=PublicUrl(url), repeatable=False)
    async with open_transport(settings) as transport:
        with pytest.raises(TransportError) as caught:
            await transport.send(request)
    return caught.value


async def failed_by(
    handle: Handler, *, scheme: str = "http", proxied: bool = False
) -> TransportError:
    """Return the error that a handler causes; as a proxy it stands before another host."""
    async with listening(handle) as port:
        here = f"127.0.0.1:{port}"
        if not proxied:
            return await failed(f"{scheme}://{here}/x")
        settings = evolve(SETTINGS, proxy_of=lambda _: f"http://me:secret@{here}")
        return await failed(f"{scheme}://tfe.test/x", settings)


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read all bytes and never respond."""
    while await reader.read(1 << 16):
        pass


async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close at once."""
    writer.close()


def proxy_answer(status: int) -> Handler:
    """Return a proxy that responds to all requests with a status."""
    return replying(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode())


@pytest.mark.parametrize(
    ("handle", "text"),
    [
        (silent, "no connection to 127.0.0.1:.* in time"),
        (
            leave,
            "127.0.0.1:.* cannot be reached \\((Connection reset by peer|it was closed)",
        ),
    ],
)
async def test_a_failed_handshake_means_that_nothing_was_sent(
    handle: Handler, text: str
) -> None:
    """A TLS black hole and a host that hangs up cannot have created anything (M9, L9)."""
    error = await failed_by(handle, scheme="https")

    assert not error.may_have_happened and not error.is_permanent
    with pytest.raises(TransportError, match=text):
        raise error


async def test_plain_http_behind_https_is_named() -> None:
    """The port does not speak TLS, and a retry would fail alike (L9)."""

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    error = await failed_by(plain, scheme="https")

    assert "does not speak TLS" in str(error)
    assert error.is_permanent and not error.may_have_happened


async def test_silence_after_the_request_may_have_had_its_effect() -> None:
    """The create was sent, so it is ambiguous, and the host is named."""
    error = await failed_by(silent)

    assert error.may_have_happened and not error.is_permanent
    assert "no response from 127.0.0.1:" in str(error)


@pytest.mark.parametrize(
    ("status", "text", "is_permanent"),
    [
        (407, "requires a name and a password", True),
        (503, "makes no connection to tfe.test \\(status 503\\)", False),
        (403, "makes no connection to tfe.test \\(status 403\\)", True),
    ],
)
async def test_a_proxy_that_refuses_is_named(
    status: int, text: str, is_permanent: bool
) -> None:
    """The message names the proxy, not the host, and hides its password (L9)."""
    error = await failed_by(proxy_answer(status), scheme="https", proxied=True)

    with pytest.raises(TransportError, match=f"the proxy 127.0.0.1:[0-9]+ {text}"):
        raise error
    assert "secret" not in str(error)
    assert error.is_permanent is is_permanent and not error.may_have_happened


async def test_a_proxy_that_never_responds_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """aiohttp alone would wait for the response to CONNECT for ever."""
    monkeypatch.setattr("remote_backend.api.transport.session._PROXY_CONNECT_FACTOR", 1)

    error = await failed_by(silent, scheme="https", proxied=True)

    assert "no connection to tfe.test through the proxy 127.0.0.1:" in str(error)
    assert not error.may_have_happened


async def test_a_proxy_that_is_down_is_named() -> None:
    """The message has its address, not that of the host (L9)."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    settings = evolve(SETTINGS, proxy_of=lambda _: f"http://127.0.0.1:{port}")

    error = await failed("https://tfe.test/x", settings)

    assert f"the proxy 127.0.0.1:{port} cannot be reached (Conn" in str(error)


async def test_a_name_that_does_not_exist_is_named() -> None:
    """The host or the proxy."""
    proxied = evolve(SETTINGS, proxy_of=lambda _: "http://proxy.invalid:3128")

    assert "the name host.invalid cannot" in str(await failed("http://host.invalid/x"))
    through = await failed("https://tfe.test/x", proxied)
    assert "the name of the proxy proxy.invalid cannot be resolved" in str(through)


@pytest.fixture
def certificate(tmp_path: Path) -> Iterator[tuple[Path, ssl.SSLContext]]:
    """Make a certificate for loopback and a context of a server that has it."""
    made = make_certificate(tmp_path, ["127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.file, made.key_file)
    yield made.authority_file, context


async def test_an_unknown_authority_is_not_retried(
    certificate: tuple[Path, ssl.SSLContext],
) -> None:
    """The message names SSL_CERT_FILE."""
    async with listening(silent, certificate[1]) as port:
        error = await failed(f"https://127.0.0.1:{port}/x")

    assert f"the certificate of 127.0.0.1:{port} is not trusted" in str(error)
    assert "SSL_CERT_FILE" in str(error)
    assert error.is_permanent and not error.may_have_happened


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_certificate_for_other_names_needs_no_other_authority(
    host: str, tmp_path: Path
) -> None:
    """SSL_CERT_FILE would not help, so it is not advised."""
    made = make_certificate(tmp_path, ["other.test"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.file, made.key_file)
    trusting = evolve(SETTINGS, ca_file=str(made.authority_file))

    async with listening(silent, context) as port:
        error = await failed(f"https://{host}:{port}/x", trusting)

    assert "is not trusted (" in str(error)
    assert "; it is for other names: check the " in str(error)
    assert "SSL_CERT_FILE" not in str(error)


def refuse_without_certificate(listener: socket.socket, context: ssl.SSLContext) -> None:
    """Take one connection; asyncio would close it before its refusal is sent."""
    connection, _ = listener.accept()
    served = context.wrap_socket(
        connection, server_side=True, do_handshake_on_connect=False
    )
    with suppress(OSError):
        served.do_handshake()
    with socket.socket(fileno=served.detach()) as raw, suppress(OSError):
        raw.shutdown(socket.SHUT_WR)
        while raw.recv(1 << 16):
            pass


@pytest.mark.parametrize(
    ("version", "text"),
    [
        (ssl.TLSVersion.TLSv1_2, "handshake failure"),
        (ssl.TLSVersion.TLSv1_3, "requires a client certificate"),
    ],
)
async def test_a_required_client_certificate_is_reported(
    certificate: tuple[Path, ssl.SSLContext], version: ssl.TLSVersion, text: str
) -> None:
    """With TLS 1.3 the refusal comes after the handshake, and still nothing happened (L9)."""
    authority, context = certificate
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority)
    context.maximum_version = version
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = asyncio.create_task(
            asyncio.to_thread(refuse_without_certificate, listener, context)
        )
        error = await failed(
            f"https://127.0.0.1:{listener.getsockname()[1]}/x",
            evolve(SETTINGS, ca_file=str(authority), connect_seconds=5, read_seconds=5),
        )
        await server

    assert error.is_permanent and not error.may_have_happened
    assert text in str(error)


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "http://[",
        "ftp://x/y",
        "",
        "https://x:99999/",
        "https://x:port/",
    ],
)
async def test_an_address_that_is_not_one_is_refused(target: str) -> None:
    """A server may return any text as an address; nothing is sent."""
    async with open_transport(SETTINGS) as transport:
        with pytest.raises(TransportError, match="not a web address") as caught:
            await transport.send(Request(method="GET", target=SignedUrl(target)))

    assert caught.value.is_permanent and not caught.value.may_have_happened


@pytest.mark.parametrize("target", ["/x", "file:///etc/passwd", "http://["])
async def test_a_redirect_that_leads_nowhere_is_permanent(target: str) -> None:
    """Loops and file addresses do not change, so the request is not retried (M8)."""
    head = f"HTTP/1.1 307 There\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n"
    async with (
        listening(replying(head.encode())) as port,
        open_transport(SETTINGS) as opened,
    ):
        transport = opened.at(Origin(f"http://127.0.0.1:{port}/", "secret"))
        with pytest.raises(TransportError, match="redirected") as caught:
            await transport.send(Request(method="GET", target="x"))

    assert caught.value.is_permanent
