"""An engine that writes scripted plans, for benchmarks and tests."""

import json
from typing import ClassVar

import anyio
from attrs import field, frozen

from remote_backend.engine.judgement import SimulatedCost, SimulatedPolicy
from remote_backend.engine.plan import EngineInputs, EngineResult, WriteLog
from remote_backend.models.plan import Counts

__all__ = ("NOTICE", "SimulatedEngine", "Simulation")

NOTICE = "This plan is simulated: no engine looked at the configuration.\n"


@frozen(kw_only=True)
class Simulation:
    """The script of a simulated plan."""

    seconds: float = 0.0
    """Duration of the plan, spread evenly over its parts."""

    parts: tuple[bytes, ...] = field(default=(), repr=False)
    """The log after the notice, one item a write."""

    succeeds: bool = True
    counts: Counts = Counts(1, 0, 0, 0)
    policies: tuple[SimulatedPolicy, ...] = ()
    """Results of policies, if the plan succeeds."""

    cost: SimulatedCost | None = None


@frozen
class SimulatedEngine:
    """Plans by a script: one for all workspaces, or one by workspace."""

    simulation: Simulation = Simulation()
    by_workspace: dict[str, Simulation] = field(factory=dict)
    versions: tuple[str, ...] = ()
    """The versions that runs can request, the usual one first; empty accepts every version."""

    reads_configuration: ClassVar[bool] = False

    async def plan(self, inputs: EngineInputs, write: WriteLog) -> EngineResult:
        """Write the scripted log, in the scripted time."""
        simulation = self.by_workspace.get(inputs.workspace, self.simulation)
        parts = (NOTICE.encode(), *(simulation.parts or _parts_of(simulation)))
        for part in parts:
            await write(part)
            await anyio.sleep(simulation.seconds / len(parts))
        counts = simulation.counts
        return EngineResult(
            succeeded=simulation.succeeds,
            has_changes=simulation.succeeds and counts != Counts(),
            counts=counts if simulation.succeeds else None,
            json_plan=_json_plan(counts),
            policies=simulation.policies if simulation.succeeds else (),
            cost=_cost_of(simulation, inputs) if simulation.succeeds else None,
        )


def _cost_of(simulation: Simulation, inputs: EngineInputs) -> SimulatedCost | None:
    """Return the scripted estimate, or, where one is wanted, one that knows no price."""
    if simulation.cost is not None or not inputs.estimates_cost:
        return simulation.cost
    counts = simulation.counts
    return SimulatedCost(resources=counts.add + counts.change + counts.destroy)


def _json_plan(counts: Counts) -> bytes:
    """Return a plan as JSON with invented resources, as many as the counts say."""
    actions = {
        "create": counts.add,
        "update": counts.change,
        "delete": counts.destroy,
    }
    changes = [
        {
            "address": f"simulated_resource.{action}[{number}]",
            "mode": "managed",
            "type": "simulated_resource",
            "name": action,
            "index": number,
            "change": {
                "actions": [action],
                "before": None if action == "create" else {},
                "after": None if action == "delete" else {},
            },
        }
        for action, count in actions.items()
        for number in range(count)
    ]
    plan = {
        "format_version": "1.2",
        # Readers of plans rely on these members, whatever they hold.
        "terraform_version": "0.0.0",
        "planned_values": {"root_module": {}},
        "configuration": {"root_module": {}},
        "resource_changes": changes,
    }
    return json.dumps(plan).encode()


def _parts_of(simulation: Simulation) -> tuple[bytes, ...]:
    if not simulation.succeeds:
        return (b"Error: this simulation fails\n",)
    counts = simulation.counts
    text = f"Plan: {counts.add} to add, {counts.change} to change, {counts.destroy} to destroy.\n"
    return (text.encode(),)
