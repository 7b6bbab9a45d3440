"""How long a server keeps files: logs and plans for some time, all others with their records.

Files are removed after the transaction that removed their records: a transaction that fails
then still has its files, and files that a killed server left behind have no record, which is
how `sweep` finds them. It lists files first and then reads records in the turn of the writers.
A file is written inside the transaction of its record, so a file in the list whose record is
not found belongs to nothing.
"""

import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from itertools import chain

import anyio
from anyio import to_thread
from attrs import evolve, field, frozen

from remote_backend.engine.orphans import end_programs_in
from remote_backend.engine.provider_cache import ProviderCache
from remote_backend.server.files import Files
from remote_backend.server.ids import now_text
from remote_backend.server.records import (
    ConfigurationVersionRecord,
    RunRecord,
    StateVersionRecord,
    WorkspaceRecord,
)
from remote_backend.server.store import Records, Store
from remote_backend.server.workspace_records import unfinished_runs
from remote_backend.structured_logging import Log

__all__ = ("OwnedFiles", "Retention", "owned_files", "remove_files")

log = Log()

_DAY_SECONDS = 24 * 3600.0
_SWEEP_SECONDS = 6 * 3600.0


@frozen(kw_only=True)
class OwnedFiles:
    """The ids of things that have files."""

    runs: tuple[str, ...] = ()
    configurations: tuple[str, ...] = ()
    states: tuple[str, ...] = ()


@frozen(kw_only=True)
class Retention:
    """Removes files of a server that nothing needs any more."""

    store: Store
    files: Files
    keep_days: float
    """How long logs, plans and superseded archives stay; 0 keeps them for ever."""

    providers: ProviderCache | None = None
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = field(default=anyio.sleep, repr=False)

    async def start(self) -> None:
        """Remove what an earlier server left; no run may be planned yet."""
        await to_thread.run_sync(self._remove_remains)
        await self._try_sweep()

    async def sweep_regularly(self) -> None:
        """Sweep every six hours, until canceled."""
        while True:
            await self.sleep(_SWEEP_SECONDS)
            await self._try_sweep()

    async def sweep(self) -> None:
        """Remove files without records, and those that are too old."""
        listed = await to_thread.run_sync(self._list_files)
        await remove_files(
            self.files,
            await self.store.write(lambda records: self._expire(records, listed)),
        )
        if self.providers is not None and self.keep_days:
            # Not less than a day: a run marks its providers once, when it begins.
            kept_seconds = max(1.0, self.keep_days) * _DAY_SECONDS
            before = self.clock() - kept_seconds
            await to_thread.run_sync(self.providers.remove_unused, before)

    async def _try_sweep(self) -> None:
        try:
            await self.sweep()
        except Exception:
            # A disk that is full or broken must not end the server; the next sweep tries again.
            log.exception("retention.broke")

    def _remove_remains(self) -> None:
        # Programs of a killed server would go on writing to the folders.
        end_programs_in(self.files.run_folder(""))
        self.files.remove_remains()

    def _list_files(self) -> dict[str, dict[str, float]]:
        folders = ("archives", "configurations", "logs", "plans", "states")
        return {folder: self.files.ids_in(folder) for folder in folders}

    def _expire(self, records: Records, listed: dict[str, dict[str, float]]) -> OwnedFiles:
        states = listed["states"]
        kept = records.find_many(StateVersionRecord, states)
        return OwnedFiles(
            runs=self._expired_runs(records, listed),
            configurations=self._expired_configurations(records, listed),
            states=tuple(id for id in states if id not in kept),
        )

    def _expired_runs(
        self, records: Records, listed: dict[str, dict[str, float]]
    ) -> tuple[str, ...]:
        changed = {**listed["plans"], **listed["logs"]}
        runs = records.find_many(RunRecord, changed)
        return tuple(
            id
            for id, changed_at in changed.items()
            if id not in runs or (runs[id].is_over and self._is_old(changed_at))
        )

    def _expired_configurations(
        self, records: Records, listed: dict[str, dict[str, float]]
    ) -> tuple[str, ...]:
        changed = {**listed["configurations"], **listed["archives"]}
        configurations = records.find_many(ConfigurationVersionRecord, changed)
        needed = _needed_configurations(records)
        expired = []
        for id, changed_at in changed.items():
            if id in needed or (id in configurations and not self._is_old(changed_at)):
                continue
            expired.append(id)
            if id in configurations:
                records.put(_archived(configurations[id]))
        return tuple(expired)

    def _is_old(self, changed_at: float) -> bool:
        return 0 < self.keep_days * _DAY_SECONDS < self.clock() - changed_at


def owned_files(records: Records, workspace_ids: Collection[str]) -> OwnedFiles:
    """Return what has files of workspaces, without what runs of other workspaces need."""

    def ids(kind: type) -> tuple[str, ...]:
        return tuple(chain.from_iterable(records.ids_of(kind, workspace_ids).values()))

    needed = {
        run.configuration_version_id
        for run in unfinished_runs(records)
        if run.workspace_id not in workspace_ids
    }
    return OwnedFiles(
        runs=ids(RunRecord),
        configurations=_without(ids(ConfigurationVersionRecord), needed),
        states=ids(StateVersionRecord),
    )


async def remove_files(files: Files, owned: OwnedFiles) -> None:
    """Remove files whose records are gone; those that cannot be removed wait for a sweep."""

    def remove() -> None:
        for remove_one, ids in (
            (files.remove_run, owned.runs),
            (files.remove_configuration, owned.configurations),
            (files.remove_state, owned.states),
        ):
            for id in ids:
                _try_remove(remove_one, id)

    with anyio.CancelScope(shield=True):
        await to_thread.run_sync(remove)


def _try_remove(remove: Callable[[str], None], id: str) -> None:
    try:
        remove(id)
    except OSError as error:
        log.warning("retention.not_removed", id=id, problem=str(error))


def _needed_configurations(records: Records) -> set[str]:
    """Return the configuration versions that runs use, or that a new run would get."""
    workspaces = (workspace.id for workspace in records.all(WorkspaceRecord))
    newest = records.newest_of(
        ConfigurationVersionRecord, workspaces, status="uploaded", provisional=False
    )
    used = (run.configuration_version_id for run in unfinished_runs(records))
    return {*(version.id for version in newest.values()), *used}


def _archived(configuration: ConfigurationVersionRecord) -> ConfigurationVersionRecord:
    times = {**configuration.times, "archived": now_text()}
    return evolve(configuration, status="archived", times=times)


def _without(ids: Iterable[str], excluded: Collection[str]) -> tuple[str, ...]:
    return tuple(id for id in ids if id not in excluded)
