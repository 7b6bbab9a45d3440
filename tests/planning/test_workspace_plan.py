"""The life of a run, against literal answers."""

import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from remote_backend.api.client import Client
from remote_backend.api.messages import Response
from remote_backend.errors import (
    ApiError,
    ConfigurationVersionFailed,
    Rejected,
    TransportError,
)
from remote_backend.models.outcome import Outcome, Result, exit_code_of
from remote_backend.models.run import (
    AWAITING_DECISION,
    FAILED,
    MOVING,
    SUCCEEDED,
    Phase,
    PlanOptions,
    RunRequest,
    phase_of,
)
from remote_backend.planning.polling import PollSettings, RunPoller
from remote_backend.planning.run_creation import find_run, queue_run, stop_run
from remote_backend.planning.upload import upload_configuration
from tests.support.fakes import Answer, Recorder, ScriptedTransport, answer

STATUSES = """
pending fetching fetching_completed pre_plan_running pre_plan_completed
pre_plan_awaiting_decision queuing plan_queued planning planned tf_policy_checked
tf_policy_override post_plan_running post_plan_completed post_plan_awaiting_decision
cost_estimating cost_estimated policy_checking policy_checked policy_override
policy_soft_failed planned_and_finished planned_and_saved errored canceled force_canceled
discarded confirmed pre_apply_running pre_apply_completed pre_apply_awaiting_decision
queuing_apply apply_queued applying post_apply_running post_apply_completed applied
assessing assessed
""".split()
LOST = TransportError("POST", "runs", "the connection broke", may_have_happened=True)


def run_answer(status: str = "pending", status_code: int = 200, **more: Any) -> Response:
    """Return a run as a server describes it."""
    return answer(status_code, {"data": run_resource(status, **more)})


def run_resource(status: str = "pending", id: str = "run-1", **more: Any) -> dict[str, Any]:
    """Return the resource of a run."""
    return {
        "id": id,
        "type": "runs",
        "attributes": {"status": status, **more},
        "relationships": {
            "workspace": {"data": {"id": "ws-1", "type": "workspaces"}},
            "configuration-version": {
                "data": {"id": "cv-1", "type": "configuration-versions"}
            },
            "plan": {"data": {"id": "plan-1", "type": "plans"}},
        },
    }


def plan_answer(status: str = "finished") -> Response:
    """Return a plan as a server describes it."""
    attributes = {"status": status, "resource-additions": 1, "log-read-url": None}
    return answer(
        200, {"data": {"id": "plan-1", "type": "plans", "attributes": attributes}}
    )


def version_answer(status: str, **more: Any) -> Response:
    """Return a configuration version as a server describes it."""
    attributes = {"status": status, **more}
    data = {"id": "cv-1", "type": "configuration-versions", "attributes": attributes}
    return answer(200, {"data": data})


REQUEST = RunRequest(workspace_id="ws-1", configuration_version_id="cv-1")


@pytest.mark.parametrize("status", [*STATUSES, "brand_new_status"])
def test_every_status_is_in_one_class(status: str) -> None:
    """Final, waiting for a person, or moving; a word nobody knows moves (P19, P20)."""
    classes = [status in one for one in (SUCCEEDED, FAILED, AWAITING_DECISION, MOVING)]

    assert classes.count(True) == (status != "brand_new_status")
    expected = [Phase.SUCCEEDED, Phase.FAILED, Phase.AWAITING_DECISION, Phase.MOVING]
    assert phase_of(status) is expected[classes.index(True) if any(classes) else 3]


@pytest.mark.parametrize("status", sorted(STATUSES))
async def test_a_watch_ends_in_final_statuses_alone(status: str) -> None:
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
    watch = RunPoller(client, run, settings=fast)

    with anyio.fail_after(10):
        seen = [look.run.status async for look in watch.snapshots()]

    ends_in = status if is_final else "planned_and_finished"
    assert seen[-1] == ends_in
    good = ("planned_and_finished", "planned_and_saved", "applied")
    assert watch.latest.succeeded is (ends_in in good)


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
    watch = RunPoller(client, run, settings=fast, clock=clock)

    with anyio.fail_after(10):
        async for _ in watch.snapshots():
            pass

    assert watch.latest.succeeded
    client.api_version = "2.0"
    newer = RunPoller(client, run, settings=fast, clock=clock)
    began = now[0]
    with anyio.fail_after(10):
        async for _ in newer.snapshots():
            pass
    assert newer.latest.succeeded
    assert now[0] - began > fast.rest_seconds


@pytest.mark.parametrize(
    ("results", "detailed", "code"),
    [
        ((Result.NO_CHANGES,), True, 0),
        ((Result.CHANGES, Result.NO_CHANGES), True, 2),
        ((Result.CHANGES,), False, 0),
        ((Result.CHANGES, Result.FAILED), True, 1),
        ((Result.CANCELED,), False, 1),
    ],
)
def test_exit_codes(results: tuple[Result, ...], detailed: bool, code: int) -> None:
    """A failure outweighs changes (P136)."""
    outcomes = [Outcome(workspace="x", full_name="x", result=one) for one in results]

    assert exit_code_of(outcomes, detailed=detailed) == code


async def uploaded(tmp_path: Path, script: dict[str, Any]) -> ScriptedTransport:
    """Upload an archive to a scripted server."""
    archive = tmp_path / "slug.tar.gz"
    archive.write_bytes(b"archive")
    created = version_answer("pending", **{"upload-url": "https://blobs.test/up"})
    transport = ScriptedTransport(
        {"POST workspaces/ws-1/configuration-versions": created, **script}
    )
    await upload_configuration(
        Client(transport, "acme"), "ws-1", archive, usable_within_seconds=60
    )
    return transport


async def test_an_upload_is_waited_for(tmp_path: Path) -> None:
    """The body says that nothing is queued by itself, and nobody runs before `uploaded` (P33, P35)."""
    transport = await uploaded(
        tmp_path,
        {
            "PUT https://blobs.test/up": answer(200),
            "GET configuration-versions/cv-1": [
                version_answer("pending"),
                version_answer("fetching"),
                version_answer("uploaded"),
            ],
        },
    )

    body = transport.requests[0].body
    assert isinstance(body, bytes)
    assert json.loads(body)["data"]["attributes"] == {
        "auto-queue-runs": False,
        "speculative": True,
    }
    assert transport.sent()[-1] == "GET configuration-versions/cv-1"
    assert len(transport.requests) == 5


@pytest.mark.parametrize("status", ["errored", "archived", "backing_data_soft_deleted"])
async def test_a_useless_upload_ends_at_once(status: str, tmp_path: Path) -> None:
    """The server's message is told instead of waiting for a time-out (P34)."""
    told = version_answer(status, error="bad", **{"error-message": "no configuration"})

    with pytest.raises(ConfigurationVersionFailed, match="no configuration"):
        await uploaded(
            tmp_path,
            {
                "PUT https://blobs.test/up": answer(200),
                "GET configuration-versions/cv-1": told,
            },
        )


@pytest.mark.parametrize("fault", [answer(409), LOST])
async def test_an_upload_that_arrived_goes_on(fault: Answer, tmp_path: Path) -> None:
    """A lost answer, and the refusal of the second try, are no failure (P76)."""
    transport = await uploaded(
        tmp_path,
        {
            "PUT https://blobs.test/up": fault,
            "GET configuration-versions/cv-1": version_answer("uploaded"),
        },
    )

    assert len(transport.requests) == 4


async def test_an_archive_too_large_is_explained(tmp_path: Path) -> None:
    """413 and 422 tell what to do (P70)."""
    with pytest.raises(Rejected, match="terraformignore"):
        await uploaded(
            tmp_path,
            {
                "PUT https://blobs.test/up": answer(413),
                "GET configuration-versions/cv-1": version_answer("pending"),
            },
        )


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


@pytest.mark.parametrize(
    ("response", "problem"),
    [
        (answer(422, {"errors": [{"title": "invalid", "detail": "why"}]}), "invalid: why"),
        (answer(404, {"errors": ["one", "two"]}), "one; two"),
        (answer(429, {"errors": [{"status": 429, "title": "Too many"}]}), "Too many"),
        (answer(409, b"", content_type="text/plain"), "the response gives no reason"),
        (answer(502, b"<html>x</html>", content_type="text/html"), "a web page instead"),
        (answer(500, b"plain words"), "plain words"),
    ],
)
async def test_errors_of_all_shapes_are_told(response: Response, problem: str) -> None:
    """JSON:API, lists of texts, numbers, nothing, HTML, plain text (P58)."""
    client = Client(ScriptedTransport({"GET runs/run-1": response}), "acme")

    with pytest.raises(ApiError, match=problem):
        await client.read_run("run-1")
