"""Signs, words, titles and names of a report as Markdown."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from remote_backend.models.outcome import ENDED_WITHOUT_PLAN, Outcome
from remote_backend.plans.comparison_words import result_words
from remote_backend.plans.first_failure import first_failure
from remote_backend.plans.groups import Family
from remote_backend.plans.results import RESULT_SIGNS, is_destructive, result_name
from remote_backend.plans.titles import danger_text, title_of
from remote_backend.plans.workspace_names import NameItem, name_items
from remote_backend.reports.markdown_text import (
    LONGEST_TITLE,
    code_span,
    counted,
    escaped,
    shortened,
)
from remote_backend.reports.words import word_of

__all__ = ("names_code", "names_plain", "sign_of", "title_code")

_ALL = "all "

DrawCode: TypeAlias = Callable[[str], str]


def sign_of(outcome: Outcome) -> str:
    """Return the sign of a result; followed by a space, none of them means anything to Markdown."""
    return RESULT_SIGNS["destructive" if is_destructive(outcome) else result_name(outcome)]


def title_code(
    family: Family, *, draw_code: DrawCode = code_span, longest: int = LONGEST_TITLE
) -> str:
    """Return what happens in a family, with addresses as code; of dangerous ones only the danger."""
    outcome = family.shown
    if outcome.result in ENDED_WITHOUT_PLAN:
        failure = first_failure(outcome)
        if failure is None:
            return word_of(outcome)
        place = f" ({draw_code(str(failure.place))})" if failure.place is not None else ""
        words = result_words(outcome)
        ending = f"; {words}" if words else ""
        return escaped(shortened(failure.title, longest)) + place + ending

    def name(text: str) -> str:
        return draw_code(shortened(text, longest))

    variants = escaped(family.title.removeprefix(title_of(outcome)))
    changes = outcome.changes
    danger = danger_text(changes, draw_name=name) if changes is not None else ""
    words = result_words(outcome)
    if danger and words:
        danger = f"{danger}; {words}"
    return (danger or title_of(outcome, draw_name=name)) + variants


def names_code(names: Sequence[str], everyone: Iterable[str], most: int) -> str:
    """Return all names as code, in few words: all `prod-*`, `dev-a` (4); or their number."""
    if len(_items(names, everyone)) > most:
        return counted(len(names), "workspace")
    text = _names(names, everyone, most, code_span, code_span)
    return f"{text} ({len(names):,})" if len(names) > 1 else text


def names_plain(
    names: Sequence[str], everyone: Iterable[str], most: int, *, draw_code: DrawCode
) -> str:
    """Return names in few words, only patterns as code: all `prod-*`, dev-a and 4 more."""
    return _names(names, everyone, most, draw_code, escaped)


def _names(
    names: Sequence[str],
    everyone: Iterable[str],
    most: int,
    draw_pattern: DrawCode,
    draw_name: DrawCode,
) -> str:
    items = _items(names, everyone)
    texts = [
        f"{_ALL}{draw_pattern(item.text.removeprefix(_ALL))}"
        if item.text.startswith(_ALL)
        else draw_name(item.text)
        for item in items[:most]
    ]
    rest = sum(item.count for item in items[most:])
    listed = ", ".join(texts)
    return f"{listed} and {rest:,} more" if rest else listed


def _items(names: Sequence[str], everyone: Iterable[str]) -> Sequence[NameItem]:
    # A single name needs no look at all the others, which large reports would repeat per group.
    return name_items(names, everyone) if len(names) > 1 else [NameItem(names[0])]
