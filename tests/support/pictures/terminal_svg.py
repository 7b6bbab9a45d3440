"""What was seen in a terminal as an SVG that plays it, in browsers and on GitHub.

The screens lie below each other in one strip, which moves by a screen at a time behind a window of
the size of one. A row that stays is stored once. No font is embedded: each run of text has the width of
its cells, whatever font the reader has.
"""

from collections.abc import Sequence
from itertools import groupby
from xml.sax.saxutils import escape

import pyte
from attrs import frozen
from pyte.screens import Char

__all__ = ("Frame", "frame_of", "played")

_CELL, _LINE, _SIZE = 8.4, 18, 14
_MARGIN, _BAR = 16, 30
# Names of pyte, which calls yellow brown; colors that contrast with the background by 7:1 and more.
_COLORS = {
    "red": "#ff8a80",
    "green": "#63cf85",
    "brown": "#e6b84d",
    "cyan": "#6bd2dc",
    "brightblack": "#9aa3ad",
}
_CSS = """
text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;
fill:#e4e7eb;white-space:pre}
.b{font-weight:700}
"""


@frozen
class Frame:
    """What a terminal showed, and for how long."""

    rows: tuple[str, ...]
    """The text of each row as SVG."""

    seconds: float


def frame_of(screen: pyte.Screen, seconds: float) -> Frame:
    """Return what a screen shows now."""
    rows = (
        [screen.buffer[number][column] for column in range(screen.columns)]
        for number in range(screen.lines)
    )
    return Frame(tuple(map(_row, rows)), seconds)


def _row(cells: Sequence[Char]) -> str:
    spans = []
    column = 0
    for (color, is_bold), group in groupby(cells, key=lambda cell: (cell.fg, cell.bold)):
        text = "".join(cell.data for cell in group)
        spans += _spans(text, column, color, "b" if is_bold else "")
        column += len(text)
    return "".join(spans)


def _spans(text: str, column: int, color: str, weight: str) -> list[str]:
    """Return the words of a run, apart where there are gaps."""
    classes = f"{color if color in _COLORS else ''} {weight}".strip()
    kind = f' class="{classes}"' if classes else ""
    spans = []
    for word in text.split("  "):
        start = column + len(word) - len(word.lstrip())
        bare = word.strip()
        if bare:
            at, width = start * _CELL, len(bare) * _CELL
            spans.append(
                f'<tspan x="{at:.4g}" textLength="{width:.4g}"{kind}>{escape(bare)}</tspan>'
            )
        column += len(word) + 2
    return spans


def played(frames: Sequence[Frame], *, columns: int, title: str, label: str) -> str:
    """Return an SVG that shows each frame as long as it was seen, again and again.

    Where nothing may move, it shows the last frame. `label` is for those who do not see it.
    """
    lines = len(frames[0].rows)
    width = columns * _CELL + 2 * _MARGIN
    height = lines * _LINE
    names: dict[str, str] = {}
    screens = []
    for number, frame in enumerate(frames):
        used = []
        for line, row in enumerate(frame.rows):
            if row:
                name = names.setdefault(row, f"r{len(names)}")
                used.append(
                    f'<use href="#{name}" y="{number * height + line * _LINE + _SIZE}"/>'
                )
        screens.append("".join(used))
    defined = "".join(f'<text id="{name}">{row}</text>' for row, name in names.items())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {_BAR + height + _MARGIN}" '
        f'role="img" aria-label="{escape(label)}">'
        f"<style>{_CSS}{_color_rules()}{_steps(frames, height)}</style><defs>{defined}</defs>"
        '<rect width="100%" height="100%" rx="8" fill="#14171b"/>'
        f'<text x="50%" y="20" text-anchor="middle" class="brightblack">{escape(title)}</text>'
        f'<svg x="{_MARGIN}" y="{_BAR}" width="{columns * _CELL:g}" height="{height}">'
        f'<g class="strip">{"".join(screens)}</g></svg></svg>\n'
    )


def _color_rules() -> str:
    return "".join(f".{name}{{fill:{color}}}" for name, color in _COLORS.items())


def _steps(frames: Sequence[Frame], height: int) -> str:
    duration = sum(frame.seconds for frame in frames)
    last = f"transform:translateY({-(len(frames) - 1) * height}px)"
    steps, passed = [], 0.0
    for number, frame in enumerate(frames):
        at = 100 * passed / duration
        steps.append(f"{at:.4g}%{{transform:translateY({-number * height}px)}}")
        passed += frame.seconds
    return (
        f".strip{{{last};animation:play {duration:.3g}s step-end infinite}}"
        f"@keyframes play{{{''.join(steps)}}}"
        "@media(prefers-reduced-motion:reduce){.strip{animation:none}}"
    )
