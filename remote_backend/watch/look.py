"""What a look at a run shows, and the newest look at each."""

import math
from collections.abc import Callable

import anyio
from attrs import frozen

from remote_backend.client import Client
from remote_backend.errors import RemoteBackendError
from remote_backend.log import Log
from remote_backend.models.plan import Plan
from remote_backend.models.run import Phase, Run

__all__ = ("Look", "Tracked", "WatchSettings")

log = Log()

# Servers of the first generation end a plan-only run in one of these.
_SETTLES_IN = frozenset({"planned", "policy_checked", "cost_estimated"})


@frozen(kw_only=True)
class WatchSettings:
    """How often runs are looked at."""

    first_wait_seconds: float = 0.1
    longest_wait_seconds: float = 1.0
    growth: float = 1.3
    settle_seconds: float = 5.0
    """How long an old server must show the same status until it counts as the last."""

    sweep_seconds: float = 2.0
    """Between two looks at all runs of a batch, for each page of the list."""

    told_seconds: float = 30.0
    """Between two looks at runs of which the server tells by itself."""

    find_seconds: float = 6.0
    """How long lists may lag: until then a run that is missing may still be there."""


@frozen
class Look:
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
    def lacks_plan(self) -> bool:
        """Whether a run is over and its plan, which tells the log, was not seen yet."""
        return self.is_over and self.plan is None and self.run.plan_id is not None

    @property
    def log_is_over(self) -> bool:
        """Whether nobody writes to the log any more."""
        if self.plan is not None and self.plan.is_final:
            return True
        return self.is_over and not self.lacks_plan


class Tracked:
    """The newest look at one run, for everyone who waits for it."""

    def __init__(
        self,
        client: Client,
        run: Run,
        *,
        settings: WatchSettings | None = None,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        self.latest = Look(run, None)
        self._client = client
        self._settings = settings or WatchSettings()
        self._clock = clock
        self._looked = anyio.Event()
        self._same_since = clock()
        self._plan_is_lost = False

    @property
    def plan(self) -> Plan | None:
        """The plan as last seen."""
        return self.latest.plan

    @property
    def log_is_over(self) -> bool:
        """Whether nobody writes to the log any more."""
        return self.latest.log_is_over or self._plan_is_lost

    def saw(self, run: Run, plan: Plan | None) -> None:
        """Take note of a look; an end is never taken back by a later, older answer."""
        if not self.latest.is_over:
            if run.status != self.latest.run.status:
                self._same_since = self._clock()
            plan = plan or self.latest.plan
            self.latest = Look(run, plan, self._settled(run, plan))
        elif self.latest.plan is None and plan is not None:
            # Known to be over before anybody saw its plan, as after a resume.
            self.latest = Look(self.latest.run, plan, self.latest.settled)
        self._tell()

    async def next_look(self, at_most_seconds: float = math.inf) -> None:
        """Wait for the next look, or for a time."""
        with anyio.move_on_after(at_most_seconds):
            await self._looked.wait()

    async def read_plan_again(self) -> Plan | None:
        """Read the plan anew, for a fresh address of its log."""
        plan_id = self.latest.run.plan_id
        if plan_id is None:
            return None
        plan = await self._client.read_plan(plan_id)
        self.latest = Look(self.latest.run, plan, self.latest.settled)
        return plan

    async def complete(self) -> None:
        """Read the plan of a run that was over before anybody saw its plan."""
        if self.latest.lacks_plan:
            try:
                await self.read_plan_again()
            except RemoteBackendError as error:
                log.warning("plan.unreadable", problem=str(error))
                self._plan_is_lost = True
            self._tell()

    def _tell(self) -> None:
        self._looked.set()
        self._looked = anyio.Event()

    def _settled(self, run: Run, plan: Plan | None) -> bool:
        if self._client.api_version is not None or run.status not in _SETTLES_IN:
            return False
        if plan is None or plan.status != "finished":
            return False
        return self._clock() - self._same_since >= self._settings.settle_seconds
