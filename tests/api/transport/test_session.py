"""One exchange over aiohttp, with real servers on loopback."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from attrs import define, field
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from remote_backend.api.messages import FileBody, Request
from remote_backend.api.transport.session import (
    AiohttpTransport,
    Origin,
    open_transport,
)
from remote_backend.api.transport_settings import TransportSettings
from remote_backend.errors import TransportError
from remote_backend.models.addresses import PublicUrl, SignedUrl
from remote_backend.server.embedded import ServerSettings, serve
from tests.support.servers import hosted

TOKEN = "the-secret-token"
SETTINGS = TransportSettings(user_agent="tests")


@define
class Host:
    """A server that records its requests."""

    port: int = 0
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(factory=list)
    answers: dict[str, Any] = field(factory=dict)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Record a request and respond by the script."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append(
            (request.method, request.path_qs, headers, await request.read())
        )
        answer = self.answers.get(request.path)
        if answer == "break":
            assert request.transport is not None
            request.transport.abort()
        if isinstance(answer, str) and answer != "break":
            return web.Response(status=307, headers={"Location": answer})
        response = web.Response(text="hello")
        response.set_cookie("session", "other-user")
        return response


@asynccontextmanager
async def host() -> AsyncIterator[Host]:
    """Run a server on loopback."""
    made = Host()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        listener = socket.create_server(("127.0.0.1", 0))
        made.port = listener.getsockname()[1]
        await web.SockSite(runner, listener).start()
        yield made
    finally:
        await runner.cleanup()


@pytest.fixture
async def api() -> AsyncIterator[Host]:
    """Run the host of an API."""
    async with hosted(host()) as made:
        yield made


@pytest.fixture
async def other() -> AsyncIterator[Host]:
    """Run another host."""
    async with hosted(host()) as made:
        yield made


@pytest.fixture
async def transport(api: Host) -> AsyncIterator[AiohttpTransport]:
    """Open a transport to the API."""
    async with hosted(open_transport(SETTINGS)) as opened:
        yield opened.at(Origin(f"{api.url}/base/v2/", TOKEN))


def get(target: Any, **more: Any) -> Request:
    """Return a request."""
    return Request(method="GET", target=target, **more)


async def test_the_token_goes_to_the_api_alone(
    api: Host, other: Host, transport: AiohttpTransport
) -> None:
    """Paths get it; signed and public addresses never do, not even on the same host (P50)."""
    await transport.send(get("runs/run-1", query=(("include", "plan"),)))
    await transport.send(get("/api/elsewhere"))
    await transport.send(get(SignedUrl(f"{api.url}/signed/x")))
    await transport.send(get(SignedUrl("/signed/relative")))
    await transport.send(get(PublicUrl(f"{other.url}/.well-known/terraform.json")))

    paths = [(path, headers.get("authorization")) for _, path, headers, _ in api.requests]
    assert paths == [
        ("/base/v2/runs/run-1?include=plan", f"Bearer {TOKEN}"),
        ("/api/elsewhere", f"Bearer {TOKEN}"),
        ("/signed/x", None),
        ("/signed/relative", None),
    ]
    assert "authorization" not in other.requests[0][2]


async def test_traces_do_not_reach_signed_addresses(api: Host, other: Host) -> None:
    """Where a program instruments aiohttp, only requests with the token carry `traceparent`.

    A span would show a signed address, which is a secret as a whole.
    """
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor = AioHttpClientInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    try:
        api.answers["/base/v2/runs/run-2"] = f"{other.url}/redirected"
        async with open_transport(SETTINGS) as opened:
            transport = opened.at(Origin(f"{api.url}/base/v2/", TOKEN))
            await transport.send(get("runs/run-1"))
            await transport.send(get("runs/run-2"))
            await transport.send(get(SignedUrl(f"{api.url}/signed/x")))
            await transport.send(get(SignedUrl(f"{other.url}/signed/y")))
    finally:
        instrumentor.uninstrument()

    traced = [path for _, path, headers, _ in api.requests if "traceparent" in headers]
    assert traced == ["/base/v2/runs/run-1", "/base/v2/runs/run-2"]
    assert [path for _, path, _, _ in other.requests] == ["/redirected", "/signed/y"]
    assert not any("traceparent" in headers for _, _, headers, _ in other.requests)
    written = " ".join(span.to_json() for span in exporter.get_finished_spans())
    assert "runs/run-1" in written and "signed" not in written


async def test_a_redirect_to_another_origin_loses_the_token(
    api: Host, other: Host, transport: AiohttpTransport
) -> None:
    """It is followed, and even another port of the same host gets no token (P50, P118)."""
    api.answers = {"/base/v2/plans/p/json-output": f"{other.url}/blob?sig=1"}

    response = await transport.send(get("plans/p/json-output"))

    assert response.body == b"hello"
    assert other.requests[0][1] == "/blob?sig=1"
    assert "authorization" not in other.requests[0][2]


async def test_a_redirect_with_a_password_keeps_the_token(
    api: Host, transport: AiohttpTransport
) -> None:
    """On the same host the token is the credential, whatever stands before the host name."""
    api.answers = {"/base/v2/x": f"http://user:secret@127.0.0.1:{api.port}/y?a=%2F"}

    assert (await transport.send(get("x"))).body == b"hello"

    path, headers = api.requests[1][1:3]
    assert (path, headers["authorization"]) == ("/y?a=%2F", f"Bearer {TOKEN}")


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://x/", "http://["])
async def test_a_redirect_to_something_else_is_not_followed(
    target: str, api: Host, transport: AiohttpTransport
) -> None:
    """Only HTTP and HTTPS are followed."""
    api.answers = {"/base/v2/x": target}

    with pytest.raises(TransportError, match="redirected to"):
        await transport.send(get("x"))


async def test_a_circle_of_redirects_ends(api: Host, transport: AiohttpTransport) -> None:
    """After five redirects."""
    api.answers = {"/base/v2/x": "/base/v2/x"}

    with pytest.raises(TransportError, match="redirected too often"):
        await transport.send(get("x"))


async def test_cookies_are_not_kept(api: Host, transport: AiohttpTransport) -> None:
    """A session cookie of the host would take precedence over the token (P51)."""
    await transport.send(get("x"))
    await transport.send(get("y"))

    assert "cookie" not in api.requests[1][2]


async def test_files_are_streamed_with_their_length_in_each_attempt(
    api: Host, transport: AiohttpTransport, tmp_path: Path
) -> None:
    """A second attempt sends the whole file again, and progress begins anew (P49, P154)."""
    path = tmp_path / "slug"
    path.write_bytes(b"x" * 200_000)
    progress: list[int] = []
    request = Request(
        method="PUT",
        target=SignedUrl(f"{api.url}/up"),
        body=FileBody(path, 200_000, progress.append),
    )

    for _ in range(2):
        await transport.send(request)

    assert [body for _, _, _, body in api.requests] == [b"x" * 200_000] * 2
    assert api.requests[0][2]["content-length"] == "200000"
    assert progress[-1] == 200_000 and progress.count(200_000) == 2


async def test_a_host_that_is_down_is_named(transport: AiohttpTransport) -> None:
    """Nothing was sent, and the text has the address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(
        TransportError, match=f"127.0.0.1:{port} cannot be reached"
    ) as caught:
        await transport.send(get(PublicUrl(f"http://127.0.0.1:{port}/x")))

    assert not caught.value.may_have_happened


async def test_a_connection_that_breaks_may_have_had_its_effect(
    api: Host, transport: AiohttpTransport
) -> None:
    """The request was sent, so the failure is ambiguous; the text has no secret."""
    api.answers = {"/signed/secret-path": "break", "/base/v2/runs": "break"}

    for request in (
        Request(method="POST", target="runs", repeatable=False),
        get(SignedUrl(f"{api.url}/signed/secret-path")),
    ):
        with pytest.raises(TransportError, match="broke") as caught:
            await transport.send(request)
        assert caught.value.may_have_happened
        texts = f"{caught.value!r} {caught.value} {request!r} {SETTINGS!r}"
        assert "secret" not in texts


async def test_an_untrusted_certificate_is_reported(tmp_path: Path) -> None:
    """Without the authority nothing is sent; with it the request succeeds (P52)."""
    settings = ServerSettings(data=tmp_path / "data", engine="simulated", tls=True)
    async with hosted(serve(settings, {})) as server:
        request = get(PublicUrl(f"{server.url}/.well-known/terraform.json"))
        async with open_transport(SETTINGS) as strange:
            with pytest.raises(TransportError, match="is not trusted"):
                await strange.send(request)
        for trusting in (
            TransportSettings(user_agent="tests", ca_file=str(server.ca_file)),
            TransportSettings(user_agent="tests", ca_directory=str(tmp_path / "data")),
        ):
            async with open_transport(trusting) as opened:
                assert (await opened.send(request)).status == 200


async def test_an_address_without_encryption_is_not_used_by_a_server_with_https() -> None:
    """A state would be sent in clear text; not even the host name is resolved (L10)."""
    origin = Origin("https://tfe.test/api/v2/", TOKEN)
    address = SignedUrl("http://blobs.test/state?signature=secret")
    for method in ("GET", "PUT"):
        async with open_transport(SETTINGS) as transport:
            with pytest.raises(
                TransportError, match=r"blobs\.test without encryption"
            ) as caught:
                await transport.at(origin).send(Request(method=method, target=address))
        assert caught.value.is_permanent and not caught.value.may_have_happened
        assert "secret" not in str(caught.value)


async def test_parts_of_a_large_body_are_reported_as_they_leave() -> None:
    """So a caller knows that a slow upload makes progress (M3)."""
    moves: list[None] = []
    async with host() as server, open_transport(SETTINGS) as transport:
        request = Request(
            method="PUT",
            target=SignedUrl(f"{server.url}/x"),
            body=b"x" * 300_000,
            on_part_sent=lambda: moves.append(None),
        )
        await transport.send(request)
    assert len(moves) == 6
    assert server.requests[0][3] == b"x" * 300_000
