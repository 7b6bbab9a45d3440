"""Batches that compare: what the change of a configuration causes in each workspace.

The head is the configuration of the caller. Its base is one of these (`base_choice`):

- a commit, whose files git writes into a folder: a second archive, a second upload, and a second
  run in each workspace;
- another version of Terraform: the same archive, uploaded once more, and a second run;
- plans that were stored earlier: no second run.

Head and base are two `WorkspacePlanner`s of one batch: they share its client with the rate limit,
its pollers, which read the runs of both from the same lists, and what stops runs when the batch is
left early. Of the base nothing is reported but the status of its run, because a workspace is one row.

The two runs of a workspace are created back to back (`meeting`), with the same options and variables,
so that they begin with the same state. The outcome of a workspace is reported once, when both ended.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from attrs import define, evolve, field, frozen

from remote_backend.api.client import Client
from remote_backend.errors import RemoteBackendError, RunOptionsError, SlugError
from remote_backend.events import (
    BaseStatusChanged,
    Event,
    RunStatusChanged,
)
from remote_backend.exception_groups import raise_lone_exception
from remote_backend.git.base import find_base
from remote_backend.git.base_tree import base_tree
from remote_backend.models.comparison import ChangeClass, ComparedWith
from remote_backend.models.outcome import Outcome
from remote_backend.models.run import PlanOptions
from remote_backend.planning.archives import Archives, pack_archives
from remote_backend.planning.base import Base, Planner
from remote_backend.planning.base_choice import ReferenceBase, StoredBase, VersionBase
from remote_backend.planning.batch_context import BatchContext
from remote_backend.planning.event_queue import EventQueue
from remote_backend.planning.meeting import Meeting
from remote_backend.planning.options import BatchOptions
from remote_backend.planning.running_batch import requested_options
from remote_backend.planning.version_trial import VersionTrial
from remote_backend.planning.workspace_planner import (
    Ending,
    WorkspacePlanner,
    workspace_planner,
)
from remote_backend.plans.compared_outcome import (
    compare_outcomes,
    outcome_of_new_workspace,
)
from remote_backend.plans.sensitive_comparison import SensitiveValues, sensitive_values
from remote_backend.slug.root import find_root
from remote_backend.structured_logging import Log
from remote_backend.workspaces import LocalWorkspace

__all__ = ("open_base",)

log = Log()

_SECONDS_FOR_FULL_PLANS = 30.0


@asynccontextmanager
async def open_base(
    workspaces: Sequence[LocalWorkspace],
    options: BatchOptions,
    context: BatchContext,
    folder: Path,
) -> AsyncIterator[Base]:
    """Make ready what the options name as the base; files of a commit are removed at the end.

    Raises `GitError` and its kinds for a commit that cannot be found or written, and
    `RunOptionsError` for stored plans of another organization.
    """
    choice = options.base
    if isinstance(choice, ReferenceBase):
        async with _commit_base(choice, workspaces, options, context, folder) as base:
            yield base
    elif isinstance(choice, VersionBase):
        yield _version_base(choice, options, context)
    else:
        assert choice is not None
        yield _stored_base(choice, options, context)


@asynccontextmanager
async def _commit_base(
    choice: ReferenceBase,
    workspaces: Sequence[LocalWorkspace],
    options: BatchOptions,
    context: BatchContext,
    folder: Path,
) -> AsyncIterator[Base]:
    found = await find_base(context.directory, choice.reference, context.environ)
    roots = {
        find_root(context.directory, workspace.remote.working_directory).path
        for workspace in workspaces
    }
    compared_with = ComparedWith(kind="commit", name=str(found), commit=found.commit)
    async with base_tree(sorted(roots), found.commit, context.environ) as tree:
        warnings = (*found.warnings, *tree.warnings, *tree.notes)

        def everything_new(*more: str) -> Base:
            return _PlannedEarlier(
                compared_with=compared_with,
                outcomes={},
                is_drift=options.plan.refresh_only,
                warnings=(*warnings, *more),
            )

        if not tree.holds(context.directory):
            yield everything_new()
            return
        base_context = evolve(
            context,
            directory=tree.path_of(context.directory),
            origin=", ".join(filter(None, (context.origin, f"base {found.short_id}"))),
            is_base=True,
            earlier=None,
        )
        base_folder = folder / "base"
        base_folder.mkdir()
        archives, problem = None, ""
        try:
            archives = await pack_archives(workspaces, options, base_context, base_folder)
        except SlugError as error:
            # The directory may have held other files before, as a README.
            problem = f"the base cannot be packed, so everything is new: {error}"
        if archives is None:
            yield everything_new(problem)
            return
        yield _PlannedConcurrently(
            compared_with=compared_with,
            context=base_context,
            plan=options.plan,
            archives=archives,
            warnings=warnings,
        )


def _version_base(
    choice: VersionBase, options: BatchOptions, context: BatchContext
) -> Base:
    if choice.version == options.plan.terraform_version:
        raise RunOptionsError(
            "head and base have the same version of Terraform, so there is nothing to compare",
            parameters=("base", "terraform_version"),
        )
    version = choice.version
    name = f"Terraform {version}" if version else "the versions of the workspaces"
    return _PlannedConcurrently(
        compared_with=ComparedWith(kind="version", name=name),
        context=evolve(context, is_base=True, earlier=None),
        plan=evolve(options.plan, terraform_version=version),
    )


def _stored_base(choice: StoredBase, options: BatchOptions, context: BatchContext) -> Base:
    place = (context.hostname, context.organization, context.mapping)
    stored_place = (choice.hostname, choice.organization, choice.mapping)
    # What is not known of stored plans is not compared.
    if any(
        stored and stored != own for stored, own in zip(stored_place, place, strict=True)
    ):
        raise RunOptionsError(
            f"{choice.name} is of {'/'.join(stored_place)}, and the configuration names "
            f"{'/'.join(place)}; compare with plans of the same workspaces"
        )
    return _PlannedEarlier(
        compared_with=ComparedWith(kind="report", name=choice.name, time=choice.time),
        outcomes=choice.outcomes,
        is_drift=options.plan.refresh_only,
    )


@frozen(kw_only=True)
class _PlannedEarlier:
    """A base whose plans are known already; a workspace that is not among them is new."""

    compared_with: ComparedWith
    outcomes: Mapping[str, Outcome] = field(repr=False)
    is_drift: bool
    warnings: tuple[str, ...] = ()
    runs_per_workspace: int = 1

    def planner(self, head: WorkspacePlanner, count: int) -> Planner:
        """Return what compares each plan with the stored one."""
        return _AgainstEarlierPlans(head, self.outcomes, is_drift=self.is_drift)


@frozen
class _AgainstEarlierPlans:
    """Compares plans with those that were made earlier."""

    head: WorkspacePlanner
    base: Mapping[str, Outcome] = field(repr=False)
    is_drift: bool = field(kw_only=True)

    async def plan(self, workspace: LocalWorkspace, end: Ending) -> None:
        """Plan a workspace, and call `end` with the compared outcome."""

        async def compare(outcome: Outcome | None) -> None:
            await end(None if outcome is None else self._compared(outcome))

        await self.head.plan(workspace, compare)

    def _compared(self, head: Outcome) -> Outcome:
        base = self.base.get(head.workspace)
        if base is None:
            return outcome_of_new_workspace(head, is_drift=self.is_drift)
        return compare_outcomes(head, base, is_drift=self.is_drift)


@frozen(kw_only=True)
class _PlannedConcurrently:
    """A base that a second run of each workspace plans."""

    compared_with: ComparedWith
    context: BatchContext
    plan: PlanOptions
    archives: Archives | None = None
    """None for those of the head."""

    warnings: tuple[str, ...] = ()
    runs_per_workspace: int = 2

    def planner(self, head: WorkspacePlanner, count: int) -> Planner:
        """Return what plans both, and compares."""
        running = evolve(
            head.running,
            context=self.context,
            requested=requested_options(self.plan, self.context),
            events=_BaseEvents(head.running.events),
            # A resumed batch goes on with the runs of the head alone.
            journal=None,
            version_trial=VersionTrial(self.plan.terraform_version),
        )
        base = workspace_planner(running, self.archives or head.archives, count)
        return _AgainstSecondRuns(head, base)


class _BaseEvents(EventQueue):
    """Passes on the status of runs of the base, and warnings; all else stays silent."""

    def __init__(self, events: EventQueue) -> None:
        super().__init__()
        self._of_head = events

    def put(self, event: Event) -> None:
        """Pass on the status of a run."""
        if isinstance(event, RunStatusChanged):
            self._of_head.put(
                BaseStatusChanged(event.workspace, event.run_id, event.status)
            )

    def put_if_idle(self, event: Event) -> None:
        """Drop an event: only progress of uploads may be dropped."""

    def warn(self, text: str) -> None:
        """Pass on a warning, which says that it is about the base."""
        self._of_head.warn(f"base: {text}")


@define
class _Pair:
    """The outcomes of one workspace, as they become known."""

    head: Outcome | None = None
    base: Outcome | None = None

    async def end_head(self, outcome: Outcome | None) -> None:
        """Take the outcome of the head."""
        self.head = outcome

    async def end_base(self, outcome: Outcome | None) -> None:
        """Take the outcome of the base."""
        self.base = outcome


@define
class _AgainstSecondRuns:
    """Plans head and base of each workspace, and compares them."""

    head: WorkspacePlanner
    base: WorkspacePlanner
    _full_plans_are_readable: bool = True
    """Until a request for one was refused."""

    async def plan(self, workspace: LocalWorkspace, end: Ending) -> None:
        """Plan a workspace twice, and call `end` with the compared outcome."""
        pair, meeting = _Pair(), Meeting()
        try:
            await self._plan_both(workspace, pair, meeting)
            outcome = await self._compared(pair)
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await end(self._compared_without_secrets(pair))
            raise
        with anyio.CancelScope(shield=True):
            await end(outcome)

    async def _plan_both(
        self, workspace: LocalWorkspace, pair: _Pair, meeting: Meeting
    ) -> None:
        sides = ((self.head, pair.end_head), (self.base, pair.end_base))

        async def plan_side(planner: WorkspacePlanner, end: Ending) -> None:
            try:
                await planner.plan(workspace, end, meeting)
            finally:
                meeting.leave()

        with raise_lone_exception():
            async with anyio.create_task_group() as group:
                for planner, end in sides:
                    group.start_soon(plan_side, planner, end)

    async def _compared(self, pair: _Pair) -> Outcome | None:
        compared = self._compared_without_secrets(pair)
        if compared is None or pair.head is None or pair.base is None:
            return compared
        comparison = compared.comparison
        if comparison is None or not comparison.count(ChangeClass.CANNOT_TELL):
            return compared
        secrets = await self._read_full_plans(pair.head, pair.base)
        if secrets is None:
            return compared
        return compare_outcomes(
            pair.head, pair.base, secrets=secrets, is_drift=self._is_drift
        )

    def _compared_without_secrets(self, pair: _Pair) -> Outcome | None:
        if pair.head is None:
            return None
        return compare_outcomes(pair.head, pair.base, is_drift=self._is_drift)

    @property
    def _is_drift(self) -> bool:
        return self.head.running.options.plan.refresh_only

    async def _read_full_plans(
        self, head: Outcome, base: Outcome
    ) -> SensitiveValues | None:
        """Read both plans with their sensitive values; None where this token may not."""
        if head.plan_id is None or base.plan_id is None:
            return None
        client = self.head.running.client
        with anyio.move_on_after(_SECONDS_FOR_FULL_PLANS):
            of_base = await self._read_full_plan(client, base.plan_id)
            if of_base is None:
                return None
            of_head = await self._read_full_plan(client, head.plan_id)
            if of_head is not None:
                return sensitive_values(of_head, of_base)
        return None

    async def _read_full_plan(self, client: Client, plan_id: str) -> bytes | None:
        if not self._full_plans_are_readable:
            return None
        try:
            return await client.read_json_plan(plan_id, redacted=False)
        except RemoteBackendError as error:
            # That needs more rights, so it is not tried for every workspace of a batch.
            self._full_plans_are_readable = False
            log.info("plan.secrets_unreadable", plan_id=plan_id, problem=str(error))
            return None
