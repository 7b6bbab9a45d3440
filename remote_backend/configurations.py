"""The remote workspaces of several configurations, planned in one batch."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from os import PathLike
from pathlib import Path

import anyio
from anyio import to_thread
from attrs import evolve

from remote_backend.async_blocks import async_block
from remote_backend.backend import Backend
from remote_backend.config.backend_block import read_backend
from remote_backend.connection import Connections
from remote_backend.errors import RemoteBackendError, SelectionError
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.planned_place import ConfigurationPlace, PlannedPlace
from remote_backend.models.selection import Selection, joined
from remote_backend.planning.batch import Batch
from remote_backend.planning.batch_context import BatchContext
from remote_backend.planning.configuration import Configuration
from remote_backend.planning.configuration_names import (
    local,
    named,
    require_reached_once,
    select_rows,
)
from remote_backend.planning.configurations import run_configurations
from remote_backend.planning.failure_reasons import failure_of_error
from remote_backend.planning.oldest import select_oldest
from remote_backend.planning.options import BatchOptions
from remote_backend.planning.plan_files import (
    PlanFile,
    prepare_plan_folder,
    write_plan_files,
)
from remote_backend.planning.recorded_batch import Place, RecordedBatch, require_same_batch
from remote_backend.planning.selection import require_no_selection
from remote_backend.selecting.by_server import select_where
from remote_backend.workspaces import LocalWorkspace

__all__ = ("Configurations", "connect_configurations")

_UNREADABLE = ("its configuration cannot be read",)


class Configurations:
    """The remote workspaces of several configurations.

    Workspaces are called `DIR:WORKSPACE`, or by their names alone where these are unique.
    """

    def __init__(
        self,
        backends: Mapping[str, Backend],
        failures: Mapping[str, RemoteBackendError],
        *,
        directory: Path,
        arguments: str,
    ) -> None:
        self.backends = backends
        """The backends by the names of their directories, relative to the top of the repository."""

        self.failures = failures
        """Why configurations cannot be read."""

        self._directory = directory
        self._arguments = arguments
        self._begun: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"<Configurations {', '.join((*self.backends, *self.failures))}>"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know about the settings of the configurations."""
        warnings = (each.connection.warnings for each in self.backends.values())
        return tuple(dict.fromkeys(text for texts in warnings for text in texts))

    @property
    def place(self) -> PlannedPlace:
        """Where the workspaces of all configurations are."""
        backends = self.backends.values()
        return PlannedPlace(
            hostname=", ".join(dict.fromkeys(each.hostname for each in backends)),
            organization=", ".join(dict.fromkeys(each.organization for each in backends)),
            mapping=self._arguments,
            configurations=(
                *(
                    ConfigurationPlace(
                        name=name,
                        hostname=each.hostname,
                        organization=each.organization,
                        mapping=str(each.connection.mapping),
                    )
                    for name, each in self.backends.items()
                ),
                *(ConfigurationPlace(name=name) for name in self.failures),
            ),
        )

    def backend_of(self, workspace: str) -> Backend:
        """Return the backend of a workspace in the batch that was begun last."""
        return self.backends[self._begun[workspace]]

    @async_block("async with configurations.plan_all(...) as batch:")
    async def plan_all(self, options: BatchOptions | None = None) -> AsyncIterator[Batch]:
        """Plan the workspaces of all configurations, or those that the options select.

        A configuration that cannot be read, or has no workspace, is an outcome that failed. Raises
        `SelectionError` when there is nothing to plan, and where two configurations name the same
        remote workspace. In a comparison, a configuration whose base cannot be read is planned
        without one, and a warning says why; where that holds for all, its error is raised.

        ```python
        async with remote_backend.open_configurations(["networking"]) as configurations:
            async with configurations.plan_all() as batch:
                for outcome in await batch.wait():
                    print(outcome.configuration, outcome.workspace, outcome.result.value)
        ```
        """
        options = options or BatchOptions()
        listed, failures = await self._list(options)
        workspaces, failed = select_rows(
            named(listed, failures),
            tuple(failures),
            select=options.select,
            exclude=options.exclude,
        )
        if options.where:
            workspaces = await self._where(workspaces, options.where)
        hostnames = {name: each.hostname for name, each in self.backends.items()}
        require_reached_once(workspaces, hostnames)
        selection = None
        if options.changed_since is not None:
            selection = await self._touched(listed, workspaces, failed, options)
            workspaces = tuple(
                each for each in workspaces if each.name in selection.reasons
            )
        workspaces = await select_oldest(workspaces, options, self._place_of)
        outcomes = tuple(_unreadable(name, failures[name]) for name in failed)
        if not workspaces and not outcomes:
            # There is nothing to resume.
            options = evolve(options, journal_folder=None)
        if not workspaces:
            options = evolve(options, base=None)
        context = self._context(selection=selection)
        async with self._run(workspaces, options, context, outcomes) as batch:
            yield batch

    @async_block("async with configurations.resume(...) as batch:")
    async def resume(
        self, recorded: RecordedBatch, options: BatchOptions | None = None
    ) -> AsyncIterator[Batch]:
        """Go on with a batch of several configurations that ended early, as `Backend.resume` does.

        Raises the error of a configuration that cannot be read any more, and `RunOptionsError` for options
        that select workspaces.
        """
        options = options or recorded.options
        require_no_selection(options, "resume")
        outcomes = dict(recorded.outcomes)
        workspaces: list[LocalWorkspace] = []
        for one in recorded.configurations:
            backend = self.backend(one.name)
            require_same_batch(
                recorded.of(one),
                options,
                hostname=backend.hostname,
                organization=backend.organization,
            )
            found, missing = await backend._unfinished(recorded.of(one))
            workspaces += (evolve(each, configuration=one.name) for each in found)
            outcomes |= {
                each.workspace: evolve(each, configuration=one.name) for each in missing
            }
        context = self._context(evolve(recorded, outcomes=outcomes))
        async with self._run(tuple(workspaces), options, context) as batch:
            yield batch

    async def write_json_plans(
        self, folder: str | PathLike[str], batch: Batch, *, redacted_only: bool = False
    ) -> tuple[PlanFile, ...]:
        """Write the JSON plans of a batch that has ended, each below its directory, with an index.

        It is private and raises as `Backend.write_json_plans` does.

        ```python
        async with remote_backend.open_configurations(["networking"]) as configurations:
            async with configurations.plan_all() as batch:
                await batch.wait()
            for plan in await configurations.write_json_plans("plans", batch):
                print(plan.configuration, plan.workspace, plan.file, plan.form)
        ```
        """
        names = {each.workspace: each.configuration for each in batch.outcomes}
        await to_thread.run_sync(prepare_plan_folder, Path(folder))
        return await write_plan_files(
            lambda workspace: self.backends[names[workspace]].connection.client,
            batch.outcomes,
            Path(folder),
            batch_id=batch.id,
            redacted_only=redacted_only,
        )

    def backend(self, name: str) -> Backend:
        """Return the backend of a configuration; raises why it cannot be read."""
        if name in self.backends:
            return self.backends[name]
        raise self.failures[name]

    async def _list(
        self, options: BatchOptions
    ) -> tuple[dict[str, Sequence[LocalWorkspace]], dict[str, RemoteBackendError]]:
        """Return the workspaces of each configuration, and why others have none to plan."""
        listed: dict[str, Sequence[LocalWorkspace]] = dict.fromkeys(self.backends, ())
        failures: dict[str, RemoteBackendError] = {}
        unselected: list[SelectionError] = []

        async def list_one(name: str, backend: Backend) -> None:
            try:
                listed[name] = await backend._plannable(options)
            except SelectionError as error:
                if not (options.select_tags or options.project):
                    failures[name] = error
                # Others may have the tags.
                unselected.append(error)
            except RemoteBackendError as error:
                failures[name] = error

        async with anyio.create_task_group() as group:
            for name, backend in self.backends.items():
                group.start_soon(list_one, name, backend, name=f"list {name}")
        if unselected and not any(listed.values()):
            raise unselected[0]
        failures = {**self.failures, **failures}
        if not any(listed.values()) and failures:
            raise _none_readable(failures)
        in_order = {name: listed[name] for name in self.backends if name not in failures}
        return in_order, failures

    def _place_of(self, workspace: LocalWorkspace) -> Place:
        backend = self.backends[workspace.configuration]
        return backend.hostname, backend.organization

    async def _where(
        self, workspaces: Sequence[LocalWorkspace], where: Sequence[str]
    ) -> tuple[LocalWorkspace, ...]:
        """Return the workspaces that meet conditions, those of each organization by its server."""
        groups: dict[int, list[LocalWorkspace]] = {}
        for each in workspaces:
            client = self.backends[each.configuration].connection.client
            groups.setdefault(id(client), []).append(each)
        meeting: list[LocalWorkspace] = []
        errors: list[SelectionError] = []
        for group in groups.values():
            client = self.backends[group[0].configuration].connection.client
            try:
                meeting += await select_where(client, group, where)
            except SelectionError as error:
                # Workspaces of another organization may meet them.
                errors.append(error)
        if errors and not meeting:
            raise errors[0]
        return tuple(meeting)

    async def _touched(
        self,
        listed: Mapping[str, Sequence[LocalWorkspace]],
        workspaces: Sequence[LocalWorkspace],
        failed: Sequence[str],
        options: BatchOptions,
    ) -> Selection:
        """Return what the change touches in all configurations, under the names of the batch."""
        # As in `backend_plans`: most batches need no git.
        from remote_backend.selecting.changed_configurations import (
            Candidates,
            select_changed_of_several,
        )

        names: dict[str, dict[str, str]] = {}
        for each in workspaces:
            names.setdefault(each.configuration, {})[local(each).name] = each.name
        unreadable = Selection(reasons=dict.fromkeys(failed, _UNREADABLE))
        if not names:
            return unreadable
        selection = await select_changed_of_several(
            [
                Candidates(
                    directory=self.backends[name].connection.directory,
                    existing=listed[name],
                    names=own,
                )
                for name, own in names.items()
            ],
            options.changed_since or None,
            self.backends[next(iter(names))].connection.environ,
            variable_files=options.variable_files,
        )
        return joined((selection, unreadable))

    def _context(
        self, earlier: RecordedBatch | None = None, *, selection: Selection | None = None
    ) -> BatchContext:
        place, first = self.place, next(iter(self.backends.values()))
        return evolve(
            first._context(earlier, selection=selection),
            directory=self._directory,
            hostname=place.hostname,
            organization=place.organization,
            mapping=place.mapping,
        )

    @asynccontextmanager
    async def _run(
        self,
        workspaces: Sequence[LocalWorkspace],
        options: BatchOptions,
        context: BatchContext,
        failed: Sequence[Outcome] = (),
    ) -> AsyncIterator[Batch]:
        earlier = context.earlier
        recorded = (
            {one.name: earlier.of(one) for one in earlier.configurations} if earlier else {}
        )
        configurations = []
        for name, backend in self.backends.items():
            own = backend._context(recorded.get(name))
            configurations.append(
                Configuration(
                    name=name,
                    client=backend.connection.client,
                    context=evolve(own, id=context.id),
                    workspaces=tuple(
                        each for each in workspaces if each.configuration == name
                    ),
                )
            )
        self._begun = {each.name: each.configuration for each in workspaces}
        async with run_configurations(configurations, options, context, failed) as batch:
            yield batch


async def connect_configurations(
    connections: Connections,
    directories: Mapping[str, Path],
    *,
    base: Path,
    arguments: str,
    token: str | None = None,
) -> Configurations:
    """Connect to the backends of directories; those that cannot be read become failures."""
    backends: dict[str, Backend] = {}
    failures: dict[str, RemoteBackendError] = {}
    for name, path in directories.items():
        try:
            block = await to_thread.run_sync(read_backend, path, connections.environ)
            connection = await connections.connect(block, path, eager=False, token=token)
        except RemoteBackendError as error:
            failures[name] = error
        else:
            backends[name] = Backend(connection)
    if not backends:
        raise _none_readable(failures)
    return Configurations(backends, failures, directory=base, arguments=arguments)


def _none_readable(failures: Mapping[str, RemoteBackendError]) -> RemoteBackendError:
    if len({str(error) for error in failures.values()}) == 1:
        return next(iter(failures.values()))
    texts = "; ".join(f"{name}: {error}" for name, error in failures.items())
    return SelectionError(f"none of the configurations can be planned: {texts}")


def _unreadable(name: str, error: RemoteBackendError) -> Outcome:
    return Outcome(
        workspace=name,
        full_name=name,
        configuration=name,
        result=Result.FAILED,
        failure=failure_of_error(error, phase="start"),
        phase="start",
        error=error,
    )
