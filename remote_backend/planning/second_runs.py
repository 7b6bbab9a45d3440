"""Second runs: each workspace is planned twice concurrently, for head and base, and compared.

Head and base are two `WorkspacePlanner`s of one batch: they share its client with the rate limit,
its pollers, which read the runs of both from the same lists, and what stops runs when the batch is
left early. Only the status of the run of the base is reported, because a workspace is one row.

The two runs of a workspace are created back to back (`meeting`), with the same options and variables,
so that they begin with the same state. The outcome of a workspace is reported once, when both ended.

Configurations with the same client share one `SecondRuns`: one upload of a base serves all of them
that have the same root, and a full plan that the token may not read is requested once.
"""

import anyio
from attrs import define, evolve, field, frozen

from remote_backend.api.client import Client
from remote_backend.errors import NotAuthorized, NotFound, RemoteBackendError
from remote_backend.events import BaseStatusChanged, Event, RunStatusChanged
from remote_backend.exception_groups import raise_lone_exception
from remote_backend.models.comparison import ChangeClass, Comparison, ComparisonResult
from remote_backend.models.outcome import Outcome
from remote_backend.models.run import PlanOptions
from remote_backend.planning.archives import Archives
from remote_backend.planning.base import Planner
from remote_backend.planning.batch_context import BatchContext
from remote_backend.planning.configuration_versions import ConfigurationVersions
from remote_backend.planning.event_queue import EventQueue
from remote_backend.planning.meeting import Meeting
from remote_backend.planning.running_batch import RunningBatch, requested_options
from remote_backend.planning.version_trial import VersionTrial
from remote_backend.planning.workspace_planner import (
    Ending,
    WorkspacePlanner,
    configuration_versions,
)
from remote_backend.plans.compared_outcome import compare_outcomes
from remote_backend.plans.sensitive_comparison import SensitiveValues, sensitive_values
from remote_backend.structured_logging import Log
from remote_backend.workspaces import LocalWorkspace

__all__ = ("SecondRuns",)

log = Log()

_SECONDS_FOR_FULL_PLANS = 30.0


@frozen
class SecondRuns:
    """The runs of the base that one client makes."""

    plan: PlanOptions
    """The options of the runs of the base, without the message."""

    running: RunningBatch
    configurations: ConfigurationVersions
    full_plans: "_FullPlans"

    def planner(
        self, head: WorkspacePlanner, context: BatchContext, archives: Archives
    ) -> Planner:
        """Return what plans the workspaces of a configuration twice, and compares."""
        running = evolve(
            self.running, context=context, requested=requested_options(self.plan, context)
        )
        base = WorkspacePlanner(running, archives, self.configurations)
        return _AgainstSecondRuns(head, base, self.full_plans)

    @staticmethod
    def of(head: RunningBatch, plan: PlanOptions, count: int) -> "SecondRuns":
        """Return the second runs of `count` workspaces, which share what the head uses."""
        running = evolve(
            head,
            events=_BaseEvents(head.events),
            version_trial=VersionTrial(plan.terraform_version),
        )
        versions = configuration_versions(running, count)
        return SecondRuns(plan, running, versions, _FullPlans(head.client))


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


@frozen
class _AgainstSecondRuns:
    """Plans head and base of each workspace, and compares them."""

    head: WorkspacePlanner
    base: WorkspacePlanner
    full_plans: "_FullPlans"

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
        self._warn_without_base(comparison, pair.base)
        if comparison is None or not comparison.count(ChangeClass.CANNOT_TELL):
            return compared
        secrets = await self.full_plans.read(pair.head, pair.base)
        if secrets is None:
            return compared
        return compare_outcomes(
            pair.head, pair.base, secrets=secrets, is_drift=self._is_drift
        )

    def _warn_without_base(self, comparison: Comparison | None, base: Outcome) -> None:
        """Warn of a base without a run, which nobody can look up on the server."""
        if comparison is None or comparison.result is not ComparisonResult.NO_BASE:
            return
        if base.run_id is None and base.failure is not None:
            title = base.failure.title
            self.head.running.events.warn(f"no base to compare with: {title}")

    def _compared_without_secrets(self, pair: _Pair) -> Outcome | None:
        if pair.head is None:
            return None
        return compare_outcomes(pair.head, pair.base, is_drift=self._is_drift)

    @property
    def _is_drift(self) -> bool:
        return self.head.running.options.plan.refresh_only


@define
class _FullPlans:
    """Full plans, with their sensitive values."""

    client: Client = field(repr=False)
    _are_readable: bool | None = None
    """None until the first request was answered, for which all others wait."""

    _trying: anyio.Lock = field(factory=anyio.Lock, repr=False)

    async def read(self, head: Outcome, base: Outcome) -> SensitiveValues | None:
        """Return what both plans hide; None where this token may not read it."""
        if head.plan_id is None or base.plan_id is None:
            return None
        with anyio.move_on_after(_SECONDS_FOR_FULL_PLANS):
            of_base = await self._read(base.plan_id)
            if of_base is None:
                return None
            of_head = await self._read(head.plan_id)
            if of_head is not None:
                return sensitive_values(of_head, of_base)
        return None

    async def _read(self, plan_id: str) -> bytes | None:
        # A full plan needs more rights than a redacted one. After one refusal no other is
        # requested: a batch would send a useless request for each workspace.
        if self._are_readable is None:
            async with self._trying:
                if self._are_readable is None:
                    return await self._try(plan_id)
        return await self._try(plan_id) if self._are_readable else None

    async def _try(self, plan_id: str) -> bytes | None:
        try:
            plan = await self.client.read_json_plan(plan_id, redacted=False)
        except RemoteBackendError as error:
            log.info("plan.secrets_unreadable", plan_id=plan_id, problem=str(error))
            # A request that was lost says nothing about the rights of the token.
            if isinstance(error, NotAuthorized | NotFound):
                self._are_readable = False
            return None
        self._are_readable = True
        return plan
