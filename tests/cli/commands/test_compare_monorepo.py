"""Forty configurations and two hundred workspaces against a base, whose truth is known.

The test builds a repository and the states of its workspaces, and notes with each step what follows from
it: which workspaces a branch touches, and in which class each change of their plans is. Nothing of that
is taken from the output.
"""

import json
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from attrs import define, field

from remote_backend.server.embedded import EmbeddedServer, backend_block
from remote_backend.server.fault_rules import FaultSettings
from remote_backend.server.seed import SeedWorkspace
from tests.support.command_line import CommandLine, records_of
from tests.support.declared_engine import (
    VARIABLE,
    DeclaredEngine,
    module_call,
    move,
    resource,
)
from tests.support.repositories import clone, new_repository
from tests.support.servers import running_server

STACKS = [f"s{number:02}" for number in range(40)]
NAMES = ("dev", "eu", "prod", "test", "us")
OF_NET, OF_DB, OF_APP = STACKS[:8], STACKS[12:16], STACKS[16:19]
"""The stacks that call each module; that of networks calls one more."""

MOVING, RENAMING = STACKS[12], STACKS[13]
UNDOING, CHANGING, DOCUMENTING, OWNING, NEW = STACKS[30:35]


def workspaces_of(stacks: Iterable[str], names: Iterable[str] = NAMES) -> list[str]:
    """Return the remote names of workspaces."""
    return [f"{stack}-{name}" for stack in stacks for name in names]


def main_of(stack: str) -> str:
    """Return the file of a stack."""
    return f"stacks/{stack}/main.tf"


def own_resources(value: str = "1") -> str:
    """Return what every stack declares itself."""
    return resource("aws_vpc.own", value) + resource("aws_vpc.second", "2")


@define
class Fleet:
    """Files of both sides, states, and what follows from them by construction."""

    base: dict[str, str] = field(factory=dict)
    head: dict[str, str] = field(factory=dict)
    """What the branch writes."""

    states: dict[str, dict[str, str]] = field(factory=dict)
    drift: dict[str, dict[str, str]] = field(factory=dict)
    touched: set[str] = field(factory=set)
    classes: dict[str, dict[str, str]] = field(factory=dict)
    undone: dict[str, list[str]] = field(factory=dict)

    def build(self) -> "Fleet":
        """Build everything: first what is the same on both sides, then the branch."""
        for workspace in workspaces_of(STACKS):
            self.states[workspace], self.drift[workspace] = {}, {}
            self.classes[workspace], self.undone[workspace] = {}, []
        self._write_modules()
        for stack in STACKS:
            self._write_stack(stack)
        self._leave_pending()
        self._branch_in_modules()
        self._branch_in_stacks()
        return self

    def _write_modules(self) -> None:
        tags = module_call("tags", "../tags")
        self.base["modules/net/main.tf"] = resource("aws_net.n", "10") + tags
        for module, address in (
            ("tags", "aws_tag.t"),
            ("db", "aws_db.d"),
            ("app", "aws_app.a"),
            ("unused", "aws_vpc.u"),
        ):
            self.base[f"modules/{module}/main.tf"] = resource(address, "20")

    def _write_stack(self, stack: str) -> None:
        """Write a stack that is applied: its states are as it declares them."""
        state = {"aws_vpc.own": "1", "aws_vpc.second": "2"}
        calls = ""
        for module, callers, addresses in (
            ("net", OF_NET, {"aws_net.n": "10", "module.tags.aws_tag.t": "20"}),
            ("db", OF_DB, {"aws_db.d": "20"}),
            ("app", OF_APP, {"aws_app.a": "20"}),
        ):
            if stack in callers:
                calls += module_call(module, f"../../modules/{module}")
                state |= {f"module.{module}.{key}": addresses[key] for key in addresses}
        self.base[main_of(stack)] = own_resources() + calls
        for workspace in workspaces_of([stack]):
            self.states[workspace] |= state

    def _leave_pending(self) -> None:
        """Let some workspaces differ from what is declared, by their states or by the real objects."""
        chance = random.Random(21)
        for workspace in workspaces_of(STACKS):
            if chance.random() < 0.3:
                self.states[workspace]["aws_vpc.second"] = "before"
                self.classes[workspace]["aws_vpc.second"] = "pending"
            if chance.random() < 0.3:
                self.drift[workspace]["aws_vpc.own"] = "changed outside"
                self.classes[workspace]["aws_vpc.own"] = "pending"
            if chance.random() < 0.1:
                self.states[workspace]["aws_vpc.removed"] = "3"
                self.classes[workspace]["aws_vpc.removed"] = "pending"

    def _branch_in_modules(self) -> None:
        # A module that a module calls, in eight stacks.
        self.head["modules/tags/main.tf"] = resource("aws_tag.t", "21")
        self._cause(workspaces_of(OF_NET), "module.net.module.tags.aws_tag.t")
        # Nobody calls it.
        self.head["modules/unused/main.tf"] = resource("aws_vpc.u", "21")
        # A directory with another name and the same content has no effect.
        self.head["modules/service/main.tf"] = self.base["modules/app/main.tf"]
        call = module_call("app", "../../modules/service")
        for stack in OF_APP:
            self.head[main_of(stack)] = own_resources() + call
        self._touch(workspaces_of(OF_APP))

    def _branch_in_stacks(self) -> None:
        # Another name for the call of a module, with a moved block, and without.
        old, new = "module.db.aws_db.d", "module.database.aws_db.d"
        call = own_resources() + module_call("database", "../../modules/db")
        self.head[main_of(MOVING)] = call + move(old, new)
        self.head[main_of(RENAMING)] = call
        self._touch(workspaces_of((MOVING, RENAMING)))
        for workspace in workspaces_of([MOVING]):
            self.classes[workspace][new] = "moved"
        for workspace in workspaces_of([RENAMING]):
            self.classes[workspace] |= {old: "perhaps_moved", new: "perhaps_moved"}
        self._branch_undoes()
        self._branch_changes()
        self.head[f"stacks/{DOCUMENTING}/README.md"] = "words"
        self._touch(workspaces_of([DOCUMENTING]))
        # Variables of one workspace.
        self.head[f"stacks/{OWNING}/prod.tfvars"] = "4"
        self._cause(workspaces_of([OWNING], ["prod"]), VARIABLE)
        self._add_stack()
        self.head["docs/about.md"] = "words"

    def _branch_undoes(self) -> None:
        """Declare on the branch what is the state, so that a pending change is none any more."""
        self.base[main_of(UNDOING)] = own_resources("8")
        self.head[main_of(UNDOING)] = own_resources()
        self._touch(workspaces_of([UNDOING]))
        for workspace in workspaces_of([UNDOING]):
            if self.drift[workspace]:
                # It is changed back on the branch, and to another value without it.
                self.classes[workspace]["aws_vpc.own"] = "caused"
            else:
                self.undone[workspace].append("aws_vpc.own")

    def _branch_changes(self) -> None:
        """Declare another value for what was pending already."""
        self.base[main_of(CHANGING)] = own_resources("8")
        self.head[main_of(CHANGING)] = own_resources("9")
        self._cause(workspaces_of([CHANGING]), "aws_vpc.own")

    def _add_stack(self) -> None:
        """Let the branch add a stack, in whose workspaces everything is new."""
        self.head[main_of(NEW)] = self.base.pop(main_of(NEW))
        for workspace in workspaces_of([NEW]):
            self.drift[workspace] = {}
            self.states[workspace] = {}
            self.classes[workspace] = dict.fromkeys(
                ("aws_vpc.own", "aws_vpc.second"), "caused"
            )
        self._touch(workspaces_of([NEW]))

    def _touch(self, workspaces: Iterable[str]) -> None:
        self.touched |= set(workspaces)

    def _cause(self, workspaces: list[str], address: str) -> None:
        self._touch(workspaces)
        for workspace in workspaces:
            self.classes[workspace][address] = "caused"

    @property
    def changed(self) -> set[str]:
        """The workspaces in which the branch has any effect."""
        effects = {"caused", "perhaps_moved"}
        return {
            workspace
            for workspace in self.touched
            if effects & set(self.classes[workspace].values()) or self.undone[workspace]
        }


def with_blocks(files: dict[str, str], server: EmbeddedServer) -> dict[str, str]:
    """Return files of which each configuration names the workspaces of its stack."""
    return {
        path: text + backend_block(server.hostname, "acme", f"{path.split('/')[1]}-")
        if path.startswith("stacks/") and path.endswith("/main.tf")
        else text
        for path, text in files.items()
    }


def seeds() -> Iterator[SeedWorkspace]:
    """Yield the workspaces of the server."""
    for stack in STACKS:
        for workspace in workspaces_of([stack]):
            yield SeedWorkspace(name=workspace, working_directory=f"stacks/{stack}")


async def test_one_command_for_a_whole_monorepo(tmp_path: Path) -> None:
    """It selects exactly what a branch touches, and says exactly what that causes, in a shallow clone.

    It needs two uploads, a request for each run and one for each plan with changes, one list of
    workspaces for each directory, and few beyond these.
    """
    fleet = Fleet().build()
    limits = FaultSettings(requests_per_second=300, run_lists_per_minute=300)
    async with running_server(
        tmp_path,
        simulated=DeclaredEngine(states=fleet.states, drift=fleet.drift),
        seed=list(seeds()),
        workers=50,
        faults=limits,
    ) as server:
        origin = new_repository(tmp_path / "origin", with_blocks(fleet.base, server))
        origin.commit({"README.md": "the first commit is not in the clone"})
        origin.git("checkout", "--quiet", "-b", "change")
        origin.git("rm", "--quiet", "-r", "modules/app")
        origin.commit(with_blocks(fleet.head, server))
        shallow = clone(origin, tmp_path / "clone", "--depth=2", "--no-single-branch")
        home = {"HOME": str(tmp_path / "home"), "XDG_DATA_HOME": str(tmp_path / "home")}
        work = CommandLine(server, shallow.path, tmp_path / "data")
        before = server.faults.api_requests
        done = await work.run(
            "plan", "-all", "stacks/*", "-changed-since=origin/main", "-compare=origin/main",
            "-detailed-exitcode", "-table=none", "-report=report.json",
            **{**shallow.environ, **home},
        )  # fmt: skip
        requests = server.faults.api_requests - before
        versions = records_of(work, "configuration-version")
        runs = records_of(work, "run")
        document = json.loads((shallow.path / "report.json").read_text())

    assert done.code == 2, done.err
    found = {one["remote_name"]: one for one in document["workspaces"]}
    assert set(found) == fleet.touched
    assert set(document["not_touched"]) == {
        f"stacks/{stack}:{name}"
        for stack in STACKS
        for name in NAMES
        if f"{stack}-{name}" not in fleet.touched
    }
    assert {name: classes_of(one) for name, one in found.items()} == {
        name: fleet.classes[name] for name in fleet.touched
    }
    assert {name: undone_of(one) for name, one in found.items()} == {
        name: fleet.undone[name] for name in fleet.touched
    }
    assert {
        name for name, one in found.items() if one["result"] == "changed"
    } == fleet.changed
    assert {
        name for name, one in found.items() if one["comparison"]["result"] == "new"
    } == {*workspaces_of([NEW])}
    assert len(versions) == 2
    assert len(runs) == 2 * len(fleet.touched) - len(NAMES)
    # Plans without changes are not read.
    reads = sum(run["has_changes"] for run in runs)
    assert requests - len(runs) - reads - len(STACKS) <= 20


def classes_of(workspace: dict[str, Any]) -> dict[str, str]:
    """Return the class of each change in a report."""
    changes = (workspace["changes"] or {}).get("resources", [])
    return {one["address"]: one["class"] for one in changes}


def undone_of(workspace: dict[str, Any]) -> list[str]:
    """Return what only the base does, by a report."""
    return [one["change"]["address"] for one in workspace["comparison"]["undone"]]
