"""Batches, as the messages of runs name them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from os.path import commonprefix

from attrs import field, frozen

from remote_backend.planning.batch_id import is_run_of_base
from remote_backend.server.organization_records import OrganizationRecord
from remote_backend.server.pages.found import names_of_users
from remote_backend.server.pages.run_words import batch_words
from remote_backend.server.records import RunRecord, WorkspaceRecord
from remote_backend.server.store import Records

__all__ = ("BatchSummary", "PlannedBatch", "mapping_of", "newest_batches", "read_batch")


@frozen(kw_only=True)
class PlannedBatch:
    """The newest run of each workspace in a batch."""

    id: str
    runs: Sequence[tuple[str, RunRecord]]
    """Each with the name of its workspace, ordered by these names."""

    bases: Mapping[str, RunRecord] = field(factory=dict)
    """By the names of workspaces, the runs that those of a comparison are compared with."""

    users: Sequence[str]

    @property
    def is_over(self) -> bool:
        """Whether no run goes on."""
        return all(run.is_over for run in self.all_runs())

    @property
    def started_at(self) -> str:
        """When the first run was made."""
        return min((run.created_at for run in self.all_runs()), default="")

    @property
    def ended_at(self) -> str | None:
        """When the last run ended; None while one goes on."""
        if not self.is_over:
            return None
        return max((run.times.get(run.status, "") for run in self.all_runs()), default="")

    def all_runs(self) -> Iterator[RunRecord]:
        """Give all runs, those of the bases as well."""
        yield from (run for _, run in self.runs)
        yield from self.bases.values()

    def unfinished(self, workspace: str, run: RunRecord) -> RunRecord | None:
        """Return the run for which a workspace is not over: its own, or that of the base."""
        base = self.bases.get(workspace)
        return next((one for one in (run, base) if one and not one.is_over), None)


@frozen(kw_only=True)
class BatchSummary:
    """A batch in a list."""

    id: str
    mapping: str
    workspaces: int
    words: str
    started_at: str
    who: str


def newest_batches(
    records: Records, organization: OrganizationRecord, *, limit: int
) -> list[BatchSummary]:
    """Return the newest batches of an organization, those of deleted workspaces left out."""
    ids = records.newest_values(
        RunRecord, "batch_id", limit=limit, organization_id=organization.id
    )
    batches = (read_batch(records, organization, id) for id, _ in ids)
    return [_summary(batch) for batch in batches if batch is not None]


def read_batch(
    records: Records, organization: OrganizationRecord, id: str
) -> PlannedBatch | None:
    """Return a batch, or None where no run of the organization belongs to it."""
    runs_of_all = records.all_with(RunRecord, "batch_id", id) if id else []
    runs_of_batch = [run for run in runs_of_all if run.organization_id == organization.id]
    bases: dict[str, RunRecord] = {}
    heads: dict[str, RunRecord] = {}
    for run in runs_of_batch:
        side = bases if is_run_of_base(run.message, id) else heads
        # A resumed batch can have two runs of a workspace: the later one counts.
        side[run.workspace_id] = run
    # The run of a base is shown by itself only where there is no other.
    newest = {**bases, **heads}
    workspaces = records.find_many(WorkspaceRecord, newest)
    runs = [
        (workspaces[workspace_id].name, run)
        for workspace_id, run in newest.items()
        if workspace_id in workspaces
    ]
    if not runs:
        return None
    runs.sort(key=lambda named: named[0])
    users = names_of_users(records, {run.created_by for _, run in runs})
    return PlannedBatch(
        id=id,
        runs=runs,
        users=sorted(users.values()),
        bases={
            workspaces[workspace_id].name: bases[workspace_id]
            for workspace_id in heads
            if workspace_id in bases and workspace_id in workspaces
        },
    )


def mapping_of(names: Iterable[str]) -> str:
    """Return which workspaces a batch planned, as `net-*`; empty where they share nothing."""
    names = list(names)
    if len(names) == 1:
        return names[0]
    prefix = commonprefix(names)
    end = max(prefix.rfind("-"), prefix.rfind("_")) + 1
    return f"{prefix[:end]}*" if end else ""


def _summary(batch: PlannedBatch) -> BatchSummary:
    # What a change causes is known once the plans are read, which a list does not do.
    words = batch_words(run for _, run in batch.runs)
    return BatchSummary(
        id=batch.id,
        mapping=mapping_of(name for name, _ in batch.runs),
        workspaces=len(batch.runs),
        words=f"whole plans: {words}" if batch.bases else words,
        started_at=batch.started_at,
        who=", ".join(batch.users),
    )
