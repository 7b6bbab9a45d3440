"""The one place where the parts of the client are put together."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

from anyio import to_thread
from attrs import field, frozen

from remote_backend._version import __version__
from remote_backend.client import Client
from remote_backend.config.block import BackendBlock, read_backend
from remote_backend.config.cliconfig import read_cli_configuration
from remote_backend.config.credentials import find_token, missing_token
from remote_backend.config.discovery import discover
from remote_backend.config.proxies import proxies_of
from remote_backend.config.settings import TransportSettings, transport_settings
from remote_backend.errors import NotAuthorized, NotFound, SettingsError
from remote_backend.models.organization import Entitlements
from remote_backend.models.workspace import Mode, NameMode, PrefixMode, TagsMode
from remote_backend.transport.budget import BudgetedTransport
from remote_backend.transport.retry import RetryingTransport
from remote_backend.transport.session import ConnectionSettings, Origin, open_transport

__all__ = ("Connection", "connect", "connect_to")


@frozen(kw_only=True)
class Connection:
    """A client of the organization that a configuration names, and what it was made from."""

    client: Client
    block: BackendBlock
    mode: Mode
    entitlements: Entitlements
    directory: Path
    environ: Mapping[str, str] = field(repr=False)
    scheme: str = "https"
    """That of the API, where people find pages too."""

    warnings: tuple[str, ...] = ()

    def require_operations(self) -> None:
        """Raise `SettingsError` where the server plans nothing for the organization."""
        if not self.entitlements.operations:
            raise SettingsError(
                f"organization {self.block.organization!r} on {self.block.hostname} cannot run "
                "plans on the server; its plan has no remote operations"
            )

    def run_url(self, workspace: str, run_id: str) -> str:
        """Return the address at which people look at a run."""
        organization = quote(self.block.organization, safe="")
        name = quote(workspace, safe="")
        return (
            f"{self.scheme}://{self.block.hostname}/app/{organization}/{name}/runs/{run_id}"
        )


@asynccontextmanager
async def connect(directory: Path, environ: Mapping[str, str]) -> AsyncIterator[Connection]:
    """Connect to the backend of a configuration; connections are closed at the end.

    Raises a `SettingsError` for what files and variables say wrong, a `DiscoveryError` for
    a host that is none of this kind, `NotAuthorized` for a token that is not valid, and
    `SettingsError` for an organization that is not there.
    """
    block = read_backend(directory, environ)
    async with connect_to(block, directory, environ) as connection:
        yield connection


@asynccontextmanager
async def connect_to(
    block: BackendBlock, directory: Path, environ: Mapping[str, str]
) -> AsyncIterator[Connection]:
    """Connect to a backend, as `connect` does, whatever the configuration names now."""
    cli = read_cli_configuration(environ)
    # A credentials helper may take its time.
    token = await to_thread.run_sync(
        find_token, block.hostname, block.token, cli, environ, abandon_on_cancel=True
    )
    if token is None:
        raise missing_token(block.hostname)
    async with open_transport(
        _connections(transport_settings(environ), environ)
    ) as transport:
        services = await discover(block.hostname, cli, RetryingTransport(transport))
        origin = Origin(services.tfe_v2, token)
        paced = BudgetedTransport(transport.at(origin))
        client = Client(RetryingTransport(paced), block.organization)
        entitlements = await _require_organization(client, block)
        yield Connection(
            client=client,
            block=block,
            mode=_mode(block),
            entitlements=entitlements,
            directory=directory,
            environ=environ,
            scheme=services.tfe_v2.partition(":")[0],
            warnings=(*block.warnings, *cli.warnings),
        )


def _mode(block: BackendBlock) -> Mode:
    if block.tags:
        return TagsMode(block.tags)
    return NameMode(block.name) if block.name else PrefixMode(block.prefix or "")


async def _require_organization(client: Client, block: BackendBlock) -> Entitlements:
    try:
        return await client.read_entitlements()
    except NotAuthorized as error:
        problem = f"{block.hostname} does not accept the token; is it expired or revoked?"
        raise NotAuthorized(error.status, error.method, error.where, (problem,)) from None
    except NotFound:
        raise SettingsError(
            f"{block.path}: organization {block.organization!r} does not exist on "
            f"{block.hostname}, or the token may not see it"
        ) from None


def _connections(
    settings: TransportSettings, environ: Mapping[str, str]
) -> ConnectionSettings:
    return ConnectionSettings(
        user_agent=f"remote-backend/{__version__}",
        connect_seconds=settings.connect_seconds,
        read_seconds=settings.read_seconds,
        connections=settings.connections,
        ca_file=settings.ca_file,
        ca_directory=settings.ca_directory,
        proxy_of=proxies_of(environ),
    )
