"""The one place where the parts of the client are put together."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeVar

import anyio
from anyio import to_thread
from attrs import define, field, frozen

from remote_backend.api.client import Client
from remote_backend.api.messages import Transport, path_part
from remote_backend.api.transport.rate_limit import RateLimitedTransport
from remote_backend.api.transport.retry import RetryingTransport
from remote_backend.api.transport.session import (
    AiohttpTransport,
    Origin,
    open_transport,
)
from remote_backend.config.backend_block import BackendBlock, read_backend
from remote_backend.config.cli_configuration import CliConfiguration, read_cli_configuration
from remote_backend.config.credentials import (
    FoundToken,
    find_token,
    missing_token,
    token_of_caller,
)
from remote_backend.config.discovery import Services, discover
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

__all__ = (
    "Connection",
    "Connections",
    "OrganizationCheck",
    "connect",
    "connect_to",
    "open_connections",
)

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
    async with open_connections(environ, report=report, telemetry=telemetry) as connections:
        yield await connections.connect(block, directory, eager=eager, token=token)


@asynccontextmanager
async def open_connections(
    environ: Mapping[str, str],
    *,
    report: Callable[[Notice], None] | None = None,
    telemetry: Telemetry | None = None,
) -> AsyncIterator["Connections"]:
    """Let many configurations be connected to; all connections are closed at the end."""
    async with AsyncExitStack() as stack:
        yield Connections(
            environ, Notices(report), telemetry or telemetry_for(environ), stack
        )


@define
class Connections:
    """Connections to several backends.

    Those with the same host and token share a rate limit, because servers count requests by
    token, and those of the same organization a client, too.
    """

    environ: Mapping[str, str] = field(repr=False)
    _notices: Notices = field(repr=False)
    _telemetry: Telemetry = field(repr=False)
    _stack: AsyncExitStack = field(repr=False)
    _transport: AiohttpTransport | None = field(default=None, repr=False)
    _credentials: dict[tuple[str, str | None], tuple[CliConfiguration, FoundToken]] = field(
        factory=dict, repr=False
    )
    _services: dict[str, Services] = field(factory=dict, repr=False)
    _paced: dict[Origin, RateLimitedTransport] = field(factory=dict, repr=False)
    _checks: dict[tuple[Origin, str], OrganizationCheck] = field(factory=dict, repr=False)

    async def connect(
        self,
        block: BackendBlock,
        directory: Path,
        *,
        eager: bool = True,
        token: str | None = None,
    ) -> Connection:
        """Connect to a backend; the parameters and errors are those of `connect`."""
        cli, found_token = await self._find_token(block, token)
        warnings = (*block.warnings, *cli.warnings, *found_token.warnings)
        with _attached(warnings):
            if found_token.value is None:
                helper = cli.credentials_helper
                raise missing_token(
                    block.hostname, self.environ, helper.name if helper else None
                )
            services = await self._discover(block.hostname, cli)
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
        check = await self._check(origin, block, found_token)
        if eager:
            with _attached(warnings):
                await check.entitlements()
        return Connection(
            client=check.client,
            block=block,
            mapping=_mapping_of(block),
            organization_check=check,
            directory=directory,
            environ=self.environ,
            scheme=services.tfe_v2.partition(":")[0],
            warnings=warnings,
            telemetry=self._telemetry,
        )

    async def _find_token(
        self, block: BackendBlock, token: str | None
    ) -> tuple[CliConfiguration, FoundToken]:
        key = (block.hostname, token if token is not None else block.token)
        if key not in self._credentials:
            # A credentials helper, or a pipe in place of a file, may be slow.
            with self._notices.waiting("the CLI configuration and its credentials helper"):
                self._credentials[key] = await to_thread.run_sync(
                    _read_credentials, block, token, self.environ, abandon_on_cancel=True
                )
        return self._credentials[key]

    async def _discover(self, hostname: str, cli: CliConfiguration) -> Services:
        if hostname not in self._services:
            transport = await self._open_transport()
            self._services[hostname] = await discover(
                hostname, cli, self._retrying(transport)
            )
        return self._services[hostname]

    async def _check(
        self, origin: Origin, block: BackendBlock, token: FoundToken
    ) -> OrganizationCheck:
        if origin not in self._paced:
            transport = await self._open_transport()
            self._paced[origin] = RateLimitedTransport(
                transport.at(origin), notices=self._notices, telemetry=self._telemetry
            )
        key = (origin, block.organization)
        if key not in self._checks:
            client = Client(
                self._retrying(self._paced[origin]), block.organization, self._notices
            )
            self._checks[key] = OrganizationCheck(client, block, token)
        return self._checks[key]

    async def _open_transport(self) -> AiohttpTransport:
        if self._transport is None:
            self._transport = await self._stack.enter_async_context(
                open_transport(transport_settings(self.environ), self._notices)
            )
        return self._transport

    def _retrying(self, transport: Transport) -> RetryingTransport:
        return RetryingTransport(
            transport,
            settings=transport_settings(self.environ),
            notices=self._notices,
            telemetry=self._telemetry,
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
