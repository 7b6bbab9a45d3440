"""What a terminal shows of a selection by a change: a count, and with -why all reasons."""

from collections.abc import Iterator

from remote_backend.cli.output.view.cells import Line, Span, line
from remote_backend.cli.output.view.words import names_within
from remote_backend.formats.ansi import one_line
from remote_backend.models.selection import Selection

__all__ = ("selection_lines",)

_NUMBER_WIDTH = 4


def selection_lines(
    selection: Selection, width: int, *, with_reasons: bool
) -> Iterator[Line]:
    """Give the lines for a width: reasons if wanted, and how many workspaces are not touched."""
    if not selection.reasons:
        sentence = one_line(selection.sentence)
        yield line(Span(f"Nothing to plan: {sentence}.", "bold"))
        if with_reasons:
            yield line()
    if with_reasons:
        yield from _reasons(selection, width)
    if selection.deleted:
        head = f"{len(selection.deleted)} not planned, configuration deleted: "
        names = names_within(list(map(one_line, selection.deleted)), width - len(head))
        yield line(f"{head}{names}")
    if selection.reasons:
        more = "" if with_reasons else " (-why lists the reasons)"
        yield line(f"{len(selection.not_touched)} not touched{more}")


def _reasons(selection: Selection, width: int) -> Iterator[Line]:
    if selection.reasons:
        yield line(Span(f"TOUCHED BY THE CHANGE SINCE {one_line(selection.base)}", "bold"))
    for reasons, names in selection.groups:
        for number, reason in enumerate(reasons):
            head = str(len(names)) if number == 0 else ""
            yield line(f"{head.rjust(_NUMBER_WIDTH)}  {one_line(reason)}")
        yield _names(names, width)
    if selection.not_touched:
        yield line(Span("NOT TOUCHED", "bold"))
        yield _names(selection.not_touched, width)


def _names(names: tuple[str, ...], width: int) -> Line:
    indent = " " * (_NUMBER_WIDTH + 2)
    text = names_within(list(map(one_line, names)), width - len(indent))
    return line(indent, Span(text, "dim"))
