"""The view of a batch, compared with screens that a person has read against the design.

`python -m tests.cli.output.view.test_screens` writes the files anew; read the difference before
it is committed.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

from remote_backend.cli.output.view.cells import Line, width_of
from remote_backend.cli.output.view.controller import Controller, Question
from remote_backend.cli.output.view.pager import LogPager
from remote_backend.cli.output.view.signs import ASCII, UNICODE, Signs
from remote_backend.cli.output.view.theme import Theme
from remote_backend.models.outcome import Result
from tests.support.batch_view import (
    NOW,
    batch_of,
    names_in_directories,
    names_of,
    outcome_of,
)

SCREENS = Path(__file__).with_name("screens")
SIZES = [(80, 24), (120, 40), (200, 50), (40, 12)]
LOG = [
    "Refreshing state...",
    "",
    "Error: Unsupported argument",
    "",
    "  on main.tf line 12:",
]


def controller(
    count: int,
    signs: Signs = UNICODE,
    *,
    is_drift: bool = False,
    names: Sequence[str] = (),
) -> Controller:
    """Return the view of a batch, of which every log is the same."""
    batch = batch_of(count, names)
    title = "3 configurations" if names else "acme/net-*"
    theme = Theme(title=title, signs=signs, is_drift=is_drift)

    def open_log(name: str) -> LogPager:
        pager = LogPager(
            name, LOG * 9, title="failed 1.2s  Unsupported argument (main.tf:12)"
        )
        pager.show_error()
        return pager

    return Controller(batch, theme, open_log)


def pressed(*keys: str, count: int = 40, signs: Signs = UNICODE) -> Controller:
    """Return the view of a batch after some keys."""
    view = controller(count, signs)
    for key in keys:
        view.press(key)
    return view


def several(*keys: str, count: int = 40, signs: Signs = UNICODE) -> Controller:
    """Return the view of a batch of several configurations after some keys."""
    view = controller(count, signs, names=names_in_directories(count))
    for key in keys:
        view.press(key)
    return view


def asked() -> Controller:
    """Return a view with the question after an interrupt."""
    view = controller(40)
    command = "remote-backend batches resume 8aeb"
    view.ask(Question(working=12, waiting=5, all=40, come_back=command))
    return view


CASES: dict[str, tuple[Callable[[], Controller], tuple[int, int]]] = {
    **{
        f"{count}-workspaces-{size[0]}x{size[1]}": (partial(controller, count), size)
        for count in (8, 40, 300, 1000)
        for size in SIZES
    },
    **{f"several-{size[0]}x{size[1]}": (several, size) for size in SIZES},
    "several-log-40x12": (lambda: several("down", "enter"), (40, 12)),
    "several-ascii-80x24": (lambda: several(signs=ASCII), (80, 24)),
    "list-80x24": (lambda: pressed("down", "down", "down"), (80, 24)),
    "failed-only-80x24": (lambda: pressed("f"), (80, 24)),
    "filter-80x24": (lambda: pressed("/", *"eu-w"), (80, 24)),
    "filtered-80x24": (lambda: pressed("/", *"eu-w", "enter", "end"), (80, 24)),
    "no-match-80x24": (lambda: pressed("/", *"zzz", "enter"), (80, 24)),
    "help-80x24": (lambda: pressed("?"), (80, 24)),
    "cancel-80x24": (lambda: pressed("/", *"planning", "escape", "end", "c"), (80, 24)),
    "question-80x24": (asked, (80, 24)),
    "log-80x24": (lambda: pressed("down", "enter"), (80, 24)),
    "log-40x12": (lambda: pressed("down", "enter", "/", *"main"), (40, 12)),
    "ascii-80x24": (lambda: pressed(signs=ASCII), (80, 24)),
    "drift-80x24": (lambda: controller(40, is_drift=True), (80, 24)),
}


def text_of(lines: list[Line]) -> str:
    """Return a screen as text; selected lines begin with a mark."""
    texts = []
    for line in lines:
        is_selected = bool(line) and all("reverse" in span.style for span in line)
        text = "".join(span.text for span in line).rstrip()
        texts.append(f">{text[1:]}" if is_selected else text)
    return "\n".join(texts) + "\n"


@pytest.mark.parametrize("name", CASES)
def test_screens_are_as_they_were_read(name: str) -> None:
    """Each screen is the one in the file, and fits its terminal."""
    make, size = CASES[name]
    lines = make().draw(size, NOW)
    assert len(lines) <= size[1] - 1 or "log-" in name and len(lines) <= size[1]
    assert max(map(width_of, lines)) <= size[0]
    assert text_of(lines) == (SCREENS / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "size", [(20, 4), (33, 7), (59, 15), (61, 16), (99, 20), (159, 60)]
)
def test_every_size_is_obeyed(size: tuple[int, int]) -> None:
    """Nothing is wider or higher than the terminal, with wide characters in names and errors."""
    view = controller(40)
    name = names_of(40)[1]
    wide = outcome_of(name, Result.FAILED, error="网络不可用 " * 9)
    view.batch.rows[name].end(wide, NOW)
    view.batch.rows["网络-dev-" + "长" * 30] = view.batch.rows.pop(name)
    for keys in ((), ("down",), ("f",), ("?",), ("/", "x"), ("escape", "escape", "enter")):
        for key in keys:
            view.press(key)
        lines = view.draw(size, NOW)
        assert len(lines) <= max(3, size[1] - 1)
        assert max(map(width_of, lines)) <= size[0]


if __name__ == "__main__":
    SCREENS.mkdir(exist_ok=True)
    for name, (make, size) in CASES.items():
        text = text_of(make().draw(size, NOW))
        (SCREENS / f"{name}.txt").write_text(text, encoding="utf-8")
