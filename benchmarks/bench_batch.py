"""How much a batch needs: requests, time against the floor, memory, and what faults cost.

    python benchmarks/bench_batch.py free|requests|memory|faults [WORKSPACES] [SEED]

The server runs in a process of its own with the simulated engine; each call prints one JSON
line. The floor is what the limit of requests allows, plus the time of one plan.
"""

import asyncio
import json
import logging
import resource
import sqlite3
import sys
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import structlog

import remote_backend

PLAN_SECONDS = 2.0
PER_SECOND = 30
LIMITS = {"requests_per_second": PER_SECOND, "run_lists_per_minute": PER_SECOND}
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
    "free": {"workspaces": 50, "log_bytes": 10_000, "faults": {}},
    "requests": {"workspaces": 200, "log_bytes": 10_000, "faults": LIMITS},
    "memory": {"workspaces": 1000, "log_bytes": 1_000_000, "faults": {}},
    "faults": {
        "workspaces": 500,
        "log_bytes": 10_000,
        "faults": {**LIMITS, "rules": NETWORK},
    },
}


async def measure(name: str, workspaces: int, seed: int) -> dict[str, Any]:
    """Run one scenario and return its figures."""
    scenario = SCENARIOS[name]
    with tempfile.TemporaryDirectory() as folder:
        ready = await serve(Path(folder), scenario, workspaces, seed)
        try:
            return await plan(Path(folder), ready, scenario, workspaces)
        finally:
            ready["process"].terminate()
            await ready["process"].wait()


async def serve(
    folder: Path, scenario: dict[str, Any], workspaces: int, seed: int
) -> dict[str, Any]:
    """Start a server and return what its ready file says, and its process."""
    line = "x" * 9_999 + "\n"
    repeat = scenario["log_bytes"] // len(line)
    simulated = {"seconds": PLAN_SECONDS, "add": 1, "log": line, "repeat": repeat}
    names = [f"net-{number:04}" for number in range(workspaces)]
    seeds = {"workspace": {name: {"simulated": simulated} for name in names}}
    (folder / "seed.json").write_text(json.dumps(seeds))
    (folder / "faults.json").write_text(json.dumps({**scenario["faults"], "seed": seed}))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "remote_backend", "serve", "-engine=simulated"),
        *(f"-data={folder / 'data'}", f"-ready-file={folder / 'ready.json'}"),
        *(f"-seed={folder / 'seed.json'}", f"-faults={folder / 'faults.json'}"),
        f"-workers={workspaces}",
        stdout=asyncio.subprocess.DEVNULL,
    )
    while not (folder / "ready.json").exists():  # noqa: ASYNC110 # another process writes it
        await anyio.sleep(0.05)
    return {**json.loads((folder / "ready.json").read_text()), "process": process}


async def plan(
    folder: Path, ready: dict[str, Any], scenario: dict[str, Any], workspaces: int
) -> dict[str, Any]:
    """Plan all workspaces and return the figures."""
    directory = folder / "configuration"
    directory.mkdir()
    (directory / "main.tf").write_text(
        f'terraform {{\n backend "remote" {{\n  hostname = "{ready["hostname"]}"\n'
        f'  organization = "{ready["organization"]}"\n'
        '  workspaces {\n   prefix = "net-"\n  }\n }\n}\n'
    )
    sizes: dict[str, int] = defaultdict(int)
    started, cpu = time.monotonic(), time.process_time()
    environ = {"TF_CLI_CONFIG_FILE": ready["cli_config_file"]}
    async with (
        remote_backend.open_backend(directory, environ=environ) as backend,
        backend.plan_all() as batch,
    ):
        async for event in batch:
            if isinstance(event, remote_backend.LogChunkRead):
                sizes[event.workspace] += len(event.data)
        client = backend.connection.client
    seconds = time.monotonic() - started
    floor = PLAN_SECONDS + (workspaces / PER_SECOND if scenario["faults"] else 0)
    return {
        "workspaces": workspaces,
        "results": Counter(one.result.value for one in batch.outcomes),
        "complete_logs": sum(one.log_is_complete for one in batch.outcomes),
        "log_sizes": len(set(sizes.values())),
        "runs_per_workspace": runs_per_workspace(folder / "data" / "records.sqlite"),
        "api_requests_per_workspace": round(client.answered_count / workspaces, 2),
        "seconds": round(seconds, 1),
        "times_the_floor": round(seconds / floor, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    }


def runs_per_workspace(records: Path) -> dict[str, int]:
    """Return how many workspaces have how many runs, and how many runs never ended."""
    with closing(sqlite3.connect(records)) as connection:
        rows = connection.execute("select body from record where kind = 'ServedRun'")
        runs = [json.loads(body) for (body,) in rows]
    counts = Counter(Counter(run["workspace_id"] for run in runs).values())
    over = sum(run["status"] == "planned_and_finished" for run in runs)
    return {**{str(n): count for n, count in counts.items()}, "unended": len(runs) - over}


def main() -> None:
    """Run the scenario that the arguments name."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    name = sys.argv[1] if len(sys.argv) > 1 else "requests"
    workspaces = int(sys.argv[2]) if len(sys.argv) > 2 else SCENARIOS[name]["workspaces"]
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    print(json.dumps({"scenario": name, **anyio.run(measure, name, workspaces, seed)}))


if __name__ == "__main__":
    main()
