"""Lines of styled text that are cut to cells of a terminal, wide characters included."""

from collections.abc import Iterable

from attrs import frozen
from rich.cells import cell_len, set_cell_size

__all__ = (
    "Line",
    "Span",
    "cut_end",
    "cut_middle",
    "cut_name",
    "cut_start",
    "fill",
    "fit",
    "line",
    "terminal_text",
    "width_of",
)

_CODES = {
    "red": "31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
    "bold": "1",
    "dim": "2",
    "reverse": "7",
}


@frozen
class Span:
    """Text of one style: names of colors of `looks`, separated by spaces."""

    text: str
    style: str = ""
    link: str = ""
    """An address that the text leads to; it has to be clean."""


Line = tuple[Span, ...]


def line(*parts: str | Span) -> Line:
    """Return a line of parts; plain text has no style."""
    return tuple(Span(part) if isinstance(part, str) else part for part in parts)


def width_of(text: str | Line) -> int:
    """Return how many cells a text takes."""
    if isinstance(text, str):
        return cell_len(text)
    return sum(cell_len(span.text) for span in text)


def fill(text: str, width: int) -> str:
    """Return a text that takes exactly so many cells."""
    return set_cell_size(cut_end(text, width), width)


def cut_end(text: str, width: int, mark: str = "…") -> str:
    """Return the beginning of a text, with a mark where it was cut."""
    if cell_len(text) <= width:
        return text
    if width <= cell_len(mark):
        return mark[: max(0, width)]
    return set_cell_size(text, width - cell_len(mark)).rstrip() + mark


def cut_start(text: str, width: int, mark: str = "…") -> str:
    """Return the end of a text: the end of an address says more than its beginning."""
    if cell_len(text) <= width:
        return text
    rest = max(0, width - cell_len(mark))
    kept = ""
    for character in reversed(text):
        if cell_len(kept) + cell_len(character) > rest:
            break
        kept = character + kept
    return (mark + kept) if width >= cell_len(mark) else ""


def cut_middle(text: str, width: int, mark: str = "…") -> str:
    """Return both ends of a text: names differ at their beginning and at their end."""
    if cell_len(text) <= width:
        return text
    left = (width - cell_len(mark) + 1) // 2
    head = set_cell_size(text, max(0, left))
    return head + cut_start(text, max(0, width - cell_len(head)), mark)


def cut_name(name: str, width: int, mark: str = "…") -> str:
    """Return a name of a workspace; of `DIR:WORKSPACE` the directory is cut first.

    Both are cut in the middle. A directory that does not fit at all becomes the mark.
    """
    directory, colon, workspace = name.rpartition(":")
    if not colon or cell_len(name) <= width or width <= cell_len(mark) + 1:
        return cut_middle(name, width, mark)
    end = f"{colon}{workspace}"
    room = width - cell_len(end)
    if room >= cell_len(mark):
        return f"{cut_middle(directory, room, mark)}{end}"
    start = f"{mark}{colon}"
    return f"{start}{cut_middle(workspace, width - cell_len(start), mark)}"


def fit(spans: Line, width: int, mark: str = "…") -> Line:
    """Return a line that takes at most so many cells."""
    if width_of(spans) <= width:
        return spans
    kept: list[Span] = []
    left = width
    for span in spans:
        if cell_len(span.text) >= left:
            kept.append(Span(cut_end(f"{span.text} ", left, mark), span.style, span.link))
            break
        kept.append(span)
        left -= cell_len(span.text)
    return tuple(kept)


def terminal_text(spans: Iterable[Span], *, colors: bool) -> str:
    """Return what a terminal is sent for a line; without colors only reverse video stays."""
    parts = []
    for span in spans:
        styles = span.style.split()
        codes = [_CODES[name] for name in styles if colors or name == "reverse"]
        text = (
            f"\x1b]8;;{span.link}\x1b\\{span.text}\x1b]8;;\x1b\\"
            if span.link
            else span.text
        )
        parts.append(f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if codes else text)
    return "".join(parts)
