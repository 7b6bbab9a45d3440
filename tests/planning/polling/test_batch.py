"""Looking at many runs together."""

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
        self.asked: list[str] = []

    async def send(self, request: Request) -> Response:
        """Answer a read."""
        self.asked.append(request.where)
        if request.is_run_list:
            return answer(200, {"data": [self.resource(id) for id in self.statuses]})
        return answer(200, {"data": self.resource(request.where.removeprefix("runs/"))})

    def resource(self, id: str) -> dict[str, object]:
        """Return a run as a resource."""
        return {"id": id, "type": "runs", "attributes": {"status": self.statuses[id]}}


async def test_a_run_that_comes_late_is_looked_at_too() -> None:
    """When all others have ended, the sweep rests, and a new run wakes it."""
    server = Runs()
    server.statuses = {f"run-{number}": "planned_and_finished" for number in range(6)}
    sweep = BatchPoller(Client(server, "acme"), "batch-1", settings=QUICK)

    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(sweep.run)
            for ids in (["run-0", "run-1", "run-2", "run-3", "run-4"], ["run-5"]):
                watched = [sweep.track(Run(id=id, status="pending")) for id in ids]
                for one in watched:
                    seen = [look.run.status async for look in one.snapshots()]
                    assert seen[-1] == "planned_and_finished"
                await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()

    assert server.asked.count("organizations/acme/runs") >= 1


async def found_by(sweep: BatchPoller, request: RunRequest) -> Run | None:
    """Let a sweep look for the run of a request whose answer was lost."""
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(sweep.run)
            found = await sweep.find(request)
            group.cancel_scope.cancel()
    return found


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
    """A run whose answer was lost is looked for to the end of the lists, however they grow."""
    server = Pages(30)
    quick = PollSettings(
        batch_poll_seconds=0.01, longest_wait_seconds=0.01, list_lag_seconds=0
    )
    sweep = BatchPoller(Client(server, "acme"), "batch-1", total=500, settings=quick)
    request = RunRequest(workspace_id="ws-run-1", configuration_version_id="cv-1")
    server.newest_first[:0] = [f"early-{number}" for number in range(250)]

    found = await found_by(sweep, request)

    assert found is not None and found.id == "run-1"


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
    """Only a list that was asked for after that shows that no run was made."""
    server = Lagging()
    waits = PollSettings(
        batch_poll_seconds=0.01, longest_wait_seconds=0.01, list_lag_seconds=6.0
    )
    sweep = BatchPoller(
        Client(server, "acme"), "batch-1", settings=waits, clock=lambda: server.now
    )
    request = RunRequest(
        workspace_id="workspace-1", configuration_version_id="configuration-version-1"
    )

    found = await found_by(sweep, request)

    assert found is not None and found.id == "run-1"
    assert server.lists == 2


async def test_an_end_is_never_taken_back() -> None:
    """A list that lags behind what was seen changes nothing."""
    server = Runs()
    sweep = BatchPoller(Client(server, "acme"), "batch-1", settings=QUICK)
    watched = sweep.track(Run(id="run-1", status="pending"))

    watched.update(Run(id="run-1", status="errored"), None)
    watched.update(Run(id="run-1", status="planning"), None)

    assert watched.latest.run.status == "errored"


async def test_runs_that_the_server_tells_of_are_not_asked_for() -> None:
    """Once it has told of all, lists are left alone and each told run is read by itself."""
    server = Runs()
    server.statuses = {f"run-{number}": "planning" for number in range(6)}
    told = PollSettings(
        batch_poll_seconds=0.01, longest_wait_seconds=0.01, notified_poll_seconds=3600
    )
    sweep = BatchPoller(Client(server, "acme"), "batch-1", settings=told)
    watched = {id: sweep.track(Run(id=id, status="pending")) for id in server.statuses}

    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            for one in watched.values():
                one.notified()
            group.start_soon(sweep.run)
            while any(one.latest.run.status != "planning" for one in watched.values()):
                await watched["run-5"].next_snapshot(0.01)
            server.asked.clear()
            for id, one in watched.items():
                server.statuses[id] = "planned_and_finished"
                one.notified()
                seen = [look.run.status async for look in one.snapshots()]
                assert seen[-1] == "planned_and_finished"
            group.cancel_scope.cancel()

    assert server.asked == [f"runs/{id}" for id in watched]


async def test_a_round_begins_when_half_of_the_logs_have_ended() -> None:
    """Not with the first, and not only with the last; what is over does not count."""
    server = Runs()
    server.statuses = {f"run-{number}": "planning" for number in range(9)}
    calm = PollSettings(
        batch_poll_seconds=3600, longest_wait_seconds=3600, list_lag_seconds=0
    )
    sweep = BatchPoller(Client(server, "acme"), "batch-1", settings=calm)

    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(sweep.run)
            watched = [sweep.track(Run(id=id, status="pending")) for id in server.statuses]
            server.statuses["run-8"] = "errored"
            await watched[8].next_snapshot()
            rounds = len(server.asked)
            await anyio.wait_all_tasks_blocked()
            for swept in watched[:3]:
                swept.poll_soon()
            assert not sweep._hints.is_awake
            watched[3].poll_soon()
            assert sweep._hints.is_awake
            await watched[0].next_snapshot()
            group.cancel_scope.cancel()

    assert len(server.asked) == rounds + 1


async def test_lists_are_spared_while_runs_are_made() -> None:
    """Where requests are limited: until all expected ones are there, or known not to come."""
    server = Runs()
    server.statuses = {f"run-{number}": "planning" for number in range(6)}
    quick = PollSettings(
        batch_poll_seconds=0.01, longest_wait_seconds=0.01, list_lag_seconds=0
    )
    client = Client(server, "acme")
    client.announces_limits = True
    sweep = BatchPoller(client, "batch-1", expected=7, settings=quick)
    for id in server.statuses:
        sweep.track(Run(id=id, status="pending"))
    spared = sweep._pause_seconds()
    sweep.one_fewer_expected()
    soon = [sweep._pause_seconds() for _ in range(6)]

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

    pauses = [poller._pause_seconds() for _ in range(2000)]

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
    sweep = BatchPoller(Client(server, "acme"), "batch-1", settings=QUICK)

    found = await found_by(
        sweep, RunRequest(workspace_id="ws-1", configuration_version_id="cv-1")
    )

    assert found is not None and found.id == "run-1"
