"""Tables of what one exchange sends and returns: headers, redirects, bodies, statuses.

aioresponses answers in place of the network, so that each row costs a millisecond; the modules
beside this one do the same things once with real connections.
"""

import gzip
import inspect
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any
from unittest.mock import Mock

import aiohttp
import pytest
from aioresponses import aioresponses, core
from attrs import evolve

from remote_backend._version import __version__
from remote_backend.api.messages import Request, Response
from remote_backend.api.transport.session import AiohttpTransport, Origin, open_transport
from remote_backend.api.transport_settings import TransportSettings
from remote_backend.errors import TransportError
from remote_backend.models.addresses import PublicUrl, SignedUrl
from tests.support.servers import hosted

TOKEN = "the-secret-token"
BASE = "https://tfe.test/api/v2/"
BEARER = f"Bearer {TOKEN}"
GZIP = {"Content-Encoding": "gzip"}
TEXT = b'{"data": "one line of a log"}' * 100


class PatchedResponse(aiohttp.ClientResponse):
    """A response that aioresponses 0.7.9 can build under aiohttp 3.14."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("stream_writer", Mock(output_size=0))
        super().__init__(*args, **kwargs)


class CutResponse(PatchedResponse):
    """A response whose body ends before its announced length."""

    async def __aenter__(self) -> "CutResponse":
        self.content.set_exception(aiohttp.ClientPayloadError("not enough data"))
        await super().__aenter__()
        return self


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[aioresponses]:
    """Answer requests in place of the network; an address without an answer is refused."""
    # Drop this with the release of aioresponses that knows aiohttp 3.14.
    if "stream_writer" in inspect.signature(aiohttp.ClientResponse).parameters:
        monkeypatch.setattr(core, "ClientResponse", PatchedResponse)
    with aioresponses() as answers:
        yield answers


@pytest.fixture
async def transport() -> AsyncIterator[AiohttpTransport]:
    """Open a transport to the API."""
    async with hosted(open_transport(TransportSettings())) as opened:
        yield opened.at(Origin(BASE, TOKEN))


def get(target: Any, **more: Any) -> Request:
    """Return a request."""
    return Request(method="GET", target=target, **more)


def sent_headers(network: aioresponses) -> list[Mapping[str, str]]:
    """Return the headers of all requests, in the order of their addresses."""
    return [call.kwargs["headers"] for calls in network.requests.values() for call in calls]


def addresses(network: aioresponses) -> list[str]:
    """Return the addresses that were requested, each once and without a default port."""
    return [str(url).lower() for _, url in network.requests]


@pytest.mark.parametrize(
    ("target", "address", "authorization"),
    [
        ("runs/run-1", f"{BASE}runs/run-1", BEARER),
        ("/elsewhere", "https://tfe.test/elsewhere", BEARER),
        ("https://tfe.test:443/x", "https://tfe.test/x", BEARER),
        ("https://tfe.test:8443/x", "https://tfe.test:8443/x", None),
        ("https://other.test/x", "https://other.test/x", None),
        ("//other.test/x", "https://other.test/x", None),
        (SignedUrl("https://tfe.test/signed/x"), "https://tfe.test/signed/x", None),
        (SignedUrl("/signed/x"), "https://tfe.test/signed/x", None),
        (SignedUrl("https://blobs.test/x?sig=1"), "https://blobs.test/x?sig=1", None),
        (PublicUrl("https://tfe.test/x.json"), "https://tfe.test/x.json", None),
    ],
)
async def test_the_token_goes_to_its_host_alone(
    target: Any,
    address: str,
    authorization: str | None,
    network: aioresponses,
    transport: AiohttpTransport,
) -> None:
    """To paths of the API, and never with an address that carries its own permission (P50)."""
    network.get(re.compile(".*"))

    await transport.send(get(target))

    assert addresses(network) == [address]
    assert sent_headers(network)[0].get("Authorization") == authorization


@pytest.mark.parametrize("target", ["x", SignedUrl(f"{BASE}x"), PublicUrl(f"{BASE}x")])
async def test_each_request_names_its_program_and_its_encoding(
    target: Any, network: aioresponses, transport: AiohttpTransport
) -> None:
    """And passes the headers of the request on, with no others."""
    network.get(f"{BASE}x")

    await transport.send(get(target, headers={"Accept": "application/json"}))

    headers = dict(sent_headers(network)[0])
    headers.pop("Authorization", None)
    assert headers == {
        "User-Agent": f"remote-backend/{__version__}",
        "Accept-Encoding": "gzip",
        "Accept": "application/json",
    }


async def test_a_request_cannot_replace_the_token(
    network: aioresponses, transport: AiohttpTransport
) -> None:
    """The origin of the API decides, whatever headers the request has."""
    network.get(f"{BASE}x")

    await transport.send(get("x", headers={"Authorization": "Bearer another"}))

    assert sent_headers(network)[0]["Authorization"] == BEARER


async def test_a_cookie_is_not_sent_back(
    network: aioresponses, transport: AiohttpTransport
) -> None:
    """A session of the host would outrank the token (P51)."""
    network.get(f"{BASE}x", headers={"Set-Cookie": "session=other"})
    network.get(f"{BASE}y")

    await transport.send(get("x"))
    await transport.send(get("y"))

    assert "Cookie" not in sent_headers(network)[1]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "address", "authorization"),
    [
        ("/elsewhere", "https://tfe.test/elsewhere", BEARER),
        ("next", f"{BASE}runs/next", BEARER),
        ("?page=2", f"{BASE}runs/run-1?page=2", BEARER),
        ("HTTPS://TFE.TEST/x", "https://tfe.test/x", BEARER),
        ("https://tfe.test:8443/x", "https://tfe.test:8443/x", None),
        ("https://tfe.test.evil.test/x", "https://tfe.test.evil.test/x", None),
        ("https://blobs.test/x?sig=1", "https://blobs.test/x?sig=1", None),
        ("https://tfe.test:443/x", "https://tfe.test/x", BEARER),
        ("//blobs.test/x", "https://blobs.test/x", None),
    ],
)
async def test_a_redirect_is_followed_with_the_token_only_to_its_host(
    status: int,
    location: str,
    address: str,
    authorization: str | None,
    network: aioresponses,
    transport: AiohttpTransport,
) -> None:
    """Also to another port it goes without (P50, P118); `:443` is the same port."""
    network.get(f"{BASE}runs/run-1", status=status, headers={"Location": location})
    network.get(re.compile(".*"), body=b"there")

    response = await transport.send(get("runs/run-1"))

    assert (response.status, response.body) == (200, b"there")
    assert addresses(network) == [f"{BASE}runs/run-1", address]
    tokens = [headers.get("Authorization") for headers in sent_headers(network)]
    assert tokens == [BEARER, authorization]


async def test_a_signed_address_that_leads_to_the_api_brings_no_token(
    network: aioresponses, transport: AiohttpTransport
) -> None:
    """What was requested decides, not where a foreign host leads to."""
    network.get("https://blobs.test/x", status=302, headers={"Location": f"{BASE}x"})
    network.get(f"{BASE}x")

    await transport.send(get(SignedUrl("https://blobs.test/x")))

    assert addresses(network)[1] == f"{BASE}x"
    assert all("Authorization" not in headers for headers in sent_headers(network))


async def test_a_redirect_to_encryption_is_followed_without_the_token(
    network: aioresponses, transport: AiohttpTransport
) -> None:
    """Another scheme is another origin."""
    network.get(
        "http://tfe.test/v2/x", status=301, headers={"Location": "https://tfe.test/"}
    )
    network.get("https://tfe.test/")

    await transport.at(Origin("http://tfe.test/v2/", TOKEN)).send(get("x"))

    assert addresses(network)[1] == "https://tfe.test/"
    assert "Authorization" not in sent_headers(network)[1]


@pytest.mark.parametrize(
    "location",
    [
        "http://tfe.test/x",
        "http://blobs.test/x?secret=1",
        "file:///etc/passwd",
        "ftp://blobs.test/x",
        "javascript:alert(1)",
        "data:text/plain,x",
        "mailto:alice@tfe.test",
        "http://[",
        "https://[::1/x",
        "https://tfe.test:99999/",
        "https://tfe.test:port/",
    ],
)
async def test_an_odd_redirect_is_refused_for_good(
    location: str, network: aioresponses, transport: AiohttpTransport
) -> None:
    """The error names the request and not the address, which may be a signed one."""
    network.get(f"{BASE}x", status=302, headers={"Location": location})
    network.get(re.compile(".*"))

    with pytest.raises(TransportError, match="redirected to") as caught:
        await transport.send(get("x"))

    assert caught.value.is_permanent
    assert "secret" not in str(caught.value)
    assert addresses(network) == [f"{BASE}x"]


@pytest.mark.parametrize("headers", [{}, {"Location": ""}])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_without_an_address_is_the_answer(
    status: int,
    headers: dict[str, str],
    network: aioresponses,
    transport: AiohttpTransport,
) -> None:
    """There is nothing to follow."""
    network.get(f"{BASE}x", status=status, headers=headers)

    assert (await transport.send(get("x"))).status == status


@pytest.mark.parametrize("status", [200, 201, 300, 304, 305, 306, 404])
async def test_an_address_in_another_answer_is_not_followed(
    status: int, network: aioresponses, transport: AiohttpTransport
) -> None:
    """`Location` of something that was created is not a redirect."""
    network.get(f"{BASE}x", status=status, headers={"Location": "/y"})

    assert (await transport.send(get("x"))).status == status
    assert addresses(network) == [f"{BASE}x"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_change_is_never_sent_to_another_address(
    method: str, network: aioresponses, transport: AiohttpTransport
) -> None:
    """It could be made twice, or reach a foreign host; the redirect itself is the answer."""
    network.add(f"{BASE}x", method, status=307, headers={"Location": "/y"})

    response = await transport.send(evolve(get("x", body=b"{}"), method=method))

    assert response.status == 307
    assert addresses(network) == [f"{BASE}x"]


async def test_a_head_request_follows_as_a_read_does(
    network: aioresponses, transport: AiohttpTransport
) -> None:
    """And stays a HEAD request."""
    network.head(f"{BASE}x", status=302, headers={"Location": "/y"})
    network.head("https://tfe.test/y")

    assert (await transport.send(evolve(get("x"), method="HEAD"))).status == 200


@pytest.mark.parametrize(("length", "is_followed"), [(1, True), (5, True), (6, False)])
async def test_a_chain_of_redirects_has_an_end(
    length: int, is_followed: bool, network: aioresponses, transport: AiohttpTransport
) -> None:
    """Five are followed."""
    for number in range(length):
        following = {"Location": f"{number + 1}"}
        network.get(f"{BASE}{number}", status=302, headers=following)
    network.get(f"{BASE}{length}", body=b"end")

    if is_followed:
        assert (await transport.send(get("0"))).body == b"end"
    else:
        with pytest.raises(TransportError, match="redirected too often") as caught:
            await transport.send(get("0"))
        assert caught.value.is_permanent
        assert len(addresses(network)) == 6


@pytest.mark.parametrize("circle", [("x",), ("x", "y"), ("x", "y", "z")])
async def test_a_circle_of_redirects_ends(
    circle: tuple[str, ...], network: aioresponses, transport: AiohttpTransport
) -> None:
    """After five, however many addresses it has."""
    for here, following in zip(circle, (*circle[1:], circle[0]), strict=True):
        headers = {"Location": following}
        network.get(f"{BASE}{here}", status=302, headers=headers, repeat=True)

    with pytest.raises(TransportError, match="redirected too often"):
        await transport.send(get(circle[0]))

    assert sum(map(len, network.requests.values())) == 6


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        (b"", {}, b""),
        (b"", {"Content-Encoding": "gzip"}, b""),
        (TEXT, {}, TEXT),
        (TEXT, {"Content-Type": "text/html"}, TEXT),
        (TEXT, {"Content-Type": "nonsense"}, TEXT),
        (TEXT, {"Content-Encoding": "identity"}, TEXT),
        (gzip.compress(TEXT, mtime=0), GZIP, TEXT),
        (gzip.compress(TEXT[:9], mtime=0) + gzip.compress(TEXT[9:], mtime=0), GZIP, TEXT),
        # Without the header it is an archive, whose bytes must stay as they are.
        (gzip.compress(TEXT, mtime=0), {}, gzip.compress(TEXT, mtime=0)),
        (gzip.compress(TEXT, mtime=0), {"Content-Type": "application/gzip"}, gzip.compress(TEXT, mtime=0)),
        (b"\xff\x00half", {"Content-Type": "application/json; charset=utf-8"}, b"\xff\x00half"),
    ],
)  # fmt: skip
async def test_a_body_is_returned_as_its_server_meant_it(
    body: bytes,
    headers: dict[str, str],
    expected: bytes,
    network: aioresponses,
    transport: AiohttpTransport,
) -> None:
    """Decompressed where a header says so; its type is for others to judge."""
    network.get(f"{BASE}x", body=body, headers=headers)

    assert (await transport.send(get("x"))).body == expected


@pytest.mark.parametrize(
    ("body", "headers", "problem", "is_permanent"),
    [
        (gzip.compress(TEXT, mtime=0)[:-9], GZIP, "broke", False),
        (gzip.compress(TEXT, mtime=0)[:1], GZIP, "broke", False),
        (
            gzip.compress(TEXT, mtime=0) + gzip.compress(TEXT, mtime=0)[:20],
            GZIP,
            "broke",
            False,
        ),
        (TEXT, GZIP, "not compressed as it says", True),
        (gzip.compress(TEXT, mtime=0) + b"rest", GZIP, "not compressed as it says", True),
        (TEXT, {"Content-Encoding": "br"}, "compressed as 'br'", True),
        (TEXT, {"Content-Encoding": "gzip, gzip"}, "compressed as 'gzip, gzip'", True),
        (TEXT * 10, {}, "more than 10 KiB", True),
        (TEXT, {"Content-Length": "1" + "0" * 12}, "more than 10 KiB", True),
        (gzip.compress(bytes(1 << 22), mtime=0), GZIP, "more than 10 KiB", True),
    ],
)
async def test_a_body_that_cannot_be_read_is_an_error(
    body: bytes,
    headers: dict[str, str],
    problem: str,
    is_permanent: bool,
    network: aioresponses,
    transport: AiohttpTransport,
) -> None:
    """Another attempt helps only where an end is missing (L1, M8)."""
    network.get(f"{BASE}x", body=body, headers=headers)

    with pytest.raises(TransportError, match=problem) as caught:
        await transport.send(get("x", max_bytes=10 << 10))

    assert caught.value.may_have_happened
    assert caught.value.is_permanent is is_permanent


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_body_that_breaks_off_is_never_taken_for_a_whole_one(
    method: str, network: aioresponses, transport: AiohttpTransport
) -> None:
    """aiohttp's ClientPayloadError is an ambiguous failure."""
    network.add(f"{BASE}x", method, body=TEXT, response_class=CutResponse)

    with pytest.raises(TransportError, match="the response ended too early") as caught:
        await transport.send(evolve(get("x"), method=method))

    assert caught.value.may_have_happened and not caught.value.is_permanent


@pytest.mark.parametrize(
    "status",
    [200, 201, 202, 204, 206, 400, 401, 403, 404, 407, 408, 409, 412, 418, 422, 425, 429,
     451, 500, 501, 502, 503, 504, 511, 599],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_each_status_is_an_answer(
    method: str, status: int, network: aioresponses, transport: AiohttpTransport
) -> None:
    """With its body and with headers in lower case; one request is sent."""
    headers = {"X-Request-ID": "req-1", "Retry-After": "7"}
    network.add(f"{BASE}x", method, status=status, body=TEXT, headers=headers)

    response = await transport.send(evolve(get("x"), method=method))

    assert isinstance(response, Response)
    assert (response.status, response.body, response.url) == (status, TEXT, f"{BASE}x")
    assert response.headers["x-request-id"] == "req-1"
    assert response.headers["retry-after"] == "7"
    assert len(network.requests) == 1


@pytest.mark.parametrize(
    ("error", "problem", "may_have_happened", "is_permanent"),
    [
        (aiohttp.ServerDisconnectedError(), "closed without a response", True, False),
        (aiohttp.ClientPayloadError(), "ended too early", True, False),
        (aiohttp.ClientOSError(104, "Connection reset by peer"), "reset by peer", True, False),
        (ConnectionResetError(), "it was closed", True, False),
        (aiohttp.SocketTimeoutError(), "no response from tfe.test in time", True, False),
        (TimeoutError(), "no response from tfe.test in time", True, False),
        (aiohttp.ConnectionTimeoutError(), "no connection to tfe.test in time", False, False),
        (aiohttp.InvalidURL("x"), "not an address", False, True),
        (ValueError("odd"), "odd", True, False),
    ],
)  # fmt: skip
async def test_each_failure_says_what_may_have_happened(
    error: Exception,
    problem: str,
    may_have_happened: bool,
    is_permanent: bool,
    network: aioresponses,
    transport: AiohttpTransport,
) -> None:
    """Whether to retry hangs on it; the address is named without its query."""
    network.post(f"{BASE}x?secret=1", exception=error)

    with pytest.raises(TransportError, match=problem) as caught:
        await transport.send(
            Request(method="POST", target="x", query=(("secret", "1"),), body=b"{}")
        )

    assert caught.value.may_have_happened is may_have_happened
    assert caught.value.is_permanent is is_permanent
    assert f"POST {BASE}x: " in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("x", f"{BASE}x"),
        (SignedUrl("https://blobs.test/secret?sig=secret"), "a signed address"),
        (PublicUrl("https://blobs.test/x?sig=secret"), "https://blobs.test/x"),
    ],
)
async def test_an_error_names_its_address_as_it_may_be_shown(
    target: Any, shown: str, network: aioresponses, transport: AiohttpTransport
) -> None:
    """Signed addresses are secrets, queries may be."""
    network.get(re.compile(".*"), exception=aiohttp.ServerDisconnectedError())

    with pytest.raises(TransportError) as caught:
        await transport.send(get(target, query=()))

    assert str(caught.value).startswith(f"GET {shown}: ")
    assert "secret" not in repr(caught.value) + str(caught.value)
