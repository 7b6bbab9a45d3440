"""What a comparison adds to the end of a batch: moves that may be missing, and what is unsure."""

import textwrap
from collections.abc import Iterator, Sequence

from remote_backend.cli.output.view.cells import Line, Span, line
from remote_backend.formats.ansi import one_line
from remote_backend.models.comparison import ComparedWith
from remote_backend.models.outcome import Outcome
from remote_backend.plans.comparison_words import comparisons_of, states_changed
from remote_backend.plans.move_suggestions import MoveSuggestion, suggest_moves

__all__ = ("comparison_lines",)

_MOST_MOVES = 10
_MOST_NAMES = 5
_NUMBER_WIDTH = 4


def comparison_lines(
    outcomes: Sequence[Outcome], compared_with: ComparedWith | None, width: int
) -> list[Line]:
    """Return the lines; none without a comparison."""
    if compared_with is None:
        return []
    comparisons = comparisons_of(outcomes)
    lines = list(_moves(suggest_moves(comparisons), width))
    if changed := len(states_changed(outcomes, compared_with)):
        noun = "workspace" if changed == 1 else "workspaces"
        text = (
            f"The state changed between the two plans in {changed:,} {noun}; with "
            "-refresh=false both plans use the stored one."
        )
        lines += [line(part) for part in textwrap.wrap(text, width)]
    return lines


def _moves(suggestions: Sequence[MoveSuggestion], width: int) -> Iterator[Line]:
    if not suggestions:
        return
    yield line(Span("PERHAPS MOVED", "bold"))
    for suggestion in suggestions[:_MOST_MOVES]:
        number = str(len(suggestion.workspaces)).rjust(_NUMBER_WIDTH)
        source, target = one_line(suggestion.source), one_line(suggestion.target)
        yield line(f"{number}  {source} -> {target}")
        text = _what_helps(suggestion)
        for part in textwrap.wrap(text, max(20, width - _NUMBER_WIDTH - 2)):
            yield line(" " * (_NUMBER_WIDTH + 2), Span(part, "dim"))
    if (rest := len(suggestions) - _MOST_MOVES) > 0:
        yield line(f"{' ' * (_NUMBER_WIDTH + 2)}and {rest} more")


def _what_helps(suggestion: MoveSuggestion) -> str:
    if suggestion.is_agreed:
        return "a moved block keeps the object; reports have it to paste"
    names = ", ".join(map(one_line, suggestion.exceptions[:_MOST_NAMES]))
    rest = len(suggestion.exceptions) - _MOST_NAMES
    more = f" and {rest} more" if rest > 0 else ""
    return f"no moved block fits all workspaces; it is different in {names}{more}"
