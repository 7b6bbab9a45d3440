"""A change selects workspaces of several configurations, each by its own directory and modules."""

from pathlib import Path

import pytest

from remote_backend.errors import GitError
from remote_backend.models.workspace import Workspace
from remote_backend.selecting.changed_configurations import (
    Candidates,
    select_changed_of_several,
)
from remote_backend.workspaces import LocalWorkspace
from tests.support.repositories import TestRepository, new_repository

CALL = 'module "vpc" {\n  source = "../../modules/vpc"\n}\n'


def candidates(directory: Path, working_directory: str = "") -> Candidates:
    """Return the one workspace of a configuration, which is called by its directory in the batch."""
    remote = Workspace(id="ws-1", name="net-dev", working_directory=working_directory)
    return Candidates(
        directory=directory,
        existing=(LocalWorkspace("dev", remote),),
        names={"dev": f"{directory.name}:dev"},
    )


def monorepo(path: Path) -> TestRepository:
    """Make a repository of three stacks, two of which call a module."""
    return new_repository(
        path,
        {
            "stacks/net/main.tf": CALL,
            "stacks/app/main.tf": CALL,
            "stacks/dns/main.tf": "# dns\n",
            "modules/vpc/main.tf": "# vpc\n",
        },
    )


async def test_a_module_touches_the_configurations_that_call_it(tmp_path: Path) -> None:
    """The names are those of the batch, and the reasons those of each configuration."""
    work = monorepo(tmp_path / "work")
    work.write({"modules/vpc/main.tf": "# changed\n"})
    stacks = [
        candidates(work.path / f"stacks/{name}", f"stacks/{name}")
        for name in ("net", "app", "dns")
    ]
    selection = await select_changed_of_several(stacks, "HEAD", work.environ)

    assert {name: reason for name, [reason] in selection.reasons.items()} == {
        f"{name}:dev": "modules/vpc/main.tf: the module modules/vpc, which "
        f"stacks/{name}/main.tf calls"
        for name in ("net", "app")
    }
    assert selection.not_touched == ("dns:dev",)
    assert selection.base == f"HEAD, {work.git('rev-parse', 'HEAD')[:7]}"


async def test_each_repository_has_a_change_of_its_own(tmp_path: Path) -> None:
    """Both bases are named, and a path counts in its own repository only."""
    first, second = monorepo(tmp_path / "first"), monorepo(tmp_path / "second")
    first.write({"stacks/dns/more.tf": "# more\n"})
    second.commit({"README.md": "another commit"})
    directories = [each.path / "stacks/dns" for each in (first, second)]
    selection = await select_changed_of_several(
        [
            Candidates(directory=path, existing=one.existing, names={"dev": str(path)})
            for path in directories
            for one in [candidates(path)]
        ],
        "HEAD",
        first.environ,
    )

    assert list(selection.reasons) == [str(directories[0])]
    assert selection.not_touched == (str(directories[1]),)
    ids = [each.git("rev-parse", "HEAD")[:7] for each in (first, second)]
    assert selection.base == f"HEAD, {ids[0]} and HEAD, {ids[1]}"


async def test_a_directory_outside_is_selected(tmp_path: Path) -> None:
    """What is unsure is planned, with the reason; without any change that can be read it is an error."""
    work, outside = monorepo(tmp_path / "work"), tmp_path / "outside"
    outside.mkdir()
    (outside / "main.tf").touch()
    both = [candidates(work.path / "stacks/dns"), candidates(outside)]
    selection = await select_changed_of_several(both, "HEAD", work.environ)

    [reason] = selection.reasons["outside:dev"]
    assert reason.startswith("what belongs to it is not known: git cannot read")
    assert selection.not_touched == ("dns:dev",)
    with pytest.raises(GitError, match="cannot read the repository of"):
        await select_changed_of_several(both[1:], "HEAD", work.environ)
