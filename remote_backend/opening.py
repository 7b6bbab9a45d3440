"""Ways to a backend: by the configuration in a directory, or by explicit names."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from os import PathLike
from pathlib import Path

from anyio import to_thread

from remote_backend.async_blocks import async_block
from remote_backend.backend import Backend
from remote_backend.config.backend_block import DEFAULT_HOSTNAME, BackendBlock
from remote_backend.config.directories import find_directories
from remote_backend.config.environment import process_environ
from remote_backend.config.hostname import normalize_hostname
from remote_backend.configurations import Configurations, connect_configurations
from remote_backend.connection import connect, connect_to, open_connections
from remote_backend.errors import SettingsError
from remote_backend.notices import Notice
from remote_backend.telemetry import Meter, Tracer, telemetry_for
from remote_backend.workspaces import DEFAULT

__all__ = ("explicit_block", "open_backend", "open_configurations", "open_workspaces")

Tags = Mapping[str, str] | Iterable[str]


@async_block("async with open_backend(...) as backend:")
async def open_backend(
    directory: str | PathLike[str] = ".",
    *,
    token: str | None = None,
    environ: Mapping[str, str] | None = None,
    report: Callable[[Notice], None] | None = None,
    tracer: Tracer | None = None,
    meter: Meter | None = None,
) -> AsyncIterator[Backend]:
    """Open the remote backend that the configuration in a directory names.

    `token` comes before the places that Terraform searches. `environ` takes the place of the
    variables of the process. `report` is called with what is waited for, when that takes longer
    than five seconds, and with warnings. `tracer` and `meter` of OpenTelemetry get spans and
    metrics; without them the environment decides (docs/guides/observability.md).

    Raises `SettingsError` for wrong files, variables and organizations, `DiscoveryError` for a
    host without this API, and `NotAuthorized` for a token that is not valid. Token and
    organization are checked with the first request.

    ```python
    async with remote_backend.open_backend("networking") as backend:
        print([workspace.name for workspace in await backend.workspaces()])
    ```
    """
    variables = process_environ() if environ is None else environ
    async with connect(
        Path(directory),
        variables,
        eager=False,
        token=token,
        report=report,
        telemetry=telemetry_for(variables, tracer, meter),
    ) as connection:
        yield Backend(connection)


@async_block("async with open_configurations(...) as configurations:")
async def open_configurations(
    directories: Iterable[str | PathLike[str]],
    *,
    base: str | PathLike[str] = ".",
    token: str | None = None,
    environ: Mapping[str, str] | None = None,
    report: Callable[[Notice], None] | None = None,
    tracer: Tracer | None = None,
    meter: Meter | None = None,
) -> AsyncIterator[Configurations]:
    """Open the remote backends of several directories, whose workspaces are planned in one batch.

    Directories are relative to `base`, and may be patterns (`stacks/*`) for those with a backend
    or cloud block. One that cannot be read is among the `failures`; when none can, its error is
    raised, or `SelectionError` for several. The other parameters are those of `open_backend`.

    ```python
    async with remote_backend.open_configurations(["networking"]) as configurations:
        print(list(configurations.backends), configurations.failures)
    ```
    """
    variables = process_environ() if environ is None else environ
    arguments = tuple(str(directory) for directory in directories)
    found = await to_thread.run_sync(find_directories, Path(base), arguments)
    async with open_connections(
        variables, report=report, telemetry=telemetry_for(variables, tracer, meter)
    ) as connections:
        yield await connect_configurations(
            connections,
            found,
            base=Path(base),
            arguments=" ".join(arguments),
            token=token,
        )


@async_block("async with open_workspaces(...) as backend:")
async def open_workspaces(
    *,
    organization: str,
    hostname: str = DEFAULT_HOSTNAME,
    name: str | None = None,
    prefix: str | None = None,
    tags: Tags | None = None,
    token: str | None = None,
    directory: str | PathLike[str] = ".",
    environ: Mapping[str, str] | None = None,
    report: Callable[[Notice], None] | None = None,
    tracer: Tracer | None = None,
    meter: Meter | None = None,
) -> AsyncIterator[Backend]:
    """Open workspaces by explicit names; no configuration is read and no file is written.

    One of `name` (of one workspace), `prefix` and `tags` (a list, or keys and values) says which
    workspaces are meant. `directory` holds what plans upload. The other parameters and errors
    are those of `open_backend`; the workspace that is selected in the directory does not count.

    ```python
    async with remote_backend.open_workspaces(
        hostname=hostname, organization="acme", prefix="networking-", token=token
    ) as backend:
        print([workspace.full_name for workspace in await backend.workspaces()])
    ```
    """
    variables = process_environ() if environ is None else environ
    block = explicit_block(
        hostname=hostname, organization=organization, name=name, prefix=prefix, tags=tags
    )
    async with connect_to(
        block,
        Path(directory),
        variables,
        eager=False,
        token=token,
        report=report,
        telemetry=telemetry_for(variables, tracer, meter),
    ) as connection:
        yield Backend(connection, selected=DEFAULT)


def explicit_block(
    *,
    hostname: str,
    organization: str,
    name: str | None = None,
    prefix: str | None = None,
    tags: Tags | None = None,
) -> BackendBlock:
    """Return what a backend block with these arguments would mean.

    Raises `SettingsError` unless the organization and one kind of workspaces are given.
    """
    if not organization.strip():
        raise SettingsError("the organization is empty", parameters=("organization",))
    pairs = _tag_pairs(tags)
    if sum(bool(part) for part in (name, prefix, pairs)) != 1:
        raise SettingsError(
            "exactly one of name, prefix and tags says which workspaces are meant",
            parameters=("name", "prefix", "tags"),
        )
    return BackendBlock(
        kind="cloud" if pairs else "remote",
        hostname=normalize_hostname(hostname),
        organization=organization,
        name=name,
        prefix=prefix,
        tags=pairs,
        path="open_workspaces",
    )


def _tag_pairs(tags: Tags | None) -> tuple[tuple[str, str], ...]:
    # A text is a list of letters too, and each letter would be a tag.
    if isinstance(tags, str):
        raise SettingsError(
            f"tags are a list or a mapping, not the text {tags!r}", parameters=("tags",)
        )
    if isinstance(tags, Mapping):
        return tuple(sorted(tags.items()))
    return tuple((tag, "") for tag in sorted(set(tags or ())))
