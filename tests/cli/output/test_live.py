"""The live view in a pseudo terminal, seen by a terminal emulator."""

import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from itertools import count
from pathlib import Path

import anyio
import pyte
import pytest
from anyio import to_thread

from remote_backend.cli.output.live import LiveConsole
from remote_backend.cli.output.screen import Screen
from remote_backend.engine.simulated import SimulatedEngine, Simulation
from remote_backend.events import BatchStarted, PlanStarted, RunStatusChanged
from remote_backend.models.plan import Counts
from remote_backend.server.embedded import ServerSettings, serve
from remote_backend.server.seed import SeedWorkspace
from tests.support.command_line import CommandLine, write_backend
from tests.support.paths import REPOSITORY

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="pseudo terminals are a matter of POSIX"
)
# What clears and names, and what would write into the clipboard if its inner part were removed.
HOSTILE = (
    "\x1b[2J\x1b[1;1Hgone \x1b]0;title\x07\u7f51\u7edc end\n"
    "\x1b\x1b[K]52;c;cm0gLXJmIH4=\x1b\x1b[K\\\x1b\x1b[K[2J\n"
).encode()


class Terminal:
    """A process in a terminal of some size, and what a person sees of it."""

    def __init__(
        self, command: list[str], cwd: Path, environ: dict[str, str], size: tuple[int, int]
    ) -> None:
        import fcntl
        import pty
        import termios

        columns, lines = size
        self.screen = pyte.HistoryScreen(columns, lines, history=5000, ratio=0.5)
        self._stream = pyte.ByteStream(self.screen)
        self._file, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environ,
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
        )
        os.close(inside)
        self.raw = b""

    def read(self) -> bool:
        """Read what comes next; return False at the end."""
        try:
            data = os.read(self._file, 1 << 16)
        except OSError:
            return False
        self.raw += data
        self._stream.feed(data)
        return bool(data)

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size, as a person does with the mouse."""
        import fcntl
        import termios

        fcntl.ioctl(
            self._file, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0)
        )
        self.screen.resize(lines, columns)

    def see(self, wanted: Callable[[str], bool]) -> str:
        """Read until the screen shows what is wanted; fail at the end."""
        while not wanted(self.text):
            assert self.read(), repr(self.raw[-3000:])
        return self.text

    @property
    def mode(self) -> object:
        """The mode of the terminal, as `stty` shows it."""
        import termios

        return termios.tcgetattr(self._file)

    @property
    def echoes(self) -> bool:
        """Whether the terminal shows what is typed."""
        import termios

        return bool(termios.tcgetattr(self._file)[3] & termios.ECHO)

    def finish(self, mode: object = None) -> int:
        """Read to the end and return the exit code; the terminal has to have a mode then."""
        while self.read():
            pass
        assert mode in (None, self.mode)
        os.close(self._file)
        return self.process.wait()

    @property
    def text(self) -> str:
        """Everything on the screen, and what has left it at the top."""
        above = [
            "".join(line[x].data for x in range(self.screen.columns))
            for line in self.screen.history.top
        ]
        return "\n".join([*above, *self.screen.display])


@contextmanager
def terminal(
    shop: CommandLine, *arguments: str, size: tuple[int, int], **more: str
) -> Iterator[Terminal]:
    """Run a command in a terminal."""
    environ = {
        **shop.environ(PYTHONPATH=str(REPOSITORY)),
        "TERM": "xterm-256color",
        **more,
    }
    made = Terminal(shop.command(*arguments), shop.directory, environ, size)
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.process.kill()
            made.process.wait()


@pytest.fixture
def seed() -> list[SeedWorkspace]:
    """Return workspaces that succeed, fail, and take their time."""
    return [
        SeedWorkspace(
            name="networking-dev", simulation=Simulation(counts=Counts(2, 1, 0, 0))
        ),
        SeedWorkspace(
            name="networking-bad",
            simulation=Simulation(succeeds=False, parts=(HOSTILE, b"Error: no\n")),
        ),
        SeedWorkspace(
            name="networking-slow",
            simulation=Simulation(seconds=5, parts=(b"working on it\n", b"more\n")),
        ),
    ]


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (200, 50)])
async def test_a_batch_is_drawn_in_place(size: tuple[int, int], shop: CommandLine) -> None:
    """Rows change where they are, a failure opens out, and the table ends it."""

    def is_waiting_for_slow(text: str) -> bool:
        # What was read can end within a drawing, so every part of one is waited for.
        words = ["2 of 3 workspaces", "\nslow ", "planning", "\ndev ", "changes"]
        return all(word in text for word in words) and (
            size[0] < 60 or "  working on it" in text
        )

    def look() -> tuple[str, str, int, bytes]:
        with terminal(shop, "plan", "-all", size=size) as seen:
            before = seen.mode
            living = seen.see(is_waiting_for_slow)
            code = seen.finish(before)
            return living, seen.text, code, seen.raw

    with anyio.fail_after(60):
        living, ended, code, raw = await to_thread.run_sync(look)

    assert code == 1
    rows = [line for line in living.splitlines() if line.startswith(("dev", "slow"))]
    assert len(rows) == 2
    flat = ended.replace("\n", "").replace(" ", "")
    assert "bad:failed:therunerrored" in flat and "Error:no" in flat
    assert "3workspaces:1failed,2withchanges" in flat
    # The drawing is gone, the hostile log has cleared nothing, and no title was set.
    assert "2 of 3 workspaces" not in ended
    assert b"\x1b]0;" not in raw and b"\x1b[2J" not in raw


async def test_another_size_counts_from_the_next_drawing(shop: CommandLine) -> None:
    """Narrow rows have no room for the last line; wide ones have it again."""

    def row(text: str) -> str:
        # What was drawn for the old size and shown in the new one can stay above, as in terminals.
        rows = [one for one in text.split("\n") if one.startswith("slow ")]
        return rows[-1] if rows else ""

    def look() -> tuple[str, str, str]:
        with terminal(shop, "plan", "-all", size=(100, 24)) as seen:
            seen.see(lambda text: "working on it" in row(text))
            seen.resize(50, 14)
            narrow = seen.see(
                lambda text: "planning" in row(text) and "working on it" not in row(text)
            )
            seen.resize(120, 30)
            wide = seen.see(lambda text: "working on it" in row(text))
            seen.finish()
            return row(narrow), row(wide), seen.text

    with anyio.fail_after(60):
        narrow, wide, ended = await to_thread.run_sync(look)
    assert "planning" in narrow and len(narrow.rstrip()) <= 50
    assert "planning" in wide
    assert "3 workspaces: 1 failed, 2 with changes" in ended


class OnTerminal(StringIO):
    """Text that takes itself for a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.mark.parametrize("size", [(80, 24), (40, 10)])
def test_a_thousand_rows_fit_the_screen(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as there is room for, those at work first, and the rest is counted."""
    monkeypatch.setenv("COLUMNS", str(size[0]))
    monkeypatch.setenv("LINES", str(size[1]))
    monkeypatch.setenv("TERM", "xterm")
    names = tuple(f"w-{number:04}" for number in range(1000))
    err = OnTerminal()
    screen = Screen(out=StringIO(), err=err, colors=False, is_terminal=True)
    seen = pyte.HistoryScreen(*size, history=5000)
    stream = pyte.Stream(seen)
    # A clock that moves, so that every event is drawn.
    with LiveConsole(screen, clock=count().__next__) as live:
        live.show(BatchStarted(names))
        for name in names[500:510]:
            live.show(PlanStarted(name))
            live.show(RunStatusChanged(name, "run-1", "planning"))
        # A terminal that is read raw does not return the carriage by itself.
        stream.feed(err.getvalue().replace("\n", "\r\n"))
        room = size[1] - 5
        shown = [line.rstrip() for line in seen.display if line.strip()]
        assert len(shown) == room + 2
        assert not seen.history.top
        assert "0 of 1000 workspaces" in shown[0]
        assert [line[:6] for line in shown[1:6]] == [f"w-{n:04}" for n in range(500, 505)]
        assert shown[-1] == f"and {1000 - room} more"


async def test_many_rows_fit_the_screen(tmp_path: Path) -> None:
    """Of three hundred workspaces as many as fit are drawn, and the rest is counted."""
    settings = ServerSettings(
        data=tmp_path / "data", organization="acme", engine="simulated", workers=300,
        simulated=SimulatedEngine(Simulation(seconds=1)),
        seed=[SeedWorkspace(name=f"networking-{n:03}") for n in range(300)],
    )  # fmt: skip
    directory = tmp_path / "networking"
    directory.mkdir()
    async with serve(settings, {}) as server:
        shop = CommandLine(server, directory, tmp_path / "data")
        write_backend(shop)

        def look() -> tuple[str, int]:
            with terminal(shop, "plan", "-all", size=(80, 24), NO_COLOR="1") as seen:
                living = seen.see(lambda text: "more" in text)
                return living, seen.finish()

        with anyio.fail_after(90):
            living, code = await to_thread.run_sync(look)

    assert code == 0
    assert "and 281 more" in living
    assert "of 300 workspaces" in living


async def test_an_interrupt_stops_the_drawing_and_asks(shop: CommandLine) -> None:
    """The question stands on a line of its own, and the answer counts."""

    def look() -> tuple[str, int]:
        with terminal(shop, "plan", "-select=slow", size=(80, 24)) as seen:
            seen.see(lambda text: "planning" in text)
            seen.process.send_signal(signal.SIGINT)
            seen.see(lambda text: "Type no to leave them running" in text)
            os.write(seen._file, b"yes\n")
            code = seen.finish()
            return seen.text, code

    with anyio.fail_after(60):
        text, code = await to_thread.run_sync(look)

    assert code == 130
    assert "the runs that are still going are canceled" in text
    assert "1 workspace: 1 canceled" in text


@pytest.mark.parametrize(
    "signals",
    [
        ["SIGINT"],
        ["SIGINT", "SIGINT"],
        ["SIGTSTP", "SIGTERM"],
        ["SIGHUP"],
        ["SIGQUIT"],
    ],
    ids="-".join,
)
async def test_what_is_typed_is_not_echoed_into_the_drawing(
    signals: list[str], shop: CommandLine
) -> None:
    """The echo is off while rows are drawn, on for a question and after every way out (A11).

    A terminal without a shell suspends nothing, so that the plan goes on after SIGTSTP.
    """

    def look() -> tuple[list[bool], bytes]:
        with terminal(shop, "plan", "-all", size=(80, 24)) as seen:
            before = seen.mode
            seen.see(lambda text: "\nslow " in text and "planning" in text)
            echoes = [seen.echoes]
            os.write(seen._file, b"typed-unseen\r")
            # The kernel echoes what is typed a little later: until the next drawing it has.
            drawn = len(seen.raw)
            seen.see(lambda _: len(seen.raw) > drawn)
            for name in signals:
                seen.process.send_signal(getattr(signal, name))
                if name == "SIGINT" and len(echoes) == 1:
                    seen.see(lambda text: "Type no to leave them running" in text)
                    echoes.append(seen.echoes)
            if signals == ["SIGINT"]:
                os.write(seen._file, b"yes\n")
            seen.finish(before)
            return echoes, seen.raw

    with anyio.fail_after(60):
        echoes, raw = await to_thread.run_sync(look)
    assert echoes == [False, True][: len(echoes)]
    assert b"typed-unseen" not in raw


async def test_lines_can_be_had_on_a_terminal_too(shop: CommandLine) -> None:
    """-stream writes every line behind its name, as without a terminal."""

    def look() -> str:
        with terminal(shop, "plan", "-all", "-stream", "-no-color", size=(120, 40)) as seen:
            seen.finish()
            return seen.text

    with anyio.fail_after(60):
        text = await to_thread.run_sync(look)
    assert "slow | working on it" in text
    assert "of 3 workspaces" not in text


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan"],
        ["plan", "-no-color"],
        ["plan", "-select=bad", "-stream"],
        ["plan", "-select=bad", "-quiet"],
        ["plan", "-select=bad"],
    ],
    ids=" ".join,
)
async def test_no_log_steers_the_terminal(arguments: list[str], shop: CommandLine) -> None:
    """No clipboard, no title, no cleared screen, in any form of output (H3)."""

    def look() -> bytes:
        name = {} if "-select=bad" in arguments else {"TF_WORKSPACE": "bad"}
        with terminal(shop, *arguments, size=(100, 30), **name) as seen:
            seen.finish()
            return seen.raw

    with anyio.fail_after(60):
        raw = await to_thread.run_sync(look)
    assert b"]52;c;cm0gLXJmIH4=" in raw and b"Error: no" in raw
    assert b"\x1b]" not in raw and b"\x1b[2J" not in raw


async def test_a_dumb_terminal_gets_lines_without_escapes(shop: CommandLine) -> None:
    """Where nothing can be drawn, the lines of all logs come as without a terminal (A16)."""

    def look() -> bytes:
        with terminal(
            shop, "plan", "-select=dev", "-select=bad", size=(80, 24), TERM="dumb"
        ) as seen:
            seen.finish()
            return seen.raw

    with anyio.fail_after(60):
        raw = await to_thread.run_sync(look)
    assert b"bad | Error: no\r\n" in raw and b"2 workspaces: 1 failed" in raw
    assert b"\x1b" not in raw
