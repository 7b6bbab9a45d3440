"""The address of the API of a host, by service discovery."""

import json
import re
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit, urlunsplit

from attrs import frozen

from remote_backend.api.messages import Request, Response, Transport
from remote_backend.config.cli_configuration import CliConfiguration
from remote_backend.config.hostname import display_hostname, normalize_hostname
from remote_backend.errors import DiscoveryError, TransportError
from remote_backend.models.addresses import PublicUrl

__all__ = ("Services", "discover", "normalize_hostname")

_LARGEST_DOCUMENT_BYTES = 1024 * 1024
_SERVICE = re.compile(r"tfe\.v2(?:\.([0-9]{1,9}))?", re.ASCII)
_PREFERRED = ("tfe.v2.1", "tfe.v2")
_CHECK_HOST = "is it a Terraform host?"


@frozen
class Services:
    """The addresses of the services of a host."""

    tfe_v2: str
    """The base of the API, absolute and with a slash at the end."""


async def discover(hostname: str, cli: CliConfiguration, transport: Transport) -> Services:
    """Read the address of the API from the discovery document of a host, given by its normalized name.

    A host block of the CLI configuration takes precedence, without a request. Raises `DiscoveryError`.
    """
    display_name = display_hostname(hostname)
    address = f"https://{hostname}/.well-known/terraform.json"
    if hostname in cli.hosts:
        base = _api_base(display_name, cli.hosts[hostname], address, "its host block")
        return Services(base)
    request = Request(
        method="GET",
        target=PublicUrl(address),
        headers={"Accept": "application/json"},
    )
    try:
        response = await transport.send(request)
    except TransportError as error:
        if error.is_permanent:
            raise DiscoveryError(display_name, error.problem) from error
        hint = "; check the name, the network and the proxy"
        raise DiscoveryError(display_name, f"{error}{hint}") from error
    document = _parse_document(display_name, response)
    base = _api_base(
        display_name, document, response.url or address, "its discovery document"
    )
    if not base.startswith("https:"):
        raise DiscoveryError(
            display_name,
            "its API is offered without encryption (http), which would show the token to "
            "the network; ask who runs the server, or allow it in a host block of the "
            "CLI configuration",
        )
    return Services(base)


def _parse_document(display_name: str, response: Response) -> Mapping[str, object]:
    if response.status == 404:
        raise DiscoveryError(
            display_name,
            f"it has no discovery document, so it offers no services; {_CHECK_HOST}",
        )
    if response.status != 200:
        raise DiscoveryError(
            display_name,
            f"its discovery document was answered with {response.status}; {_CHECK_HOST}",
        )
    media_type = response.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != "application/json":
        raise DiscoveryError(
            display_name,
            f"its discovery document is {media_type or 'of no type'}, not application/json; "
            f"{_CHECK_HOST}",
        )
    if len(response.body) > _LARGEST_DOCUMENT_BYTES:
        raise DiscoveryError(
            display_name, f"its discovery document is larger than 1 MiB; {_CHECK_HOST}"
        )
    try:
        document = json.loads(response.body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise DiscoveryError(
            display_name, f"its discovery document is not a JSON object; {_CHECK_HOST}"
        )
    return document


def _api_base(
    display_name: str, services: Mapping[str, object], address: str, holder: str
) -> str:
    """Return the absolute base of the API from the services; a relative one is joined to `address`."""
    offered = {
        name: value
        for name, value in services.items()
        if _SERVICE.fullmatch(name) and isinstance(value, str)
    }
    name = next((service for service in _PREFERRED if service in offered), None)
    if name is None:
        name = max(offered, key=_minor_version, default=None)
    if name is None:
        raise DiscoveryError(
            display_name,
            f"{holder} names no service tfe.v2.1 or tfe.v2 for remote runs; {_CHECK_HOST}",
        )
    problem = f"{holder} gives {name} as an address that cannot be used; "
    try:
        parts = urlsplit(urljoin(address, offered[name]))
        host, port = parts.hostname, parts.port
    except ValueError:
        raise DiscoveryError(display_name, f"{problem}it is not a URL") from None
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise DiscoveryError(display_name, f"{problem}only http and https URLs can")
    if "@" in parts.netloc:
        raise DiscoveryError(display_name, f"{problem}it holds a user name")
    path = parts.path if parts.path.endswith("/") else f"{parts.path}/"
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def _minor_version(name: str) -> int:
    version = _SERVICE.fullmatch(name)
    return int(version[1] or 0) if version else 0
