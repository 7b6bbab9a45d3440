"""Who polls the runs of a batch: one poller for all of them, or one for each of a few."""

from attrs import define, field

from remote_backend.api.client import Client
from remote_backend.models.run import Run, RunRequest
from remote_backend.planning.polling import BatchPoller, PolledRun, PollSettings, RunPoller
from remote_backend.planning.run_creation import find_run

__all__ = ("RunPollers",)

# So few runs cost less when each is read by itself.
_POLLED_SINGLY = 3


@define
class RunPollers:
    """Polls the runs of a batch."""

    _client: Client = field(repr=False)
    _settings: PollSettings
    _of_batch: BatchPoller | None = field(default=None, repr=False)
    """Polls all runs with one request for a hundred; None where each run is polled by itself."""

    _by_run_id: dict[str, RunPoller | PolledRun] = field(factory=dict, repr=False)

    @staticmethod
    def for_workspaces(
        client: Client,
        count: int,
        *,
        batch_id: str,
        max_concurrency: int,
        settings: PollSettings,
    ) -> "RunPollers":
        """Return what polls the runs of so many workspaces."""
        if count <= _POLLED_SINGLY:
            return RunPollers(client, settings)
        # Runs that are made one after the other are not waited for.
        expected = count if count <= max_concurrency else 0
        poller = BatchPoller(
            client, batch_id, total=count, expected=expected, settings=settings
        )
        return RunPollers(client, settings, poller)

    @property
    def polls_singly(self) -> bool:
        """Whether each run is polled by itself, because there are few."""
        return self._of_batch is None

    async def run(self) -> None:
        """Poll the runs of a batch until canceled; runs that are polled singly need no task."""
        if self._of_batch is not None:
            await self._of_batch.run()

    def track(self, run: Run) -> RunPoller | PolledRun:
        """Return the poller of a run that was made."""
        if self._of_batch is not None:
            poller: RunPoller | PolledRun = self._of_batch.track(run)
        else:
            poller = RunPoller(self._client, run, settings=self._settings)
        self._by_run_id[run.id] = poller
        return poller

    async def find(self, request: RunRequest) -> Run | None:
        """Return the run that was made for a request whose response was lost, or None."""
        if self._of_batch is not None:
            return await self._of_batch.find(request)
        return await find_run(self._client, request)

    def expect_one_fewer(self) -> None:
        """Take note that the run of a workspace will not be made."""
        if self._of_batch is not None:
            self._of_batch.expect_one_fewer()

    def notified(self, run_id: str | None) -> bool:
        """Poll a run of which the server sent a notification; return whether it is one of these."""
        poller = self._by_run_id.get(run_id or "")
        if poller is not None:
            poller.notified()
        return poller is not None

    def __len__(self) -> int:
        """Return how many runs were made so far."""
        return len(self._by_run_id)
