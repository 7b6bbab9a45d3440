"""A comparison of two hundred workspaces whose truth is known, because the test generated it."""

import json
import random
from pathlib import Path
from typing import Any

from attrs import define, field

from remote_backend.server.seed import SeedWorkspace
from tests.support.command_line import CommandLine, configured_server
from tests.support.report_builders import change, update
from tests.support.repositories import clone, new_repository
from tests.support.scripted_engine import SCRIPT, ScriptedEngine, script

WORKSPACES = 200
KINDS = (
    "caused", "undone", "pending", "drifted", "moved", "renamed", "moved and pending",
    "pending, then other",
)  # fmt: skip


@define
class Plan:
    """What both sides of one workspace plan, and the class of each change."""

    base: list[Any] = field(factory=list)
    head: list[Any] = field(factory=list)
    drift: list[Any] = field(factory=list)
    classes: dict[str, str] = field(factory=dict)
    undone: list[str] = field(factory=list)

    def add(self, kind: str) -> None:
        """Add changes of a kind."""
        if kind == "caused":
            self.head.append(update("aws_vpc.caused", "1", "2"))
            self.classes["aws_vpc.caused"] = "caused"
        elif kind == "undone":
            self.base.append(update("aws_vpc.undone", "1", "2"))
            self.undone.append("aws_vpc.undone")
        elif kind == "pending":
            self._add_to_both(update("aws_vpc.pending", "1", "2"))
        elif kind == "drifted":
            # What has drifted is put back by both sides.
            self.drift.append(update("aws_vpc.drifted", "1", "9"))
            self._add_to_both(update("aws_vpc.drifted", "9", "1"))
        elif kind == "moved":
            self._move("module.new.aws_vpc.v", "module.old.aws_vpc.v", "no-op", "1")
        elif kind == "moved and pending":
            self.base.append(update("module.early.aws_vpc.v", "1", "2"))
            self._move("module.late.aws_vpc.v", "module.early.aws_vpc.v", "update", "2")
        elif kind == "renamed":
            values = {"cidr": "10.0.0.0/8"}
            self.head += [
                change("module.a.aws_net.n", "delete", change={"before": values}),
                change("module.b.aws_net.n", "create", change={"after": values}),
            ]
            self.classes |= dict.fromkeys(
                ("module.a.aws_net.n", "module.b.aws_net.n"), "perhaps_moved"
            )
        else:
            self.base.append(update("aws_vpc.other", "1", "2"))
            self.head.append(update("aws_vpc.other", "1", "3"))
            self.classes["aws_vpc.other"] = "caused"

    def _add_to_both(self, planned: Any) -> None:
        self.base.append(planned)
        self.head.append(planned)
        self.classes[planned["address"]] = "pending"

    def _move(self, address: str, source: str, action: str, cidr: str) -> None:
        sides = {"before": {"cidr": "1"}, "after": {"cidr": cidr}}
        self.head.append(change(address, action, previous_address=source, change=sides))
        self.classes[address] = "moved"


def fleet() -> dict[str, Plan]:
    """Generate the plans of all workspaces, the same ones every time."""
    chance = random.Random(21)
    plans = {f"{number:03}": Plan() for number in range(WORKSPACES)}
    for plan in plans.values():
        for kind in chance.sample(KINDS, chance.randrange(len(KINDS) + 1)):
            plan.add(kind)
    return plans


def scripted(plans: dict[str, Plan], side: str) -> str:
    """Return the script of one side."""
    return script(
        **{
            f"net-{name}": {
                "resource_changes": getattr(plan, side),
                "resource_drift": plan.drift,
            }
            for name, plan in plans.items()
        }
    )


async def test_one_command_says_what_a_branch_causes(tmp_path: Path) -> None:
    """Every change of 200 workspaces is in the class that was generated, none is missing.

    The clone is a shallow one, as in CI: the base is two commits deep.
    """
    plans = fleet()
    seed = [SeedWorkspace(name=f"net-{name}") for name in plans]
    async with configured_server(
        tmp_path, "net-", simulated=ScriptedEngine(), seed=seed, workers=50
    ) as configured:
        block = (configured.directory / "main.tf").read_text()
        origin = new_repository(
            tmp_path / "origin", {"main.tf": block, SCRIPT: scripted(plans, "base")}
        )
        origin.commit({"README.md": "an older commit is not in the clone"})
        origin.git("checkout", "--quiet", "-b", "change")
        origin.commit({SCRIPT: scripted(plans, "head")})
        shallow = clone(origin, tmp_path / "clone", "--depth=2", "--no-single-branch")
        home = {"HOME": str(tmp_path / "home"), "XDG_DATA_HOME": str(tmp_path / "home")}
        done = await CommandLine(configured.server, shallow.path, configured.data).run(
            "plan", "-all", "-compare=origin/main", "-detailed-exitcode", "-table=none",
            "-report=report.json", **{**shallow.environ, **home},
        )  # fmt: skip
        document = json.loads((shallow.path / "report.json").read_text())

    assert done.code == 2, done.err
    found = {one["name"]: one for one in document["workspaces"]}
    assert {name: classes_of(one) for name, one in found.items()} == {
        name: plan.classes for name, plan in plans.items()
    }
    assert {name: undone_of(one) for name, one in found.items()} == {
        name: plan.undone for name, plan in plans.items()
    }
    assert {name for name, one in found.items() if one["result"] == "changed"} == {
        name
        for name, plan in plans.items()
        if plan.undone or {"caused", "perhaps_moved"} & set(plan.classes.values())
    }


def classes_of(workspace: dict[str, Any]) -> dict[str, str]:
    """Return the class of each change in a report."""
    changes = (workspace["changes"] or {}).get("resources", [])
    return {one["address"]: one["class"] for one in changes}


def undone_of(workspace: dict[str, Any]) -> list[str]:
    """Return what only the base does, by a report."""
    return [one["change"]["address"] for one in workspace["comparison"]["undone"]]
