"""Who polls the runs of a batch, and which notifications concern them."""

import pytest

from remote_backend.api.client import Client
from remote_backend.models.run import Run
from remote_backend.planning.polling import PolledRun, PollSettings, RunPoller
from remote_backend.planning.run_pollers import RunPollers
from tests.support.fakes import ScriptedTransport


def pollers(count: int) -> RunPollers:
    """Return the pollers of a batch of so many workspaces."""
    return RunPollers.for_workspaces(
        Client(ScriptedTransport({}), "acme"),
        count,
        batch_id="batch-1",
        max_concurrency=1000,
        settings=PollSettings(),
    )


@pytest.mark.parametrize(
    ("count", "kind"), [(1, RunPoller), (3, RunPoller), (4, PolledRun)]
)
async def test_a_few_runs_are_polled_singly(count: int, kind: type[object]) -> None:
    """More than three cost less when lists of runs are read for all of them."""
    of_batch = pollers(count)

    poller = of_batch.track(Run(id="run-1", status="pending"))

    assert type(poller) is kind
    assert of_batch.polls_singly is (kind is RunPoller)
    assert len(of_batch) == 1


@pytest.mark.parametrize("count", [1, 4])
async def test_a_notification_is_for_a_run_of_the_batch(count: int) -> None:
    """Others, and those without a run, are reported as such."""
    of_batch = pollers(count)
    of_batch.track(Run(id="run-1", status="pending"))

    assert of_batch.notified("run-1")
    assert not of_batch.notified("run-2")
    assert not of_batch.notified(None)
