"""Drift every night: what is ignored, and how a large fleet is spread over nights."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from attrs import evolve

from remote_backend.engine.plan import EngineInputs, EngineResult, WriteLog
from remote_backend.engine.simulated import SimulatedEngine, Simulation
from remote_backend.server.seed import SeedWorkspace
from tests.support.command_line import CommandLine, configured_server, rows_of, runs_of
from tests.support.report_builders import update

NIGHT = ("plan", "-all", "-refresh-only", "-detailed-exitcode")
NAMES = ("a", "b", "c", "d", "e")


class DriftingEngine(SimulatedEngine):
    """Finds one change from outside in every workspace."""

    async def plan(self, inputs: EngineInputs, write: WriteLog) -> EngineResult:
        """Plan as the simulated engine does, with drift in place of changes."""
        result = await super().plan(inputs, write)
        drift = {
            "format_version": "1.2",
            "resource_changes": [],
            "resource_drift": [update("aws_instance.web", "10.0.0.0/8", "10.1.0.0/16")],
        }
        return evolve(result, json_plan=json.dumps(drift).encode())


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[CommandLine]:
    """Run a server with five workspaces that have drifted."""
    seed = [SeedWorkspace(name=f"net-{name}") for name in NAMES]
    engine = DriftingEngine(Simulation())
    async with configured_server(tmp_path, "net-", seed=seed, simulated=engine) as made:
        yield made


async def test_ignored_drift_is_not_news(fleet: CommandLine) -> None:
    """The exit code, the table and the report are those of plans without it; it is counted."""
    (fleet.directory / "ignored").write_text("# autoscaling\n\n*.cidr\n")
    news = await fleet.run(*NIGHT, "-report=news.json")
    quiet = await fleet.run(*NIGHT, "-ignore-drift=ignored", "-report=quiet.json")

    assert (news.code, quiet.code) == (2, 0)
    assert "drift ignored: 5" in quiet.out and "drift ignored" not in news.out
    report = json.loads((fleet.directory / "quiet.json").read_text())
    assert report["totals"]["unchanged"] == 5
    assert {each["ignored_drift"] for each in report["workspaces"]} == {1}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "-ignore-drift=ignored cannot be read: No such file"),
        (b"# nothing\n", "-ignore-drift=ignored has no pattern"),
        (b"\xff", "-ignore-drift=ignored is not UTF-8 text"),
    ],
)
async def test_a_file_without_patterns_is_refused(
    content: bytes | None, message: str, fleet: CommandLine
) -> None:
    """No run is made with a list that would ignore nothing."""
    if content is not None:
        (fleet.directory / "ignored").write_bytes(content)
    done = await fleet.run(*NIGHT, "-ignore-drift=ignored")
    assert done.code == 1 and message in done.err
    assert not runs_of(fleet)


async def test_the_oldest_are_planned_first(fleet: CommandLine) -> None:
    """Three nights with two each go round all five; plans that do not only refresh do not count."""
    await fleet.run("plan", "-select=a")
    nights = [set(rows_of((await fleet.run(*NIGHT, "-oldest=2")).out)) for _ in range(3)]
    assert nights[0] == {"a", "b"} and nights[1] == {"c", "d"}
    assert "e" in nights[2] and len(nights[2]) == 2


async def test_more_than_there_are_is_all(fleet: CommandLine) -> None:
    """A fleet can be smaller than a night is long."""
    assert set(rows_of((await fleet.run("plan", "-oldest=9")).out)) == set(NAMES)
