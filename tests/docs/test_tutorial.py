"""The tutorial, typed into terminals as it stands there."""

import os
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from tests.support.documents import Block, blocks
from tests.support.paths import REPOSITORY
from tests.support.terminals import Terminal

PAGE = REPOSITORY / "docs/tutorial/index.md"
PORT = "8080"
# The blocks that are not typed, in their order: whole files, and a new form of a block of one.
FILES = ("seed.hcl", "networking/main.tf", "networking/main.tf", "prod-eu.tfstate")
DATA = ("hcl", "json")

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="pseudo terminals are a matter of POSIX"
)


def typed(block: Block) -> Iterator[tuple[str, list[str]]]:
    """Give each command of a block with the lines that the page shows below it."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, *shown = part.splitlines()
        yield command, shown


def missing(shown: list[str], output: str) -> list[str]:
    """Return the first lines that the page shows and that were not written; `...` stands for some."""
    written = "\n" + "\n".join(map(comparable, output.splitlines())) + "\n"
    for part in "\n".join(map(comparable, shown)).split("..."):
        if part.strip("\n") and f"\n{part.strip(chr(10))}\n" not in written:
            return part.strip("\n").splitlines()
    return []


def comparable(line: str) -> str:
    """Return a line without what differs from run to run."""
    line = re.sub(r"\b\d+(?:\.\d+)?s\b", "0s", line.rstrip())
    return re.sub(r"^Batch    \w{4} ", "Batch    1234 ", line)


class Shell(Terminal):
    """A shell in a terminal; its prompt counts, so that the end of a command is seen."""

    def __init__(self, directory: Path, environ: dict[str, str]) -> None:
        shell = ["bash", "--norc", "--noprofile", "--noediting", "-i"]
        super().__init__(shell, directory, {**environ, "PS1": r"<\#>$ "}, (80, 40))
        self.number = 1
        self._read_until("<1>$ ")

    def run(self, command: str) -> str:
        """Type a command and return what it has written."""
        prompt = f"<{self.number}>$ "
        self.number += 1
        self.type(f"{command}\n".encode())
        self._read_until(f"<{self.number}>$ ")
        return self.text.rpartition(prompt)[2].partition("\n")[2].rpartition("<")[0]

    def _read_until(self, text: str) -> None:
        # What is on the screen is costly to put together after each read.
        while text.encode() not in self.raw:
            assert self.read(), self.text


def write_file(path: Path, text: str) -> None:
    """Write a file of the page, or put a block of it in the place of its earlier form."""
    path.parent.mkdir(exist_ok=True)
    before = path.read_text() if path.exists() else ""
    first = re.escape(text.splitlines()[0])
    changed = re.sub(rf"^{first}\n.*?^}}\n", text, before, flags=re.M | re.S)
    path.write_text(changed or text)


def environ_of(folder: Path) -> dict[str, str]:
    """Return the variables of somebody who has installed the command and nothing else."""
    program = folder / "bin" / "remote-backend"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m remote_backend "$@"\n')
    program.chmod(0o755)
    return {
        "HOME": str(folder),
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONUTF8": "1",
        "TERM": "xterm-256color",
        "BASH_SILENCE_DEPRECATION_WARNING": "1",
    }


def free_port() -> str:
    """Return a port in place of the one of the page, which may be taken."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return str(listener.getsockname()[1])


def follow(folder: Path) -> list[tuple[str, list[str]]]:
    """Do what the page says; return the commands that wrote something else than it shows."""
    port, environ, files = free_port(), environ_of(folder), iter(FILES)
    shells: list[Shell] = []
    surprises = []
    try:
        for block in blocks(PAGE):
            text = block.text.replace(PORT, port)
            if block.language in DATA:
                write_file(folder / next(files), text)
                continue
            for command, shown in typed(block):
                if " serve " in command:
                    server = Shell(folder, environ)
                    shells.append(server)
                    server.type(f"{command.replace(PORT, port)}\n".encode())
                    output = server.see(lambda text: "The token, shown" in text)
                else:
                    shells += [Shell(folder, environ)] if len(shells) < 2 else []
                    output = shells[1].run(command)
                if lines := missing(shown, output.replace(port, PORT)):
                    surprises.append((command, [*lines, "--- but:", *output.splitlines()]))
    finally:
        for shell in shells:
            shell.process.kill()
            shell.process.wait()
    assert list(files) == []
    return surprises


async def test_the_tutorial_shows_what_is_written(tmp_path: Path) -> None:
    """Each command of the page, typed in its order in terminals, writes what stands below it."""
    with anyio.fail_after(120):
        surprises = await to_thread.run_sync(follow, tmp_path)
    assert surprises == []


def test_a_line_that_is_not_written_is_seen() -> None:
    """Lines must follow each other as on the page, but for dots and times."""
    output = "a\nb 1.2s\nc\nd"
    assert missing(["a", "b 3s", "...", "d"], output) == []
    assert missing(["a", "c"], output) == ["a", "c"]
    assert missing(["...", "e", "..."], output) == ["e"]
