"""One plan, by us, by stock Terraform and by a script with pytfe, beside the floor.

    python benchmarks/bench_latency.py [REPETITIONS]

The server adds a round trip to every request. The floor is the shortest chain of requests
that a plan needs (configuration version, upload, run, end of the log) and the plan itself.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio

import remote_backend
from benchmarks.measure import environ_of, median, publish, serving

PLAN_SECONDS = 1.0
CHAIN = 4
WORKSPACE = "0000"

PYTFE = """
import sys, time
import pytfe, pytfe.models as models
url, token, organization, name, directory = sys.argv[1:]
client = pytfe.TFEClient(pytfe.TFEConfig(address=url, token=token))
workspace = client.workspaces.read(name, organization=organization)
version = client.configuration_versions.create(workspace.id,
    models.ConfigurationVersionCreateOptions(auto_queue_runs=False, speculative=True))
client.configuration_versions.upload(version.upload_url, directory)
while str(client.configuration_versions.read(version.id).status.value) != "uploaded":
    time.sleep(0.5)
run = client.runs.create(models.RunCreateOptions(workspace=models.Workspace(id=workspace.id),
    configuration_version=models.ConfigurationVersion(id=version.id), plan_only=True))
while str(run.status.value) not in ("planned_and_finished", "errored"):
    time.sleep(1)
    run = client.runs.read(run.id)
"""


def main() -> None:
    """Measure everything for three round trips."""
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    rows = []
    for milliseconds in (1, 20, 100):
        with tempfile.TemporaryDirectory() as folder:
            faults = {"latency_seconds": milliseconds / 1000}
            with serving(
                Path(folder), workspaces=1, seconds=PLAN_SECONDS, faults=faults
            ) as ready:
                rows += measure(ready, milliseconds, repetitions)
    publish("latency", "One plan, seconds", rows, bar="total", label="who")


def measure(
    ready: dict[str, Any], milliseconds: int, repetitions: int
) -> list[dict[str, Any]]:
    """Return a row for each contestant."""
    floor = PLAN_SECONDS + CHAIN * milliseconds / 1000
    environ = environ_of(ready, TF_WORKSPACE=WORKSPACE)
    ours = [sys.executable, "-m", "remote_backend", "plan"]
    contestants = {"remote-backend, process": ours}
    if terraform := shutil.which("terraform"):
        subprocess.run(
            [terraform, "init", "-input=false"],
            cwd=ready["directory"],
            env=environ,
            check=True,
            capture_output=True,
        )
        contestants["terraform"] = [terraform, "plan"]
    script = [sys.executable, "-c", PYTFE, ready["url"], ready["token"].strip()]
    contestants["pytfe script"] = [
        *script,
        ready["organization"],
        f"net-{WORKSPACE}",
        str(ready["directory"]),
    ]
    rows = []
    for who, command in contestants.items():
        rows.append(
            row(
                who,
                milliseconds,
                floor,
                [once(command, ready, environ) for _ in range(repetitions)],
            )
        )
    library = [anyio.run(in_library, ready, environ) for _ in range(repetitions)]
    rows.insert(0, row("remote-backend, library", milliseconds, floor, library))
    return rows


def row(
    who: str, milliseconds: int, floor: float, times: list[dict[str, float]]
) -> dict[str, Any]:
    """Return medians over repetitions."""
    return {
        "who": f"{who}, {milliseconds} ms",
        "floor": round(floor, 2),
        "total": median([one["total"] for one in times]),
        "above floor": median([one["total"] - floor for one in times]),
        "first line after it exists": median([one["first"] for one in times])
        if "first" in times[0]
        else "-",
        "end of run to exit": median([one["exit"] for one in times]),
    }


def once(
    command: list[str], ready: dict[str, Any], environ: dict[str, str]
) -> dict[str, float]:
    """Run a command once and return what it took."""
    before = time.time()
    first = None
    with subprocess.Popen(
        command,
        cwd=ready["directory"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if first is None and b"simulated" in line:
                first = time.time()
    after = time.time()
    assert process.returncode in (0, 2), command
    began, ended = run_times(ready)
    found = {"total": after - before, "exit": after - ended}
    return {**found, "first": first - began} if first is not None else found


async def in_library(ready: dict[str, Any], environ: dict[str, str]) -> dict[str, float]:
    """Plan once in this process; connecting is a part of it."""
    before = time.time()
    first = before
    async with (
        remote_backend.open_backend(ready["directory"], environ=environ) as backend,
        backend.plan() as batch,
    ):
        async for event in batch:
            if isinstance(event, remote_backend.LogChunkRead) and first == before:
                first = time.time()
    after = time.time()
    began, ended = run_times(ready)
    return {"total": after - before, "exit": after - ended, "first": first - began}


def run_times(ready: dict[str, Any]) -> tuple[float, float]:
    """Return when the newest run began to plan and when it ended, by the server's clock."""
    url = f"{ready['url']}/api/v2/organizations/{ready['organization']}/runs?filter[operation]=plan_only&page[size]=1"
    request = urllib.request.Request(
        url, headers={"Authorization": f"Bearer {ready['token'].strip()}"}
    )
    with urllib.request.urlopen(request) as answer:
        times = json.load(answer)["data"][0]["attributes"]["status-timestamps"]
    began, ended = times["planning-at"], times["planned-and-finished-at"]
    return datetime.fromisoformat(began).timestamp(), datetime.fromisoformat(
        ended
    ).timestamp()


if __name__ == "__main__":
    main()
