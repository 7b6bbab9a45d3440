"""Plans and outputs in one call each, for programs that need no events."""

from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from attrs import evolve

from remote_backend.backend import Backend
from remote_backend.config.backend_block import DEFAULT_HOSTNAME
from remote_backend.config.environment import process_environ
from remote_backend.connection import connect_to
from remote_backend.errors import SelectionError
from remote_backend.models.outcome import Outcome
from remote_backend.models.state import StateOutput
from remote_backend.notices import Notice
from remote_backend.opening import explicit_block, open_backend
from remote_backend.planning.options import BatchOptions
from remote_backend.workspaces import DEFAULT

__all__ = ("outputs", "plan", "plan_all", "read_outputs")


async def plan_all(
    directory: str | PathLike[str] = ".",
    *,
    select: Iterable[str] = (),
    exclude: Iterable[str] = (),
    options: BatchOptions | None = None,
    token: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> tuple[Outcome, ...]:
    """Plan all workspaces of the configuration in a directory, and return their outcomes.

    `select` and `exclude` are patterns (of `fnmatch`) for local names, in addition to those of
    the options. A workspace whose plan fails has an outcome that says why, and does not end the
    others. Canceling the call stops the runs on the server.

    Raises `SelectionError` when there is nothing to plan, `SlugError` when the configuration
    cannot be packed, and the errors of `open_backend`.

    ```python
    for outcome in await remote_backend.plan_all("networking", select=["eu-*"]):
        print(outcome.workspace, outcome.result.value, outcome.counts)
    ```
    """
    options = options or BatchOptions()
    chosen = BatchOptions(select=select, exclude=exclude)
    options = evolve(
        options,
        select=(*options.select, *chosen.select),
        exclude=(*options.exclude, *chosen.exclude),
    )
    async with (
        open_backend(directory, token=token, environ=environ) as backend,
        backend.plan_all(options) as batch,
    ):
        return await batch.wait()


async def plan(
    directory: str | PathLike[str] = ".",
    workspace: str | None = None,
    *,
    options: BatchOptions | None = None,
    token: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Outcome:
    """Plan one workspace of the configuration in a directory, or the selected one.

    Raises `SelectionError` when the workspace does not exist, `RunRefused` when no plan may run
    there, and the errors of `open_backend`. A plan that fails is an outcome that says why.

    ```python
    outcome = await remote_backend.plan("networking", "eu-1")
    print(outcome.result.value, outcome.counts, outcome.run_url)
    ```
    """
    async with (
        open_backend(directory, token=token, environ=environ) as backend,
        backend.plan(workspace, options) as batch,
    ):
        (outcome,) = await batch.wait()
        return outcome


async def outputs(
    workspace: str,
    *,
    organization: str,
    hostname: str = DEFAULT_HOSTNAME,
    token: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the output values of a workspace, by its full name, without a configuration.

    Sensitive ones are among them. The token is found as everywhere, unless it is given. Raises
    `SelectionError` when there is no such workspace, and the errors of `open_backend`.

    ```python
    values = await remote_backend.outputs(
        "networking-eu-1", hostname=hostname, organization="acme"
    )
    print(sorted(values))
    ```
    """
    outputs_by_name = await read_outputs(
        workspace,
        organization=organization,
        hostname=hostname,
        token=token,
        environ=environ,
    )
    return {name: output.value for name, output in outputs_by_name.items()}


async def read_outputs(
    workspace: str,
    *,
    organization: str,
    hostname: str = DEFAULT_HOSTNAME,
    token: str | None = None,
    environ: Mapping[str, str] | None = None,
    report: Callable[[Notice], None] | None = None,
) -> dict[str, StateOutput]:
    """Return the outputs of a workspace as `outputs` does, with their types."""
    if not workspace.strip() or not organization.strip():
        raise SelectionError(
            "the names of the workspace and the organization must be given"
        )
    variables = process_environ() if environ is None else environ
    block = evolve(
        explicit_block(hostname=hostname, organization=organization, name=workspace),
        path="outputs",
    )
    async with connect_to(
        block, Path(), variables, eager=False, token=token, report=report
    ) as connection:
        return await Backend(connection).outputs(DEFAULT)
