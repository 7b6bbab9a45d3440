"""An engine whose plans stand in the configuration, so that another configuration has other plans."""

import json
from pathlib import Path
from typing import Any, ClassVar

from attrs import frozen

from remote_backend.engine.plan import EngineInputs, EngineResult, WriteLog
from remote_backend.engine.simulated import SimulatedEngine
from remote_backend.models.plan import Counts

__all__ = ("SCRIPT", "ScriptedEngine", "planned_result", "script")

SCRIPT = "plans.json"
"""The file of the configuration that has the plans of all workspaces."""


def script(**plans: Any) -> str:
    """Return the script for some remote workspaces, `all_others` for the rest.

    A plan is a list of changes as in plans as JSON, a whole plan, or the text of an error.
    """
    return json.dumps(plans)


@frozen
class ScriptedEngine(SimulatedEngine):
    """Returns the plan that the script of a configuration has for a workspace and a version."""

    reads_configuration: ClassVar[bool] = True

    async def plan(self, inputs: EngineInputs, write: WriteLog) -> EngineResult:
        """Write a short log, and return the scripted plan."""
        plans = json.loads((Path(inputs.folder) / SCRIPT).read_text())
        version = inputs.requested_version
        key = f"{inputs.workspace} {version}" if version else inputs.workspace
        planned = plans.get(key, plans.get(inputs.workspace, plans.get("all_others", [])))
        if isinstance(planned, str):
            await write(
                f"Terraform v1.0.0\n\u2577\n\u2502 Error: {planned}\n\u2575\n".encode()
            )
            return EngineResult(succeeded=False)
        await write(b"Terraform v1.0.0\n")
        document = planned if isinstance(planned, dict) else {"resource_changes": planned}
        return planned_result(document)


def planned_result(document: dict[str, Any]) -> EngineResult:
    """Return the result of a plan with some members of its JSON."""
    document = {"format_version": "1.2", **document}
    changes = document.get("resource_changes", [])
    actions = [tuple(change["change"]["actions"]) for change in changes]
    flat = [action for each in actions for action in each]
    counts = Counts(flat.count("create"), flat.count("update"), flat.count("delete"))
    has_moves = any(change.get("previous_address") for change in changes)
    return EngineResult(
        succeeded=True,
        has_changes=bool(counts != Counts() or has_moves or document.get("output_changes")),
        counts=counts,
        json_plan=json.dumps(document).encode(),
    )
