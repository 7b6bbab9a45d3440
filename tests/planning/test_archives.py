"""One archive for each working directory, and errors where there can be none."""

from pathlib import Path

import pytest

from remote_backend.errors import ConfigurationChanged, SlugError
from remote_backend.models.workspace import Workspace
from remote_backend.planning.archives import pack_archives
from remote_backend.planning.options import BatchOptions
from remote_backend.planning.recorded_batch import RecordedBatch
from remote_backend.slug.archive import Slug
from remote_backend.workspaces import LocalWorkspace
from tests.support.fakes import batch_context


def workspaces(*working_directories: str) -> list[LocalWorkspace]:
    """Return workspaces with these working directories."""
    return [
        LocalWorkspace(
            f"{number}",
            Workspace(id=f"ws-{number}", name=f"net-{number}", working_directory=directory),
        )
        for number, directory in enumerate(working_directories)
    ]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Write a configuration in a/b, for the working directories "" and "b"."""
    directory = tmp_path / "a" / "b"
    directory.mkdir(parents=True)
    (directory / "main.tf").write_text("")
    return directory


async def test_workspaces_with_one_working_directory_share_an_archive(
    source: Path, tmp_path: Path
) -> None:
    """The configuration is packed once for each of them, not for each workspace."""
    chosen = workspaces("", "b", "", "b")

    archives = await pack_archives(chosen, BatchOptions(), batch_context(source), tmp_path)

    assert list(archives) == ["", "b"]
    assert all(isinstance(archive, Slug) for archive in archives.values())


async def test_one_odd_working_directory_does_not_end_the_others(
    source: Path, tmp_path: Path
) -> None:
    """Its workspaces fail with the reason; without any other the batch does not begin."""
    context, options = batch_context(source), BatchOptions()

    archives = await pack_archives(workspaces("", "other"), options, context, tmp_path)

    assert isinstance(archives[""], Slug)
    assert isinstance(archives["other"], SlugError)
    with pytest.raises(SlugError):
        await pack_archives(workspaces("other", "other"), options, context, tmp_path)


async def test_a_resumed_batch_gets_no_other_archive(source: Path, tmp_path: Path) -> None:
    """A changed configuration is an error of its workspaces, and not of the whole batch (P139)."""
    options = BatchOptions(journal_folder=tmp_path / "journals")
    earlier = RecordedBatch(
        id="batch-1",
        directory=source,
        hostname="tfe.test",
        organization="acme",
        started_at="",
        workspaces={"0": "ws-0"},
        options=options,
        archives={"": "another digest"},
    )
    context = batch_context(source, earlier=earlier)

    archives = await pack_archives(workspaces(""), options, context, tmp_path)

    assert isinstance(archives[""], ConfigurationChanged)
