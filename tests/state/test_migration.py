"""States that move during init: every row of the matrix, every answer, a fault at every step."""

import io
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field, frozen

from remote_backend.api.transport import retry
from remote_backend.cli.commands.init import InitWork
from remote_backend.cli.hints import message_of
from remote_backend.cli.output.prompts import Prompts
from remote_backend.cli.output.screen import Screen
from remote_backend.config.terraform_directory import selected_workspace
from remote_backend.connection import connect
from remote_backend.errors import RemoteBackendError
from remote_backend.server.embedded import EmbeddedServer
from remote_backend.server.fault_rules import FaultRule, FaultSettings
from remote_backend.server.seed import SeedWorkspace
from remote_backend.state.file import StateFile, parse_state
from remote_backend.state.locks import LockOptions
from remote_backend.state.state_locations import RemoteLocation
from remote_backend.state.storage import read_state
from tests.support.servers import running_server
from tests.support.state_commands import pass_by


def state(name: str, serial: int = 5) -> StateFile:
    """Return a state that is known by its lineage."""
    document = {
        "version": 4,
        "terraform_version": "1.11.4",
        "serial": serial,
        "lineage": f"lineage-of-{name}",
        "outputs": {"who": {"value": name, "type": "string"}},
        "resources": [],
        "check_results": None,
    }
    return parse_state((json.dumps(document, indent=2) + "\n").encode())


@frozen
class Scripted(Prompts):
    """Prompts with the answers of a person, or of nobody."""

    yes: bool | None = True
    """None when nobody can be asked."""

    name: str = "moved"

    @property
    def can_ask(self) -> bool:
        """Whether somebody answers."""
        return self.yes is not None

    async def ask(self, question: str, instead: str) -> str:
        """Answer as scripted."""
        if self.yes is None:
            return await super().ask(question, instead)
        if "yes or no" in question:
            return "yes" if self.yes else "no"
        return "1" if "Number" in question else self.name


@define
class World:
    """A directory and a server with two prefixes in it."""

    server: EmbeddedServer
    directory: Path
    environ: dict[str, str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.environ = {
            "TF_CLI_CONFIG_FILE": str(self.server.cli_config_file),
            "HOME": str(self.directory.parent),
            "PATH": "",
        }

    def block(self, workspaces: str | None) -> None:
        """Write the configuration, with a backend block or without."""
        text = (
            ""
            if workspaces is None
            else (
                f'terraform {{\n  backend "remote" {{\n    hostname = "{self.server.hostname}"\n'
                f'    organization = "acme"\n    workspaces {{\n      {workspaces}\n    }}\n  }}\n}}\n'
            )
        )
        (self.directory / "main.tf").write_text(text + "# configuration\n")

    async def init(self, yes: bool | None = True, **flags: Any) -> int:
        """Run init with the answers of a person."""
        screen = Screen(io.StringIO(), io.StringIO(), False, False)
        work = InitWork(
            directory=self.directory,
            environ=self.environ,
            screen=screen,
            prompts=Scripted(screen, yes=yes),
            backend_config=(),
            reconfigure=flags.get("reconfigure", False),
            migrates=flags.get("migrates", True),
            force_copy=flags.get("force_copy", False),
            lock=LockOptions(operation="init", sleep=pass_by),
        )
        return await work.carry_out()

    def local(self, name: str) -> Path:
        """Return a local state file."""
        if name == "default":
            return self.directory / "terraform.tfstate"
        return self.directory / "terraform.tfstate.d" / name / "terraform.tfstate"

    def put_local(self, name: str, serial: int = 5) -> None:
        """Write a local state."""
        path = self.local(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(state(name, serial).data)

    async def put_remote(self, workspaces: str, *names: str) -> None:
        """Configure a backend and put states into its workspaces."""
        self.block(workspaces)
        await self.init(force_copy=True)
        async with connect(self.directory, self.environ) as connection:
            for name in names:
                place = RemoteLocation(connection.client, connection.mapping, name)
                await place.read()
                await place.write(state(name), None)

    async def remote_states(self) -> dict[str, StateFile]:
        """Return all states on the server by the full names of their workspaces."""
        self_block = (self.directory / "main.tf").read_text()
        record = self.directory / ".terraform" / "terraform.tfstate"
        kept = record.read_bytes() if record.exists() else None
        record.unlink(missing_ok=True)
        self.block('prefix = "x-"')
        found = {}
        async with connect(self.directory, self.environ) as connection:
            for workspace in await connection.client.list_workspaces():
                one = await read_state(connection.client, workspace)
                assert not workspace.locked, workspace.name
                if one is not None:
                    found[workspace.name] = one
        (self.directory / "main.tf").write_text(self_block)
        if kept is not None:
            record.write_bytes(kept)
        return found

    def local_states(self) -> dict[str, StateFile]:
        """Return the local states, without backups."""
        paths = [self.directory / "terraform.tfstate"]
        paths += (self.directory / "terraform.tfstate.d").glob("*/terraform.tfstate")
        return {
            str(path.relative_to(self.directory)): parse_state(path.read_bytes())
            for path in paths
            if path.exists() and path.stat().st_size
        }

    async def lineages(self) -> dict[str, set[str]]:
        """Return the whole states that are anywhere: lineages with the names in them."""
        found: dict[str, set[str]] = {}
        for one in [*self.local_states().values(), *(await self.remote_states()).values()]:
            found.setdefault(one.lineage, set()).add(one.outputs()["who"].value)
        return found


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Run a server with one workspace of each prefix."""
    async with running_server(
        tmp_path,
        seed=[SeedWorkspace(name="app-first"), SeedWorkspace(name="web-first")],
    ) as server:
        directory = tmp_path / "networking"
        directory.mkdir()
        yield World(server, directory)


@frozen
class Row:
    """A row of the matrix: what is there, what is configured, and where states go."""

    name: str
    before: tuple[str, ...]
    source: str | None
    """The workspaces block that was configured; None for the local backend."""

    target: str | None
    after: dict[str, str]
    """Where states are afterwards: local files or full names, and the names in them."""

    selected: str | None = None
    stays: tuple[str, ...] = ()
    """Names of states that stay where they were."""


N, N2 = 'name = "app-one"', 'name = "app-two"'
P, P2 = 'prefix = "app-"', 'prefix = "web-"'
ROWS = [
    Row("local to name", ("default",), None, N, {"app-one": "default"}),
    Row("local to prefix", ("default",), None, P, {"app-moved": "default"}, "moved"),
    Row(
        "several to prefix",
        ("default", "dev", "prod"),
        None,
        P,
        {"app-moved": "default", "app-dev": "dev", "app-prod": "prod"},
        "moved",
    ),
    Row(
        "several to name",
        ("default", "dev"),
        None,
        N,
        {"app-one": "default"},
        None,
        ("dev",),
    ),
    Row("name to local", ("default",), N, None, {"terraform.tfstate": "default"}),
    Row(
        "prefix to local",
        ("dev", "prod"),
        P,
        None,
        {
            "terraform.tfstate.d/dev/terraform.tfstate": "dev",
            "terraform.tfstate.d/prod/terraform.tfstate": "prod",
        },
    ),
    Row("name to name", ("default",), N, N2, {"app-two": "default"}),
    Row("name to prefix", ("default",), N, P2, {"web-moved": "default"}, "moved"),
    Row("prefix to name", ("dev",), P, N2, {"app-two": "dev"}),
    Row("prefix to prefix", ("dev", "prod"), P, P2, {"web-dev": "dev", "web-prod": "prod"}),
]


async def prepare(world: World, row: Row) -> None:
    """Make what is there before, and write the new configuration."""
    if row.source is None:
        for name in row.before:
            world.put_local(name)
    else:
        await world.put_remote(row.source, *row.before)
        if row.source == P:
            (world.directory / ".terraform" / "environment").write_text(row.before[0])
    world.block(row.target)


async def places(world: World) -> dict[str, StateFile]:
    """Return all states by where they are."""
    return {**world.local_states(), **await world.remote_states()}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name.replace(" ", "-"))
async def test_states_move(row: Row, world: World) -> None:
    """Answered with yes, each state is where it belongs, with its lineage and serial (P110, P113)."""
    await prepare(world, row)

    assert await world.init() == 0

    found = await places(world)
    for place, name in row.after.items():
        assert found[place].text == state(name).text
    for name in row.stays:
        assert (
            found[str(world.local(name).relative_to(world.directory))].text
            == state(name).text
        )
    if row.source is None:
        gone = [name for name in row.before if name not in row.stays]
        for name in gone:
            path = world.local(name)
            assert path.read_bytes() == b""
            assert (
                path.with_name("terraform.tfstate.backup").read_bytes() == state(name).data
            )
    if row.selected is not None:
        assert selected_workspace(world.directory, {}) == row.selected
    # Once more there is nothing to do and nothing to ask.
    if row.target is not None:
        assert await world.init(None, migrates=False) == 0
    assert await places(world) == found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name.replace(" ", "-"))
async def test_no_leaves_everything_where_it_is(row: Row, world: World) -> None:
    """The backend is configured, or, where that would be a choice, is not."""
    await prepare(world, row)
    before = await places(world)
    try:
        assert await world.init(False) == 0
    except RemoteBackendError as error:
        assert "nothing was moved" in str(error)
    assert await places(world) == before


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name.replace(" ", "-"))
async def test_without_anybody_to_ask_nothing_moves(row: Row, world: World) -> None:
    """What to do is told; -force-copy answers all but the name."""
    await prepare(world, row)
    before = await places(world)

    with pytest.raises(RemoteBackendError) as caught:
        await world.init(None)

    assert "Nobody can be asked; " in str(caught.value)
    assert await places(world) == before
    if row.selected is None:
        assert await world.init(None, force_copy=True) == 0
        found = await places(world)
        assert {place: found[place].lineage for place in row.after} == {
            place: f"lineage-of-{name}" for place, name in row.after.items()
        }


# What breaks a request for good, before and after its effect; retries get over the rest.
FAULTS: dict[str, Callable[[int], FaultRule]] = {
    "refused": lambda n: FaultRule(
        kind="status", path="/(api|signed)/", status=422, times=(n,)
    ),
    "forbidden after": lambda n: FaultRule(
        kind="status_after", path="/(api|signed)/", status=403, times=(n,)
    ),
    "lost after": lambda n: FaultRule(
        kind="reset_after", path="/(api|signed)/", times=(n,)
    ),
    "broken": lambda n: FaultRule(
        kind="status", path="/(api|signed)/", status=503, times=(n,)
    ),
}


@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.replace(" ", "-"))
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name.replace(" ", "-"))
async def test_a_fault_at_any_step_loses_nothing(row: Row, kind: str, world: World) -> None:
    """Each state is whole in some place, and init again brings all to where they belong."""
    step = 0
    await prepare(world, row)
    expected = await world.lineages()
    main = (world.directory / "main.tf").read_text()
    finished = False
    while not finished:
        step += 1
        assert step < 60
        world.server.faults.replace(FaultSettings(rules=[FAULTS[kind](step)]))
        try:
            finished = await world.init() == 0
        except RemoteBackendError:
            pass
        world.server.faults.replace(FaultSettings())
        await unlock_all(world)
        (world.directory / "main.tf").write_text(main)
        assert (await world.lineages()) == expected, (step, kind)
        # A fault that nobody noticed came after the last request: then all is done.
    found = await places(world)
    assert {place: found[place].lineage for place in row.after} == {
        place: f"lineage-of-{name}" for place, name in row.after.items()
    }


async def unlock_all(world: World) -> None:
    """Take away locks that a fault has left, as the message told."""
    record = world.directory / ".terraform" / "terraform.tfstate"
    kept = record.read_bytes() if record.exists() else None
    record.unlink(missing_ok=True)
    world.block('prefix = "x-"')
    async with connect(world.directory, world.environ) as connection:
        for workspace in await connection.client.list_workspaces():
            if workspace.locked:
                await connection.client.force_unlock_workspace(workspace.id)
    if kept is not None:
        record.write_bytes(kept)


async def test_a_foreign_state_is_overwritten_only_when_told(world: World) -> None:
    """The later state gets a higher serial and keeps its lineage; the other one is history."""
    await world.put_remote(N, "default")
    record = world.directory / ".terraform" / "terraform.tfstate"
    record.unlink()
    other = state("other", serial=2)
    world.local("default").write_bytes(other.data)

    await world.init(False)
    assert (await world.remote_states())["app-one"].lineage == "lineage-of-default"
    assert world.local("default").read_bytes() == other.data
    record.unlink()
    await world.init(True)

    stored = (await world.remote_states())["app-one"]
    assert (stored.lineage, stored.serial) == ("lineage-of-other", 6)
    assert world.local("default").read_bytes() == b""


async def test_a_backup_never_overwrites_another(world: World) -> None:
    """What was kept before stays, under its name."""
    backup = world.local("default").with_name("terraform.tfstate.backup")
    backup.write_bytes(b"older\n")
    world.put_local("default")
    world.block(N)

    await world.init()

    assert backup.read_bytes() == b"older\n"
    assert (
        backup.with_name("terraform.tfstate.backup.1").read_bytes() == state("default").data
    )


async def test_a_broken_local_state_does_not_move(world: World) -> None:
    """A file with a merge conflict in it stays as it is, and nothing arrives on the server (H1)."""
    world.put_local("default")
    path = world.local("default")
    broken = path.read_bytes() + b"<<<<<<< HEAD\n"
    path.write_bytes(broken)
    world.block(N)

    with pytest.raises(
        RemoteBackendError, match=r"terraform\.tfstate cannot be read: .*more text after"
    ):
        await world.init(force_copy=True)

    assert path.read_bytes() == broken
    assert await world.remote_states() == {}


async def test_a_migration_in_doubt_says_what_is_locked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state is still here, and the error says what the workspace needs (M6)."""
    monkeypatch.setattr(retry, "_FIRST_WAIT_SECONDS", 0.0005)
    world.put_local("default")
    world.block(N)
    rules = [
        FaultRule(kind="status", path="/api/v2/workspaces/.*/state-versions", status=502),
        FaultRule(
            kind="status",
            path="/api/v2/workspaces/.*/current-state-version",
            status=500,
            times=tuple(range(3, 100)),
        ),
    ]
    world.server.faults.replace(FaultSettings(rules=rules))

    with pytest.raises(RemoteBackendError) as caught:
        await world.init(force_copy=True)
    world.server.faults.replace(FaultSettings())

    told = message_of(caught.value)
    assert "the state of app-one may not have been stored" in told
    assert "the workspace stays locked" in told
    assert told.endswith(
        "Nothing is lost; run init again to continue; "
        "`remote-backend force-unlock acme/app-one` takes the lock away"
    )
    assert world.local("default").read_bytes() == state("default").data
