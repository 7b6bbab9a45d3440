"""Requests that no client library would send, byte by byte."""

import asyncio

import pytest
import structlog

from tests.support.raw_client import TOKEN, RawClient

TOKEN_LINE = f"Authorization: Bearer {TOKEN}\r\n".encode()
FORM = b"Content-Type: application/x-www-form-urlencoded"


async def send(raw_client: RawClient, head: bytes, body: bytes = b"") -> int:
    """Send bytes on a connection of its own and return the status of the response."""
    host, port = raw_client.server.url.removeprefix("http://").rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    length = b"Content-Length: %d\r\n" % len(body) if body else b""
    writer.write(head + b"\r\nConnection: close\r\n" + length + b"\r\n" + body)
    reply = await reader.read()
    writer.close()
    return int(reply.split(b" ", 2)[1])


@pytest.mark.parametrize(
    ("header", "path", "status"),
    [
        (b"Authorization: Bearer \xff\xfe", b"/api/v2/account/details", 401),
        (b"Authorization: \xff", b"/api/v2/account/details", 401),
        (b"Cookie: session=a.\xc2\xb2.x", b"/app/acme/workspaces", 200),
        (b"Cookie: session=\xff.9999999999.\xff", b"/app/acme/workspaces", 200),
        (b"Range: bytes=x", b"/signed/state/sv-1/9/x", 404),
        (TOKEN_LINE + b"X: \xff", b"/api/v2/workspaces/%00%ff", 404),
        (TOKEN_LINE + b"X: y", b"/api/v2/organizations/acme/workspaces?include=%ff", 400),
        (
            TOKEN_LINE + b"X: y",
            b"/api/v2/organizations/acme/workspaces?page[size]=%00",
            400,
        ),
    ],
)
async def test_odd_headers_and_paths(
    raw_client: RawClient, header: bytes, path: bytes, status: int
) -> None:
    """Bytes that are not text are no fault of the server (S16)."""
    head = b"GET %s HTTP/1.1\r\nHost: x\r\n%s" % (path, header)

    assert await send(raw_client, head) == status


@pytest.mark.parametrize(
    ("path", "header", "body"),
    [
        (b"/api/v2/runs", TOKEN_LINE + b"Content-Encoding: gzip", b"not gzip"),
        (b"/app/-/login", b"Content-Type: multipart/form-data; boundary=x", b"hello"),
        (b"/app/-/login", FORM + b"; charset=nonsense", b"token=a"),
    ],
)
async def test_odd_bodies(
    raw_client: RawClient, path: bytes, header: bytes, body: bytes
) -> None:
    """A body that is not what its headers say is 400, without a traceback (S15, S16)."""
    head = b"POST %s HTTP/1.1\r\nHost: x\r\n%s" % (path, header)
    with structlog.testing.capture_logs() as logged:
        status = await send(raw_client, head, body)

    assert status == 400
    assert {event["log_level"] for event in logged} <= {"debug", "info"}


async def test_an_odd_host_breaks_no_address(raw_client: RawClient) -> None:
    """Signed addresses name the host of the request."""
    workspace = await raw_client.workspace()
    run = await raw_client.run(workspace, await raw_client.uploaded(workspace))
    path = f"/api/v2/runs/{run.data['id']}/plan".encode()
    head = b"GET %s HTTP/1.1\r\nHost: \xff:x\r\n%s" % (path, TOKEN_LINE.rstrip())

    assert await send(raw_client, head) in (200, 400)
