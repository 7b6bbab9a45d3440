"""What a look at a run shows, and the newest look at each.

A run is read with its plan. Servers that do not include the plan (OTF answers 200 without
`included`) are asked for it by its id: once as soon as the run is known, since the plan names
the address of the log, and once more when the run is over, for how the plan ended. In between
the status of the run is enough. `needs_plan` decides this, `Tracked.complete` carries it out.

A run ends in a status that says so. Two more ends exist, which `rests` and `stalls` decide: old
servers leave a plan-only run in a status that usually passes, and a server may use a status that
this client does not know. Both need a plan that is over and a status that does not change.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import anyio
from attrs import evolve, frozen

from remote_backend.api.client import Client
from remote_backend.errors import PollingFailed, text_of
from remote_backend.models.plan import Plan
from remote_backend.models.run import MOVING, Phase, Run
from remote_backend.notices import Wait
from remote_backend.planning.polling.failures import PollFailures, is_of_one_run
from remote_backend.planning.polling.settings import PollSettings
from remote_backend.structured_logging import Log

__all__ = ("RunSnapshot", "RunTracker", "needs_plan", "rests", "stalls")

log = Log()

# Servers of the first generation end a plan-only run in one of the first three. HCP Terraform's
# own CI tool (tfc-workflows-tooling) takes the last one for an end too.
_RESTING = frozenset({"planned", "policy_checked", "cost_estimated", "post_plan_completed"})
_PLAN_READS = 3
_PLAN_AGAIN_SECONDS = 5.0


@frozen
class RunSnapshot:
    """What one look at a run showed."""

    run: Run
    plan: Plan | None
    settled: bool = False
    """Whether a status that usually passes is the last one of this server."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of the run without a person."""
        return self.settled or self.run.is_over

    @property
    def succeeded(self) -> bool:
        """Whether the run made a plan that counts."""
        return self.settled or self.run.phase is Phase.SUCCEEDED

    @property
    def log_is_over(self) -> bool:
        """Whether nobody writes to the log any more."""
        return self.is_over or (self.plan is not None and self.plan.is_final)

    @property
    def names_no_end(self) -> bool:
        """Whether the status may be the last one although it does not say so."""
        status = self.run.status
        return status in _RESTING or (not self.run.is_over and status not in MOVING)


def needs_plan(
    look: RunSnapshot, *, seen_in: str | None, seen_seconds_ago: float, polled: bool
) -> bool:
    """Say whether the plan must be read by its id.

    `seen_in` is the status of the run when its plan was last seen or requested; `polled` says
    whether the run was read since it was made, which may have included the plan.
    """
    run, plan = look.run, look.plan
    if run.plan_id is None or (plan is not None and plan.is_final):
        return False
    if look.is_over:
        return seen_in != run.status
    if plan is None or look.names_no_end:
        return polled and (seen_in != run.status or seen_seconds_ago >= _PLAN_AGAIN_SECONDS)
    return False


def rests(
    look: RunSnapshot, same_seconds: float, *, is_old_server: bool, settings: PollSettings
) -> bool:
    """Say whether a status that usually passes is the end of a run whose plan is finished."""
    run, plan = look.run, look.plan
    if run.status not in _RESTING or plan is None or plan.status != "finished":
        return False
    if is_old_server:
        return same_seconds >= settings.settle_seconds
    # A run that can be canceled still moves.
    return run.actions.is_cancelable is not True and same_seconds >= settings.rest_seconds


def stalls(look: RunSnapshot, same_seconds: float, settings: PollSettings) -> bool:
    """Say whether nobody can tell how a run ended: its plan is over, its status names no end."""
    if look.is_over or not look.names_no_end:
        return False
    plan_moves = look.plan is not None and not look.plan.is_final
    return not plan_moves and same_seconds >= settings.stall_seconds


class RunTracker:
    """The newest look at one run, for everyone who waits for it."""

    def __init__(
        self,
        client: Client,
        run: Run,
        *,
        settings: PollSettings | None = None,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        self.latest = RunSnapshot(run, None)
        self._client = client
        self._settings = settings or PollSettings()
        self._clock = clock
        self._failures = PollFailures()
        self._looked = anyio.Event()
        self._log_changed = anyio.Event()
        self._log_facts: tuple[bool, bool, bool] = (False, False, False)
        self._same_since = clock()
        self._polled = False
        self._plan_seen_in: str | None = None
        self._plan_seen_at = -math.inf
        self._wait: Wait | None = None
        self._is_followed = False

    @property
    def plan(self) -> Plan | None:
        """The plan as last seen."""
        return self.latest.plan

    @property
    def plan_may_have_begun(self) -> bool:
        """Whether the plan may have written to its log."""
        return self.latest.run.may_have_begun

    @property
    def log_is_over(self) -> bool:
        """Whether nobody writes to the log any more."""
        return self.latest.log_is_over and not self._needs_plan()

    def update(self, run: Run, plan: Plan | None) -> None:
        """Take note of a look; an end is never taken back by a later, older answer."""
        self._failures.clear()
        self._polled = True
        if not self.latest.is_over:
            if run.status != self.latest.run.status:
                self._same_since = self._clock()
            self.latest = RunSnapshot(run, self.latest.plan)
        if plan is not None:
            self._saw_plan(plan)
            self._note_plan(run.status)
        self._settle()
        self.wake()

    def failed(self, error: Exception, began: float) -> None:
        """Take note of a poll that began at a time and failed; it is not a verdict."""
        log.warning("poll.failed", run_id=self.latest.run.id, problem=text_of(error))
        self._failures.add(error, began)
        self.wake()

    def why_lost(self) -> PollingFailed | None:
        """Return why the run cannot be followed to its end, or None while it is."""
        look, now = self.latest, self._clock()
        if look.is_over:
            return None
        problem = self._failures.reason_to_stop(now, self._settings)
        if problem is None and stalls(look, now - self._same_since, self._settings):
            problem = (
                f"it has stayed so for {self._settings.stall_seconds:g} s, its plan is "
                f"{look.plan.status if look.plan else 'not readable'}, and no end of a run "
                "is known by this name"
            )
        return PollingFailed(look.run.id, look.run.status, problem) if problem else None

    def wake(self) -> None:
        """Let everyone who waits look at what is known."""
        self._report_wait()
        self._looked.set()
        self._looked = anyio.Event()
        has_address = self.plan is not None and self.plan.log_read_url is not None
        facts = (self.log_is_over, self.plan_may_have_begun, has_address)
        if facts != self._log_facts:
            self._log_facts = facts
            self._log_changed.set()
            self._log_changed = anyio.Event()

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Report long waits for the run while somebody follows it."""
        self._is_followed = True
        try:
            yield
        finally:
            self._is_followed = False
            self._end_wait()

    async def next_snapshot(self, at_most_seconds: float = math.inf) -> None:
        """Wait for the next look, or for a time."""
        with anyio.move_on_after(at_most_seconds):
            await self._looked.wait()

    async def next_log_change(self, at_most_seconds: float) -> None:
        """Wait until the log can be read, or is over, unlike before; or for a time."""
        with anyio.move_on_after(at_most_seconds):
            await self._log_changed.wait()

    async def read_plan_again(self) -> Plan | None:
        """Read the plan anew, for a fresh address of its log."""
        plan_id = self.latest.run.plan_id
        if plan_id is None:
            return None
        plan = await self._client.read_plan(plan_id)
        self._saw_plan(plan)
        return plan

    async def complete(self) -> None:
        """Read the plan by its id where that is needed; without an answer go on without it."""
        while self._needs_plan(self._clock() - self._plan_seen_at):
            # The run can end while its plan is read; then that plan is not the last one.
            status = self.latest.run.status
            await self._try_to_read_plan()
            self._note_plan(status)
            self._settle()
            self.wake()

    async def _try_to_read_plan(self) -> None:
        for _ in range(_PLAN_READS):
            try:
                await self.read_plan_again()
                return
            except Exception as error:  # one odd plan must not end the polling of its run
                log.warning("plan.unreadable", problem=text_of(error))
                if not self.latest.is_over or is_of_one_run(error):
                    return
            await anyio.sleep(self._settings.longest_wait_seconds)

    def _needs_plan(self, seen_seconds_ago: float = 0.0) -> bool:
        return needs_plan(
            self.latest,
            seen_in=self._plan_seen_in,
            seen_seconds_ago=seen_seconds_ago,
            polled=self._polled,
        )

    def _saw_plan(self, plan: Plan) -> None:
        known = self.latest.plan
        if known is None or plan.is_final or not known.is_final:
            self.latest = evolve(self.latest, plan=plan)

    def _note_plan(self, run_status: str) -> None:
        self._plan_seen_in = run_status
        self._plan_seen_at = self._clock()

    def _report_wait(self) -> None:
        """Report that the run cannot be read, or that its status names no end, if that lasts."""
        if not self._is_followed:
            return
        what, limit_seconds = "", self._settings.failing_seconds
        if self._failures.count:
            what = "a run to become readable"
        elif stalls(self.latest, math.inf, self._settings):
            what = "a run to end whose plan is over"
            limit_seconds = self._settings.stall_seconds
        if self._wait is not None and self._wait.what == what:
            return
        self._end_wait()
        if what:
            waiting = self._client.notices.waiting
            self._wait = waiting(what, detail=self._why, limit_seconds=limit_seconds)
            self._client.notices.begin(self._wait)

    def _why(self) -> str:
        run = self.latest.run
        return (
            self._failures.problem if self._failures.count else f"{run.id} is {run.status}"
        )

    def _end_wait(self) -> None:
        if self._wait is not None:
            self._client.notices.end(self._wait)
            self._wait = None

    def _settle(self) -> None:
        look, seconds = self.latest, self._clock() - self._same_since
        is_old = self._client.api_version is None
        if not look.is_over and rests(
            look, seconds, is_old_server=is_old, settings=self._settings
        ):
            self.latest = evolve(look, settled=True)
