"""A backend as a program uses it: open it, plan, read the events, get the outcomes."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from os import PathLike
from pathlib import Path
from typing import Any

from attrs import evolve

from remote_backend.batch.journal import JournalStory
from remote_backend.batch.orchestrate import Batch, BatchPlan, run_batch
from remote_backend.batch.select import select_names
from remote_backend.batch.sharing import UploadMode
from remote_backend.config.datadir import selected_workspace
from remote_backend.config.settings import process_environ
from remote_backend.connect import Connection, connect
from remote_backend.errors import RunOptionsError
from remote_backend.models.run import PlanOptions, WaitLimits
from remote_backend.runs import stop_run
from remote_backend.workspaces import (
    DEFAULT,
    Named,
    find_named,
    list_named,
    require_plannable,
)

__all__ = ("Backend", "open_backend")


@asynccontextmanager
async def open_backend(
    directory: str | PathLike[str] = ".", *, environ: Mapping[str, str] | None = None
) -> AsyncIterator["Backend"]:
    """Open the remote backend that the configuration in a directory names.

    `environ` takes the place of the variables of the process. Raises the errors of
    `connect`: settings, discovery, token and organization are checked before it yields.
    """
    variables = process_environ() if environ is None else environ
    async with connect(Path(directory), variables) as connection:
        yield Backend(connection)


class Backend:
    """The remote workspaces of one configuration, and plans of them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def connection(self) -> Connection:
        """The client and the settings beneath, for what this class has no verb for."""
        return self._connection

    @property
    def hostname(self) -> str:
        """The host of the server."""
        return self._connection.block.hostname

    @property
    def organization(self) -> str:
        """The organization that the workspaces belong to."""
        return self._connection.client.organization

    async def workspaces(self) -> tuple[Named, ...]:
        """Return all workspaces of the configuration, sorted by the names people use."""
        return await list_named(self._connection.client, self._connection.mode)

    async def workspace(self, name: str | None = None) -> Named:
        """Return the workspace of a name, or the selected one.

        Raises `SelectionError` when it does not exist.
        """
        connection = self._connection
        if name is None:
            name = selected_workspace(connection.directory, connection.environ)
        return await find_named(connection.client, connection.mode, name or DEFAULT)

    @asynccontextmanager
    async def plan(
        self,
        workspace: str | None = None,
        options: PlanOptions | None = None,
        *,
        limits: WaitLimits | None = None,
    ) -> AsyncIterator[Batch]:
        """Plan one workspace, or the selected one; leaving the block early cancels the run."""
        options = _checked(options)
        self._connection.require_operations()
        named = await self.workspace(workspace)
        require_plannable(named)
        plan = self._batch_plan(options, limits=limits or WaitLimits())
        async with run_batch(self._connection.client, (named,), plan) as batch:
            yield batch

    @asynccontextmanager
    async def plan_all(
        self,
        options: PlanOptions | None = None,
        *,
        select: Sequence[str] = (),
        exclude: Sequence[str] = (),
        at_once: int = 1000,
        upload: UploadMode = UploadMode.AUTO,
        limits: WaitLimits | None = None,
        journal_folder: Path | None = None,
    ) -> AsyncIterator[Batch]:
        """Plan all workspaces whose short names match; leaving the block early cancels.

        Patterns are those of `fnmatch`; `at_once` bounds the workspaces in flight. With a
        folder for journals the batch can be resumed after a crash.
        """
        options = _checked(options)
        self._connection.require_operations()
        existing = {named.short: named for named in await self.workspaces()}
        names = select_names(existing, select=select, exclude=exclude)
        plan = self._batch_plan(
            options,
            at_once=at_once,
            upload=upload,
            limits=limits or WaitLimits(),
            journal_folder=journal_folder,
        )
        chosen = tuple(existing[name] for name in names)
        async with run_batch(self._connection.client, chosen, plan) as batch:
            yield batch

    @asynccontextmanager
    async def resume(
        self,
        story: JournalStory,
        journal_folder: Path,
        variables: tuple[tuple[str, str], ...] = (),
    ) -> AsyncIterator[Batch]:
        """Go on with a batch that ended early: watch its runs, make those that are missing.

        The outcomes at the end are those of the whole batch. Raises `RunOptionsError` for a
        batch of another organization, or one whose variables are not given again.
        """
        _require_same(story, self, variables)
        existing = {named.remote.id: named for named in await self.workspaces()}
        unfinished = (existing.get(story.workspaces[name]) for name in story.unfinished)
        plan = self._batch_plan(
            evolve(story.options, variables=variables),
            journal_folder=journal_folder,
            earlier=story,
            id=story.id,
        )
        chosen = tuple(named for named in unfinished if named is not None)
        async with run_batch(self._connection.client, chosen, plan) as batch:
            yield batch

    async def stop(self, run_id: str) -> bool:
        """Ask the server to stop a run; return whether it is or will be over."""
        return await stop_run(self._connection.client, run_id)

    def _batch_plan(self, options: PlanOptions, **more: Any) -> BatchPlan:
        connection = self._connection
        return BatchPlan(
            directory=connection.directory,
            options=options,
            run_url=connection.run_url,
            facts={"hostname": self.hostname, "organization": self.organization},
            **more,
        )


def _require_same(
    story: JournalStory, backend: Backend, variables: tuple[tuple[str, str], ...]
) -> None:
    here = (backend.hostname, backend.organization)
    if here != (story.hostname, story.organization):
        raise RunOptionsError(
            f"{story.id} was planned on {story.hostname} in {story.organization}, and the "
            f"configuration now names {here[0]} and {here[1]}"
        )
    names = tuple(name for name, _ in variables)
    if sorted(names) != sorted(story.variable_names):
        wanted = ", ".join(story.variable_names) or "none"
        raise RunOptionsError(
            f"{story.id} was planned with run variables ({wanted}), which no journal keeps; "
            "give the same -var and -var-file again"
        )


def _checked(options: PlanOptions | None) -> PlanOptions:
    options = options or PlanOptions()
    if options.destroy and options.refresh_only:
        raise RunOptionsError("-destroy and -refresh-only exclude each other; choose one")
    if options.refresh_only and not options.refresh:
        raise RunOptionsError("-refresh-only needs a refresh; leave -refresh=false out")
    if options.refresh_only and options.replace:
        raise RunOptionsError("-refresh-only replaces nothing; leave -replace out")
    if options.destroy and options.replace:
        raise RunOptionsError("-destroy replaces nothing; leave -replace out")
    return options
