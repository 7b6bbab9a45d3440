"""The one place where the parts of the client are put together."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio
from anyio import to_thread
from attrs import define, field, frozen

from remote_backend.api.client import Client
from remote_backend.api.messages import path_part
from remote_backend.api.transport.rate_limit import RateLimitedTransport
from remote_backend.api.transport.retry import RetryingTransport
from remote_backend.api.transport.session import Origin, open_transport
from remote_backend.config.backend_block import BackendBlock, read_backend
from remote_backend.config.cli_configuration import CliConfiguration, read_cli_configuration
from remote_backend.config.credentials import (
    FoundToken,
    find_token,
    missing_token,
    token_of_caller,
)
from remote_backend.config.discovery import discover
from remote_backend.config.transport_variables import transport_settings
from remote_backend.errors import (
    NotAuthorized,
    NotFound,
    RemoteBackendError,
    SettingsError,
)
from remote_backend.exception_groups import raise_lone_exception
from remote_backend.formats.likeness import nearest_name
from remote_backend.models.organization import Entitlements
from remote_backend.models.workspace import ByName, ByPrefix, ByTags, WorkspaceMapping
from remote_backend.notices import Notice, Notices
from remote_backend.structured_logging import Log
from remote_backend.telemetry import NO_TELEMETRY, Telemetry, telemetry_for

__all__ = ("Connection", "OrganizationCheck", "connect", "connect_to")

log = Log()
_MOST_NAMES = 5

Value = TypeVar("Value")


@define(eq=False)
class OrganizationCheck:
    """Checks the token and the organization, with one request."""

    client: Client
    block: BackendBlock
    token: FoundToken
    _lock: anyio.Lock = field(factory=anyio.Lock)
    _entitlements: Entitlements | None = None

    async def entitlements(self) -> Entitlements:
        """Return the entitlements; raise `NotAuthorized` or `SettingsError` without access."""
        async with self._lock:
            if self._entitlements is None:
                self._entitlements = await _read_entitlements(
                    self.client, self.block, self.token
                )
            return self._entitlements

    async def run_alongside(self, request: Callable[[], Awaitable[Value]]) -> Value:
        """Run a first request and the organization check concurrently; a failed check wins.

        The error of the request often follows from a bad token or organization, whose own
        error says more.
        """
        if self._entitlements is not None:
            return await request()
        check_errors: list[RemoteBackendError] = []

        async def check() -> None:
            try:
                await self.entitlements()
            except RemoteBackendError as error:
                check_errors.append(error)
                group.cancel_scope.cancel()

        results: list[Value] = []
        request_errors: list[RemoteBackendError] = []
        with raise_lone_exception():
            async with anyio.create_task_group() as group:
                group.start_soon(check, name="check of the organization")
                try:
                    results.append(await request())
                except RemoteBackendError as error:
                    request_errors.append(error)
        if errors := [*check_errors, *request_errors]:
            raise errors[0]
        return results[0]


@frozen(kw_only=True)
class Connection:
    """A client of the organization that a configuration names, with the settings it uses.

    It is the seam between the library and the parts beneath, which may change in any version.
    """

    client: Client
    block: BackendBlock
    mapping: WorkspaceMapping
    organization_check: OrganizationCheck
    directory: Path
    environ: Mapping[str, str] = field(repr=False)
    scheme: str = "https"
    """`https` or `http`, as in the address of the API; pages have the same."""

    warnings: tuple[str, ...] = ()
    telemetry: Telemetry = field(default=NO_TELEMETRY, repr=False)

    async def require_operations(self) -> None:
        """Raise `SettingsError` if the organization cannot run plans on the server."""
        if not (await self.organization_check.entitlements()).operations:
            raise SettingsError(
                f"organization {self.block.organization!r} on {self.block.hostname} cannot run "
                "plans on the server; its plan has no remote operations"
            )

    def run_url(self, workspace: str, run_id: str) -> str:
        """Return the address of the page of a run."""
        organization = path_part(self.block.organization)
        name = path_part(workspace)
        return (
            f"{self.scheme}://{self.block.hostname}/app/{organization}/{name}/runs/{run_id}"
        )


@asynccontextmanager
async def connect(
    directory: Path,
    environ: Mapping[str, str],
    *,
    eager: bool = True,
    token: str | None = None,
    report: Callable[[Notice], None] | None = None,
    telemetry: Telemetry | None = None,
) -> AsyncIterator[Connection]:
    """Connect to the backend of a configuration; connections are closed at the end.

    A `token` comes before all others. `report` is called with long waits and warnings; without
    it they go to the log. `telemetry` takes the place of what the environment asks for.

    Raises `SettingsError` for wrong files, variables and organizations, `DiscoveryError` for
    a host without this API, and `NotAuthorized` for a token that is not valid. Unless `eager`,
    token and organization are checked later, by `organization_check`.
    """
    block = read_backend(directory, environ)
    async with connect_to(
        block,
        directory,
        environ,
        eager=eager,
        token=token,
        report=report,
        telemetry=telemetry,
    ) as connection:
        yield connection


@asynccontextmanager
async def connect_to(
    block: BackendBlock,
    directory: Path,
    environ: Mapping[str, str],
    *,
    eager: bool = True,
    token: str | None = None,
    report: Callable[[Notice], None] | None = None,
    telemetry: Telemetry | None = None,
) -> AsyncIterator[Connection]:
    """Connect to a backend as `connect` does, without reading the configuration."""
    notices = Notices(report)
    telemetry = telemetry or telemetry_for(environ)
    # A credentials helper, or a pipe in place of a file, may be slow.
    with notices.waiting("the CLI configuration and its credentials helper"):
        cli, found_token = await to_thread.run_sync(
            _read_credentials, block, token, environ, abandon_on_cancel=True
        )
    warnings = (*block.warnings, *cli.warnings, *found_token.warnings)
    with _attached(warnings):
        if found_token.value is None:
            helper = cli.credentials_helper
            raise missing_token(block.hostname, environ, helper.name if helper else None)
    settings = transport_settings(environ)
    async with open_transport(settings, notices) as transport:
        retrying = partial(
            RetryingTransport, settings=settings, notices=notices, telemetry=telemetry
        )
        with _attached(warnings):
            services = await discover(block.hostname, cli, retrying(transport))
        log.debug(
            "backend.found",
            block=block.path,
            hostname=block.hostname,
            organization=block.organization,
            mapping=repr(_mapping_of(block)),
            api=services.tfe_v2,
            token_from=found_token.source,
        )
        origin = Origin(services.tfe_v2, found_token.value)
        paced = RateLimitedTransport(
            transport.at(origin), notices=notices, telemetry=telemetry
        )
        client = Client(retrying(paced), block.organization, notices)
        check = OrganizationCheck(client, block, found_token)
        if eager:
            with _attached(warnings):
                await check.entitlements()
        yield Connection(
            client=client,
            block=block,
            mapping=_mapping_of(block),
            organization_check=check,
            directory=directory,
            environ=environ,
            scheme=services.tfe_v2.partition(":")[0],
            warnings=warnings,
            telemetry=telemetry,
        )


def _read_credentials(
    block: BackendBlock, token: str | None, environ: Mapping[str, str]
) -> tuple[CliConfiguration, FoundToken]:
    cli = read_cli_configuration(environ)
    try:
        if token is not None:
            return cli, token_of_caller(token)
        return cli, find_token(block.hostname, block.token, cli, environ)
    except RemoteBackendError as error:
        error.warnings = (*block.warnings, *cli.warnings)
        raise


@contextmanager
def _attached(warnings: tuple[str, ...]) -> Iterator[None]:
    """Attach earlier warnings to an error: they may be its cause, and were not printed yet."""
    try:
        yield
    except RemoteBackendError as error:
        error.warnings = warnings
        raise


def _mapping_of(block: BackendBlock) -> WorkspaceMapping:
    if block.tags:
        return ByTags(block.tags)
    return ByName(block.name) if block.name else ByPrefix(block.prefix or "")


async def _read_entitlements(
    client: Client, block: BackendBlock, token: FoundToken
) -> Entitlements:
    try:
        return await client.read_entitlements()
    except NotAuthorized as error:
        error.describe(
            f"{block.hostname} does not accept the token from {token.source} "
            f"({token.kind}); it may be expired, revoked, or of another host",
            advice="put a new one there",
            login_host=block.hostname if token.is_from_login else None,
        )
        raise error from None
    except NotFound:
        raise SettingsError(
            f"{block.path}: organization {block.organization!r} does not exist on "
            f"{block.hostname}, or the token from {token.source} may not see it"
            f"{await _visible_organizations(client)}"
        ) from None


async def _visible_organizations(client: Client) -> str:
    """Return the end of the error about an organization: others that the token sees."""
    try:
        names = await client.list_organization_names()
    except RemoteBackendError:  # the error itself is what counts
        return ""
    if not names:
        return "; it sees no organization"
    nearest = nearest_name(client.organization, names)
    guess = f"; did you mean {nearest}? It sees" if nearest is not None else "; it sees"
    return f"{guess} {', '.join(names[:_MOST_NAMES])}"
