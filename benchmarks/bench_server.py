"""`remote-backend serve` under load, in turns with another server that speaks the same API.

    python -m benchmarks.bench_server [REPETITIONS] [NAME URL TOKEN ORGANIZATION PROCESS_ID]

Ours runs as users start it, with the first engine on this machine. The other server has to run
already, with an organization and that engine; both get the same workspaces. Linux only.
"""

import asyncio
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import anyio
from attrs import frozen

from benchmarks.measure import ROOT, median, percentile, publish
from remote_backend.config.environment import process_environ
from remote_backend.engine.program import find_program
from tests.support.raw_client import archive_of, run_body

WORKSPACES = 200
CONNECTIONS = 16
# What is read, and how often.
READS = {
    "a workspace": ("/bench-{number:03}", 2000),
    "20 workspaces": ("?page[size]=20&page[number]={page}", 500),
    "100 workspaces": ("?page[size]=100", 200),
}
RUNS = 40
# The default of the other server that was measured; ours gets as many.
WORKERS = 5
CONFIGURATION = archive_of({"main.tf": b'resource "terraform_data" "a" {}\n'})
SPECULATIVE = {
    "data": {
        "type": "configuration-versions",
        "attributes": {"auto-queue-runs": False, "speculative": True},
    }
}
ENDED = ("planned_and_finished", "errored", "canceled")


@frozen
class Contestant:
    """A server, its organization, and its process."""

    who: str
    url: str
    token: str
    organization: str
    process_id: int

    @property
    def workspaces(self) -> str:
        """The path of its workspaces."""
        return f"organizations/{self.organization}/workspaces"

    def session(self) -> aiohttp.ClientSession:
        """Return a session with as many connections as there are clients."""
        return aiohttp.ClientSession(
            f"{self.url}/api/v2/",
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/vnd.api+json",
            },
            connector=aiohttp.TCPConnector(limit=CONNECTIONS),
        )

    def memory(self) -> dict[str, int]:
        """Return the memory of its process in MiB: now, and at its peak."""
        status = Path(f"/proc/{self.process_id}/status").read_text()
        kilobytes = dict(re.findall(r"(VmRSS|VmHWM):\s+(\d+) kB", status))
        return {
            "MiB": int(kilobytes["VmRSS"]) // 1024,
            "peak MiB": int(kilobytes["VmHWM"]) // 1024,
        }


async def send(
    session: aiohttp.ClientSession, method: str, path: str, body: Any = None
) -> Any:
    """Send a request; return its document, or nothing where there is none."""
    data = json.dumps(body) if isinstance(body, dict) else body
    async with session.request(method, path, data=data) as response:
        content = await response.read()
        if not response.ok:
            raise RuntimeError(f"{method} {path}: {response.status} {content!r}")
        return json.loads(content) if content.startswith(b"{") else None


async def in_parallel(count: int, once: Callable[[int], Awaitable[None]]) -> list[float]:
    """Do something so many times with all connections; return the seconds of each."""
    numbers = iter(range(count))
    seconds = []

    async def work() -> None:
        for number in numbers:
            begin = time.perf_counter()
            await once(number)
            seconds.append(time.perf_counter() - begin)

    async with anyio.create_task_group() as group:
        for _ in range(CONNECTIONS):
            group.start_soon(work)
    return seconds


async def seed(contestant: Contestant, version: str) -> None:
    """Create the workspaces that are not there yet."""
    async with contestant.session() as session:

        async def create(number: int) -> None:
            attributes = {"name": f"bench-{number:03}", "terraform-version": version}
            path = contestant.workspaces
            async with session.get(f"{path}/{attributes['name']}") as response:
                await response.read()
            if response.status == 404:
                body = {"data": {"type": "workspaces", "attributes": attributes}}
                await send(session, "POST", path, body)

        await in_parallel(WORKSPACES, create)


async def read(contestant: Contestant, what: str) -> dict[str, Any]:
    """Measure one kind of request."""
    path, count = READS[what]
    async with contestant.session() as session:

        async def once(number: int) -> None:
            query = path.format(number=number % WORKSPACES, page=1 + number % 10)
            await send(session, "GET", contestant.workspaces + query)

        begin = time.perf_counter()
        seconds = await in_parallel(count, once)
        taken = time.perf_counter() - begin
    return {
        "requests a second": round(count / taken),
        "p50": percentile(seconds, 50),
        "p99": percentile(seconds, 99),
        **contestant.memory(),
    }


async def plan(contestant: Contestant) -> dict[str, Any]:
    """Measure plan-only runs in as many workspaces, from the upload to the last status."""
    async with contestant.session() as session:
        begin = time.perf_counter()
        seconds = await in_parallel(RUNS, lambda number: run(session, contestant, number))
        taken = time.perf_counter() - begin
    return {
        "runs a minute": round(RUNS / taken * 60),
        "p50": percentile(seconds, 50),
        "p99": percentile(seconds, 99),
        **contestant.memory(),
    }


async def run(session: aiohttp.ClientSession, contestant: Contestant, number: int) -> None:
    """Upload a configuration, plan it, and wait for the end."""
    found = await send(session, "GET", f"{contestant.workspaces}/bench-{number:03}")
    workspace = found["data"]["id"]
    path = f"workspaces/{workspace}/configuration-versions"
    version = (await send(session, "POST", path, SPECULATIVE))["data"]
    await send(session, "PUT", version["attributes"]["upload-url"], CONFIGURATION)
    body = run_body(workspace, version["id"], plan_only=True, message="benchmark")
    created = (await send(session, "POST", "runs", body))["data"]
    while (status := created["attributes"]["status"]) not in ENDED:
        await asyncio.sleep(0.1)
        created = (await send(session, "GET", f"runs/{created['id']}"))["data"]
    if status != "planned_and_finished":
        raise RuntimeError(f"{contestant.who}: {created['id']} is {status}")


@contextmanager
def ours() -> Iterator[Contestant]:
    """Run our server with the first engine that is installed."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder, "ready.json")
        command = (
            "serve",
            f"-data={folder}/data",
            f"-ready-file={ready}",
            "-token=benchmark",
        )
        with subprocess.Popen(
            [sys.executable, "-m", "remote_backend", *command, f"-workers={WORKERS}"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        ) as process:
            try:
                assert process.stdout is not None
                process.stdout.readline()
                url = json.loads(ready.read_text())["url"]
                yield Contestant("remote-backend", url, "benchmark", "local", process.pid)
            finally:
                process.terminate()
                process.wait()


async def measure(
    contestants: list[Contestant], repetitions: int
) -> AsyncIterator[dict[str, Any]]:
    """Measure all contestants in turns; yield the medians."""
    for what in (*READS, "runs"):
        found: dict[str, list[dict[str, Any]]] = {one.who: [] for one in contestants}
        for _ in range(repetitions):
            for contestant in contestants:
                once = plan(contestant) if what == "runs" else read(contestant, what)
                found[contestant.who].append(await once)
        for who, rows in found.items():
            medians = {name: median([row[name] for row in rows]) for name in rows[0]}
            yield {"who": f"{who}: {what}", **medians}


async def main(repetitions: int, others: list[str]) -> None:
    """Publish one table of requests and one of runs."""
    version = find_program(None, process_environ()).version
    with ExitStack() as stack:
        contestants = [stack.enter_context(ours())]
        if others:
            who, url, token, organization, process_id = others
            contestants.append(Contestant(who, url, token, organization, int(process_id)))
        for contestant in contestants:
            await seed(contestant, version)
        rows = [row async for row in measure(contestants, repetitions)]
    requests = [row for row in rows if "requests a second" in row]
    runs = [row for row in rows if "runs a minute" in row]
    publish("server", "The server", requests, bar="requests a second", label="who")
    publish("server_runs", "Runs of the server", runs, bar="runs a minute", label="who")


if __name__ == "__main__":
    anyio.run(main, int((sys.argv[1:] or ["3"])[0]), sys.argv[2:])
