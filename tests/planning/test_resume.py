"""A resumed batch uploads as it did before, and never mixes two configurations."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from attrs import frozen

import remote_backend
from remote_backend.engine.simulated import SimulatedEngine, Simulation
from remote_backend.models.configuration import UploadMode
from remote_backend.planning.recorded_batch import read_journal
from remote_backend.server.embedded import backend_block
from remote_backend.server.seed import SeedWorkspace
from remote_backend.slug.archive import pack
from tests.support.servers import hosted, running_server

COUNT = 6


@frozen
class JournaledBackend:
    """A configuration with its backend, and where its journals are."""

    backend: remote_backend.Backend
    directory: Path
    journals: Path

    async def begin(self, mode: UploadMode) -> None:
        """Begin a batch that is left when its first workspace has ended."""
        options = remote_backend.BatchOptions(
            upload=mode, max_concurrency=1, journal_folder=self.journals
        )
        async with self.backend.plan_all(options) as batch:
            async for event in batch:
                if isinstance(event, remote_backend.PlanFinished):
                    return

    async def resume(self) -> tuple[remote_backend.Outcome, ...]:
        """Go on with it and return the outcomes of all workspaces."""
        story = read_journal(self.journals, None)
        async with self.backend.resume(story) as batch:
            return await batch.wait()

    async def uploads(self) -> int:
        """Return how many configuration versions all workspaces have."""
        client = self.backend.connection.client
        return sum(
            [
                len(await client.list_configuration_versions(named.remote.id))
                for named in await self.backend.workspaces()
            ]
        )


@pytest.fixture
async def journaled(tmp_path: Path) -> AsyncIterator[JournaledBackend]:
    """Run a server with some workspaces and open the backend of a configuration."""
    async with running_server(
        tmp_path,
        simulated=SimulatedEngine(Simulation(seconds=0)),
        seed=[SeedWorkspace(name=f"net-{number}") for number in range(COUNT)],
    ) as server:
        directory = tmp_path / "networking"
        directory.mkdir()
        (directory / "main.tf").write_text(backend_block(server.hostname, "acme", "net-"))
        environ = {"TF_CLI_CONFIG_FILE": str(server.cli_config_file)}
        opened = remote_backend.open_backend(directory, environ=environ)
        async with hosted(opened) as backend:
            yield JournaledBackend(backend, directory, tmp_path / "journals")


async def test_a_resumed_batch_uploads_as_it_began(journaled: JournaledBackend) -> None:
    """The mode is in the journal: with EACH, the missing workspaces get an upload each (W6)."""
    await journaled.begin(UploadMode.EACH)

    outcomes = await journaled.resume()

    assert [outcome.succeeded for outcome in outcomes] == [True] * COUNT
    assert await journaled.uploads() >= COUNT


async def test_a_changed_configuration_is_not_mixed_with_the_earlier_one(
    journaled: JournaledBackend,
) -> None:
    """What is missing is not started, says why, and is planned once the files are back (P139)."""
    await journaled.begin(UploadMode.AUTO)
    main = journaled.directory / "main.tf"
    text, uploads = main.read_text(), await journaled.uploads()
    main.write_text(f"{text}# changed\n")

    changed = await journaled.resume()

    assert changed[0].succeeded
    missing = [one for one in changed if one.result is remote_backend.Result.NOT_STARTED]
    assert len(missing) >= COUNT - 2
    assert all("has changed since batch-" in (one.reason or "") for one in missing)
    assert all(
        isinstance(one.error, remote_backend.ConfigurationChanged) for one in missing
    )
    assert await journaled.uploads() == uploads

    main.write_text(text)
    assert all(one.succeeded or one in changed for one in await journaled.resume())


async def test_files_with_other_times_are_the_same_configuration(
    journaled: JournaledBackend,
) -> None:
    """A fresh checkout can go on with a batch."""
    await journaled.begin(UploadMode.AUTO)
    os.utime(journaled.directory / "main.tf", (1, 1))

    outcomes = await journaled.resume()

    assert not [
        outcome
        for outcome in outcomes
        if outcome.result is remote_backend.Result.NOT_STARTED
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_text("b"),
        lambda path: path.rename(path.with_name("other.tf")),
        lambda path: path.with_name("more.tf").touch(),
    ],
)
async def test_a_digest_says_names_and_contents(change: object, tmp_path: Path) -> None:
    """Each of them makes another digest, and times make none."""
    assert callable(change)
    source, into = tmp_path / "source", tmp_path / "into"
    source.mkdir()
    into.mkdir()
    (source / "main.tf").write_text("a")

    async def digest() -> str | None:
        slug = await pack(
            source, working_directory="", destroy=False, into=into, with_digest=True
        )
        return slug.content_digest

    before = await digest()
    os.utime(source / "main.tf", (1, 1))
    same = await digest()
    change(source / "main.tf")

    assert before == same != await digest()
