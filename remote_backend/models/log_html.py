"""Logs for pages: colors as classes, and nothing that steers a terminal or a browser."""

import re
from html import escape

__all__ = ("colored", "plain_text")

_COLOR = re.compile(r"\x1b\[([0-9;]*)m")
_ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_].*?(?:\x07|\x1b\\|$)|.|$)", re.DOTALL
)
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_CLASSES = {
    "1": "bold", "4": "underline", "31": "red", "32": "green", "33": "yellow", "34": "blue",
    "35": "magenta", "36": "cyan", "90": "gray", "91": "red", "92": "green", "93": "yellow",
}  # fmt: skip


def colored(log: str) -> str:
    """Return the text of a log as HTML: its colors as classes, everything else as text."""
    parts = []
    opened = False
    place = 0
    for found in _COLOR.finditer(log):
        parts.append(_text(log[place : found.start()]))
        place = found.end()
        if opened:
            parts.append("</span>")
            opened = False
        classes = " ".join(
            _CLASSES[code] for code in found[1].split(";") if code in _CLASSES
        )
        if classes:
            parts.append(f'<span class="{classes}">')
            opened = True
    parts.append(_text(log[place:]))
    return "".join(parts) + ("</span>" if opened else "")


def _text(text: str) -> str:
    return escape(plain_text(text))


def plain_text(log: str) -> str:
    """Return a log without colors and without anything else that steers terminals."""
    return _CONTROLS.sub("", _ESCAPE.sub("", log.replace("\r\n", "\n").replace("\r", "\n")))
