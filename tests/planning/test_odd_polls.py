"""Batches whose runs cannot all be polled, on a server like OTF."""

import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from remote_backend.api.client import Client
from remote_backend.api.messages import Request, Response
from remote_backend.errors import PollingFailed
from remote_backend.events import LogChunkRead
from remote_backend.models.addresses import SignedUrl
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.workspace import Workspace
from remote_backend.planning.batch import run_batch
from remote_backend.planning.options import BatchOptions
from remote_backend.planning.polling import PollSettings
from remote_backend.workspaces import LocalWorkspace
from tests.support.fakes import answer, batch_context

QUICK = PollSettings(
    first_wait_seconds=0.01,
    longest_wait_seconds=0.02,
    batch_poll_seconds=0.01,
    list_lag_seconds=0.0,
)
LOG = b"\x02Plan: 1 to add\n\x03"


class Otf:
    """Makes configuration versions and runs, and plans each run in five polls."""

    def __init__(self, *, gone: str) -> None:
        self.gone = gone
        self.polls: dict[str, int] = {}
        self.canceled: list[str] = []
        self.logs_read_early: set[str] = set()

    async def send(self, request: Request) -> Response:
        """Answer a request."""
        await anyio.lowlevel.checkpoint()
        if isinstance(request.target, SignedUrl):
            return self.signed(request, request.target.address.rpartition("/")[2])
        parts = request.where.split("/")
        if request.method == "POST" and parts[-1] == "cancel":
            self.canceled.append(parts[1])
            return answer(202)
        if request.method == "POST":
            return self.made(request, parts)
        if parts == ["ping"]:
            return answer(204)
        if parts[0] == "organizations":
            return answer(404, b"404 page not found\n", content_type="text/plain")
        return self.read(parts[0], parts[1])

    def made(self, request: Request, parts: list[str]) -> Response:
        """Make a configuration version or a run."""
        if parts[0] == "workspaces":
            attributes = {"status": "pending", "upload-url": f"https://otf.test/{parts[1]}"}
            return document("configuration-versions", f"cv-{parts[1]}", attributes)
        assert isinstance(request.body, bytes)
        related = json.loads(request.body)["data"]["relationships"]
        number = related["workspace"]["data"]["id"].removeprefix("ws-")
        self.polls[f"run-{number}"] = 0
        return self.run(f"run-{number}", "pending", 201)

    def read(self, noun: str, id: str) -> Response:
        """Answer with how something is."""
        if noun == "configuration-versions":
            return document(noun, id, {"status": "uploaded"})
        run_id = id.replace("plan", "run")
        if noun == "plans":
            status = ("running", "finished")[self.polls[run_id] >= 5]
            url = f"https://otf.test/logs/{run_id}"
            return document(noun, id, {"status": status, "log-read-url": url})
        if run_id == self.gone:
            return answer(404, {"errors": [{"status": "404", "title": "not found"}]})
        self.polls[run_id] += 1
        done = self.polls[run_id] >= 5
        return self.run(run_id, "planned_and_finished" if done else "planning")

    def run(self, id: str, status: str, code: int = 200) -> Response:
        """Answer with a run."""
        plan = {"data": {"id": id.replace("run", "plan"), "type": "plans"}}
        return document("runs", id, {"status": status}, code, {"plan": plan})

    def signed(self, request: Request, run_id: str) -> Response:
        """Take an upload, or give a part of a log."""
        if request.method == "PUT":
            return answer(200)
        if self.polls[run_id] < 5:
            self.logs_read_early.add(run_id)
        return answer(200, LOG[int(dict(request.query)["offset"]) :])


def document(
    kind: str,
    id: str,
    attributes: dict[str, Any],
    code: int = 200,
    relationships: dict[str, Any] | None = None,
) -> Response:
    """Answer with one resource."""
    data = {"id": id, "type": kind, "attributes": attributes}
    return answer(code, {"data": {**data, "relationships": relationships or {}}})


async def planned(
    server: Otf, count: int, folder: Path
) -> tuple[tuple[Outcome, ...], dict[str, bytes]]:
    """Plan workspaces and return their outcomes and their logs."""
    (folder / "main.tf").write_text("")
    chosen = [
        LocalWorkspace(str(number), Workspace(id=f"ws-{number}", name=f"net-{number}"))
        for number in range(count)
    ]
    context = batch_context(folder, polling=QUICK)
    logs: dict[str, bytes] = {}
    with anyio.fail_after(30):
        async with run_batch(
            Client(server, "acme"), chosen, BatchOptions(), context
        ) as batch:
            async for event in batch:
                if isinstance(event, LogChunkRead):
                    logs[event.workspace] = logs.get(event.workspace, b"") + event.data
    return batch.outcomes, logs


@pytest.mark.parametrize("count", [3, 5])
async def test_a_run_that_is_gone_ends_no_other_workspace(
    count: int, tmp_path: Path
) -> None:
    """The others end well with whole logs; this one says why, and its run is stopped (F1)."""
    server = Otf(gone="run-1")

    outcomes, logs = await planned(server, count, tmp_path)

    assert [outcome.result is Result.FAILED for outcome in outcomes] == [
        outcome.workspace == "1" for outcome in outcomes
    ]
    lost = outcomes[1]
    assert isinstance(lost.error, PollingFailed)
    assert lost.run_id == "run-1" and "does not know it any more" in (lost.reason or "")
    assert server.canceled == ["run-1"]
    others = [outcome.workspace for outcome in outcomes if outcome is not lost]
    assert [logs[name] for name in others] == [b"Plan: 1 to add\n"] * len(others)


async def test_logs_of_any_number_of_workspaces_are_read_while_they_grow(
    tmp_path: Path,
) -> None:
    """Where runs do not include their plans, the log is not kept for the end of the run (W4)."""
    server = Otf(gone="")

    outcomes, _ = await planned(server, 5, tmp_path)

    assert all(outcome.succeeded and outcome.log_is_complete for outcome in outcomes)
    assert server.logs_read_early == set(server.polls)
