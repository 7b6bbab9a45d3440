"""Logs for pages: colors as classes, and nothing that steers a terminal or a browser."""

from html import escape

from remote_backend.formats.ansi import SGR, physical_lines, reveal

__all__ = ("ansi_to_html", "plain_text")

_CLASSES = {
    "1": "bold", "4": "underline", "31": "red", "32": "green", "33": "yellow", "34": "blue",
    "35": "magenta", "36": "cyan", "90": "gray", "91": "red", "92": "green", "93": "yellow",
}  # fmt: skip


def ansi_to_html(log: str) -> str:
    """Return the text of a log as HTML: its colors as classes, everything else as text."""
    text = reveal(_with_plain_ends(log), colors=True)
    parts = []
    opened = False
    start = 0
    for sequence in SGR.finditer(text):
        parts.append(escape(text[start : sequence.start()]))
        start = sequence.end()
        if opened:
            parts.append("</span>")
            opened = False
        codes = sequence[0][2:-1].split(";")
        classes = " ".join(_CLASSES[code] for code in codes if code in _CLASSES)
        if classes:
            parts.append(f'<span class="{classes}">')
            opened = True
    parts.append(escape(text[start:]))
    return "".join(parts) + ("</span>" if opened else "")


def plain_text(log: str) -> str:
    """Return a text without colors and without anything else that steers terminals.

    Characters that hide or reorder text are shown by their numbers.
    """
    return reveal(_with_plain_ends(log))


def _with_plain_ends(text: str) -> str:
    return "\n".join(physical_lines(text)) if "\r" in text else text
