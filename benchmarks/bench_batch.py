"""Many plans: ours beside parallel processes of Terraform and threads of pytfe.

    python -m benchmarks.bench_batch [REPETITIONS]
    python -m benchmarks.bench_batch free|requests|compare|memory|faults [WORKSPACES] [SEED]

The first measures everything and writes a table; the second prints one JSON line about one
scenario of ours. The floor is the shortest chain of requests of one plan with its queue and its
plan, and the time until a limit has let the runs of all workspaces and three more requests pass.
"""

import json
import logging
import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import anyio
import structlog

import remote_backend
from benchmarks.bench_latency import terraforms
from benchmarks.measure import Server, ended, median, percentile, publish, serving

ROUND_TRIP = 0.02
QUEUE_SECONDS = 0.2
PLAN_SECONDS = 1.0
CHAIN = 4
PER_SECOND = 30
LIMITS = {"requests_per_second": PER_SECOND, "run_lists_per_minute": PER_SECOND}
NEAR = {"latency_seconds": ROUND_TRIP, "queue_seconds": QUEUE_SECONDS}
NETWORK = [
    {"kind": "status", "path": "/api/v2/", "status": 503, "probability": 0.05},
    {"kind": "reset_before", "path": "/api/v2/", "probability": 0.02},
    {"kind": "reset_after", "path": "/api/v2/", "probability": 0.02},
    {"kind": "cut", "path": "/signed/log/", "probability": 0.05},
    {
        "kind": "status",
        "path": "/api/v2/",
        "status": 429,
        "probability": 0.05,
        "headers": {"X-RateLimit-Reset": "0.5"},
    },
]
SCENARIOS: dict[str, dict[str, Any]] = {
    "free": {"workspaces": 50, "faults": {}},
    "requests": {"workspaces": 200, "faults": LIMITS},
    "compare": {"workspaces": 200, "faults": LIMITS, "compares": True},
    "memory": {"workspaces": 1000, "lines": 100, "faults": {}},
    "faults": {"workspaces": 500, "faults": LIMITS, "rules": NETWORK},
}


def table(repetitions: int) -> None:
    """Measure all contestants and write the table."""
    rows = []
    for limited in (False, True):
        for workspaces in (1, 10, 50, 200, 1000):
            faults = {**NEAR, **(LIMITS if limited else {})}
            with serving(workspaces, [PLAN_SECONDS], faults=faults) as server:
                for who, once in contestants(server, workspaces, limited).items():
                    count = repetitions if workspaces <= 50 and "remote" in who else 1
                    found = []
                    for _ in range(count):
                        # What one has asked must not count against the next.
                        time.sleep(1)
                        found.append(once())
                    rows.append(row(who, workspaces, limited, found))
                    print(rows[-1], file=sys.stderr)
    publish("batch", "Batches", rows, bar="times the floor", label="who")


def contestants(
    server: Server, workspaces: int, limited: bool
) -> dict[str, Callable[[], dict[str, Any]]]:
    """Return what each of them does, by names; those that would take minutes are left out."""
    made: dict[str, Callable[[], dict[str, Any]]] = {
        "remote-backend plan -all": partial(by_us, server)
    }
    if workspaces not in ((50, 200) if limited else (10, 50)):
        return made
    widths = {10} if limited else {10, workspaces}
    name, program = next(iter(terraforms().items()))
    for width in sorted(widths):
        made[f"{name}, {width} processes"] = partial(
            by_terraform, server, program, workspaces, width
        )
        made[f"pytfe script, {width} threads"] = partial(
            by_pytfe, server, workspaces, width
        )
    return made


def by_us(server: Server, flags: Sequence[str] = ()) -> dict[str, Any]:
    """Plan all with our command line, whose events have the time at which each plan was known."""
    command = [sys.executable, "-m", "remote_backend", "plan", "-all", "-json", *flags]
    known: dict[str, float] = {}
    failed = 0
    server.stats()
    began = time.time()
    with subprocess.Popen(
        command,
        cwd=server.directory,
        env=server.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(b'{"type":"plan_finished"'):
                outcome = json.loads(line)["outcome"]
                known[outcome["remote_name"]] = time.time()
                failed += outcome["result"] not in ("changed", "unchanged")
        used = ended(process)
    return figures(
        server, began, known, failed, used.ru_utime + used.ru_stime, used.ru_maxrss >> 10
    )


def by_terraform(
    server: Server, program: list[str], workspaces: int, width: int
) -> dict[str, Any]:
    """Plan each workspace with a process of its own, so many at once."""
    environ = server.environ()
    subprocess.run(
        [*program, "init", "-input=false"],
        cwd=server.directory,
        env={**environ, "TF_WORKSPACE": "0000"},
        check=True,
        capture_output=True,
    )
    waiting = [f"{number:04}" for number in range(workspaces)]
    # The processes are kept: one that is forgotten is reaped by whoever starts the next.
    living: dict[int, tuple[str, subprocess.Popen[bytes]]] = {}
    known: dict[str, float] = {}
    failed, cpu, largest = 0, 0.0, 0
    server.stats()
    began = time.time()
    while waiting or living:
        while waiting and len(living) < width:
            name = waiting.pop(0)
            process = subprocess.Popen(
                [*program, "plan", "-no-color", "-input=false"],
                cwd=server.directory,
                env={**environ, "TF_WORKSPACE": name},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            living[process.pid] = name, process
        pid, status, used = os.wait4(-1, 0)
        if pid in living:
            name, process = living.pop(pid)
            process.returncode = status
            known[f"net-{name}"] = time.time()
            failed += status != 0
            cpu += used.ru_utime + used.ru_stime
            largest = max(largest, used.ru_maxrss >> 10)
    return figures(server, began, known, failed, cpu, largest * min(width, workspaces))


def by_pytfe(server: Server, workspaces: int, width: int) -> dict[str, Any]:
    """Plan each workspace with the script, in so many threads of one process."""
    command = server.pytfe_plans(workspaces, width)
    known: dict[str, float] = {}
    failed = 0
    server.stats()
    began = time.time()
    with subprocess.Popen(
        command, env=server.environ(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            name, at, succeeded = line.decode().split()
            known[name] = float(at)
            failed += succeeded != "True"
        used = ended(process)
    return figures(
        server, began, known, failed, used.ru_utime + used.ru_stime, used.ru_maxrss >> 10
    )


def figures(
    server: Server,
    began: float,
    known: dict[str, float],
    failed: int,
    cpu: float,
    peak: int,
) -> dict[str, Any]:
    """Return what one batch took."""
    seconds = time.time() - began
    stats = server.stats()
    late = [known[name] - ended for name, _, ended in stats["runs"] if name in known]
    return {
        "seconds": seconds,
        "failed": failed,
        "late": late,
        "api": stats["api"],
        "all": stats["all"],
        "refused": stats["refused"],
        "uploads": stats["uploads"],
        "cpu": cpu,
        "peak": peak,
    }


def floor_of(workspaces: int, limited: bool) -> float:
    """Return the seconds that nobody can be faster than."""
    waiting = max(0, workspaces + 3 - PER_SECOND) / PER_SECOND if limited else 0.0
    return CHAIN * ROUND_TRIP + QUEUE_SECONDS + PLAN_SECONDS + waiting


def row(
    who: str, workspaces: int, limited: bool, found: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return medians over repetitions."""
    floor = floor_of(workspaces, limited)
    seconds = statistics.median(one["seconds"] for one in found)
    late = [one for run in found for one in run["late"]]
    return {
        "who": f"{who}: {workspaces}{', 30 a second' if limited else ''}",
        "floor": round(floor, 2),
        "seconds": round(seconds, 2),
        "times the floor": round(seconds / floor, 2),
        "failed": max(one["failed"] for one in found),
        "end to known p50": percentile(late, 50) if late else "-",
        "p99": percentile(late, 99) if late else "-",
        "API requests each": round(median([one["api"] for one in found]) / workspaces, 2),
        "all requests each": round(median([one["all"] for one in found]) / workspaces, 2),
        "refused": median([one["refused"] for one in found]),
        "uploads": median([one["uploads"] for one in found]),
        "CPU seconds": round(median([one["cpu"] for one in found]), 2),
        "peak MiB": round(median([one["peak"] for one in found])),
    }


async def scenario(name: str, workspaces: int, seed: int) -> dict[str, Any]:
    """Run one scenario of ours in this process and return its figures."""
    chosen = SCENARIOS[name]
    faults = {**NEAR, **chosen["faults"], "seed": seed}
    settings = {"lines": chosen.get("lines", 1), "line_bytes": 10_000}
    with serving(
        workspaces,
        [PLAN_SECONDS],
        faults=faults,
        rules=chosen.get("rules", ()),
        **settings,
    ) as server:
        sizes: dict[str, int] = defaultdict(int)
        options = None
        if chosen.get("compares"):
            commit_to_main(server.directory)
            options = remote_backend.BatchOptions(base=remote_backend.ReferenceBase("main"))
        # Services import it long before.
        import_module("remote_backend.backend")
        started, cpu = time.monotonic(), time.process_time()
        async with (
            remote_backend.open_backend(
                server.directory, environ=server.environ()
            ) as backend,
            backend.plan_all(options) as batch,
        ):
            async for event in batch:
                if isinstance(event, remote_backend.LogChunkRead):
                    sizes[event.workspace] += len(event.data)
            client = backend.connection.client
        seconds = time.monotonic() - started
        records = server.directory.parent / "data" / "records.sqlite"
        floor = floor_of(workspaces, bool(chosen["faults"]))
        return {
            "workspaces": workspaces,
            "results": Counter(outcome.result.value for outcome in batch.outcomes),
            "complete_logs": sum(outcome.log_is_complete for outcome in batch.outcomes),
            "log_sizes": len(set(sizes.values())),
            "runs_per_workspace": runs_per_workspace(records),
            "api_requests_per_workspace": round(client.answered_count / workspaces, 2),
            "seconds": round(seconds, 1),
            "times_the_floor": round(seconds / floor, 2),
            "cpu_seconds": round(time.process_time() - cpu, 2),
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
        }


def commit_to_main(directory: Path) -> None:
    """Make a repository of a configuration, whose branch `main` is what it holds."""
    user = ("-c", "user.name=Ann", "-c", "user.email=ann@example.test")
    for arguments in (("init", "-b", "main"), ("add", "--all"), ("commit", "-m", "base")):
        subprocess.run(
            ["git", *user, *arguments], cwd=directory, check=True, capture_output=True
        )


def runs_per_workspace(records: Path) -> dict[str, int]:
    """Return how many workspaces have how many runs, and how many runs never ended."""
    with closing(sqlite3.connect(records)) as connection:
        rows = connection.execute("select body from record where kind = 'run'")
        runs = [json.loads(body) for (body,) in rows]
    counts = Counter(Counter(run["workspace_id"] for run in runs).values())
    over = sum(run["status"] == "planned_and_finished" for run in runs)
    return {**{str(n): count for n, count in counts.items()}, "unended": len(runs) - over}


def main() -> None:
    """Measure everything, or the scenario that the arguments name."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    name = sys.argv[1] if len(sys.argv) > 1 else "3"
    if name.isdigit():
        table(int(name))
        return
    workspaces = int(sys.argv[2]) if len(sys.argv) > 2 else SCENARIOS[name]["workspaces"]
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    print(json.dumps({"scenario": name, **anyio.run(scenario, name, workspaces, seed)}))


if __name__ == "__main__":
    main()
