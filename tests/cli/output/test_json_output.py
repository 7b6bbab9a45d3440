"""What programs read: events and reports of a whole command, with costs and policies."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from remote_backend.engine.judgement import SimulatedCost, SimulatedPolicy
from remote_backend.engine.simulated import Simulation
from remote_backend.models.plan import Counts
from remote_backend.server.seed import SeedWorkspace
from tests.support.command_line import CommandLine, configured_server
from tests.support.report_schema import validate_report

TAGS = SimulatedPolicy(name="tags", level="advisory")
SIZE = SimulatedPolicy(name="size", level="hard-mandatory", passed=False, text="too large")


@pytest.fixture
async def judged(tmp_path: Path) -> AsyncIterator[CommandLine]:
    """Run a server whose plans cost something and are judged."""
    cost = SimulatedCost(prior="990.70", proposed="1204.10")
    simulations = {
        "dev": Simulation(counts=Counts(1, 0, 1), policies=(TAGS,), cost=cost),
        "prod": Simulation(counts=Counts(1), policies=(TAGS, SIZE)),
    }
    seed = [
        SeedWorkspace(name=f"net-{name}", simulation=simulation)
        for name, simulation in simulations.items()
    ]
    async with configured_server(tmp_path, "net-", seed=seed) as made:
        yield made


def of_type(out: str, type: str) -> list[dict[str, Any]]:
    """Return the events of a type."""
    events = map(json.loads, out.splitlines())
    return [event for event in events if event["type"] == type]


async def test_a_program_reads_costs_and_policies(judged: CommandLine) -> None:
    """As events, in the report, and again in the report of the earlier batch."""
    done = await judged.run("plan", "-all", "-json", "-report=r.json")
    again = await judged.run("report", "-report=s.json")

    assert (done.code, again.code) == (1, 0), again.err
    [cost] = of_type(done.out, "cost_estimated")
    amounts = {
        "currency": "USD",
        "prior": "990.70",
        "proposed": "1204.10",
        "delta": "213.40",
    }
    assert (cost["workspace"], cost["cost"]) == ("dev", amounts)
    policies = sorted(
        (event["workspace"], event["policy"]["name"], event["policy"]["status"])
        for event in of_type(done.out, "policy_evaluated")
    )
    assert policies == [
        ("dev", "tags", "passed"),
        ("prod", "size", "failed"),
        ("prod", "tags", "passed"),
    ]
    [last] = of_type(done.out, "batch_finished")
    assert (last["exit_code"], last["totals"]["policies_failed"]) == (1, 1)
    first, second = (
        json.loads((judged.directory / name).read_text()) for name in ("r.json", "s.json")
    )
    validate_report(second)
    assert first["totals"] == second["totals"] == last["totals"]
    assert first["totals"]["cost"] == amounts
    assert first["workspaces"] == second["workspaces"]
    refused = first["workspaces"][1]
    assert refused["failure"]["policies"][0]["name"] == "size"
    assert refused["counts"] is not None


async def test_an_earlier_batch_keeps_costs_and_policies(judged: CommandLine) -> None:
    """The journal has them without texts, so `batches show` requests nothing."""
    await judged.run("plan", "-all")
    requests = judged.server.faults.api_requests
    shown = await judged.run("batches", "show", "-json")

    dev, prod = json.loads(shown.out)["outcomes"]
    assert dev["cost"]["delta"] == "213.40"
    assert [policy["status"] for policy in prod["policies"]] == ["passed", "failed"]
    assert [policy["text"] for policy in prod["policies"]] == ["", ""]
    assert judged.server.faults.api_requests == requests
