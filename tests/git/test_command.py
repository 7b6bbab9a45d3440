"""Git runs with few variables of its own kind, and its words are clean."""

from pathlib import Path

import pytest

from remote_backend.errors import GitError
from remote_backend.git.command import Git


def git_that(folder: Path, script: str, **environ: str) -> Git:
    """Return a git that is a script."""
    program = folder / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    path = f"{program.parent}:/usr/bin:/bin"
    return Git(directory=folder, environ={"PATH": path, **environ})


async def test_variables_that_retarget_git_are_not_passed_on(tmp_path: Path) -> None:
    """Those of SSH, configuration, LFS and certificates are; others would lead elsewhere."""
    git = git_that(
        tmp_path,
        "env | grep ^GIT_ | sort",
        GIT_DIR="/elsewhere",
        GIT_WORK_TREE="/elsewhere",
        GIT_INDEX_FILE="/elsewhere",
        GIT_OBJECT_DIRECTORY="/elsewhere",
        GIT_CONFIG="/elsewhere",
        GIT_EXTERNAL_DIFF="x",
        GIT_SSH_COMMAND="ssh",
        GIT_CONFIG_GLOBAL="g",
        GIT_LFS_SKIP_SMUDGE="1",
        GIT_SSL_CAINFO="ca",
    )

    names = [line.partition("=")[0] for line in (await git.read("x")).decode().splitlines()]

    assert names == [
        "GIT_CONFIG_GLOBAL",
        "GIT_LFS_SKIP_SMUDGE",
        "GIT_OPTIONAL_LOCKS",
        "GIT_SSH_COMMAND",
        "GIT_SSL_CAINFO",
        "GIT_TERMINAL_PROMPT",
    ]


async def test_words_of_git_are_clean(tmp_path: Path) -> None:
    """Control sequences and passwords of addresses do not reach a message."""
    git = git_that(
        tmp_path,
        "printf 'fatal: \\033[31mhttps://user:secret@git.test/a\\r\\n\\n hint\\n' >&2; exit 128",
    )

    with pytest.raises(GitError) as caught:
        await git.read("fetch")

    assert caught.value.git_text == "fatal: https://git.test/a hint"
    assert str(caught.value) == (
        f"git fetch in {tmp_path} failed with exit code 128: fatal: https://git.test/a hint"
    )


async def test_git_reads_no_input_of_the_user(tmp_path: Path) -> None:
    """A question would wait forever, so there is nothing to read."""
    git = git_that(tmp_path, "cat")

    assert await git.read("x") == b""


async def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    """The error names it; git is not to blame."""
    git = Git(directory=tmp_path / "absent", environ={"PATH": "/usr/bin:/bin"})

    with pytest.raises(GitError) as caught:
        await git.read("status")

    assert str(caught.value) == f"{tmp_path / 'absent'} is not a directory"
