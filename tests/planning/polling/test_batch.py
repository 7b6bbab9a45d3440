"""Polling many runs together."""

import anyio

from remote_backend.api.client import Client
from remote_backend.api.messages import Request, Response
from remote_backend.models.run import Run, RunRequest
from remote_backend.planning.polling import BatchPoller, PollSettings
from tests.support.fakes import answer

QUICK = PollSettings(batch_poll_seconds=0.01, longest_wait_seconds=0.01, list_lag_seconds=0)


class Runs:
    """A server that knows runs and answers for them by list or one by one."""

    def __init__(self) -> None:
        self.statuses: dict[str, str] = {}
        self.requests: list[str] = []

    async def send(self, request: Request) -> Response:
        """Answer a read."""
        self.requests.append(request.where)
        if request.is_run_list:
            return answer(200, {"data": [self.resource(id) for id in self.statuses]})
        return answer(200, {"data": self.resource(request.where.removeprefix("runs/"))})

    def resource(self, id: str) -> dict[str, object]:
        """Return a run as a resource."""
        return {"id": id, "type": "runs", "attributes": {"status": self.statuses[id]}}


async def test_a_run_that_comes_late_is_polled_too() -> None:
    """When all others have ended, the poller is idle, and a new run wakes it."""
    server = Runs()
    server.statuses = {f"run-{number}": "planned_and_finished" for number in range(6)}
    poller = BatchPoller(Client(server, "acme"), "batch-1", settings=QUICK)

    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(poller.run)
            for ids in (["run-0", "run-1", "run-2", "run-3", "run-4"], ["run-5"]):
                runs = [poller.track(Run(id=id, status="pending")) for id in ids]
                for run in runs:
                    statuses = [snapshot.run.status async for snapshot in run.snapshots()]
                    assert statuses[-1] == "planned_and_finished"
                await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()

    assert server.requests.count("organizations/acme/runs") >= 1


async def found_by(poller: BatchPoller, request: RunRequest) -> Run | None:
    """Search for the run of a request whose response was lost."""
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(poller.run)
            run = await poller.find(request)
            group.cancel_scope.cancel()
    return run


class Pages(Runs):
    """A server that lists a hundred runs on each page, and makes more while it is read."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.newest_first = [f"run-{number}" for number in range(count, 0, -1)]

    async def send(self, request: Request) -> Response:
        """Answer a page."""
        page = int(dict(request.query)["page[number]"])
        first = 100 * (page - 1)
        listed = [
            {
                "id": id,
                "type": "runs",
                "attributes": {"status": "planning"},
                "relationships": {
                    "workspace": {"data": {"type": "workspaces", "id": f"ws-{id}"}},
                    "configuration-version": {
                        "data": {"type": "configuration-versions", "id": "cv-1"}
                    },
                },
            }
            for id in self.newest_first[first : first + 100]
        ]
        more = page + 1 if len(self.newest_first) > first + 100 else None
        if len(self.newest_first) < 450:
            self.newest_first[:0] = [f"new-{page}-{number}" for number in range(90)]
        pagination = {"current-page": page, "next-page": more}
        return answer(200, {"data": listed, "meta": {"pagination": pagination}})


async def test_the_oldest_run_is_found_while_many_are_made() -> None:
    """A run whose response was lost is searched to the end of the lists, however they grow."""
    server = Pages(30)
    quick = PollSettings(
        batch_poll_seconds=0.01, longest_wait_seconds=0.01, list_lag_seconds=0
    )
    poller = BatchPoller(Client(server, "acme"), "batch-1", total=500, settings=quick)
    request = RunRequest(workspace_id="ws-run-1", configuration_version_id="cv-1")
    server.newest_first[:0] = [f"early-{number}" for number in range(250)]

    run = await found_by(poller, request)

    assert run is not None and run.id == "run-1"


class Lagging(Runs):
    """A server whose first list takes longer than lists may lag."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.lists = 0

    async def send(self, request: Request) -> Response:
        """Answer with a list that was made before time passed."""
        self.lists += 1
        listed = [self.resource(id) for id in self.statuses]
        self.now += 10.0
        self.statuses = {"run-1": "planning"}
        return answer(200, {"data": listed})

    def resource(self, id: str) -> dict[str, object]:
        """Return a run with what it was made from."""
        linked = {
            noun: {"data": {"type": f"{noun}s", "id": f"{noun}-1"}}
            for noun in ("workspace", "configuration-version")
        }
        return {**super().resource(id), "relationships": linked}


async def test_a_list_from_before_the_time_was_up_proves_nothing() -> None:
    """Only a list that is requested after that shows that no run was made."""
    server = Lagging()
    waits = PollSettings(
        batch_poll_seconds=0.01, longest_wait_seconds=0.01, list_lag_seconds=6.0
    )
    poller = BatchPoller(
        Client(server, "acme"), "batch-1", settings=waits, clock=lambda: server.now
    )
    request = RunRequest(
        workspace_id="workspace-1", configuration_version_id="configuration-version-1"
    )

    run = await found_by(poller, request)

    assert run is not None and run.id == "run-1"
    assert server.lists == 2


async def test_an_end_is_never_taken_back() -> None:
    """A list that lags behind an earlier response changes nothing."""
    server = Runs()
    poller = BatchPoller(Client(server, "acme"), "batch-1", settings=QUICK)
    run = poller.track(Run(id="run-1", status="pending"))

    run.update(Run(id="run-1", status="errored"), None)
    run.update(Run(id="run-1", status="planning"), None)

    assert run.latest.run.status == "errored"


async def test_notified_runs_are_polled_by_notifications_alone() -> None:
    """With notifications for all runs no list is read, and each notified run is polled by itself."""
    server = Runs()
    server.statuses = {f"run-{number}": "planning" for number in range(6)}
    notified = PollSettings(
        batch_poll_seconds=0.01, longest_wait_seconds=0.01, notified_poll_seconds=3600
    )
    poller = BatchPoller(Client(server, "acme"), "batch-1", settings=notified)
    runs = {id: poller.track(Run(id=id, status="pending")) for id in server.statuses}

    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            for run in runs.values():
                run.notified()
            group.start_soon(poller.run)
            while any(run.latest.run.status != "planning" for run in runs.values()):
                await runs["run-5"].next_snapshot(0.01)
            server.requests.clear()
            for id, run in runs.items():
                server.statuses[id] = "planned_and_finished"
                run.notified()
                statuses = [snapshot.run.status async for snapshot in run.snapshots()]
                assert statuses[-1] == "planned_and_finished"
            group.cancel_scope.cancel()

    assert server.requests == [f"runs/{id}" for id in runs]


async def test_a_round_begins_when_half_of_the_logs_have_ended() -> None:
    """Not with the first, and not only with the last; what is over does not count."""
    server = Runs()
    server.statuses = {f"run-{number}": "planning" for number in range(9)}
    calm = PollSettings(
        batch_poll_seconds=3600, longest_wait_seconds=3600, list_lag_seconds=0
    )
    poller = BatchPoller(Client(server, "acme"), "batch-1", settings=calm)

    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(poller.run)
            runs = [poller.track(Run(id=id, status="pending")) for id in server.statuses]
            server.statuses["run-8"] = "errored"
            await runs[8].next_snapshot()
            rounds = len(server.requests)
            await anyio.wait_all_tasks_blocked()
            for run in runs[:3]:
                run.poll_soon()
            assert not poller._hints.is_awake
            runs[3].poll_soon()
            assert poller._hints.is_awake
            await runs[0].next_snapshot()
            group.cancel_scope.cancel()

    assert len(server.requests) == rounds + 1


async def test_lists_are_spared_while_runs_are_made() -> None:
    """Where requests are limited: until all expected ones are made, or known not to be made."""
    server = Runs()
    server.statuses = {f"run-{number}": "planning" for number in range(6)}
    quick = PollSettings(
        batch_poll_seconds=0.01, longest_wait_seconds=0.01, list_lag_seconds=0
    )
    client = Client(server, "acme")
    client.announces_limits = True
    poller = BatchPoller(client, "batch-1", expected=7, settings=quick)
    for id in server.statuses:
        poller.track(Run(id=id, status="pending"))
    spared = poller._advance_pace()
    poller.expect_one_fewer()
    soon = [poller._advance_pace() for _ in range(6)]

    assert spared == quick.batch_poll_seconds
    assert soon == sorted(soon)
    assert soon[0] < spared == soon[-1]


async def test_polling_goes_on_for_hours() -> None:
    """The pause stays the same after thousands of rounds in which no run was added."""
    client = Client(Runs(), "acme")
    client.announces_limits = True
    poller = BatchPoller(client, "batch-1", settings=QUICK)
    for number in range(6):
        poller.track(Run(id=f"run-{number}", status="planning"))

    pauses = [poller._advance_pace() for _ in range(2000)]

    assert pauses[-1] == pauses[10] == QUICK.batch_poll_seconds


class Vacant(Runs):
    """A server whose lists of an organization are empty pages with the number 0."""

    async def send(self, request: Request) -> Response:
        """Answer a read; only the list of the workspace shows the run."""
        if request.where.startswith("organizations/"):
            return answer(200, {"data": [], "meta": {"pagination": {"current-page": 0}}})
        linked = {"data": {"type": "configuration-versions", "id": "cv-1"}}
        relationships = {"configuration-version": linked}
        return answer(
            200, {"data": [{**self.resource("run-1"), "relationships": relationships}]}
        )


async def test_lists_that_say_nothing_do_not_prove_that_there_is_no_run() -> None:
    """A page without runs and with the number 0 counts like a list that does not exist (W2)."""
    server = Vacant()
    server.statuses = {"run-1": "planning"}
    poller = BatchPoller(Client(server, "acme"), "batch-1", settings=QUICK)

    run = await found_by(
        poller, RunRequest(workspace_id="ws-1", configuration_version_id="cv-1")
    )

    assert run is not None and run.id == "run-1"
