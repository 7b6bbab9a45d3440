"""A backend as a program uses it: open it, plan, read the events, get the outcomes."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

import anyio
from attrs import evolve

from remote_backend.backend_states import BackendStates
from remote_backend.config.backend_block import DEFAULT_HOSTNAME, BackendBlock
from remote_backend.config.environment import process_environ
from remote_backend.config.hostname import normalize_hostname
from remote_backend.config.run_origin import describe_origin
from remote_backend.connection import connect, connect_to
from remote_backend.errors import Conflict, RemoteBackendError, SelectionError, StateError
from remote_backend.models.changes import PlannedChanges
from remote_backend.models.configuration import UploadMode
from remote_backend.models.failure import Failure, FailureKind
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.run import PlanOptions, WaitLimits
from remote_backend.models.state import StateOutput
from remote_backend.notices import Notice
from remote_backend.planning.batch import Batch, BatchOptions, run_batch
from remote_backend.planning.journal import JournalStory
from remote_backend.planning.log_tail import LogTail
from remote_backend.planning.options import (
    checked_options,
    require_same_variables,
    require_upload_mode,
)
from remote_backend.planning.plan_details import (
    read_changes,
    read_diagnostics,
    read_json_plan,
)
from remote_backend.planning.polling import RunPoller
from remote_backend.planning.run_creation import stop_run
from remote_backend.planning.selection import select_names
from remote_backend.planning.sharing_cache import SharingCache
from remote_backend.state.file import StateFile
from remote_backend.workspaces import (
    DEFAULT,
    LocalWorkspace,
    no_workspaces,
    require_plannable,
)

__all__ = ("Backend", "open_backend", "outputs", "read_outputs")

Value = TypeVar("Value")

_STATES_AT_ONCE = 20


@asynccontextmanager
async def open_backend(
    directory: str | PathLike[str] = ".",
    *,
    environ: Mapping[str, str] | None = None,
    report: Callable[[Notice], None] | None = None,
) -> AsyncIterator["Backend"]:
    """Open the remote backend that the configuration in a directory names.

    `environ` takes the place of the variables of the process. `report` is called with
    what is waited for, when that takes longer than five seconds, and with warnings. Raises the
    errors of `connect`: of settings and discovery before it yields, of token and organization
    when it is asked for the first time.
    """
    variables = process_environ() if environ is None else environ
    async with connect(
        Path(directory), variables, eager=False, report=report
    ) as connection:
        yield Backend(connection)


async def outputs(
    workspace: str,
    *,
    organization: str,
    hostname: str = DEFAULT_HOSTNAME,
    environ: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the output values of a workspace, by its full name, without a configuration.

    Sensitive ones are among them. The token is found as everywhere. Raises `SelectionError`
    when there is no such workspace.
    """
    found = await read_outputs(
        workspace, organization=organization, hostname=hostname, environ=environ
    )
    return {name: one.value for name, one in found.items()}


async def read_outputs(
    workspace: str,
    *,
    organization: str,
    hostname: str = DEFAULT_HOSTNAME,
    environ: Mapping[str, str] | None = None,
    report: Callable[[Notice], None] | None = None,
) -> dict[str, StateOutput]:
    """Return the outputs of a workspace as `outputs` does, with their types."""
    variables = process_environ() if environ is None else environ
    if not workspace.strip() or not organization.strip():
        raise SelectionError(
            "the names of the workspace and the organization must be given"
        )
    block = BackendBlock(
        kind="remote",
        hostname=normalize_hostname(hostname),
        organization=organization,
        name=workspace,
        path="outputs",
    )
    async with connect_to(
        block, Path(), variables, eager=False, report=report
    ) as connection:
        return await Backend(connection).outputs(DEFAULT)


class Backend(BackendStates):
    """The remote workspaces of one configuration, and plans of them."""

    @asynccontextmanager
    async def plan(
        self,
        workspace: str | None = None,
        options: PlanOptions | None = None,
        *,
        limits: WaitLimits | None = None,
        details: bool = False,
    ) -> AsyncIterator[Batch]:
        """Plan one workspace, or the selected one; leaving the block early cancels the run."""
        options = checked_options(options)
        named = await self.workspace(workspace)
        await self._connection.require_operations()
        require_plannable(named)
        async with self._run(
            (named,),
            options,
            limits=limits or WaitLimits(),
            details=details,
            is_batch=False,
        ) as batch:
            yield batch

    @asynccontextmanager
    async def plan_all(
        self,
        options: PlanOptions | None = None,
        *,
        select: Sequence[str] = (),
        exclude: Sequence[str] = (),
        max_concurrency: int = 1000,
        upload: UploadMode = UploadMode.AUTO,
        limits: WaitLimits | None = None,
        details: bool = False,
        journal_folder: Path | None = None,
        cache_folder: Path | None = None,
    ) -> AsyncIterator[Batch]:
        """Plan all workspaces whose short names match; leaving the block early cancels.

        Patterns are those of `fnmatch`; `max_concurrency` bounds the workspaces in flight; with
        `details` the outcomes tell what would change, for one more request each. With a
        folder for journals the batch can be resumed after a crash. With a folder for caches it
        is known from earlier batches whether the server takes one upload for all workspaces;
        otherwise one run tries that before the others are made.
        """
        options = checked_options(options)
        require_upload_mode(upload)
        existing = {named.name: named for named in await self.workspaces()}
        await self._connection.require_operations()
        if not existing:
            raise no_workspaces(self._connection.mapping, self.organization)
        names = select_names(existing, select=select, exclude=exclude)
        async with self._run(
            tuple(existing[name] for name in names),
            options,
            max_concurrency=max_concurrency,
            upload=upload,
            limits=limits or WaitLimits(),
            details=details,
            journal_folder=journal_folder,
            cache_folder=cache_folder,
        ) as batch:
            yield batch

    @asynccontextmanager
    async def resume(
        self,
        story: JournalStory,
        journal_folder: Path,
        variables: tuple[tuple[str, str], ...] = (),
        *,
        cache_folder: Path | None = None,
    ) -> AsyncIterator[Batch]:
        """Go on with a batch that ended early: watch its runs, make those that are missing.

        The outcomes at the end are those of the whole batch. Raises `RunOptionsError` for a
        batch of another organization, or one whose variables are not given again.
        """
        require_same_variables(
            story, variables, hostname=self.hostname, organization=self.organization
        )
        existing = {named.remote.id: named for named in await self.workspaces()}
        unfinished = [existing.get(story.workspaces[name]) for name in story.unfinished]
        for name, named in zip(story.unfinished, unfinished, strict=True):
            if named is None:
                story.outcomes[name] = Outcome(
                    workspace=name,
                    full_name=name,
                    result=Result.FAILED,
                    failure=Failure(
                        kind=FailureKind.CONFIGURATION,
                        title="the workspace does not exist any more",
                    ),
                )
        async with self._run(
            tuple(named for named in unfinished if named is not None),
            evolve(story.options, variables=variables),
            upload=story.upload,
            journal_folder=journal_folder,
            cache_folder=cache_folder,
            earlier=story,
            id=story.id,
        ) as batch:
            yield batch

    async def states_of_all(
        self, *, select: Sequence[str] = (), exclude: Sequence[str] = ()
    ) -> dict[str, StateFile | StateError | None]:
        """Return the states of all workspaces by short name; what cannot be read is an error."""
        existing = {named.name: named for named in await self.workspaces()}
        names = select_names(existing, select=select, exclude=exclude)
        found: dict[str, StateFile | StateError | None] = {}
        gate = anyio.CapacityLimiter(_STATES_AT_ONCE)

        async def read(short: str) -> None:
            async with gate:
                try:
                    found[short] = await self._state_of(existing[short].remote)
                except RemoteBackendError as error:
                    found[short] = (
                        error if isinstance(error, StateError) else StateError(str(error))
                    )

        async with anyio.create_task_group() as group:
            for name in names:
                group.start_soon(read, name)
        return {name: found[name] for name in names}

    async def outputs_of_all(
        self, *, select: Sequence[str] = (), exclude: Sequence[str] = ()
    ) -> dict[str, dict[str, StateOutput] | StateError]:
        """Return the outputs of all workspaces by short name; what cannot be read is an error."""
        states = await self.states_of_all(select=select, exclude=exclude)
        return {
            name: one if isinstance(one, StateError) else one.outputs() if one else {}
            for name, one in states.items()
        }

    async def details_of(self, run_id: str) -> tuple[PlannedChanges | None, bytes]:
        """Return what a run that is over would change, and its log as far as it can be read."""
        client = self._connection.client
        watch = RunPoller(client, (await client.read_run(run_id))[0])
        async for _ in watch.snapshots():
            pass
        tail = LogTail(client, watch)
        log = b"".join([part async for part in tail.chunks()])
        if watch.plan is None:
            return None, log
        read = read_changes if watch.latest.succeeded else read_diagnostics
        return await read(client, watch.plan), log

    async def json_plan(self, run_id: str) -> bytes:
        """Return the JSON of the plan of a run that is over, as the server sends it.

        Redacted where the server can do that; empty where it has none, or none for this token.
        """
        client = self._connection.client
        run, _ = await client.read_run(run_id)
        return await read_json_plan(client, run.plan_id) if run.plan_id else b""

    async def stop(self, run_id: str) -> bool:
        """Ask the server to stop a run; return whether it is or will be over."""
        try:
            await stop_run(self._connection.client, run_id)
        except Conflict:
            return False
        return True

    @asynccontextmanager
    async def _run(
        self,
        workspaces: tuple[LocalWorkspace, ...],
        options: PlanOptions,
        *,
        cache_folder: Path | None = None,
        **more: Any,
    ) -> AsyncIterator[Batch]:
        connection = self._connection
        plan = BatchOptions(
            directory=connection.directory,
            options=options,
            run_url=connection.run_url,
            origin=describe_origin(connection.environ, connection.directory),
            facts={"hostname": self.hostname, "organization": self.organization},
            sharing_cache=SharingCache(cache_folder, self.hostname, self.organization)
            if cache_folder is not None
            else None,
            **more,
        )
        async with run_batch(connection.client, workspaces, plan) as batch:
            yield batch
