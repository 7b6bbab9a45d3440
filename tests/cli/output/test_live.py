"""The live view in a pseudo terminal, seen by a terminal emulator."""

import re
import signal
import sys
from collections.abc import Iterator
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
from remote_backend.cli.output.view.controller import Controller
from remote_backend.engine.simulated import SimulatedEngine, Simulation
from remote_backend.events import (
    BatchStarted,
    LogChunkRead,
    PlanStarted,
    RunStatusChanged,
)
from remote_backend.models.plan import Counts
from remote_backend.server.seed import SeedWorkspace
from tests.support.command_line import CommandLine, write_backend
from tests.support.paths import REPOSITORY
from tests.support.servers import running_server
from tests.support.terminals import Terminal

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="pseudo terminals are a matter of POSIX"
)
# What clears and names, and what would write into the clipboard if its inner part were removed.
HOSTILE = (
    "\x1b[2J\x1b[1;1Hgone \x1b]0;title\x07\u7f51\u7edc end\n"
    "\x1b\x1b[K]52;c;cm0gLXJmIH4=\x1b\x1b[K\\\x1b\x1b[K[2J\n"
).encode()


@contextmanager
def terminal(
    command_line: CommandLine, *arguments: str, size: tuple[int, int], **more: str
) -> Iterator[Terminal]:
    """Run a command in a terminal."""
    environ = {
        **command_line.environ(PYTHONPATH=str(REPOSITORY)),
        "TERM": "xterm-256color",
        **more,
    }
    made = Terminal(command_line.command(*arguments), command_line.directory, environ, size)
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.process.kill()
            made.process.wait()


def see_drawings(seen: Terminal, number: int) -> str:
    """Read until so many drawings have ended, and return what is shown."""
    start = len(seen.raw)
    return seen.see(lambda _: seen.raw.count(b"\x1b[?2026l", start) >= number)


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
async def test_a_batch_is_drawn_in_place(
    size: tuple[int, int], command_line: CommandLine
) -> None:
    """Rows change where they are, a failure opens out, and the table ends it."""

    def is_waiting_for_slow(text: str) -> bool:
        # What was read can end within a drawing, so every part of one is waited for.
        words = ["2 of 3", " slow ", "planning"]
        wide = [" ~ dev ", "changed", " ✗ bad ", "failed"] if size[1] >= 15 else []
        return all(word in text for word in (*words, *wide))

    def look() -> tuple[str, str, int, bytes]:
        with terminal(command_line, "plan", "-all", size=size) as seen:
            before = seen.mode
            living = seen.see(is_waiting_for_slow)
            code = seen.finish(before)
            return living, seen.text, code, seen.raw

    with anyio.fail_after(60):
        living, ended, code, raw = await to_thread.run_sync(look)

    assert code == 1
    rows = re.findall(r"(?m)(?:^|│) \S (?:dev|slow|bad) ", living)
    assert len(rows) == (3 if size[1] >= 15 else 1)
    flat = ended.replace("\n", "").replace(" ", "")
    assert "──failed:1of3──Error:no" in flat and "Inbad" in flat
    assert ":1failed,2changed" in flat
    # The drawing is gone, the hostile log has cleared nothing, and no title was set.
    assert "2 of 3" not in ended
    assert b"\x1b]0;" not in raw and b"\x1b[2J" not in raw


async def test_another_size_leaves_no_remains(command_line: CommandLine) -> None:
    """The view is drawn for the new size at once, and nothing of the old one stays."""

    def look() -> list[list[str]]:
        with terminal(command_line, "plan", "-all", size=(100, 24)) as seen:
            seen.see(lambda text: " slow " in text and "planning" in text)
            screens = []
            for size in ((50, 14), (120, 30)):
                seen.resize(*size)
                # The drawing of the new size ends with its own number of cells.
                see_drawings(seen, 2)
                screens.append([line.rstrip() for line in seen.screen.display])
            seen.finish()
            return screens

    with anyio.fail_after(60):
        narrow, wide = await to_thread.run_sync(look)
    for screen, width in ((narrow, 50), (wide, 120)):
        assert sum(" of 3" in line for line in screen) == 1, screen
        assert sum(" slow " in line for line in screen) == 1, screen
        assert all(len(line) <= width for line in screen)


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
    names = tuple(f"w-{number:04}" for number in range(1000))
    err = OnTerminal()
    screen = Screen(out=StringIO(), err=err, colors=False, is_terminal=True)
    seen = pyte.HistoryScreen(*size, history=5000)
    stream = pyte.Stream(seen)
    # A clock that moves, so that every event is drawn.
    with LiveConsole(screen, "acme/w-*", clock=count().__next__) as live:
        live.show(BatchStarted(names))
        for name in names[500:540]:
            live.show(PlanStarted(name))
            live.show(RunStatusChanged(name, "run-1", "planning"))
        stream.feed(err.getvalue())
        shown = [line.rstrip() for line in seen.display]
        assert not seen.history.top
        assert "0 of 1000" in shown[0]
        assert "40 at work  960 waiting" in shown[1]
        first = next(at for at, line in enumerate(shown) if "w-0500" in line)
        rows = [line for line in shown if "planning" in line]
        assert rows == shown[first : first + len(rows)]
        assert f"and {40 - len(rows)} more at work" in shown[first + len(rows)]
        assert len(rows) > 5


async def test_many_rows_fit_the_screen(tmp_path: Path) -> None:
    """Of three hundred workspaces as many as fit are drawn, and the rest is counted."""
    directory = tmp_path / "networking"
    directory.mkdir()
    async with running_server(
        tmp_path,
        workers=300,
        simulated=SimulatedEngine(Simulation(seconds=1)),
        seed=[SeedWorkspace(name=f"networking-{n:03}") for n in range(300)],
    ) as server:
        command_line = CommandLine(server, directory, tmp_path / "data")
        write_backend(command_line)

        def look() -> tuple[str, int]:
            with terminal(
                command_line, "plan", "-all", size=(80, 24), NO_COLOR="1"
            ) as seen:
                living = seen.see(lambda text: "more at work" in text)
                return living, seen.finish()

        with anyio.fail_after(90):
            living, code = await to_thread.run_sync(look)

    assert code == 0
    assert "of 300" in living


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (b"c", 130, ": 1 canceled"),
        (b"d", 130, "batches resume"),
        (b"w", 0, "1 changed"),
        # Anything else does nothing, neither Enter nor a word that is pasted.
        (b"\r", None, ""),
        (b"x", None, ""),
        (b"cold", None, ""),
    ],
)
async def test_an_interrupt_asks_what_becomes_of_the_runs(
    answer: bytes, code: int | None, words: str, command_line: CommandLine
) -> None:
    """The question stands still until one of three keys is pressed (A2)."""

    def look() -> tuple[str, int]:
        with terminal(command_line, "plan", "-select=slow", size=(80, 24)) as seen:
            seen.see(lambda text: "planning" in text)
            seen.process.send_signal(signal.SIGINT)
            seen.see(lambda text: "Press c, d or w" in text)
            seen.type(answer)
            if code is None:
                text = see_drawings(seen, 3)
                assert "Interrupted. 1 of 1 run is still going" in text
                seen.type(b"c")
            return seen.text, seen.finish() if code is None else _finished(seen)

    def _finished(seen: Terminal) -> int:
        ended = seen.finish()
        assert words in seen.text, seen.text
        return ended

    with anyio.fail_after(60):
        _, ended = await to_thread.run_sync(look)
    assert ended == (130 if code is None else code)


async def test_a_second_interrupt_leaves_at_once(command_line: CommandLine) -> None:
    """It says how many runs go on and how to come back, with the terminal as it was."""

    def look() -> tuple[str, int]:
        with terminal(command_line, "plan", "-select=slow", size=(80, 24)) as seen:
            before = seen.mode
            seen.see(lambda text: "planning" in text)
            for _ in range(2):
                seen.process.send_signal(signal.SIGINT)
                seen.see(lambda text: "Press c, d or w" in text or "Come back" in text)
            code = seen.finish(before)
            return seen.text, code

    with anyio.fail_after(60):
        text, code = await to_thread.run_sync(look)
    assert code == 130
    assert "1 run is still running. Come back: remote-backend batches resume " in text
    assert "Press c, d or w" not in text


async def test_keys_look_around_and_cancel_one_run(command_line: CommandLine) -> None:
    """A log is read while it is written, a run is canceled after y, and the others go on."""

    def look() -> tuple[str, int]:
        with terminal(
            command_line, "plan", "-select=slow", "-select=dev", size=(80, 24)
        ) as seen:
            before = seen.mode
            seen.see(lambda text: "planning" in text and "changed" in text)
            seen.type(b"/slow\r")
            seen.see(lambda text: "1 of 2" in text)
            seen.type(b"\x1b[B")
            seen.type(b"\r")
            seen.see(lambda text: "working on it" in text and "following" in text)
            seen.type(b"q")
            seen.see(lambda text: "1 of 2" in text)
            seen.type(b"c")
            seen.see(lambda text: "Cancel slow? y/n" in text)
            seen.type(b"y")
            code = seen.finish(before)
            return seen.text, code

    with anyio.fail_after(60):
        text, code = await to_thread.run_sync(look)
    assert code == 1
    assert "1 canceled, 1 changed" in text


def test_a_view_that_crashes_harms_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The drawing ends with a warning, and the lines of logs are written from then on."""
    err, out = OnTerminal(), StringIO()
    screen = Screen(out=out, err=err, colors=False, is_terminal=True)
    with LiveConsole(screen, "acme/w-*", clock=count().__next__) as live:
        live.show(BatchStarted(("a", "b")))

        def crash(*_: object) -> None:
            raise IndexError("no such row")

        monkeypatch.setattr(Controller, "draw", crash)
        live.show(PlanStarted("a"))
        live.show(LogChunkRead("a", b"a line of the log\n"))
        live.tick()
        live.press("j", alone=True)
    assert err.getvalue().count("the live view has stopped (IndexError: no such row)") == 1
    assert err.getvalue().rindex("\x1b[?25h") > err.getvalue().rindex("\x1b[?25l")
    assert "a line of the log" in out.getvalue()


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
    signals: list[str], command_line: CommandLine
) -> None:
    """The echo is off until the view ends, and on again after every way out (A11).

    A terminal without a shell suspends nothing, so that the plan goes on after SIGTSTP.
    """

    def look() -> tuple[list[bool], bytes]:
        with terminal(command_line, "plan", "-all", size=(80, 24)) as seen:
            before = seen.mode
            seen.see(lambda text: " slow " in text and "planning" in text)
            echoes = [seen.echoes]
            seen.type(b"typed-unseen\r")
            # The kernel echoes what is typed a little later: until the next drawing it has.
            drawn = len(seen.raw)
            seen.see(lambda _: len(seen.raw) > drawn)
            for name in signals:
                seen.process.send_signal(getattr(signal, name))
                if name == "SIGINT" and len(echoes) == 1:
                    seen.see(lambda text: "Press c, d or w" in text)
                    echoes.append(seen.echoes)
            if signals == ["SIGINT"]:
                seen.type(b"c")
            seen.finish(before)
            return echoes, seen.raw

    with anyio.fail_after(60):
        echoes, raw = await to_thread.run_sync(look)
    assert not any(echoes)
    assert b"typed-unseen" not in raw


async def test_lines_can_be_had_on_a_terminal_too(command_line: CommandLine) -> None:
    """-stream writes every line behind its name, as without a terminal."""

    def look() -> str:
        with terminal(
            command_line, "plan", "-all", "-stream", "-no-color", size=(120, 40)
        ) as seen:
            seen.finish()
            return seen.text

    with anyio.fail_after(60):
        text = await to_thread.run_sync(look)
    assert "slow | working on it" in text
    assert "━" not in text


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
async def test_no_log_steers_the_terminal(
    arguments: list[str], command_line: CommandLine
) -> None:
    """No clipboard, no title, no cleared screen, in any form of output (H3)."""

    def look() -> bytes:
        name = {} if "-select=bad" in arguments else {"TF_WORKSPACE": "bad"}
        with terminal(command_line, *arguments, size=(100, 30), **name) as seen:
            seen.finish()
            return seen.raw

    with anyio.fail_after(60):
        raw = await to_thread.run_sync(look)
    # The end of a batch shows the first error of a log, so that the escape before it is left out.
    is_whole = "-select=bad" not in arguments or "-stream" in arguments
    assert b"Error: no" in raw and (b"]52;c;cm0gLXJmIH4=" in raw) == is_whole
    # Links of ours lead to runs; nothing else may write such strings.
    others = re.sub(rb"\x1b\]8;;(http[!-~]+)?\x1b\\", b"", raw)
    assert b"\x1b]" not in others and b"\x1b[2J" not in others


async def test_a_dumb_terminal_gets_lines_without_escapes(
    command_line: CommandLine,
) -> None:
    """Where nothing can be drawn, the lines of all logs come as without a terminal (A16)."""

    def look() -> bytes:
        with terminal(
            command_line, "plan", "-select=dev", "-select=bad", size=(80, 24), TERM="dumb"
        ) as seen:
            seen.finish()
            return seen.raw

    with anyio.fail_after(60):
        raw = await to_thread.run_sync(look)
    assert b"bad | Error: no\r\n" in raw and b": 1 failed" in raw
    assert b"\x1b" not in raw
