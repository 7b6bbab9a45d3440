"""A change of one attribute as text: lines that differ, JSON that differs, or both values.

Long texts are where reviewers look (user data, policies, scripts), so what differs is shown and not
the whole: several lines as a line diff, JSON with sorted keys, and of one long line the part around
the first difference. Whatever is left out is counted.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum

from attrs import frozen

from remote_backend.formats.exact_json import cut_depth, dump_exact, load_exact
from remote_backend.models.changes import AttributeChange
from remote_backend.models.values import Json, Value, ValueKind, comparable
from remote_backend.plans.list_alignment import align
from remote_backend.plans.value_text import value_text

__all__ = ("ChangeKind", "ChangeText", "DiffLine", "change_text")

_MOST_LEVELS = 100
_LINE_CONTEXT = 1
_JSON_CONTEXT = 2
_LONGEST_TEXT = 120
_EXCERPT = 60
# Tabs and line feeds aside; otherwise lines could differ without a visible difference.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_MARK_CHANGES = {
    "added": "(sensitive value), marked as sensitive from now on; the value stays",
    "removed": "(sensitive value), no longer marked as sensitive; the value stays",
}


class ChangeKind(Enum):
    """How a change is best displayed."""

    VALUES = "values"
    """By its summary alone: `"a" -> "b"`."""

    LINES = "lines"
    JSON = "json"
    FORMATTING = "formatting"
    """JSON that is the same apart from spaces and the order of keys."""

    LONG = "long"
    """One long line; the lines are the parts around the first difference."""


@frozen
class DiffLine:
    """One line of a diff."""

    sign: str
    """`-`, `+`, a space for context, or `…` where lines are left out."""

    text: str
    """For `…` the number of lines: `37 lines`."""


@frozen
class ChangeText:
    """A change as text."""

    kind: ChangeKind
    summary: str
    """One line: `1 of 40 lines differs`, `differs at character 2,101 of 2,118`."""

    lines: tuple[DiffLine, ...] = ()


def change_text(change: AttributeChange) -> ChangeText:
    """Return a change as a person wants to read it."""
    before, after = change.before, change.after
    if change.sensitivity is not None:
        return ChangeText(ChangeKind.VALUES, _MARK_CHANGES[change.sensitivity])
    if before == after:
        # Two hidden values, or one that forces a replacement without a visible difference.
        return ChangeText(ChangeKind.VALUES, value_text(after, longest=_LONGEST_TEXT))
    if isinstance(before.value, str) and isinstance(after.value, str):
        return _text_change(before.value, after.value)
    if before.is_nothing:
        return _one_text("+", after) or _values(before, after)
    if after.is_nothing:
        return _one_text("-", before) or _values(before, after)
    return _values(before, after)


def _text_change(before: str, after: str) -> ChangeText:
    old, new = _parsed(before), _parsed(after)
    if old is not None and new is not None:
        if comparable(old) == comparable(new):
            return ChangeText(ChangeKind.FORMATTING, "formatting only")
        lines = _diff(_json_lines(old), _json_lines(new), _JSON_CONTEXT)
        if lines is not None:
            return ChangeText(ChangeKind.JSON, "(JSON)", lines)
    if "\n" in before or "\n" in after:
        old_lines, new_lines = _lines_of(before, after), _lines_of(after, before)
        lines = _diff(old_lines, new_lines, _LINE_CONTEXT)
        if lines is not None:
            total = max(len(old_lines), len(new_lines))
            return ChangeText(ChangeKind.LINES, _lines_summary(lines, total), lines)
    if max(len(before), len(after)) > _LONGEST_TEXT:
        return _long_change(before, after)
    return _values(Value(value=before), Value(value=after))


def _lines_of(text: str, other: str) -> list[str]:
    # The end of the last line is a line of its own only if one of the texts lacks it.
    both_end = text.endswith("\n") and other.endswith("\n")
    return (text[:-1] if both_end else text).split("\n")


def _parsed(text: str) -> Json:
    """Return a list or a map that a text describes as JSON, or None."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        document = load_exact(text)
        cut_depth(document, _MOST_LEVELS)
    except (ValueError, RecursionError):
        return None
    return document


def _json_lines(document: Json) -> list[str]:
    return dump_exact(document, ensure_ascii=False, indent=2, sort_keys=True).split("\n")


def _lines_summary(lines: Iterable[DiffLine], total: int) -> str:
    signs = [line.sign for line in lines]
    count = max(signs.count("-"), signs.count("+"))
    return f"{count:,} of {total:,} lines {'differs' if count == 1 else 'differ'}"


def _one_text(sign: str, value: Value) -> ChangeText | None:
    """Return all lines of a text of several lines that appears or vanishes."""
    text = value.value
    if not isinstance(text, str) or "\n" not in text:
        return None
    lines = text.removesuffix("\n").split("\n")
    diff = tuple(DiffLine(sign, _visible(line)) for line in lines)
    return ChangeText(ChangeKind.LINES, f"{len(lines):,} lines", diff)


def _values(before: Value, after: Value) -> ChangeText:
    old, new = value_text(before), value_text(after)
    if max(len(old), len(new)) > _LONGEST_TEXT and old != new:
        if before.kind is after.kind is ValueKind.VALUE:
            return _long_change(old, new)
        old, new = (value_text(value, longest=_LONGEST_TEXT) for value in (before, after))
    return ChangeText(ChangeKind.VALUES, f"{old} -> {new}")


def _long_change(before: str, after: str) -> ChangeText:
    position = _first_difference(before, after)
    summary = f"differs at character {position + 1:,} of {len(after):,}"
    lines = (
        DiffLine("-", _excerpt(before, position)),
        DiffLine("+", _excerpt(after, position)),
    )
    return ChangeText(ChangeKind.LONG, summary, lines)


def _first_difference(before: str, after: str) -> int:
    for position, (old, new) in enumerate(zip(before, after, strict=False)):
        if old != new:
            return position
    return min(len(before), len(after))


def _excerpt(text: str, position: int) -> str:
    start = max(0, position - _EXCERPT // 2)
    end = start + _EXCERPT
    head, tail = "…" if start else "", "…" if end < len(text) else ""
    return f"{head}{_visible(text[start:end], all_controls=True)}{tail}"


def _visible(text: str, *, all_controls: bool = False) -> str:
    if all_controls:
        text = text.replace("\n", "\\n").replace("\t", "\\t")
    return _CONTROL.sub(_escaped, text)


def _escaped(control: re.Match[str]) -> str:
    return "\\r" if control[0] == "\r" else f"\\u{ord(control[0]):04x}"


def _diff(
    before: Sequence[str], after: Sequence[str], context: int
) -> tuple[DiffLine, ...] | None:
    pairs = align(before, after, are_maps=lambda old, new: False)
    if pairs is None:
        return None
    lines: list[DiffLine] = []
    removed: list[DiffLine] = []
    added: list[DiffLine] = []
    for pair in pairs:
        old = None if pair.old is None else before[pair.old]
        new = None if pair.new is None else after[pair.new]
        if old is not None and old == new:
            lines += [*removed, *added, DiffLine(" ", _visible(old))]
            removed, added = [], []
        else:
            old, new = _shortened(old, new)
            removed += [] if old is None else [DiffLine("-", old)]
            added += [] if new is None else [DiffLine("+", new)]
    return tuple(_with_context([*lines, *removed, *added], context))


def _shortened(old: str | None, new: str | None) -> tuple[str | None, str | None]:
    """Return two lines as text; of very long ones only the part that differs."""
    longest = max(len(old or ""), len(new or ""))
    if longest <= _LONGEST_TEXT:
        return (
            None if old is None else _visible(old),
            None if new is None else _visible(new),
        )
    position = _first_difference(old or "", new or "") if old and new else 0
    return (
        None if old is None else _excerpt(old, position),
        None if new is None else _excerpt(new, position),
    )


def _with_context(lines: Sequence[DiffLine], context: int) -> Iterator[DiffLine]:
    """Give changed lines, and so many unchanged ones around each; the others are counted."""
    changed = [index for index, line in enumerate(lines) if line.sign != " "]
    kept = {
        index
        for change in changed
        for index in range(change - context, change + context + 1)
    }
    skipped = 0
    for index, line in enumerate(lines):
        if index in kept:
            if skipped:
                yield _gap(skipped)
            skipped = 0
            yield line
        else:
            skipped += 1
    if skipped:
        yield _gap(skipped)


def _gap(count: int) -> DiffLine:
    return DiffLine("…", f"{count:,} {'line' if count == 1 else 'lines'}")
