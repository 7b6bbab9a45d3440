"""What shells complete: commands, flags, and values that are known without a request."""

import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from remote_backend.cli.completion import completions
from remote_backend.cli.main import cli
from tests.support.command_line import CommandLine, write_backend
from tests.support.paths import REPOSITORY

PROMPT = """
eval "$(remote-backend completion bash)"
COMP_WORDS=(remote-backend "$@")
COMP_CWORD=$#
_remote_backend
printf '%s\\n' "${COMPREPLY[@]}"
"""


def completed(*words: str, **environ: str) -> list[str]:
    """Return what can stand in place of the last word."""
    root = click.Context(cli, info_name="remote-backend")
    return completions(root, words, environ)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["pl"], ["plan"]),
        (["batches", "re"], ["resume"]),
        (["plan", "-exc"], ["-exclude="]),
        (["plan", "--sel"], ["--select=", "--select-tag="]),
        (["plan", "-all", "-detai"], ["-detailed-exitcode"]),
        (["plan", "-upload=s"], ["-upload=shared"]),
        (["plan", "-upload", "=", "s"], ["-upload=shared"]),
        (["plan", "-upload", "s"], ["shared"]),
        (["plan", "-refresh="], ["-refresh=true", "-refresh=false"]),
        (["plan", "-nonsense="], []),
        (["plan", "-message="], []),
        (["plan", ""], []),
        (["-chdir", "plan", "wor"], ["workspace"]),
        (["-chdir=x", "workspace", "sel"], ["select"]),
        (["nonsense", ""], []),
        (["version", ""], []),
        (["completion", "z"], []),
    ],
    ids=" ".join,
)
def test_words_are_completed(words: list[str], expected: list[str], tmp_path: Path) -> None:
    """Flags have one dash or two, and an equals sign where a value follows."""
    assert completed(*words, HOME=str(tmp_path)) == expected


def test_nothing_is_known_without_a_home() -> None:
    """Where no journals can be, there is no error in the middle of a line."""
    assert completed("plan", "-select=") == []


async def test_workspaces_and_batches_are_those_of_journals(
    command_line: CommandLine,
) -> None:
    """Names come from the newest readable batch of the directory, without a request."""
    environ = {"HOME": str(command_line.directory.parent)}
    directory = f"-chdir={command_line.directory}"
    await command_line.run("plan", "-select=dev", "-select=prod", "-detach")
    batches = command_line.directory.parent / ".local/share/remote-backend/batches"
    (journal,) = batches.glob("*.journal")
    (journal.parent / "half.journal").write_text('{"kind": "ba')
    (command_line.directory / ".terraform").mkdir()
    (command_line.directory / ".terraform/environment").write_text("eu-7")
    write_backend(command_line, lambda text: text.replace("127.0.0.1", "gone.invalid"))

    found = completed(directory, "plan", "-select=", **environ)

    assert found == ["-select=dev", "-select=eu-7", "-select=prod"]
    assert completed(directory, "workspace", "select", "p", **environ) == ["prod"]
    assert completed(directory, "output", "-workspace", "d", **environ) == ["dev"]
    assert completed("batches", "show", "batch-", **environ) == [journal.stem]
    assert completed("batches", "log", "-batch=l", **environ) == ["-batch=last"]
    assert completed(directory, "batches", "log", "dev", "p", **environ) == ["prod"]
    assert completed("-chdir=/elsewhere", "plan", "-select=d", **environ) == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["plan", "-upl"], ["-upload=", "-upload-timeout="]),
        (["plan", "-upload", "=", "s"], ["shared"]),
        (["plan", "-upload", "="], ["auto", "shared", "each"]),
        (["works"], ["workspace"]),
    ],
    ids=" ".join,
)
@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_bash_completes(words: list[str], expected: list[str], tmp_path: Path) -> None:
    """The script gives bash what belongs in place of the word at the cursor."""
    program = tmp_path / "remote-backend"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m remote_backend "$@"\n')
    program.chmod(0o755)

    done = subprocess.run(
        ["bash", "--norc", "-c", PROMPT, "bash", *words],
        env={
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "HOME": str(tmp_path),
            "PYTHONPATH": str(REPOSITORY),
        },
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == expected
