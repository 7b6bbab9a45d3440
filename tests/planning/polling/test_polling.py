"""Polls of runs: which ones fail, which one ends a workspace, and which requests are made."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
import pytest

from remote_backend.api.client import Client
from remote_backend.api.messages import Request, Response
from remote_backend.errors import PollingFailed, TransportError
from remote_backend.models.addresses import SignedUrl
from remote_backend.models.run import Run, RunRequest
from remote_backend.notices import Notice, Notices
from remote_backend.planning.log_pace import log_settings_for
from remote_backend.planning.log_tail import LogSettings, LogTail
from remote_backend.planning.polling import (
    BatchPoller,
    PolledRun,
    RunPoller,
)
from tests.support.fakes import answer
from tests.support.servers import run_virtually

NO_LIST = answer(404, b"404 page not found\n", content_type="text/plain; charset=utf-8")
PAGE = answer(200, b"<html><body>Maintenance</body></html>", content_type="text/html")
LOST = TransportError("GET", "runs", "the connection broke", may_have_happened=True)

Override = Callable[[str, float], Response | Exception | None]


def nothing_odd(path: str, now: float) -> None:
    """Answer everything as it should be."""


class Otf:
    """A server like OTF: no list of an organization's runs, and no plan with a run.

    Documents are those of `captures/otf/exchanges.json`, shortened. Runs plan from 2 s to 12 s.
    """

    def __init__(self, override: Override = nothing_odd, *, ends: float = 12.0) -> None:
        self.requests: list[tuple[float, str]] = []
        self.final = "planned_and_finished"
        self.log = b"\x02Plan: 1 to add\n\x03"
        self._override = override
        self._ends = ends

    async def send(self, request: Request) -> Response:
        """Answer a request by the clock."""
        now = anyio.current_time()
        self.requests.append((now, request.where))
        odd = self._override(request.where, now)
        if isinstance(odd, Exception):
            raise odd
        return odd or self.regular(request, now)

    def regular(self, request: Request, now: float) -> Response:
        """Answer as OTF does."""
        noun, _, id = request.where.partition("/")
        if noun == "organizations":
            return NO_LIST
        if isinstance(request.target, SignedUrl):
            offset = int(dict(request.query)["offset"])
            return answer(200, self.log[offset:]) if now >= 2.0 else answer(404)
        phase = (now >= 2.0) + (now >= self._ends)
        if noun == "plans":
            return answer(
                200, {"data": self.plan(id, ("pending", "running", "finished")[phase])}
            )
        return answer(
            200, {"data": self.run(id, ("pending", "planning", self.final)[phase])}
        )

    def run(self, id: str, status: str) -> dict[str, Any]:
        """Return a run without its plan."""
        plan_id = id.replace("run", "plan")
        return {
            "id": id,
            "type": "runs",
            "attributes": {"status": status, "plan-only": True, "has-changes": True},
            "relationships": {"plan": {"data": {"id": plan_id, "type": "plans"}}},
        }

    def plan(self, id: str, status: str) -> dict[str, Any]:
        """Return a plan."""
        url = f"https://otf.test/signed/{id}/logs/plan"
        attributes = {"status": status, "has-changes": False, "log-read-url": url}
        return {"id": id, "type": "plans", "attributes": attributes}

    def counts(self) -> Counter[str]:
        """Return how often each kind of document was requested."""
        return Counter(where.partition("/")[0] for _, where in self.requests)


class Hcp(Otf):
    """A server that lists the runs of an organization, each with its plan."""

    def __init__(self, ids: list[str], override: Override = nothing_odd) -> None:
        super().__init__(override)
        self._ids = ids

    def regular(self, request: Request, now: float) -> Response:
        """Answer lists and runs with their plans included."""
        status = ("pending", "planning", self.final)[(now >= 2.0) + (now >= 12.0)]
        plans = [self.plan(id.replace("run", "plan"), "finished") for id in self._ids]
        if request.is_run_list:
            data: Any = [self.run(id, status) for id in self._ids]
        else:
            data = self.run(request.where.partition("/")[2], status)
        return answer(200, {"data": data, "included": plans if now >= 12.0 else []})


async def statuses_of(run: RunPoller | PolledRun) -> list[str]:
    """Return the statuses of a run until its end."""
    return [snapshot.run.status async for snapshot in run.snapshots()]


async def alone(server: Otf) -> RunPoller:
    """Poll one run by itself to its end."""
    poller = RunPoller(
        Client(server, "acme"), Run(id="run-1", status="pending", plan_id="plan-1")
    )
    await statuses_of(poller)
    return poller


async def together(
    server: Otf, count: int, *, client: Client | None = None
) -> dict[str, str]:
    """Poll several runs to their ends; return the last status or the failure of each."""
    poller = BatchPoller(client or Client(server, "acme"), "batch-1", total=count)
    ends: dict[str, str] = {}

    async def follow(run: Run) -> None:
        try:
            ends[run.id] = (await statuses_of(poller.track(run)))[-1]
        except PollingFailed as error:
            ends[run.id] = str(error)

    async with anyio.create_task_group() as group:
        group.start_soon(poller.run)
        async with anyio.create_task_group() as runs:
            for id in ids_of(count):
                plan_id = id.replace("run", "plan")
                runs.start_soon(follow, Run(id=id, status="pending", plan_id=plan_id))
        group.cancel_scope.cancel()
    return ends


def ids_of(count: int) -> list[str]:
    """Return the ids of runs."""
    return [f"run-{number}" for number in range(1, count + 1)]


ODD_ANSWERS = {
    "503": answer(503),
    "web page": PAGE,
    "401": answer(401, b"invalid JWT\n", content_type="text/plain"),
    "403": answer(403, {"errors": [{"status": "403", "title": "Forbidden"}]}),
    "501": answer(501),
    "list": answer(200, {"data": []}),
    "number": answer(200, b"17"),
    "deep nesting": answer(200, b'{"data":' + b"[" * 100_000),
    "odd status": answer(200, {"data": {"id": "run-1", "attributes": {"status": 5}}}),
    "lost": LOST,
    "bug": RuntimeError("nobody expects this"),
}


@pytest.mark.parametrize("odd", ODD_ANSWERS.values(), ids=ODD_ANSWERS)
@pytest.mark.parametrize("count", [1, 5])
def test_a_minute_of_odd_answers_is_not_a_verdict(
    count: int, odd: Response | Exception
) -> None:
    """Polls go on with pauses, and the end of each run is seen afterwards (F1, P140)."""
    server = Otf(lambda path, now: odd if 3.0 <= now < 70.0 else None)

    if count == 1:
        ends = {"run-1": run_virtually(partial(alone, server)).latest.run.status}
    else:
        ends = run_virtually(partial(together, server, count))

    assert ends == dict.fromkeys(ids_of(count), "planned_and_finished")
    storm = [path for now, path in server.requests if 3.0 <= now < 70.0]
    assert len(storm) < 15 * count


@pytest.mark.parametrize("odd", [answer(503), PAGE], ids=["503", "web page"])
def test_nothing_but_failures_ends_each_workspace_by_itself(
    odd: Response | Exception,
) -> None:
    """After the documented limit all runs fail with status and reason, none as a group."""
    server = Otf(lambda path, now: odd if now >= 3.0 else None)

    ends = run_virtually(partial(together, server, 30))

    assert set(ends) == set(ids_of(30))
    for id, end in ends.items():
        assert end.startswith(f"{id} was last seen planning: for 300 s every attempt")
    last = max(now for now, _ in server.requests)
    assert 300.0 <= last < 330.0
    # Ten failures show that the server is down; the other twenty are not tried.
    assert len([now for now, _ in server.requests if now >= 3.0]) < 50 * 11


def test_a_run_that_is_gone_fails_alone() -> None:
    """404 of one run, several times, ends its workspace within seconds and no other (F1)."""
    server = Otf(lambda path, now: answer(404) if path == "runs/run-2" else None)

    ends = run_virtually(partial(together, server, 5))

    assert (
        "run-2 was last seen pending: the server does not know it any more" in ends["run-2"]
    )
    others = {id: end for id, end in ends.items() if id != "run-2"}
    assert set(others.values()) == {"planned_and_finished"}
    assert len([path for _, path in server.requests if path == "runs/run-2"]) == 3


def test_one_404_is_forgotten() -> None:
    """A run that some replica of a server does not know yet is polled on."""
    missing = iter([answer(404), answer(404)])
    server = Otf(lambda path, now: next(missing, None) if path == "runs/run-1" else None)

    assert run_virtually(partial(alone, server)).latest.succeeded


@pytest.mark.parametrize(
    "odd", [PAGE, answer(401), answer(501), answer(503), LOST, RuntimeError("odd")]
)
def test_a_list_that_fails_is_replaced_by_its_runs(odd: Response | Exception) -> None:
    """One odd answer of the list costs a read of each run, and no workspace (F1)."""
    odd_once = iter([odd])

    def override(path: str, now: float) -> Response | Exception | None:
        return next(odd_once, None) if path == "organizations/acme/runs" else None

    server = Hcp(ids_of(8), override)

    ends = run_virtually(partial(together, server, 8))

    assert ends == dict.fromkeys(ids_of(8), "planned_and_finished")
    assert server.counts()["runs"] >= 8


def test_one_odd_item_of_a_list_hides_no_other_run() -> None:
    """A run of other people that cannot be read is left out; no run is read by itself."""

    class WithOddItems(Hcp):
        def regular(self, request: Request, now: float) -> Response:
            response = super().regular(request, now)
            if not request.is_run_list:
                return response
            odd = b'{"data": [7, null, {"id": 5}, {"id": "run-x", "attributes": {}}, '
            return answer(200, odd + response.body.removeprefix(b'{"data": ['))

    server = WithOddItems(ids_of(8))

    ends = run_virtually(partial(together, server, 8))

    assert ends == dict.fromkeys(ids_of(8), "planned_and_finished")
    assert server.counts()["runs"] == 0


def test_plans_are_read_by_id_where_runs_do_not_include_them() -> None:
    """Twice each: for the address of the log while it is written, and for the end (W4)."""
    server = Otf()
    statuses: list[str] = []

    async def follow() -> None:
        poller = BatchPoller(Client(server, "acme"), "batch-1", total=5)
        async with anyio.create_task_group() as group:
            group.start_soon(poller.run)
            runs = [
                poller.track(
                    Run(id=id, status="pending", plan_id=id.replace("run", "plan"))
                )
                for id in ids_of(5)
            ]
            async with anyio.create_task_group() as follows:
                for run in runs:
                    follows.start_soon(note, run)
            group.cancel_scope.cancel()

    async def note(run: PolledRun) -> None:
        async for snapshot in run.snapshots():
            if snapshot.plan is not None and snapshot.plan.log_read_url is not None:
                statuses.append(snapshot.run.status)
        assert run.log_is_over
        assert run.plan is not None and run.plan.status == "finished"

    run_virtually(follow)

    assert statuses.count("planning") >= 5
    assert server.counts()["plans"] == 10


def test_no_plan_is_read_by_id_where_lists_include_it() -> None:
    """Servers like HCP Terraform get no request more than before."""
    server = Hcp(ids_of(6))
    regular = server.regular

    def with_plans(request: Request, now: float) -> Response:
        return regular(request, max(now, 12.0))

    server.regular = with_plans  # type: ignore[method-assign]

    ends = run_virtually(partial(together, server, 6))

    assert set(ends.values()) == {"planned_and_finished"}
    assert server.counts()["plans"] == server.counts()["runs"] == 0


@pytest.mark.parametrize("count", [1, 5])
def test_a_plan_that_cannot_be_read_changes_no_verdict(count: int) -> None:
    """The status of the run decides; its plan was optional."""
    server = Otf(lambda path, now: PAGE if path.startswith("plans/") else None)

    if count == 1:
        run = run_virtually(partial(alone, server))
        assert run.latest.succeeded and run.log_is_over
    else:
        ends = run_virtually(partial(together, server, count))
        assert set(ends.values()) == {"planned_and_finished"}
    assert server.counts()["plans"] <= 7 * count


@pytest.mark.parametrize("count", [1, 5])
def test_a_status_that_nobody_knows_ends_with_words(count: int) -> None:
    """Five minutes after its plan is over, the workspace fails and says why (M8, P20)."""
    server = Otf()
    server.final = "brand_final"

    if count == 1:
        with pytest.raises(PollingFailed) as caught:
            run_virtually(partial(alone, server))
        ends = [str(caught.value)]
    else:
        ends = list(run_virtually(partial(together, server, count)).values())

    for end in ends:
        assert "was last seen brand_final: it has stayed so for 300 s, its plan is" in end
    assert 311.0 < server.requests[-1][0] < 330.0


@pytest.mark.parametrize("status", ["planned", "post_plan_completed"])
def test_a_run_that_rests_is_over(status: str) -> None:
    """A newer server that ends in a passing status is believed after half a minute (P20)."""
    server = Otf()
    server.final = status
    client = Client(server, "acme")
    client.api_version = "2.5"

    async def follow() -> RunPoller:
        run = RunPoller(client, Run(id="run-1", status="pending", plan_id="plan-1"))
        await statuses_of(run)
        return run

    assert run_virtually(follow).latest.succeeded
    assert 42.0 <= server.requests[-1][0] < 50.0


def test_polls_keep_a_distance_however_many_hints_come() -> None:
    """A log that seems to be over again and again makes no hot loop (F2)."""
    server = Otf(ends=1e9)

    async def follow() -> None:
        run = RunPoller(
            Client(server, "acme"), Run(id="run-1", status="pending", plan_id="plan-1")
        )
        with anyio.move_on_after(60.0):
            async with anyio.create_task_group() as group:
                group.start_soon(statuses_of, run)
                while True:
                    run.poll_soon()
                    await run.next_snapshot()

    run_virtually(follow)

    # Forty a second with hints all the time; it was as many as the network carries.
    assert len(server.requests) <= 60 * 41


@pytest.mark.parametrize("settings", [LogSettings(), log_settings_for(LogSettings(), 1)])
def test_a_status_that_lags_behind_the_end_of_the_log_makes_no_hot_loop(
    settings: LogSettings,
) -> None:
    """The whole log is there at 2 s, and the run says so at 62 s (F2)."""
    server = Otf(ends=62.0)
    text: list[bytes] = []

    async def follow() -> None:
        client = Client(server, "acme")
        run = RunPoller(client, Run(id="run-1", status="pending", plan_id="plan-1"))
        async with anyio.create_task_group() as group:
            group.start_soon(statuses_of, run)
            text.extend([part async for part in LogTail(client, run, settings).chunks()])

    run_virtually(follow)

    assert b"".join(text) == b"Plan: 1 to add\n"
    lagging = Counter(where for at, where in server.requests if 3.0 <= at < 62.0)
    assert lagging["a signed address"] <= 61
    assert lagging["runs/run-1"] <= 2 * 61
    assert lagging["plans/plan-1"] == 0


def test_a_hundred_runs_that_wait_cost_no_read_of_a_log() -> None:
    """Logs are read from the poll that shows that the plan has begun (P28)."""
    server = Otf(ends=42.0)
    regular = server.regular
    server.regular = lambda request, now: regular(request, max(0.0, now - 40.0))  # type: ignore[method-assign]
    texts: list[bytes] = []

    async def follow() -> None:
        client = Client(server, "acme")
        poller = BatchPoller(client, "batch-1", total=100)

        async def tail(run: PolledRun) -> None:
            async with anyio.create_task_group() as group:
                group.start_soon(statuses_of, run)
                parts = [part async for part in LogTail(client, run).chunks()]
                texts.append(b"".join(parts))

        async with anyio.create_task_group() as group:
            group.start_soon(poller.run)
            async with anyio.create_task_group() as tails:
                for id in ids_of(100):
                    run = Run(id=id, status="pending", plan_id=id.replace("run", "plan"))
                    tails.start_soon(tail, poller.track(run))
            group.cancel_scope.cancel()

    run_virtually(follow)

    assert texts == [b"Plan: 1 to add\n"] * 100
    assert [at for at, where in server.requests if at < 42.0 and "signed" in where] == []


@pytest.mark.parametrize("count", [1, 5])
def test_a_run_that_is_canceled_while_it_waits_ends_at_once(count: int) -> None:
    """The plan that OTF gives then has no log, and it is not waited for (W8)."""
    plan = {
        "id": "plan-1",
        "type": "plans",
        "attributes": {
            "has-changes": False,
            "log-read-url": "https://otf.test/signed/x/logs/plan",
            "status": "canceled",
            "status-timestamps": {
                "canceled-at": "2026-11-26T21:19:04.314Z",
                "pending-at": "2026-11-26T21:19:02.279Z",
                "queued-at": "2026-11-26T21:19:02.285Z",
            },
        },
    }

    def override(path: str, now: float) -> Response | None:
        if path.startswith("plans/") and now >= 2.0:
            return answer(200, {"data": {**plan, "id": path.removeprefix("plans/")}})
        return answer(200) if path == "a signed address" else None

    server = Otf(override, ends=2.0)
    server.final = "canceled"
    tails: list[LogTail] = []

    async def follow() -> None:
        client = Client(server, "acme")
        pending = Run(id="run-1", status="pending", plan_id="plan-1")
        async with anyio.create_task_group() as group:
            if count == 1:
                run: RunPoller | PolledRun = RunPoller(client, pending)
            else:
                poller = BatchPoller(client, "batch-1", total=count)
                run = poller.track(pending)
                group.start_soon(poller.run)
            group.start_soon(statuses_of, run)
            tail = LogTail(client, run, log_settings_for(LogSettings(), count))
            assert [part async for part in tail.chunks()] == []
            tails.append(tail)
            group.cancel_scope.cancel()

    run_virtually(follow)

    assert tails[0].is_complete and tails[0].problem is None
    assert server.requests[-1][0] < 4.0


@pytest.mark.parametrize("count", [1, 30])
def test_failing_polls_are_reported_after_some_seconds(count: int) -> None:
    """With what fails, how many runs it concerns, and the limit; not for longer than it lasts."""
    server = Otf(lambda path, now: PAGE if 3.0 <= now < 50.0 else None)
    reports: list[tuple[float, str]] = []

    async def follow() -> None:
        def report(notice: Notice) -> None:
            reports.append((anyio.current_time(), str(notice)))

        client = Client(server, "acme", Notices(report))
        if count == 1:
            run = RunPoller(client, Run(id="run-1", status="pending", plan_id="plan-1"))
            await statuses_of(run)
        else:
            await together(server, count, client=client)
        await anyio.sleep(100.0)

    run_virtually(follow)

    begins = "Waiting for a run to become readable"
    assert [text.startswith(begins) for _, text in reports] == [True, True]
    assert all("at most 300 s" in text for _, text in reports)
    assert ("(30 of them)" if count > 1 else "no JSON (text/html") in reports[0][1]
    assert 8.0 <= reports[0][0] < 12.0 and reports[1][0] < 60.0


def test_a_status_that_names_no_end_is_reported() -> None:
    """The wait for its end says the status."""
    server = Otf()
    server.final = "brand_final"
    reports: list[str] = []

    async def follow() -> None:
        client = Client(server, "acme", Notices(lambda notice: reports.append(str(notice))))
        run = RunPoller(client, Run(id="run-1", status="pending", plan_id="plan-1"))
        with pytest.raises(PollingFailed):
            await statuses_of(run)

    run_virtually(follow)

    assert "a run to end whose plan is over (run-1 is brand_final)" in reports[0]
    assert "at most 300 s" in reports[0]


def test_the_search_for_a_run_outlives_failures() -> None:
    """Whether a run was made is looked for again while lists and runs cannot be read."""
    runs = {"data": [Otf().run("run-7", "pending")]}
    runs["data"][0]["relationships"]["configuration-version"] = {
        "data": {"id": "cv-1", "type": "configuration-versions"}
    }

    def override(path: str, now: float) -> Response | Exception | None:
        if now < 60.0:
            return PAGE
        return answer(200, runs) if path == "workspaces/ws-1/runs" else None

    server = Otf(override)
    request = RunRequest(workspace_id="ws-1", configuration_version_id="cv-1")

    async def search() -> Run | None:
        poller = BatchPoller(Client(server, "acme"), "batch-1", total=5)
        async with anyio.create_task_group() as group:
            group.start_soon(poller.run)
            run = await poller.find(request)
            group.cancel_scope.cancel()
        return run

    run = run_virtually(search)

    assert run is not None and run.id == "run-7"
    assert len(server.requests) < 60
