"""An engine that plans what configurations declare against the states of their workspaces.

It is a tiny Terraform: `main.tf` of a directory has resources with one value each, calls of local modules,
and moves, and the variables of a workspace stand for one more resource. States are in the memory of the
test, and so is what has drifted.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from attrs import field, frozen

from remote_backend.engine.plan import EngineInputs, EngineResult, WriteLog
from remote_backend.engine.simulated import SimulatedEngine
from tests.support.report_builders import change, update
from tests.support.scripted_engine import planned_result

__all__ = ("VARIABLE", "DeclaredEngine", "module_call", "move", "resource")

VARIABLE = "aws_vpc.of_variables"
"""The address of the resource that the variables of a workspace stand for."""

_CALL = re.compile(r'module "(\w+)" \{\n  source = "([^"]+)"')
_RESOURCE = re.compile(r'resource "(\w+)" "(\w+)" \{\n  cidr = "([^"]+)"')
_MOVE = re.compile(r"moved \{\n  from = (\S+)\n  to   = (\S+)\n")


def resource(address: str, value: str) -> str:
    """Return a block that declares a resource."""
    kind, name = address.split(".")
    return f'resource "{kind}" "{name}" {{\n  cidr = "{value}"\n}}\n'


def module_call(name: str, source: str) -> str:
    """Return a block that calls a local module."""
    return f'module "{name}" {{\n  source = "{source}"\n}}\n'


def move(old: str, new: str) -> str:
    """Return a block that renames an address."""
    return f"moved {{\n  from = {old}\n  to   = {new}\n}}\n"


@frozen
class DeclaredEngine(SimulatedEngine):
    """Plans by the files of a configuration, and the states of remote workspaces."""

    states: Mapping[str, Mapping[str, str]] = field(factory=dict)
    """The values by addresses."""

    drift: Mapping[str, Mapping[str, str]] = field(factory=dict)
    """The values of objects that were changed outside."""

    reads_configuration: ClassVar[bool] = True

    async def plan(self, inputs: EngineInputs, write: WriteLog) -> EngineResult:
        """Write a short log, and return the plan of a workspace."""
        await write(b"Terraform v1.0.0\n")
        folder, workspace = Path(inputs.folder), inputs.workspace
        declared = dict(_declared(folder)) | _variables(folder, workspace)
        moved = {new: old for old, new in _MOVE.findall(_text(folder))}
        state, drift = self.states.get(workspace, {}), self.drift.get(workspace, {})
        return planned_result(
            {
                "resource_changes": list(_changes(declared, {**state, **drift}, moved)),
                "resource_drift": [
                    update(address, state[address], value)
                    for address, value in drift.items()
                ],
            }
        )


def _declared(directory: Path, prefix: str = "") -> Iterator[tuple[str, str]]:
    text = _text(directory)
    for kind, name, value in _RESOURCE.findall(text):
        yield f"{prefix}{kind}.{name}", value
    for name, source in _CALL.findall(text):
        yield from _declared(directory / source, f"{prefix}module.{name}.")


def _text(directory: Path) -> str:
    return (directory / "main.tf").read_text()


def _variables(folder: Path, workspace: str) -> dict[str, str]:
    path = folder / f"{workspace.rpartition('-')[2]}.tfvars"
    return {VARIABLE: path.read_text()} if path.exists() else {}


def _changes(
    declared: Mapping[str, str], real: Mapping[str, str], moved: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    sources = {new: old for new, old in moved.items() if old in real}
    for address in sorted({*declared, *real} - {*sources.values()}):
        source = sources.get(address)
        before, after = real.get(source or address), declared.get(address)
        sides = {
            side: {"cidr": value}
            for side, value in (("before", before), ("after", after))
            if value is not None
        }
        more = {"previous_address": source} if source is not None else {}
        if before is None or after is None:
            yield change(address, "create" if before is None else "delete", change=sides)
        elif before != after or more:
            action = "no-op" if before == after else "update"
            yield change(address, action, change=sides, **more)
