"""The repositories around directories."""

from pathlib import Path

from remote_backend.errors import GitError
from remote_backend.git.repository import Repository, open_repositories
from tests.support.repositories import new_repository


async def test_directories_of_one_repository_share_it(tmp_path: Path) -> None:
    """Git runs once for each repository: an inner one is another, and outside there is none."""
    work = new_repository(tmp_path / "work", {"a/main.tf": "", "b/main.tf": ""})
    inner = new_repository(work.path / "a" / "inner", {"main.tf": ""})
    outside = tmp_path / "outside"
    outside.mkdir()
    directories = [work.path / "a", work.path / "b", inner.path, outside]
    opened = await open_repositories(directories, work.environ)
    first, second, third, fourth = (opened[directory] for directory in directories)

    assert first is second
    assert isinstance(first, Repository) and first.top == work.path.resolve()
    assert isinstance(third, Repository) and third.top == inner.path.resolve()
    assert isinstance(fourth, GitError)
