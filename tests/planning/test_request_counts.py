"""How many requests of the API a batch needs, by what they are for, in time that does not pass."""

import json
import math
import re
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import pytest

from remote_backend.api.client import Client
from remote_backend.api.messages import Request, Response
from remote_backend.models.addresses import SignedUrl
from remote_backend.models.workspace import Workspace
from remote_backend.planning.base_choice import BaseChoice, VersionBase
from remote_backend.planning.batch import run_batch
from remote_backend.planning.options import BatchOptions
from remote_backend.workspaces import LocalWorkspace
from tests.support.fakes import answer, batch_context
from tests.support.servers import run_virtually

COUNT = 200
PLAN_SECONDS = 1.2
ROUND_TRIP_SECONDS = 0.02
CONNECTIONS = 10
WATCHING = {
    "POST workspaces/ws/configuration-versions",
    "GET configuration-versions/cv",
    "GET organizations/acme/runs",
    "GET runs/run",
}
JSON_PLAN = b'{"format_version": "1.2", "resource_changes": []}'


class Server:
    """A server whose plans take a time, and which may let so many requests pass in a second."""

    def __init__(self, plan_seconds: float, per_second: float | None) -> None:
        self.requests: Counter[str] = Counter()
        self._plan_seconds = plan_seconds
        self._interval = 1 / per_second if per_second else 0.0
        self._headers = {"tfp_appname": "remote-backend", "tfp_api_version": "2.6"}
        if per_second:
            self._headers["x_ratelimit_limit"] = f"{per_second:g}"
        self._next_at = -math.inf
        self._connections = anyio.CapacityLimiter(CONNECTIONS)
        self._runs: list[dict[str, Any]] = []
        self._versions = 0

    async def send(self, request: Request) -> Response:
        """Answer after a round trip, once the limit allows it."""
        if isinstance(request.target, SignedUrl):
            await anyio.sleep(ROUND_TRIP_SECONDS)
            return self._signed(request, request.target.address)
        self.requests[re.sub(r"-\d+", "", f"{request.method} {request.where}")] += 1
        async with self._connections:
            now = anyio.current_time()
            self._next_at = max(now, self._next_at + self._interval)
            # Where archives are kept is slower, so runs are made before a version was read.
            is_slow = request.where.startswith("configuration-versions/")
            seconds = ROUND_TRIP_SECONDS * (2 if is_slow else 1)
            await anyio.sleep(self._next_at - now + seconds)
        response = self._answer(request)
        return answer(response.status, response.body, **self._headers)

    def _answer(self, request: Request) -> Response:
        match request.method, request.where.split("/"):
            case "POST", ["workspaces", _, "configuration-versions"]:
                self._versions += 1
                resource = {
                    "id": f"cv-{self._versions}",
                    "type": "configuration-versions",
                    "attributes": {"status": "pending", "upload-url": "https://t.test/up"},
                }
                return answer(201, {"data": resource})
            case "GET", ["configuration-versions", id]:
                resource = {"id": id, "type": "configuration-versions"}
                return answer(
                    200, {"data": {**resource, "attributes": {"status": "uploaded"}}}
                )
            case "POST", ["runs"]:
                assert isinstance(request.body, bytes)
                data = json.loads(request.body)["data"]
                self._runs.append({**data, "made_at": anyio.current_time()})
                return answer(201, {"data": self._run(len(self._runs) - 1)})
            case "GET", ["runs", id]:
                number = int(id.removeprefix("run-"))
                plans = [self._plan(number)]
                return answer(200, {"data": self._run(number), "included": plans})
            case "GET", ["organizations", "acme", "runs"]:
                return self._list(int(dict(request.query)["page[number]"]))
            case "GET", ["plans", _, "json-output-redacted"]:
                return answer(200, JSON_PLAN)
        return answer(404)

    def _list(self, page: int) -> Response:
        numbers = list(range(len(self._runs)))[::-1]
        shown = numbers[(page - 1) * 100 : page * 100]
        following = page + 1 if page * 100 < len(numbers) else None
        body = {
            "data": [self._run(number) for number in shown],
            "included": [self._plan(number) for number in shown],
            "meta": {"pagination": {"current-page": page, "next-page": following}},
        }
        return answer(200, body)

    def _is_over(self, number: int) -> bool:
        made_at: float = self._runs[number]["made_at"]
        return anyio.current_time() >= made_at + self._plan_seconds

    def _run(self, number: int) -> dict[str, Any]:
        made = self._runs[number]
        status = "planned_and_finished" if self._is_over(number) else "planning"
        plan = {"data": {"id": f"plan-{number}", "type": "plans"}}
        return {
            "id": f"run-{number}",
            "type": "runs",
            "attributes": {**made["attributes"], "status": status, "has-changes": True},
            "relationships": {**made["relationships"], "plan": plan},
        }

    def _plan(self, number: int) -> dict[str, Any]:
        attributes = {
            "status": "finished" if self._is_over(number) else "running",
            "has-changes": True,
            "log-read-url": f"https://t.test/log/{number}",
        }
        return {"id": f"plan-{number}", "type": "plans", "attributes": attributes}

    def _signed(self, request: Request, address: str) -> Response:
        if request.method == "PUT":
            return answer(200)
        is_over = self._is_over(int(address.rpartition("/")[2]))
        log = b"\x02planning\n" + (b"planned\n\x03" if is_over else b"")
        return answer(200, log[int(dict(request.query)["offset"]) :])


def requests_of(server: Server, folder: Path, base: BaseChoice | None) -> Counter[str]:
    """Plan 200 workspaces; return the requests by route, without those that find the workspaces."""
    (folder / "main.tf").write_text("")
    named = [
        LocalWorkspace(f"{number}", Workspace(id=f"ws-{number}", name=f"net-{number}"))
        for number in range(COUNT)
    ]

    async def plan() -> None:
        with anyio.fail_after(1_000):
            client, context = Client(server, "acme"), batch_context(folder)
            # In practice the list of workspaces comes first, and its response announces limits.
            await client.find_workspace("net-0")
            server.requests.clear()
            async with run_batch(client, named, BatchOptions(base=base), context) as batch:
                assert all(outcome.succeeded for outcome in await batch.wait())

    run_virtually(plan)
    return server.requests


@pytest.mark.parametrize("per_second", [None, 30])
def test_making_and_watching_two_plans_takes_hardly_more_than_two_requests(
    per_second: float | None, tmp_path: Path
) -> None:
    """At most 2.05 for each workspace, and one more for each JSON plan that is read."""
    server = Server(PLAN_SECONDS, per_second)

    requests = requests_of(server, tmp_path, VersionBase("1.11.4"))

    assert requests.pop("POST runs") == 2 * COUNT
    assert requests.pop("GET plans/plan/json-output-redacted") == 2 * COUNT
    assert requests["POST workspaces/ws/configuration-versions"] == 2
    # A run that was made shows that its upload is usable.
    assert requests["GET configuration-versions/cv"] == 2
    assert set(requests) <= WATCHING
    assert 2 * COUNT + requests.total() <= 2.05 * COUNT


@pytest.mark.parametrize(("per_second", "most"), [(None, 1.08), (30, 1.05)])
def test_a_plan_takes_hardly_more_than_one_request(
    per_second: float | None, most: float, tmp_path: Path
) -> None:
    """One makes each run, and what watches them all stays small."""
    server = Server(PLAN_SECONDS, per_second)

    requests = requests_of(server, tmp_path, None)

    assert requests["POST runs"] == COUNT
    assert requests["GET configuration-versions/cv"] == 1
    assert set(requests) <= {*WATCHING, "POST runs"}
    assert requests.total() <= most * COUNT
