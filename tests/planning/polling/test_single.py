"""The poller of one run, against literal responses."""

import anyio
import pytest

from remote_backend.api.client import Client
from remote_backend.models.run import Phase, phase_of
from remote_backend.planning.polling import PollSettings, RunPoller
from tests.support.fakes import ScriptedTransport
from tests.support.run_documents import RUN_STATUSES, plan_answer, run_answer


@pytest.mark.parametrize("status", sorted(RUN_STATUSES))
async def test_polling_ends_in_final_statuses_alone(status: str) -> None:
    """What passes is not an end, and nothing but a finished plan is a success (P21, P22, P37, P41)."""
    is_final = phase_of(status) is not Phase.MOVING
    transport = ScriptedTransport(
        {
            "GET runs/run-1": [
                run_answer("pending"),
                run_answer(status),
                run_answer("planned_and_finished"),
            ],
            "GET plans/plan-1": plan_answer(),
        }
    )
    client = Client(transport, "acme")
    client.api_version = "2.6"
    run, _ = await client.read_run("run-1")
    fast = PollSettings(first_wait_seconds=0, longest_wait_seconds=0)
    poller = RunPoller(client, run, settings=fast)

    with anyio.fail_after(10):
        seen = [snapshot.run.status async for snapshot in poller.snapshots()]

    ends_in = status if is_final else "planned_and_finished"
    assert seen[-1] == ends_in
    good = ("planned_and_finished", "planned_and_saved", "applied")
    assert poller.latest.succeeded is (ends_in in good)


async def test_planned_is_the_end_when_it_stays() -> None:
    """A settled `planned` counts soon without an API version, and later with one (P20)."""
    now = [0.0]

    def clock() -> float:
        now[0] += 3.0
        return now[0]

    script = {"GET runs/run-1": run_answer("planned"), "GET plans/plan-1": plan_answer()}
    client = Client(ScriptedTransport(script), "acme")
    run, _ = await client.read_run("run-1")
    fast = PollSettings(first_wait_seconds=0, longest_wait_seconds=0)
    poller = RunPoller(client, run, settings=fast, clock=clock)

    with anyio.fail_after(10):
        async for _ in poller.snapshots():
            pass

    assert poller.latest.succeeded
    client.api_version = "2.0"
    newer = RunPoller(client, run, settings=fast, clock=clock)
    began = now[0]
    with anyio.fail_after(10):
        async for _ in newer.snapshots():
            pass
    assert newer.latest.succeeded
    assert now[0] - began > fast.rest_seconds
