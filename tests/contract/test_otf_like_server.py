"""Plans on a server that we did not write: it answers from documents of a real OTF.

`tests/otf_like.py` describes what the server does differently from HCP Terraform.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from attrs import frozen

from remote_backend.connection import Connection, connect
from remote_backend.errors import RunDiffers
from remote_backend.events import Event, LogChunkRead
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.run import PlanOptions
from remote_backend.models.workspace import Workspace
from remote_backend.planning.batch import run_batch
from remote_backend.planning.options import BatchOptions
from remote_backend.planning.polling import PollSettings
from remote_backend.server.embedded import backend_block
from remote_backend.state.file import parse_state
from remote_backend.state.versions import write_state
from remote_backend.workspaces import list_workspaces
from tests.support.fakes import batch_context
from tests.support.otf_like_server import OtfLikeServer, serve_otf_like
from tests.support.paths import REPOSITORY
from tests.support.servers import hosted

NAMES = ["dev", "eu-1", "eu-2", "prod", "test"]
QUICK = PollSettings(
    first_wait_seconds=0.01,
    longest_wait_seconds=0.02,
    batch_poll_seconds=0.01,
    list_lag_seconds=0.0,
)


@frozen
class Site:
    """The server, and a configuration that names it."""

    server: OtfLikeServer
    directory: Path

    @property
    def environ(self) -> dict[str, str]:
        """The variables of a process that knows the server and nothing else."""
        home = self.directory.parent
        system = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
        return {
            **system,
            "HOME": str(home),
            "PATH": "",
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONUTF8": "1",
            "TF_CLI_CONFIG_FILE": str(home / "terraform.rc"),
        }

    def command(self, *arguments: str) -> list[str]:
        """Return the command line with its arguments."""
        return [sys.executable, "-m", "remote_backend", *arguments]

    async def run(self, *arguments: str) -> tuple[int, str]:
        """Run the command line; return its exit code and all that it wrote."""
        done = await anyio.run_process(
            self.command(*arguments), cwd=self.directory, env=self.environ, check=False
        )
        return done.returncode, (done.stdout + done.stderr).decode()

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Connection]:
        """Connect to the server as a program does."""
        async with connect(self.directory, self.environ) as connection:
            yield connection

    async def plan(
        self, options: PlanOptions | None = None, events: list[Event] | None = None
    ) -> tuple[Outcome, ...]:
        """Plan all workspaces with short pauses between polls; collect the events."""
        async with self.connected() as connection:
            named = await list_workspaces(connection.client, connection.mapping)
            context = batch_context(self.directory, polling=QUICK)
            batch_options = BatchOptions(plan=options or PlanOptions())
            with anyio.fail_after(60):
                async with run_batch(
                    connection.client, named, batch_options, context
                ) as batch:
                    async for event in batch:
                        if events is not None:
                            events.append(event)
                        self.release_when_all_stream(events or [])
        return batch.outcomes

    def release_when_all_stream(self, events: list[Event]) -> None:
        """Let the plans end once a part of the log of each workspace was read."""
        streaming = {event.workspace for event in events if isinstance(event, LogChunkRead)}
        if streaming == set(NAMES):
            self.server.planning.set()

    def runs_per_workspace(self) -> dict[str, int]:
        """Return how many runs were made in each workspace."""
        counts = Counter(
            run.workspace.removeprefix("ws-networking-") for run in self.server.runs
        )
        return dict(counts)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Run the server with five workspaces."""
    names = [f"networking-{name}" for name in NAMES]
    async with hosted(serve_otf_like(tmp_path, workspaces=names)) as server:
        directory = tmp_path / "networking"
        directory.mkdir()
        host = server.url.removeprefix("http://")
        (directory / "main.tf").write_text(backend_block(host, "acme", "networking-"))
        yield Site(server, directory)


ONE_EACH = dict.fromkeys(NAMES, 1)


async def test_all_plans_are_right_by_default(site: Site) -> None:
    """Each workspace gets its own upload, as no sharing is promised (W1)."""
    code, told = await site.run("plan", "-all", "-detailed-exitcode")

    assert code == 2, told
    assert site.runs_per_workspace() == ONE_EACH
    assert set(site.server.uploads.values()) == {1} and len(site.server.uploads) == 5
    assert told.count("| Plan: 2 to add, 0 to change") == 5
    assert "unable to download" not in told


async def test_a_false_promise_costs_one_run_once(site: Site) -> None:
    """A server that only calls itself HCP Terraform is found out by a canary, and remembered."""
    site.server.app_name = "HCP Terraform"

    first = await site.run("plan", "-all", "-stream")
    made = len(site.server.runs)
    second = await site.run("plan", "-all", "-stream")

    assert first[0] == second[0] == 0, first[1] + second[1]
    assert (made, len(site.server.runs)) == (6, 11)
    for _, told in (first, second):
        assert told.count("| Plan: 2 to add, 0 to change") == 5
        assert "unable to download" not in told
    assert "is planned again with an upload of its own" in first[1]


async def test_a_plan_fails_by_the_error_in_its_log(site: Site) -> None:
    """The API names no reason: the plan is `errored`, and its log holds the one error (A4)."""
    site.server.refuses_all = True

    code, text = await site.run("plan", "-all", "-select=dev", "-quiet", "-report=r.json")

    failure = json.loads((site.directory / "r.json").read_text())["workspaces"][0][
        "failure"
    ]
    title = "unable to download config: access to the resource is not permitted"
    assert code == 1
    assert f"── failed: 1 of 1 ──\nError: {title}\n" in text
    assert (failure["kind"], failure["title"]) == ("terraform", title)


async def test_one_plan_alone_is_right(site: Site) -> None:
    """The same for a single workspace, with its log."""
    code, told = await site.run("plan", "-all", "-select=dev", "-stream")

    assert code == 0, told
    assert "Plan: 2 to add" in told
    assert site.runs_per_workspace() == {"dev": 1}


@pytest.mark.parametrize("lost", ["dropped", "502", "html"])
async def test_a_lost_answer_makes_one_run_each(lost: str, site: Site) -> None:
    """Every run is found in the lists of the workspaces, and none is made twice (W2, M5, P46)."""
    site.server.lost = lost

    outcomes = await site.plan()

    assert [outcome.result for outcome in outcomes] == [Result.CHANGES] * 5
    assert site.runs_per_workspace() == ONE_EACH


async def test_the_lost_answer_of_one_plan_makes_one_run(site: Site) -> None:
    """Of a plan alone too, whose run no batch looks for."""
    site.server.lost = "dropped"

    code, told = await site.run("plan", "-all", "-select=prod")

    assert code == 0, told
    assert site.runs_per_workspace() == {"prod": 1}


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is a matter of POSIX")
async def test_a_batch_killed_with_requests_in_flight_is_resumed(site: Site) -> None:
    """The runs that were made without an answer are adopted, and none is made twice (W2)."""
    site.server.lost = "held"
    command = site.command("plan", "-all", "-upload=each")
    async with await anyio.open_process(
        command, cwd=site.directory, env=site.environ
    ) as process:
        with anyio.fail_after(60):
            for _ in NAMES:
                await site.server.in_flight.acquire()
        process.kill()
    site.server.lost = None

    code, told = await site.run("batches", "resume")

    assert code == 0, told
    assert site.runs_per_workspace() == ONE_EACH
    assert told.count(" changed ") >= 5


async def test_the_logs_of_five_workspaces_stream(site: Site) -> None:
    """Lines come while all five are planned, although no answer includes a plan (W4)."""
    site.server.planning.clear()
    events: list[Event] = []

    outcomes = await site.plan(events=events)

    assert [outcome.result for outcome in outcomes] == [Result.CHANGES] * 5
    assert site.server.planning.is_set()
    logs = Counter[str]()
    for event in events:
        if isinstance(event, LogChunkRead):
            logs[event.workspace] += event.data.count(b"\n")
    assert logs == dict.fromkeys(NAMES, 2)


async def test_an_ignored_refresh_only_is_refused(site: Site) -> None:
    """The run would be an ordinary plan, so it is stopped and fails by name (W3)."""
    outcomes = await site.plan(PlanOptions(refresh_only=True))

    assert [outcome.result for outcome in outcomes] == [Result.FAILED] * 5
    assert all("it ignored refresh-only" in (outcome.reason or "") for outcome in outcomes)
    assert all(isinstance(outcome.error, RunDiffers) for outcome in outcomes)
    assert all(run.is_canceled for run in site.server.runs)
    assert site.runs_per_workspace() == ONE_EACH


async def test_options_that_the_server_keeps_are_believed(site: Site) -> None:
    """Targets, replacements, variables and a destroy come back as they were requested."""
    options = PlanOptions(
        targets=("a.b",), refresh=False, destroy=True, variables=(("region", '"eu"'),)
    )

    outcomes = await site.plan(options)

    assert [outcome.result for outcome in outcomes] == [Result.CHANGES] * 5


async def test_a_run_that_is_not_plan_only_is_stopped_at_once(site: Site) -> None:
    """The first request after the answer is the one that stops it (W3)."""
    for name in NAMES[1:]:
        site.server.workspaces.remove(f"networking-{name}")
    site.server.applies = True

    [outcome] = await site.plan()

    assert "it is not plan-only" in (outcome.reason or "")
    after = site.server.requests[site.server.requests.index("POST /api/v2/runs") + 1 :]
    assert next(one for one in after if "/runs/" in one).endswith("/actions/cancel")


async def test_the_lost_answer_of_a_state_is_read_back(site: Site) -> None:
    """It is not sent again and again, though each time it would be answered with 500 (W10)."""
    site.server.lost = "dropped"
    state = parse_state(b'{"version": 4, "serial": 4, "lineage": "l", "resources": []}')
    workspace = Workspace(id="ws-networking-dev", name="networking-dev")

    async with site.connected() as connection:
        await write_state(connection.client, workspace, state)

    # aiohttp itself sends a PUT once more when a connection that was used before breaks.
    [count] = site.server.uploads.values()
    assert count <= 2
