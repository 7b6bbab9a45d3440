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
from remote_backend.config.credentials import FoundToken, find_token, missing_token
from remote_backend.config.discovery import discover
from remote_backend.config.transport_variables import transport_settings
from remote_backend.errors import (
    NotAuthorized,
    NotFound,
    RemoteBackendError,
    SettingsError,
)
from remote_backend.exception_groups import raise_lone_exception
from remote_backend.models.organization import Entitlements
from remote_backend.models.workspace import ByName, ByPrefix, ByTags, WorkspaceMapping
from remote_backend.notices import Notice, Notices

__all__ = ("Connection", "OrganizationCheck", "connect", "connect_to")

Value = TypeVar("Value")


@define(eq=False)
class OrganizationCheck:
    """Asks once whether the token and the organization are good."""

    client: Client
    block: BackendBlock
    token: FoundToken
    _asking: anyio.Lock = field(factory=anyio.Lock)
    _found: Entitlements | None = None

    async def entitlements(self) -> Entitlements:
        """Return what the organization may use, or raise what is wrong with it."""
        async with self._asking:
            if self._found is None:
                self._found = await _require_organization(
                    self.client, self.block, self.token
                )
            return self._found

    async def run_alongside(self, ask: Callable[[], Awaitable[Value]]) -> Value:
        """Run a first request and the organization check concurrently; a failed check wins.

        What is wrong with the token or the organization is raised in place of the error of
        the question, which often follows from it.
        """
        if self._found is not None:
            return await ask()
        problems: list[RemoteBackendError] = []

        async def check() -> None:
            try:
                await self.entitlements()
            except RemoteBackendError as error:
                problems.append(error)
                group.cancel_scope.cancel()

        answers: list[Value] = []
        failures: list[RemoteBackendError] = []
        with raise_lone_exception():
            async with anyio.create_task_group() as group:
                group.start_soon(check, name="check of the organization")
                try:
                    answers.append(await ask())
                except RemoteBackendError as error:
                    failures.append(error)
        if errors := [*problems, *failures]:
            raise errors[0]
        return answers[0]


@frozen(kw_only=True)
class Connection:
    """A client of the organization that a configuration names, and what it was made from."""

    client: Client
    block: BackendBlock
    mapping: WorkspaceMapping
    organization_check: OrganizationCheck
    directory: Path
    environ: Mapping[str, str] = field(repr=False)
    scheme: str = "https"
    """That of the API, where people find pages too."""

    warnings: tuple[str, ...] = ()

    async def require_operations(self) -> None:
        """Raise `SettingsError` where the server plans nothing for the organization."""
        if not (await self.organization_check.entitlements()).operations:
            raise SettingsError(
                f"organization {self.block.organization!r} on {self.block.hostname} cannot run "
                "plans on the server; its plan has no remote operations"
            )

    def run_url(self, workspace: str, run_id: str) -> str:
        """Return the address at which people look at a run."""
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
    report: Callable[[Notice], None] | None = None,
) -> AsyncIterator[Connection]:
    """Connect to the backend of a configuration; connections are closed at the end.

    `report` is called with long waits and warnings; without it they go to the log.

    Raises a `SettingsError` for what files and variables say wrong, a `DiscoveryError` for
    a host that is none of this kind, `NotAuthorized` for a token that is not valid, and
    `SettingsError` for an organization that is not there; the last two later, by `check`,
    unless `eager`.
    """
    block = read_backend(directory, environ)
    async with connect_to(
        block, directory, environ, eager=eager, report=report
    ) as connection:
        yield connection


@asynccontextmanager
async def connect_to(
    block: BackendBlock,
    directory: Path,
    environ: Mapping[str, str],
    *,
    eager: bool = True,
    report: Callable[[Notice], None] | None = None,
) -> AsyncIterator[Connection]:
    """Connect to a backend, as `connect` does, whatever the configuration names now."""
    notices = Notices(report)
    # A credentials helper, or a pipe in the place of a file, may take its time.
    with notices.waiting("the CLI configuration and its credentials helper"):
        cli, token = await to_thread.run_sync(
            _read_credentials, block, environ, abandon_on_cancel=True
        )
    warnings = (*block.warnings, *cli.warnings, *token.warnings)
    with _warned(warnings):
        if token.value is None:
            raise missing_token(block.hostname, environ)
    settings = transport_settings(environ)
    async with open_transport(settings, notices) as transport:
        retrying = partial(RetryingTransport, settings=settings, notices=notices)
        with _warned(warnings):
            services = await discover(block.hostname, cli, retrying(transport))
        origin = Origin(services.tfe_v2, token.value)
        paced = RateLimitedTransport(transport.at(origin), notices=notices)
        client = Client(retrying(paced), block.organization, notices)
        check = OrganizationCheck(client, block, token)
        if eager:
            with _warned(warnings):
                await check.entitlements()
        yield Connection(
            client=client,
            block=block,
            mapping=_mode(block),
            organization_check=check,
            directory=directory,
            environ=environ,
            scheme=services.tfe_v2.partition(":")[0],
            warnings=warnings,
        )


def _read_credentials(
    block: BackendBlock, environ: Mapping[str, str]
) -> tuple[CliConfiguration, FoundToken]:
    cli = read_cli_configuration(environ)
    try:
        return cli, find_token(block.hostname, block.token, cli, environ)
    except RemoteBackendError as error:
        error.warnings = (*block.warnings, *cli.warnings)
        raise


@contextmanager
def _warned(warnings: tuple[str, ...]) -> Iterator[None]:
    """Let an error carry the warnings before it: they may be its cause, and nobody saw them."""
    try:
        yield
    except RemoteBackendError as error:
        error.warnings = warnings
        raise


def _mode(block: BackendBlock) -> WorkspaceMapping:
    if block.tags:
        return ByTags(block.tags)
    return ByName(block.name) if block.name else ByPrefix(block.prefix or "")


async def _require_organization(
    client: Client, block: BackendBlock, token: FoundToken
) -> Entitlements:
    try:
        return await client.read_entitlements()
    except NotAuthorized as error:
        problem = (
            f"{block.hostname} does not accept the token from {token.source} "
            f"({token.kind}); is it expired or revoked, or of another host?"
        )
        raise NotAuthorized(error.status, error.method, error.where, (problem,)) from None
    except NotFound:
        raise SettingsError(
            f"{block.path}: organization {block.organization!r} does not exist on "
            f"{block.hostname}, or the token from {token.source} may not see it"
        ) from None
