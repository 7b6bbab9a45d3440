"""Output reaches standard streams of every encoding, closed ones, and byte for byte."""

import json
import os
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from remote_backend.cli.output.streams import utf8_of
from remote_backend.engine.simulated import Simulation
from remote_backend.models.plan import Counts
from remote_backend.server.seed import SeedWorkspace
from tests.support.command_line import CommandLine
from tests.support.paths import REPOSITORY

LINE = "╷ Größe \U0001f680"
STATE = {
    "version": 4,
    "terraform_version": "1.5.0",
    "serial": 1,
    "lineage": "a",
    "outputs": {"price": {"value": "5 € – Größe", "type": "string"}},
    "resources": [],
}
posix = pytest.mark.skipif(os.name == "nt", reason="there is no POSIX shell")


@pytest.fixture
def seed() -> list[SeedWorkspace]:
    """Return a workspace with a log of many letters."""
    log = Simulation(parts=(f"{LINE}\n".encode(),), counts=Counts())
    return [SeedWorkspace(name="networking-dev", simulation=log)]


async def output_of(command_line: CommandLine, encoding: str, *arguments: str) -> bytes:
    """Run a command with an encoding of its streams; return what it wrote, once it is well."""
    done = await anyio.run_process(
        command_line.command(*arguments),
        cwd=command_line.directory,
        env=command_line.environ(
            PYTHONIOENCODING=encoding,
            TF_WORKSPACE="dev",
            PYTHONPATH=str(REPOSITORY),
        ),
        check=False,
    )
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
    return done.stdout


async def test_a_log_reaches_a_stream_of_any_encoding(command_line: CommandLine) -> None:
    """Letters that an encoding lacks are written as escapes, and the plan goes on (N07, A10)."""
    for encoding, expected in {
        "cp1252": b"\\u2577 Gr\xf6\xdfe \\ud83d\\ude80\n",
        "latin-1": b"\\u2577 Gr\xf6\xdfe \\ud83d\\ude80\n",
        "ascii": b"\\u2577 Gr\\u00f6\\u00dfe \\ud83d\\ude80\n",
        "utf-8": f"{LINE}\n".encode(),
    }.items():
        assert expected in await output_of(command_line, encoding, "plan"), encoding


async def test_events_stay_json_in_any_encoding(command_line: CommandLine) -> None:
    """The escapes are those of JSON, so a reader gets every letter back."""
    for encoding in ("latin-1", "ascii"):
        lines = (await output_of(command_line, encoding, "plan", "-json")).splitlines()
        events = [json.loads(line.decode(encoding)) for line in lines]
        assert any(LINE in str(event) for event in events)


async def test_a_raw_output_is_utf_8_whatever_the_stream(command_line: CommandLine) -> None:
    """Programs read it, and Terraform writes the same bytes (L6)."""
    (command_line.directory / "s.json").write_text(json.dumps(STATE), encoding="utf-8")
    await output_of(command_line, "utf-8", "state", "push", "s.json")

    for encoding in ("latin-1", "ascii"):
        raw = await output_of(command_line, encoding, "output", "-raw", "price")
        assert raw == "5 € – Größe".encode()


def test_half_a_character_becomes_the_sign_for_it() -> None:
    """Go writes U+FFFD for a lone surrogate, and a pair is one character."""
    assert utf8_of("a\ud83db") == "a\ufffdb".encode()
    assert utf8_of("\ud83d\ude80") == "\U0001f680".encode()
    assert utf8_of("ß") == "ß".encode()


@posix
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
async def test_closed_streams_end_no_command(
    command_line: CommandLine, closed: str
) -> None:
    """What is written to them is dropped, as by Terraform (N10)."""
    done = await anyio.run_process(
        ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", *command_line.command("plan")],
        cwd=command_line.directory,
        env=command_line.environ(TF_WORKSPACE="dev", PYTHONPATH=str(REPOSITORY)),
        check=False,
    )

    assert done.returncode == 0
    assert ("networking-dev: " in done.stderr.decode()) is ("2>" not in closed)
    assert (LINE in done.stdout.decode()) is (closed == "2>&-")


@posix
@pytest.mark.parametrize(
    ("batch", "warned"), [((), False), (("-all", "-detailed-exitcode=false"), True)]
)
async def test_an_account_without_a_home_can_plan(
    command_line: CommandLine, batch: tuple[str, ...], warned: bool
) -> None:
    """A single plan needs no journal, and a batch goes on without one and says so (N08)."""
    program = (
        "import os, pwd\n"
        "def unknown(uid): raise KeyError(uid)\n"
        "pwd.getpwuid = unknown\n"
        "del os.environ['HOME']\n"
        "from remote_backend.__main__ import main\n"
        "main()\n"
    )
    done = await anyio.run_process(
        [sys.executable, "-c", program, "plan", *batch],
        cwd=command_line.directory,
        env=command_line.environ(TF_WORKSPACE="dev", PYTHONPATH=str(REPOSITORY)),
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert (
        b"cannot be resumed" in done.stderr and b"XDG_DATA_HOME" in done.stderr
    ) is warned


async def test_standard_input_may_hold_any_bytes(command_line: CommandLine) -> None:
    """A token in another encoding is refused with the position, and not shown."""
    done = await anyio.run_process(
        command_line.command("login", "tfe.test"),
        input=b"sek\xff\xfe\n",
        env=command_line.environ(
            PYTHONIOENCODING="utf-8:strict", PYTHONPATH=str(REPOSITORY)
        ),
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith(b"Error: the token that was given has at position 4")
    assert b"sek" not in done.stderr


@posix
def test_a_directory_that_is_gone_is_not_called_the_output(tmp_path: Path) -> None:
    """Only what the streams refuse is the output; all else says what it is."""
    gone = tmp_path / "gone"
    gone.mkdir()
    done = subprocess.run(
        [
            *("/bin/sh", "-c", 'rmdir "$PWD"; exec "$@"', "sh"),
            *(sys.executable, "-P", "-m", "remote_backend", "workspace", "list"),
        ],
        cwd=gone,
        env={"PATH": "/bin:/usr/bin", "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert done.stderr == (
        "Error: the current directory does not exist any more; change to another one\n"
    )
