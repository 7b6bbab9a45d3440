"""One run for each request, whatever happens to the responses, and one request to stop it."""

import json

import pytest

from remote_backend.api.client import Client
from remote_backend.errors import ApiError, Rejected, TransportError
from remote_backend.models.run import PlanOptions, RunRequest
from remote_backend.planning.run_creation import find_run, queue_run, stop_run
from tests.support.fakes import Answer, Recorder, ScriptedTransport, answer
from tests.support.run_documents import run_answer, run_resource

LOST = TransportError("POST", "runs", "the connection broke", may_have_happened=True)
REQUEST = RunRequest(workspace_id="ws-1", configuration_version_id="cv-1")


@pytest.mark.parametrize("destroy", [False, True])
async def test_the_body_of_a_run_says_everything(destroy: bool) -> None:
    """Plan-only always, and each option by the name that servers know."""
    transport = ScriptedTransport({"POST runs": run_answer("pending", 201)})
    options = PlanOptions(
        targets=("a.b",),
        replace=() if destroy else ("c.d",),
        refresh=False,
        destroy=destroy,
        variables=(("x", '"y"'),),
        message="why",
    )
    await queue_run(
        Client(transport, "acme"),
        RunRequest(workspace_id="ws-1", configuration_version_id="cv-1", options=options),
    )

    body = transport.requests[0].body
    assert isinstance(body, bytes)
    assert json.loads(body)["data"] == {
        "type": "runs",
        "attributes": {
            "plan-only": True,
            "is-destroy": destroy,
            "message": "why",
            "refresh": False,
            "target-addrs": ["a.b"],
            "variables": [{"key": "x", "value": '"y"'}],
            **({} if destroy else {"replace-addrs": ["c.d"]}),
        },
        "relationships": {
            "workspace": {"data": {"type": "workspaces", "id": "ws-1"}},
            "configuration-version": {
                "data": {"type": "configuration-versions", "id": "cv-1"}
            },
        },
    }


@pytest.mark.parametrize("fault", [LOST, answer(502), answer(504), answer(408)])
async def test_a_run_whose_answer_was_lost_is_adopted(fault: Answer) -> None:
    """The run of our configuration version is found, and no second one is made (P46)."""
    other = run_resource(id="run-0")
    other["relationships"]["configuration-version"]["data"]["id"] = "cv-0"
    transport = ScriptedTransport(
        {
            "POST runs": fault,
            "GET workspaces/ws-1/runs": answer(200, {"data": [other, run_resource()]}),
        }
    )

    run = await queue_run(Client(transport, "acme"), REQUEST)

    assert run.id == "run-1"
    assert transport.sent().count("POST runs") == 1


async def test_a_run_that_was_not_made_is_asked_for_again() -> None:
    """Only after looking for it; and a definite refusal is final."""
    transport = ScriptedTransport({"POST runs": [answer(503), run_answer("pending", 201)]})
    looked: list[RunRequest] = []

    async def find(request: RunRequest) -> None:
        looked.append(request)

    run = await queue_run(Client(transport, "acme"), REQUEST, find=find)
    refused = ScriptedTransport({"POST runs": answer(422)})
    with pytest.raises(Rejected):
        await queue_run(Client(refused, "acme"), REQUEST)

    assert (run.id, looked) == ("run-1", [REQUEST])
    assert len(refused.requests) == 1


async def test_lists_that_lag_are_looked_at_again() -> None:
    """A run counts as missing only after some looks."""
    empty = answer(200, {"data": []})
    found = answer(200, {"data": [run_resource()]})
    transport = ScriptedTransport({"GET workspaces/ws-1/runs": [empty, empty, found]})
    clock = Recorder()

    run = await find_run(Client(transport, "acme"), REQUEST, sleep=clock.sleep)

    assert run is not None and run.id == "run-1"
    assert len(clock.slept) == 2


async def test_a_run_is_stopped_with_one_request() -> None:
    """Nothing is read before the cancel: with 200 runs, each read would cost a turn (P25)."""
    transport = ScriptedTransport({"POST runs/run-1/actions/cancel": answer(202)})

    assert await stop_run(Client(transport, "acme"), "run-1") is None
    assert transport.sent() == ["POST runs/run-1/actions/cancel"]


async def test_a_run_that_waits_is_discarded_where_it_cannot_be_canceled() -> None:
    """A refused cancel is followed by a look at the run, and by the action that it allows."""
    transport = ScriptedTransport(
        {
            "POST runs/run-1/actions/cancel": answer(409),
            "GET runs/run-1": run_answer(actions={"is-discardable": True}),
            "POST runs/run-1/actions/discard": answer(202),
        }
    )

    assert await stop_run(Client(transport, "acme"), "run-1") is None
    assert transport.sent()[-1] == "POST runs/run-1/actions/discard"


@pytest.mark.parametrize("refusal", [409, 404])
async def test_a_run_that_ends_meanwhile_is_stopped_too(refusal: int) -> None:
    """A refusal means to look; one that still moves is reported as left behind (P26)."""
    for last in ("planned_and_finished", "planning"):
        transport = ScriptedTransport(
            {
                "POST runs/run-1/actions/cancel": answer(refusal),
                "GET runs/run-1": run_answer(last),
            }
        )
        client = Client(transport, "acme")
        if last == "planning":
            with pytest.raises(ApiError):
                await stop_run(client, "run-1")
        else:
            run = await stop_run(client, "run-1")
            assert run is not None and run.status == last
