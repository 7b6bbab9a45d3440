"""Looking at a run until nobody needs to wait for it any more."""

from collections.abc import AsyncIterator, Callable

import anyio
from attrs import frozen

from remote_backend.client import Client
from remote_backend.models.plan import Plan
from remote_backend.models.run import Phase, Run

__all__ = ("Look", "RunWatch", "WatchSettings")

# Servers of the first generation end a plan-only run in one of these.
_SETTLES_IN = frozenset({"planned", "policy_checked", "cost_estimated"})


@frozen(kw_only=True)
class WatchSettings:
    """How often a run is looked at."""

    first_wait_seconds: float = 0.1
    longest_wait_seconds: float = 1.0
    growth: float = 1.3
    settle_seconds: float = 5.0
    """How long an old server must show the same status until it counts as the last."""


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
    def log_is_over(self) -> bool:
        """Whether nobody writes to the log any more."""
        return self.is_over or (self.plan is not None and self.plan.is_final)


class RunWatch:
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
        self._hurried = anyio.Event()
        self._looked = anyio.Event()
        self._same_since = clock()

    @property
    def plan(self) -> Plan | None:
        """The plan as last seen."""
        return self.latest.plan

    @property
    def log_is_over(self) -> bool:
        """Whether nobody writes to the log any more."""
        return self.latest.log_is_over

    async def looks(self) -> AsyncIterator[Look]:
        """Look again and again; give every look that differs, the last one at the end."""
        wait_seconds = self._settings.first_wait_seconds
        shown: Look | None = None
        while True:
            look = await self._look()
            if shown is None or look.run.status != shown.run.status:
                wait_seconds = self._settings.first_wait_seconds
                self._same_since = self._clock()
            if look != shown:
                shown = look
                yield look
            if look.is_over:
                return
            with anyio.move_on_after(wait_seconds):
                await self._hurried.wait()
                wait_seconds = self._settings.first_wait_seconds
            self._hurried = anyio.Event()
            longest = self._settings.longest_wait_seconds
            wait_seconds = min(longest, wait_seconds * self._settings.growth)

    def hurry(self) -> None:
        """Look soon, because something suggests that the run has moved."""
        self._hurried.set()

    async def next_look(self, at_most_seconds: float) -> None:
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

    async def _look(self) -> Look:
        run, plan = await self._client.read_run(self.latest.run.id)
        if plan is None and run.plan_id is not None:
            plan = await self._client.read_plan(run.plan_id)
        self.latest = Look(run, plan, self._settled(run, plan))
        self._looked.set()
        self._looked = anyio.Event()
        return self.latest

    def _settled(self, run: Run, plan: Plan | None) -> bool:
        if self._client.api_version is not None or run.status not in _SETTLES_IN:
            return False
        if (
            plan is None
            or plan.status != "finished"
            or run.status != self.latest.run.status
        ):
            return False
        return self._clock() - self._same_since >= self._settings.settle_seconds
