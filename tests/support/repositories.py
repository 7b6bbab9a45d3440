"""Git repositories of tests, apart from the settings of the machine."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

__all__ = ("TestRepository", "clone", "new_repository")

# Commits of the same content have the same ids everywhere.
_IDENTITY = {
    name: value
    for role in ("AUTHOR", "COMMITTER")
    for name, value in (
        (f"GIT_{role}_NAME", "Ann"),
        (f"GIT_{role}_EMAIL", "ann@example.test"),
        (f"GIT_{role}_DATE", "2026-01-02T03:04:05Z"),
    )
}
_SETTINGS = """
[init]
    defaultBranch = main
[protocol "file"]
    allow = always
"""


@frozen
class TestRepository:
    """A working tree, and git in it."""

    __test__ = False

    path: Path
    environ: Mapping[str, str]

    def git(self, *arguments: str) -> str:
        """Run git, which must succeed, and return what it prints."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env={**self.environ, **_IDENTITY},
            capture_output=True,
            text=True,
        )
        assert not done.returncode, done.stderr
        return done.stdout.strip()

    def write(self, files: Mapping[str, str]) -> None:
        """Write files with their directories."""
        for name, text in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def commit(self, files: Mapping[str, str] | None = None) -> str:
        """Write files, commit everything, and return the id of the commit."""
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "change")
        return self.git("rev-parse", "HEAD")


def new_repository(
    path: Path, files: Mapping[str, str] | None = None, *, commit: bool = True
) -> TestRepository:
    """Make a repository with the branch `main`, and one commit of some files."""
    path.mkdir(parents=True)
    repository = TestRepository(path, _environ(path))
    repository.git("init", "--quiet")
    if commit:
        repository.commit(files)
    return repository


def clone(origin: TestRepository, path: Path, *options: str) -> TestRepository:
    """Clone a repository by its address, so that depth and filters have their effect."""
    repository = TestRepository(path, _environ(path))
    subprocess.run(
        ["git", "clone", "--quiet", *options, origin.path.as_uri(), str(path)],
        env=dict(repository.environ),
        check=True,
        capture_output=True,
    )
    return repository


def _environ(path: Path) -> dict[str, str]:
    """Return an environment without a home, hooks and settings of the machine."""
    settings = path.parent / "gitconfig"
    settings.write_text(_SETTINGS)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(path.parent),
        "GIT_CONFIG_GLOBAL": str(settings),
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C",
    }
