"""Drawings in place, seen by a terminal emulator."""

from io import StringIO

import pyte
import pytest

from remote_backend.cli.output.view.drawing import Drawing


class Emulated:
    """A drawing, and the screen of a terminal that got all that was written."""

    def __init__(self, columns: int = 20, lines: int = 6) -> None:
        self.size = (columns, lines)
        self._out = StringIO()
        self.drawing = Drawing(self._out, lambda: self.size)
        self.screen = pyte.HistoryScreen(columns, lines, history=100)
        self._stream = pyte.Stream(self.screen)
        self.last = ""

    @property
    def shown(self) -> list[str]:
        """Return the lines of the screen without blanks at their ends."""
        self.last = self._out.getvalue()
        self._out.seek(0)
        self._out.truncate()
        self._stream.feed(self.last.replace("\r\n", "\n").replace("\n", "\r\n"))
        lines = [line.rstrip() for line in self.screen.display]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size."""
        self.screen.resize(lines, columns)
        self.size = (columns, lines)


def test_lines_are_drawn_in_the_place_of_those_before() -> None:
    """Longer and shorter drawings leave nothing of each other."""
    terminal = Emulated()
    for lines in (["a", "b"], ["longer", "b", "c"], ["x"], ["y", "z"]):
        terminal.drawing.update(lines)
        assert terminal.shown == lines


def test_only_changed_lines_are_sent() -> None:
    """A drawing of many rows costs what has changed in it."""
    terminal = Emulated(lines=10)
    terminal.drawing.update([f"row {number}" for number in range(8)])
    assert len(terminal.shown) == 8
    terminal.drawing.update(
        [f"row {number if number != 3 else 'new'}" for number in range(8)]
    )
    assert terminal.shown[3] == "row new"
    assert "row 2" not in terminal.last and "row 4" not in terminal.last


def test_lines_above_stay() -> None:
    """They come before the drawing, which is drawn anew below."""
    terminal = Emulated()
    terminal.drawing.update(["bar", "row"])
    terminal.drawing.above(["Warning: one", "two"])
    assert terminal.shown == ["Warning: one", "two", "bar", "row"]
    terminal.drawing.clear()
    assert terminal.shown == ["Warning: one", "two"]


@pytest.mark.parametrize("size", [(10, 4), (40, 12)])
def test_another_size_leaves_no_remains(size: tuple[int, int]) -> None:
    """The screen is cleared, because nobody knows how the old lines were wrapped."""
    terminal = Emulated()
    terminal.drawing.update(["0123456789abcdefghi", "row"])
    assert terminal.shown
    terminal.resize(*size)
    terminal.drawing.update(["new", "row"])
    assert terminal.shown == ["new", "row"]


def test_the_whole_screen_is_left_as_it_was_entered() -> None:
    """The alternate screen is entered and left once each, and the drawing is back then."""
    terminal = Emulated()
    terminal.drawing.update(["bar", "row"])
    assert terminal.shown == ["bar", "row"]
    terminal.drawing.update(["log"] * 5, full_screen=True)
    entered = terminal.shown and terminal.last
    terminal.drawing.update(["log"] * 5, full_screen=True)
    again = terminal.shown and terminal.last
    terminal.drawing.update(["bar", "row"])
    left = terminal.shown and terminal.last
    assert [text.count("\x1b[?1049h") for text in (entered, again, left)] == [1, 0, 0]
    assert [text.count("\x1b[?1049l") for text in (entered, again, left)] == [0, 0, 1]
    terminal.drawing.clear()
    assert "\x1b[?25h" in (terminal.shown and terminal.last or terminal.last)


def test_the_cursor_is_shown_again() -> None:
    """It is hidden while something is drawn, and never afterwards."""
    terminal = Emulated()
    terminal.drawing.update(["bar"])
    assert terminal.shown and "\x1b[?25l" in terminal.last
    terminal.drawing.clear()
    assert not terminal.shown and terminal.last.endswith("\x1b[?25h")
    terminal.drawing.clear()
    assert not terminal.shown and not terminal.last
