"""`remote-backend serve` under load, in turns with another server that speaks the same API.

    python -m benchmarks.bench_server [-configuration=DIR [-mirror=DIR]]
        [REPETITIONS] [NAME URL TOKEN ORGANIZATION PROCESS_ID]

Ours runs as users start it, with the first engine on this machine. The other server has to run
already, with an organization and that engine; both get the same workspaces. Linux only.

With a configuration only runs of it are measured. Its providers come from the filesystem mirror, or
from where `TF_CLI_CONFIG_FILE` leads; the other server has to be started with the same sources.
"""

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
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
CONFIGURATION = {"main.tf": b'resource "terraform_data" "a" {}\n'}
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

    def work(self) -> tuple[float, float]:
        """Return the CPU seconds and the written MB of its process and of the engines that ended."""
        folder = Path(f"/proc/{self.process_id}")
        # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: fields 14 to 17
        times = (folder / "stat").read_text().rpartition(")")[2].split()[11:15]
        written = re.search(
            r"^write_bytes: (\d+)", (folder / "io").read_text(), re.MULTILINE
        )
        assert written is not None
        return sum(map(int, times)) / os.sysconf("SC_CLK_TCK"), int(written[1]) / 1e6


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


async def plan(contestant: Contestant, archive: bytes) -> dict[str, Any]:
    """Measure plan-only runs in as many workspaces, from the upload to the last status."""
    cpu_before, written_before = contestant.work()
    async with contestant.session() as session:
        begin = time.perf_counter()
        seconds = await in_parallel(
            RUNS, lambda number: run(session, contestant, number, archive)
        )
        taken = time.perf_counter() - begin
    cpu, written = contestant.work()
    return {
        "runs a minute": round(RUNS / taken * 60),
        "p50": percentile(seconds, 50),
        "p99": percentile(seconds, 99),
        "CPU seconds a run": round((cpu - cpu_before) / RUNS, 3),
        "written MB a run": round((written - written_before) / RUNS, 1),
        **contestant.memory(),
    }


async def run(
    session: aiohttp.ClientSession, contestant: Contestant, number: int, archive: bytes
) -> None:
    """Upload a configuration, plan it, and wait for the end."""
    found = await send(session, "GET", f"{contestant.workspaces}/bench-{number:03}")
    workspace = found["data"]["id"]
    path = f"workspaces/{workspace}/configuration-versions"
    version = (await send(session, "POST", path, SPECULATIVE))["data"]
    await send(session, "PUT", version["attributes"]["upload-url"], archive)
    body = run_body(workspace, version["id"], plan_only=True, message="benchmark")
    created = (await send(session, "POST", "runs", body))["data"]
    while (status := created["attributes"]["status"]) not in ENDED:
        await asyncio.sleep(0.1)
        created = (await send(session, "GET", f"runs/{created['id']}"))["data"]
    if status != "planned_and_finished":
        raise RuntimeError(f"{contestant.who}: {created['id']} is {status}")


@contextmanager
def ours(*options: str) -> Iterator[Contestant]:
    """Run our server with the first engine that is installed."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder, "ready.json")
        command = (
            "serve",
            f"-data={folder}/data",
            f"-ready-file={ready}",
            "-token=benchmark",
            f"-workers={WORKERS}",
            *options,
        )
        with subprocess.Popen(
            [sys.executable, "-m", "remote_backend", *command],
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


def files_of(configuration: Path) -> dict[str, bytes]:
    """Return the files of a folder, without what `init` left in it."""
    return {
        path.name: path.read_bytes() for path in configuration.iterdir() if path.is_file()
    }


async def measure(
    contestants: list[Contestant],
    repetitions: int,
    once: Callable[[Contestant], Awaitable[dict[str, Any]]],
) -> dict[str, dict[str, Any]]:
    """Measure all contestants in turns; return the medians."""
    found: dict[str, list[dict[str, Any]]] = {one.who: [] for one in contestants}
    for _ in range(repetitions):
        for contestant in contestants:
            found[contestant.who].append(await once(contestant))
    return {
        who: {name: median([row[name] for row in rows]) for name in rows[0]}
        for who, rows in found.items()
    }


async def measure_reads(contestants: list[Contestant], repetitions: int) -> None:
    """Publish the table of requests."""
    rows = []
    for what in READS:
        medians = await measure(contestants, repetitions, partial(read, what=what))
        rows += [{"who": f"{who}: {what}", **row} for who, row in medians.items()]
    publish("server", "The server", rows, bar="requests a second", label="who")


async def measure_runs(
    contestants: list[Contestant], repetitions: int, files: dict[str, bytes], name: str
) -> None:
    """Publish the table of runs."""
    archive = archive_of(files)
    for contestant in contestants:
        # A cache of providers that both may have is filled by one run, before others share it.
        async with contestant.session() as session:
            await run(session, contestant, 0, archive)
    once = partial(plan, archive=archive)
    medians = await measure(contestants, repetitions, once)
    rows = [{"who": who, **row} for who, row in medians.items()]
    publish(name, "Runs of the server", rows, bar="runs a minute", label="who")


async def main(options: argparse.Namespace) -> None:
    """Publish one table of requests and one of runs, or that of runs with a configuration."""
    version = find_program(None, process_environ()).version
    mirror = [f"-provider-mirror={options.mirror}"] if options.mirror else []
    with ExitStack() as stack:
        contestants = [stack.enter_context(ours(*mirror))]
        if options.other:
            who, url, token, organization, process_id = options.other
            contestants.append(Contestant(who, url, token, organization, int(process_id)))
        for contestant in contestants:
            await seed(contestant, version)
        if options.configuration:
            files = files_of(options.configuration)
            name = f"server_{options.configuration.resolve().name}"
            await measure_runs(contestants, options.repetitions, files, name)
        else:
            await measure_reads(contestants, options.repetitions)
            await measure_runs(
                contestants, options.repetitions, CONFIGURATION, "server_runs"
            )


def parsed() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-configuration", type=Path)
    parser.add_argument("-mirror", type=Path)
    parser.add_argument("repetitions", type=int, nargs="?", default=3)
    parser.add_argument("other", nargs="*")
    return parser.parse_args()


if __name__ == "__main__":
    anyio.run(main, parsed())
