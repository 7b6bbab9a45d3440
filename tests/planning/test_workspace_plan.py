"""The outcome of one workspace, wherever its plan ends."""

from pathlib import Path
from typing import Any

import anyio
import pytest

from remote_backend.api.client import Client
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.workspace import Workspace
from remote_backend.planning.batch import run_batch
from remote_backend.planning.options import BatchOptions
from remote_backend.workspaces import LocalWorkspace
from tests.support.fakes import Answer, ScriptedTransport, answer, batch_context
from tests.support.run_documents import plan_answer, run_answer

VERSION = {"id": "cv-1", "type": "configuration-versions"}
SCRIPT: dict[str, Answer] = {
    "POST workspaces/ws-1/configuration-versions": answer(
        201, {"data": {**VERSION, "attributes": {"upload-url": "https://blobs.test/up"}}}
    ),
    "PUT https://blobs.test/up": answer(200),
    "GET configuration-versions/cv-1": answer(
        200, {"data": {**VERSION, "attributes": {"status": "uploaded"}}}
    ),
    "POST runs": run_answer("pending", 201),
    "GET runs/run-1": run_answer("planned_and_finished"),
    "GET plans/plan-1": plan_answer(),
    "POST runs/run-1/actions/cancel": answer(202),
}


async def outcome_of(
    folder: Path, script: dict[str, Answer], **workspace: Any
) -> tuple[Outcome, list[str]]:
    """Plan a workspace against a script; return its outcome and the requests."""
    (folder / "main.tf").write_text("")
    transport = ScriptedTransport({**SCRIPT, **script})
    local = LocalWorkspace("a", Workspace(id="ws-1", name="net-a", **workspace))
    with anyio.fail_after(20):
        async with run_batch(
            Client(transport, "acme"), [local], BatchOptions(), batch_context(folder)
        ) as batch:
            [outcome] = await batch.wait()
    return outcome, transport.sent()


async def test_a_plan_that_goes_well(tmp_path: Path) -> None:
    """The outcome has the run and its plan, and names no phase."""
    over = run_answer("planned_and_finished", **{"has-changes": True})
    outcome, _ = await outcome_of(tmp_path, {"GET runs/run-1": over})

    assert outcome.result is Result.CHANGES
    assert (outcome.run_id, outcome.plan_id) == ("run-1", "plan-1")
    assert outcome.run_url == "https://tfe.test/net-a/run-1"
    assert (outcome.phase, outcome.failure, outcome.error) == (None, None, None)
    assert [status for status, _ in outcome.times] == ["pending", "planned_and_finished"]


@pytest.mark.parametrize(
    ("phase", "script", "workspace", "run_id"),
    [
        ("start", {}, {"execution_mode": "local"}, None),
        (
            "upload",
            {"POST workspaces/ws-1/configuration-versions": answer(422)},
            {},
            None,
        ),
        ("queue", {"POST runs": answer(422)}, {}, None),
        ("wait", {"GET runs/run-1": run_answer("errored")}, {}, "run-1"),
    ],
)
async def test_an_outcome_names_the_phase_that_failed(
    phase: str,
    script: dict[str, Answer],
    workspace: dict[str, Any],
    run_id: str | None,
    tmp_path: Path,
) -> None:
    """Each phase of the way from the configuration to the plan has a name of its own."""
    plan = {"GET plans/plan-1": plan_answer("unreachable")}
    outcome, sent = await outcome_of(tmp_path, {**plan, **script}, **workspace)

    assert outcome.result is Result.FAILED
    assert (outcome.phase, outcome.run_id) == (phase, run_id)
    assert "POST runs/run-1/actions/cancel" not in sent
    assert not outcome.still_running


async def test_the_run_of_a_failed_plan_is_stopped(tmp_path: Path) -> None:
    """A run that does something else than was requested is not left behind."""
    other = run_answer("pending", 201, **{"is-destroy": True})

    outcome, sent = await outcome_of(tmp_path, {"POST runs": other})

    assert outcome.result is Result.FAILED
    assert (outcome.phase, outcome.run_id) == ("queue", "run-1")
    assert sent[-1] == "POST runs/run-1/actions/cancel"
