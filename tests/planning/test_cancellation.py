"""Batches that are left early, against a service with a rate limit, in virtual time."""

import json
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from remote_backend.api.client import Client
from remote_backend.api.messages import Request, Response
from remote_backend.api.transport.rate_limit import RateLimitedTransport
from remote_backend.api.transport.retry import RetryingTransport
from remote_backend.errors import TransportError
from remote_backend.events import PlanFinished, RunQueued
from remote_backend.models.addresses import SignedUrl
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.workspace import Workspace
from remote_backend.planning.batch import Batch, run_batch
from remote_backend.planning.cancellation import SECONDS_TO_ANSWER, seconds_to_stop
from remote_backend.planning.options import BatchOptions
from remote_backend.planning.recorded_batch import Begun, RecordedBatch, read_journal
from remote_backend.workspaces import LocalWorkspace
from tests.support.fakes import answer, batch_context
from tests.support.servers import run_virtually

LIMIT = 30
Reaction = Callable[[Request], Response | Exception | None]


class Service:
    """A service whose plans never end, and which answers so many requests each second."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.refused = 0
        self.statuses: dict[str, str] = {}
        self.react: Reaction = lambda request: None
        """Gives another answer, or an error, for some requests."""

        self.held = anyio.Event()
        self.holds: str | None = None
        """The request whose effect happens at once and whose answer waits for `held`."""

        self._recent: deque[float] = deque()

    @property
    def run_ids(self) -> list[str]:
        """Return the ids of all runs that were made."""
        return list(self.statuses)

    def count(self, kind: str) -> int:
        """Return how many requests began with a method and a path."""
        return sum(sent.startswith(kind) for sent in self.requests)

    async def send(self, request: Request) -> Response:
        """Answer a request, or refuse it when there were too many."""
        await anyio.lowlevel.checkpoint()
        if isinstance(request.target, SignedUrl):
            return answer(200)
        if self._is_too_many():
            self.refused += 1
            return answer(429, x_ratelimit_limit=str(LIMIT), x_ratelimit_reset="1")
        sent = f"{request.method} {request.where}"
        self.requests.append(sent)
        reaction = self.react(request)
        if isinstance(reaction, Exception):
            raise reaction
        response = reaction or self._answer(request)
        if sent == self.holds and self.count(sent) == 1:
            await self.held.wait()
        return response

    def _is_too_many(self) -> bool:
        now = anyio.current_time()
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        if len(self._recent) >= LIMIT:
            return True
        self._recent.append(now)
        return False

    def _answer(self, request: Request) -> Response:
        match request.method, request.where.split("/"):
            case "POST", ["workspaces", _, "configuration-versions"]:
                return self._told("cv-1", "configuration-versions", "pending", 201)
            case "GET", ["ping"]:
                return self._limited(answer(204))
            case "GET", ["configuration-versions", _]:
                return self._told("cv-1", "configuration-versions", "uploaded")
            case "POST", ["runs"]:
                assert isinstance(request.body, bytes)
                linked = json.loads(request.body)["data"]["relationships"]
                run_id = f"run-{linked['workspace']['data']['id']}"
                assert run_id not in self.statuses
                self.statuses[run_id] = "pending"
                return self._told(run_id, "runs", "pending", 201)
            case "GET", ["runs", run_id]:
                return self._told(run_id, "runs", self.statuses[run_id])
            case "POST", ["runs", run_id, "actions", "cancel"]:
                self.statuses[run_id] = "canceled"
                return self._limited(answer(202))
            case "GET", ["organizations", _, "runs"]:
                return self._limited(answer(200, {"data": []}))
        raise AssertionError(f"nobody expected {request.method} {request.where}")

    def _told(self, id: str, kind: str, status: str, code: int = 200) -> Response:
        attributes = {"status": status, "upload-url": "https://blobs.test/up"}
        resource = {"id": id, "type": kind, "attributes": attributes}
        return self._limited(answer(code, {"data": resource}))

    def _limited(self, response: Response) -> Response:
        headers = {"x_ratelimit_limit": str(LIMIT), "tfp_appname": "remote-backend"}
        return answer(response.status, response.body, **headers)


@asynccontextmanager
async def planning(
    service: Service,
    folder: Path,
    count: int,
    *,
    journal: bool = False,
    earlier: RecordedBatch | None = None,
) -> AsyncIterator[Batch]:
    """Plan workspaces on the service, with the whole transport but the network."""
    (folder / "main.tf").write_text("")
    client = Client(RetryingTransport(RateLimitedTransport(service)), "acme")
    names = [f"{number:03}" for number in range(count)]
    named = [
        LocalWorkspace(name, Workspace(id=f"ws-{name}", name=f"net-{name}"))
        for name in names
    ]
    options = BatchOptions(journal_folder=folder / "journals" if journal else None)
    context = batch_context(folder, earlier=earlier)
    async with run_batch(client, named, options, context) as batch:
        yield batch


async def until_queued(batch: Batch, count: int) -> None:
    """Read events until so many runs were made."""
    queued = 0
    async for event in batch:
        queued += isinstance(event, RunQueued)
        if queued == count:
            return


def virtually(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a test in virtual time; one that hangs is reported."""

    async def main() -> None:
        with anyio.fail_after(10_000):
            await work()

    run_virtually(main)


def test_two_hundred_of_two_hundred_runs_are_canceled(tmp_path: Path) -> None:
    """One request each, before all others, within the documented time (P25, P145)."""
    service = Service()

    async def work() -> None:
        async with planning(service, tmp_path, 200) as batch:
            await until_queued(batch, 200)
            service.requests.clear()
            begun = anyio.current_time()
            batch.cancel()
            outcomes = await batch.wait()
            took = anyio.current_time() - begun

        assert {outcome.result for outcome in outcomes} == {Result.CANCELED}
        assert len(outcomes) == 200 and batch.still_running == ()
        assert batch.stopped_runs == (200, 200)
        assert set(service.statuses.values()) == {"canceled"}
        assert set(Counter(service.requests).values()) == {1}
        assert service.count("POST runs/") == 200
        assert service.count("GET runs/") == 0
        assert service.refused == 0
        assert took <= seconds_to_stop(200, LIMIT) / 2

    virtually(work)


def test_leaving_the_block_cancels_two_hundred_runs_too(tmp_path: Path) -> None:
    """A program that breaks off leaves nothing behind, whatever the rate limit is (P25)."""
    service = Service()

    async def work() -> None:
        async with planning(service, tmp_path, 200) as batch:
            await until_queued(batch, 200)
        assert batch.still_running == ()

    virtually(work)
    assert set(service.statuses.values()) == {"canceled"}
    assert service.count("POST runs/") == 200


def test_a_batch_that_is_canceled_while_runs_are_made_makes_no_more(tmp_path: Path) -> None:
    """Requests that wait for the rate limit are dropped, and their workspaces named (P145)."""
    service = Service()

    async def work() -> None:
        async with planning(service, tmp_path, 200) as batch:
            await until_queued(batch, 50)
            batch.cancel()
            outcomes = await batch.wait()

        made = len(service.run_ids)
        assert 50 <= made < 60
        results = Counter(outcome.result for outcome in outcomes)
        assert results == {Result.CANCELED: made, Result.NOT_STARTED: 200 - made}
        assert set(service.statuses.values()) == {"canceled"}

    virtually(work)


def test_a_run_whose_answer_is_on_its_way_is_canceled_as_well(tmp_path: Path) -> None:
    """It may exist already, so its answer is waited for, for some seconds (P25)."""
    service = Service()
    service.holds = "POST runs"

    async def work() -> None:
        async with planning(service, tmp_path, 1) as batch:
            async with anyio.create_task_group() as group:
                group.start_soon(batch.wait)
                while not service.run_ids:
                    await anyio.lowlevel.checkpoint()
                batch.cancel()
                await anyio.wait_all_tasks_blocked()
                service.held.set()
        assert [outcome.result for outcome in batch.outcomes] == [Result.CANCELED]

    virtually(work)
    assert service.statuses == {"run-ws-000": "canceled"}


def test_a_run_that_may_have_been_made_is_reported(tmp_path: Path) -> None:
    """When no answer comes in time nobody knows, and a resumed batch looks for the run."""
    service = Service()
    service.holds = "POST runs"

    async def work() -> None:
        async with planning(service, tmp_path, 1, journal=True) as batch:
            async with anyio.create_task_group() as group:
                group.start_soon(batch.wait)
                while not service.run_ids:
                    await anyio.lowlevel.checkpoint()
                begun = anyio.current_time()
                batch.cancel()
            assert anyio.current_time() - begun == pytest.approx(SECONDS_TO_ANSWER)
        [outcome] = batch.outcomes
        assert outcome.still_running and "may have been made" in (outcome.reason or "")

    virtually(work)
    story = read_journal(tmp_path / "journals", None)
    assert story.unfinished == ("000",) and story.begun["000"].run_id is None


@pytest.mark.parametrize("reads", ["held", "failing"])
def test_the_run_of_an_earlier_process_is_stopped_before_it_was_seen(
    reads: str, tmp_path: Path
) -> None:
    """A resumed batch knows its runs from the journal, and leaves none behind either (P25)."""
    service = Service()
    service.statuses = {"run-ws-000": "planning"}
    if reads == "held":
        service.holds = "GET runs/run-ws-000"
    else:
        service.react = lambda one: answer(422) if one.method == "GET" else None
    story = RecordedBatch(
        id="batch-1",
        directory=tmp_path,
        hostname="tfe.test",
        organization="acme",
        started_at="2026-01-01",
        workspaces={"000": "ws-000"},
        options=BatchOptions(),
        begun={"000": Begun(configuration_version_id="cv-1", run_id="run-ws-000")},
    )

    async def work() -> None:
        async with planning(service, tmp_path, 1, earlier=story) as batch:
            async with anyio.create_task_group() as group:
                group.start_soon(batch.wait)
                while not service.count("GET runs/"):
                    await anyio.lowlevel.checkpoint()
                batch.cancel()
        [outcome] = batch.outcomes
        expected = Result.CANCELED if reads == "held" else Result.FAILED
        assert (outcome.result, outcome.run_id) == (expected, "run-ws-000")

    virtually(work)
    assert service.statuses == {"run-ws-000": "canceled"}


def test_runs_that_cannot_be_canceled_are_reported(tmp_path: Path) -> None:
    """The time is bounded, and what goes on is named; the journal keeps it for later."""
    service = Service()
    is_cancel = Request(method="POST", target="runs/run-ws-001/actions/cancel").where

    async def work() -> None:
        async with planning(service, tmp_path, 5, journal=True) as batch:
            await until_queued(batch, 5)
            service.react = lambda one: answer(503) if one.where == is_cancel else None
            begun = anyio.current_time()
            batch.cancel()
            outcomes = await batch.wait()
            took = anyio.current_time() - begun

        assert batch.still_running == (("001", "run-ws-001"),)
        assert [outcome.workspace for outcome in outcomes if outcome.still_running] == [
            "001"
        ]
        assert outcomes[1].result is Result.FAILED
        assert "could not be canceled" in (outcomes[1].reason or "")
        assert took <= seconds_to_stop(5, LIMIT)

    virtually(work)
    story = read_journal(tmp_path / "journals", None)
    assert story.unfinished == ("001",)
    assert {one.result for one in story.outcomes.values()} == {Result.CANCELED}


def test_a_run_that_was_over_already_keeps_its_result(tmp_path: Path) -> None:
    """409 is looked at afterwards: the plan may have ended just before."""
    service = Service()

    def react(request: Request) -> Response | None:
        if request.where.endswith("ws-000/actions/cancel"):
            service.statuses["run-ws-000"] = "planned_and_finished"
            return answer(409)
        return None

    async def work() -> None:
        async with planning(service, tmp_path, 2) as batch:
            await until_queued(batch, 2)
            service.react = react
            batch.cancel()
            outcomes = await batch.wait()
        assert [outcome.result for outcome in outcomes] == [
            Result.NO_CHANGES,
            Result.CANCELED,
        ]

    virtually(work)


@pytest.mark.parametrize(
    "error", [TypeError("secret"), RecursionError(), OSError(28, "full")]
)
def test_an_unexpected_error_fails_its_workspace_alone(
    error: Exception, tmp_path: Path
) -> None:
    """Its run is stopped, and the others go on to their own ends (P140, M2)."""
    service = Service()

    def react(request: Request) -> Response | Exception | None:
        return error if request.where == "runs/run-ws-001" else None

    async def work() -> None:
        service.react = react
        failed: list[Outcome] = []
        async with planning(service, tmp_path, 3) as batch:
            async for event in batch:
                if isinstance(event, PlanFinished):
                    failed.append(event.outcome)
                    break
            assert service.statuses["run-ws-001"] == "canceled"
            assert list(service.statuses.values()).count("pending") == 2
        [outcome] = failed
        assert (outcome.workspace, outcome.result) == ("001", Result.FAILED)
        assert outcome.reason and "secret" not in outcome.reason
        assert not outcome.still_running

    virtually(work)


def test_an_error_in_making_a_run_leaves_none_behind(tmp_path: Path) -> None:
    """A connection that was never made made no run, and the phase says where it failed (P167)."""
    service = Service()
    never = TransportError("POST", "runs", "no connection", may_have_happened=False)

    async def work() -> None:
        service.react = lambda one: never if one.where == "runs" else None
        async with planning(service, tmp_path, 1) as batch:
            [outcome] = await batch.wait()
        assert (outcome.result, outcome.phase) == (Result.FAILED, "queue")
        assert not outcome.still_running

    virtually(work)


@pytest.mark.parametrize(
    ("runs", "per_second", "seconds"),
    [(1, 30.0, 10), (200, 30.0, 23.3), (1000, float("inf"), 50)],
)
def test_the_time_to_stop_grows_with_the_runs(
    runs: int, per_second: float, seconds: float
) -> None:
    """Twice what the rate limit needs, and ten seconds; also where no limit is announced."""
    assert seconds_to_stop(runs, per_second) == pytest.approx(seconds, abs=0.1)
