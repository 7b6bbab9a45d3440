"""The server of the benchmarks, in a process of its own: it stamps what it writes.

    python -m benchmarks.server FOLDER WORKSPACES SETTINGS

Each line of a log begins with the time at which it was written. A line `stats` on standard input
is answered with counts of requests and with when each run began and ended, and counts begin anew.
"""

import gc
import itertools
import json
import sys
import time
from pathlib import Path
from typing import Any

import anyio
from anyio import to_thread
from attrs import define, field

from remote_backend.engine.plan import EngineInputs, EngineResult, WriteLog
from remote_backend.engine.simulated import SimulatedEngine, Simulation
from remote_backend.models.plan import Counts
from remote_backend.server.embedded import EmbeddedServer, ServerSettings, serve
from remote_backend.server.fault_rules import FaultRule, FaultSettings
from remote_backend.server.seed import SeedWorkspace

FIRST = b"stamped log\n"


@define(frozen=True)
class Stamping(SimulatedEngine):
    """Plans that take the next of some times and say when they wrote each line."""

    durations: tuple[float, ...] = (1.0,)
    lines: int = 3
    filler: bytes = b""
    runs: list[tuple[str, float, float]] = field(factory=list)
    _turn: Any = field(factory=itertools.count)

    async def plan(self, inputs: EngineInputs, write: WriteLog) -> EngineResult:
        """Write stamped lines, evenly spread."""
        seconds = self.durations[next(self._turn) % len(self.durations)]
        began = time.time()
        await write(FIRST)
        for number in range(self.lines):
            await write(b"%.6f line %d %s\n" % (time.time(), number, self.filler))
            await anyio.sleep(seconds / self.lines)
        self.runs.append((inputs.workspace, began, time.time()))
        return EngineResult(
            succeeded=True,
            has_changes=True,
            counts=Counts(1),
            json_plan=b'{"format_version":"1.2","resource_changes":[]}',
        )


async def main(folder: Path, workspaces: int, settings: dict[str, Any]) -> None:
    """Serve until standard input ends."""
    rules = [FaultRule(**rule) for rule in settings.get("rules", ())]
    stamping = Stamping(
        Simulation(),
        durations=tuple(settings["durations"]),
        lines=settings.get("lines", 3),
        filler=b"x" * settings.get("line_bytes", 0),
    )
    server_settings = ServerSettings(
        data=folder / "data",
        engine="simulated",
        simulated=stamping,
        workers=workspaces,
        seed=[SeedWorkspace(name=f"net-{number:04}") for number in range(workspaces)],
        faults=FaultSettings(rules=rules, **settings.get("faults", {})),
    )
    async with serve(server_settings, {}) as server:
        ready = json.loads(server.ready_text())
        ready["token"] = server.token
        print(json.dumps(ready), flush=True)
        # As `serve` does.
        gc.freeze()
        while await to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True):
            print(json.dumps(stats(server, stamping)), flush=True)


def stats(server: EmbeddedServer, engine: Stamping) -> dict[str, Any]:
    """Return what happened since the last time."""
    faults = server.faults
    found = {
        "api": faults.api_requests,
        "all": faults.all_requests,
        "refused": faults.throttled,
        "uploads": faults.uploads,
        "runs": list(engine.runs),
    }
    faults.api_requests = faults.all_requests = faults.throttled = faults.uploads = 0
    engine.runs.clear()
    return found


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3]))
