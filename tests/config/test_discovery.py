"""A host says where its API is, and what it says is checked."""

from typing import Any

import pytest

from remote_backend.api.messages import Response
from remote_backend.config.cli_configuration import CliConfiguration
from remote_backend.config.discovery import Services, discover
from remote_backend.errors import DiscoveryError, TransportError
from remote_backend.models.addresses import PublicUrl
from tests.support.fakes import ScriptedTransport, answer

ADDRESS = "https://tfe.test/.well-known/terraform.json"
NOTHING = CliConfiguration()


def document(body: Any, url: str = ADDRESS, **headers: str) -> Response:
    """Return a discovery document."""
    made = answer(200, body, **{"content_type": "application/json", **headers})
    return Response(status=200, headers=made.headers, body=made.body, url=url)


async def found(response: Response | Exception, host: str = "tfe.test") -> str:
    """Return the base of the API that a host's answer leads to."""
    address = f"https://{host}/.well-known/terraform.json"
    transport = ScriptedTransport({f"GET {address}": response})
    return (await discover(host, NOTHING, transport)).tfe_v2


async def refusal(response: Response | Exception) -> str:
    """Return the text of the error that a host's answer leads to."""
    with pytest.raises(DiscoveryError) as caught:
        await found(response)
    assert caught.value.hostname == "tfe.test"
    return str(caught.value)


async def test_the_document_is_asked_without_credentials() -> None:
    """The request goes to a public address of the host and accepts JSON."""
    transport = ScriptedTransport({f"GET {ADDRESS}": document({"tfe.v2": "/api/v2/"})})

    services = await discover("tfe.test", NOTHING, transport)

    assert services == Services("https://tfe.test/api/v2/")
    (request,) = transport.requests
    assert request.target == PublicUrl(ADDRESS)
    assert request.headers == {"Accept": "application/json"}


@pytest.mark.parametrize(
    ("services", "base"),
    [
        ({"tfe.v2.1": "/one/", "tfe.v2": "/two/", "tfe.v2.2": "/three/"}, "/one/"),
        ({"tfe.v2": "/two/", "tfe.v2.2": "/three/"}, "/two/"),
        ({"tfe.v2.2": "/three/", "tfe.v2.10": "/ten/"}, "/ten/"),
        ({"tfe.v2.1": {"url": "/one/"}, "tfe.v2": "/two/"}, "/two/"),
        ({"tfe.v2": "/api", "login.v1": {"client": "x"}}, "/api/"),
        ({"tfe.v2": "api/"}, "/.well-known/api/"),
        ({"tfe.v2": "/api/#x"}, "/api/"),
        ({"tfe.v2": ""}, "/.well-known/terraform.json/"),
    ],
)
async def test_the_best_known_service_is_taken(services: dict[str, Any], base: str) -> None:
    """Versions are preferred in a fixed order, and the address ends with a slash (P105)."""
    assert await found(document(services)) == f"https://tfe.test{base}"


async def test_addresses_are_relative_to_the_last_response() -> None:
    """A redirect moves the base of relative addresses, an absolute one stays."""
    moved = "https://other.test:8443/x/terraform.json"

    assert (
        await found(document({"tfe.v2": "api"}, moved)) == "https://other.test:8443/x/api/"
    )
    assert (
        await found(document({"tfe.v2": "https://a.test/v2"}, moved))
        == "https://a.test/v2/"
    )
    assert await found(document({"tfe.v2": "/api"}, "")) == "https://tfe.test/api/"


async def test_parameters_of_the_media_type_do_not_matter() -> None:
    """A charset is allowed, and so is another case."""
    made = document({"tfe.v2": "/api/"}, content_type="Application/JSON; charset=utf-8")

    assert await found(made) == "https://tfe.test/api/"


async def test_the_host_is_shown_as_people_read_it() -> None:
    """The address has the encoded form, the error does not."""
    with pytest.raises(DiscoveryError, match="^bücher.test: "):
        await found(answer(500), "xn--bcher-kva.test")


@pytest.mark.parametrize(
    ("response", "problem"),
    [
        (answer(404), "offers no services; is it a Terraform host?"),
        (answer(301), "answered with 301"),
        (answer(503), "answered with 503"),
        (answer(200, {"tfe.v2": "/"}), "of no type, not application/json"),
        (document({}, content_type="text/html"), "is text/html"),
        (document({}, content_type="application/json2"), "is application/json2"),
        (document(b"{"), "not a JSON object"),
        (document(b"[]"), "not a JSON object"),
        (document(b"\xff"), "not a JSON object"),
        (document(b"[" * 200_000), "not a JSON object"),
        (document(b" " * (1024 * 1024 + 1)), "larger than 1 MiB"),
        (document({}), "names no service tfe.v2.1 or tfe.v2"),
        (document({"tfe.v3": "/", "tfe.v2.x": "/", "tfe.v20": "/"}), "names no service"),
        (document({"tfe.v2": None}), "names no service"),
        (document({"tfe.v2": "ftp://tfe.test/"}), "only http and https"),
        (document({"tfe.v2": "mailto:sekret"}), "only http and https"),
        (document({"tfe.v2": "https://u:sekret@tfe.test/"}), "holds a user name"),
        (document({"tfe.v2": "https://[::1/"}), "not a URL"),
        (document({"tfe.v2": "https://a:b/"}), "not a URL"),
        (document({"tfe.v2": "http://tfe.test/"}), "without encryption"),
        (document({"tfe.v2": "/api/"}, "http://tfe.test/"), "without encryption"),
    ],
)
async def test_a_useless_answer_is_told(response: Response, problem: str) -> None:
    """Each way not to be a Terraform host has its words, and secrets are not among them (P54)."""
    text = await refusal(response)

    assert text.startswith("tfe.test: ")
    assert problem in text
    assert "sekret" not in text


async def test_a_lost_exchange_is_told_by_its_reason() -> None:
    """The text of the transport is kept, and what to look at is added."""
    lost = TransportError("GET", ADDRESS, "no such host", may_have_happened=False)

    assert "no such host; check the name" in await refusal(lost)


async def test_a_host_block_answers_without_the_network() -> None:
    """Its addresses may be without encryption, since the person wrote them."""
    cli = CliConfiguration(hosts={"tfe.test": {"tfe.v2.2": "http://127.0.0.1:80/api"}})

    services = await discover("tfe.test", cli, ScriptedTransport({}))

    assert services.tfe_v2 == "http://127.0.0.1:80/api/"


@pytest.mark.parametrize("services", [{}, {"modules.v1": "https://a.test/"}])
async def test_a_host_block_without_the_service_is_an_error(
    services: dict[str, str],
) -> None:
    """The block stands for the whole host, so the network is not asked after it (P103)."""
    cli = CliConfiguration(hosts={"tfe.test": services})

    with pytest.raises(DiscoveryError, match="its host block names no service"):
        await discover("tfe.test", cli, ScriptedTransport({}))
