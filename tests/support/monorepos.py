"""A repository of several configurations, and a server with their workspaces."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from attrs import field, frozen

from remote_backend.configurations import Configurations
from remote_backend.events import Event, WarningRaised
from remote_backend.models.changes import ResourceChange
from remote_backend.models.comparison import ChangeClass, ComparedWith, ComparisonResult
from remote_backend.models.outcome import Outcome
from remote_backend.opening import open_configurations
from remote_backend.planning.base_choice import BaseChoice
from remote_backend.planning.options import BatchOptions
from remote_backend.server.embedded import EmbeddedServer, backend_block
from remote_backend.server.seed import SeedWorkspace
from tests.support.command_line import CommandLine, Finished
from tests.support.report_builders import update
from tests.support.repositories import TestRepository, new_repository
from tests.support.scripted_engine import SCRIPT, ScriptedEngine, script
from tests.support.servers import running_server

__all__ = ("CAUSED", "NET_CAUSES", "PENDING", "SEED", "Batch", "Monorepo", "serving")

LONGEST_SECONDS = 120
PENDING = update("aws_vpc.pending", "1", "2")
CAUSED = update("aws_vpc.caused", "1", "2")
SEED = [
    SeedWorkspace(name="net-dev", working_directory="stacks/net"),
    SeedWorkspace(name="net-prod", working_directory="stacks/net"),
    SeedWorkspace(name="dns-prod", working_directory="stacks/dns"),
    SeedWorkspace(name="apps-web", working_directory="apps"),
]
ALL = ("stacks/*", "apps")


@frozen
class Batch:
    """What a batch came to."""

    outcomes: dict[str, Outcome]
    events: tuple[Event, ...]
    compared_with: ComparedWith | None

    @property
    def results(self) -> dict[str, ComparisonResult]:
        """How the plans of each workspace compare."""
        return {
            name: outcome.comparison.result
            for name, outcome in self.outcomes.items()
            if outcome.comparison is not None
        }

    @property
    def caused(self) -> dict[str, list[str]]:
        """The addresses of what is caused in each workspace that has any."""
        return {
            name: [
                change.change.address
                for change in changes
                if isinstance(change.change, ResourceChange)
            ]
            for name, outcome in self.outcomes.items()
            if outcome.comparison is not None
            and (changes := outcome.comparison.of_class(ChangeClass.CAUSED))
        }

    @property
    def warnings(self) -> list[str]:
        """The texts of all warnings."""
        return [each.text for each in self.events if isinstance(each, WarningRaised)]


@frozen
class Monorepo:
    """A server, and a repository with configurations of its workspaces."""

    server: EmbeddedServer = field(repr=False)
    repository: TestRepository
    data: Path

    @property
    def work(self) -> CommandLine:
        """What reads the records of the server."""
        return CommandLine(self.server, self.repository.path, self.data)

    @property
    def environ(self) -> Mapping[str, str]:
        """The variables of a process that knows the server."""
        return {
            **self.repository.environ,
            "TF_CLI_CONFIG_FILE": str(self.server.cli_config_file),
        }

    def block(self, prefix: str) -> str:
        """Return the block of a configuration."""
        return backend_block(self.server.hostname, "acme", prefix)

    def branch(self, files: Mapping[str, str]) -> str:
        """Commit files to a branch; return the commit of main."""
        commit = self.repository.git("rev-parse", "HEAD")
        self.repository.git("checkout", "--quiet", "-b", "change")
        self.repository.commit(files)
        return commit

    async def run(self, *arguments: str, **environ: str) -> Finished:
        """Run the command line at the top of the repository."""
        home = str(self.repository.path.parent / "home")
        own = {**self.repository.environ, "HOME": home, "XDG_DATA_HOME": home}
        return await self.work.run(*arguments, **{**own, **environ})

    @asynccontextmanager
    async def opened(self, *arguments: str) -> AsyncIterator[Configurations]:
        """Open the backends of directories."""
        async with open_configurations(
            arguments or ALL, base=self.repository.path, environ=self.environ
        ) as configurations:
            yield configurations

    async def plan(self, base: BaseChoice | None, *arguments: str, **options: Any) -> Batch:
        """Plan all workspaces of some directories."""
        wishes = BatchOptions(base=base, **{"details": True, **options})
        async with self.opened(*arguments) as configurations:
            with anyio.fail_after(LONGEST_SECONDS):
                async with configurations.plan_all(wishes) as batch:
                    events = tuple([event async for event in batch])
        outcomes = {outcome.workspace: outcome for outcome in batch.outcomes}
        return Batch(outcomes, events, batch.compared_with)


@asynccontextmanager
async def serving(
    folder: Path, seed: Iterable[SeedWorkspace] = SEED, **settings: Any
) -> AsyncIterator[Monorepo]:
    """Run a server, and make a repository of three configurations, each with a pending change."""
    async with running_server(
        folder,
        simulated=ScriptedEngine(),
        seed=list(seed),
        **{"workers": 20, **settings},
    ) as server:
        pending = script(all_others=[PENDING])
        files = {
            f"{directory}/{name}": text
            for directory in ("stacks/net", "stacks/dns", "apps")
            for name, text in (
                ("main.tf", backend_block(server.hostname, "acme", _prefix(directory))),
                (SCRIPT, pending),
            )
        }
        repository = new_repository(folder / "work", files)
        yield Monorepo(server, repository, folder / "data")


def _prefix(directory: str) -> str:
    return f"{directory.rpartition('/')[2]}-"


NET_CAUSES = {
    f"stacks/net/{SCRIPT}": script(all_others=[PENDING], **{"net-prod": [PENDING, CAUSED]})
}
