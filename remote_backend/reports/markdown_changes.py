"""The changes of a plan as a `diff` block, the most dangerous first.

GitHub colors such a block by the first character of a line, so the sign of a line stands there and
the indentation behind it.
"""

from collections.abc import Iterable, Iterator, Sequence

from attrs import evolve

from remote_backend.formats.ansi_html import plain_text
from remote_backend.models.changes import (
    Action,
    ActionInvocation,
    AttributeChange,
    OutputChange,
    PlannedChanges,
    ResourceChange,
)
from remote_backend.models.values import Value
from remote_backend.plans.actions import danger, is_dangerous
from remote_backend.plans.change_notes import cause_text, change_notes, invocation_notes
from remote_backend.plans.change_text import ChangeKind, DiffLine, change_text
from remote_backend.plans.comparison_words import base_text
from remote_backend.plans.value_text import address_text, path_text, value_text
from remote_backend.reports.markdown_budget import Item, Rank, all_items
from remote_backend.reports.markdown_text import counted, fence_for

__all__ = ("changes_item",)

_SIGNS: dict[str, str] = {
    Action.CREATE: "+",
    Action.DELETE: "-",
    Action.FORGET: "-",
    Action.GONE: "-",
}
# Actions whose objects have no value on one side: the address says all.
_WHOLE_OBJECTS = (Action.CREATE, Action.DELETE, Action.FORGET, Action.GONE)
_ADDRESS_WIDTH = 30
_LINE_WIDTH = 100
_LINES_TOGETHER = 20
_MANY_LINES = 1000
_NOTHING = PlannedChanges()
_UNDONE = "Undone by this change, which the base would do"


def changes_item(
    changes: PlannedChanges,
    *,
    is_open: bool,
    title: str = "",
    with_values: bool = True,
    undone: PlannedChanges = _NOTHING,
) -> Item:
    """Return the block of a plan; `title` stands in front of the numbers in its summary.

    `undone` is what only the base of a comparison does; it stands at the end. Without values, those that force no replacement are only counted, as left out.
    """
    block = Item("")
    drawn = changes if with_values else _without_values(changes)
    for item in (*_parts(drawn), *_headed(_UNDONE, _parts(undone))):
        block.add(item)
    if undrawn := _values_of(changes) - _values_of(drawn):
        block.add(Item("", None, "value", undrawn))
    fence = fence_for(f"{part.text}{part.instead}" for part in all_items(block))
    opened = " open" if is_open else ""
    summary = f"{title}{_numbers_text(changes, undone)}"
    block.text = f"<details{opened}><summary>{summary}</summary>\n\n{fence}diff"
    block.end = f"\n{fence}\n\n</details>\n\n"
    return block


def _without_values(changes: PlannedChanges) -> PlannedChanges:
    def reduced(change: ResourceChange) -> ResourceChange:
        forcing = (attribute for attribute in change.attributes if attribute.replaces)
        return evolve(change, attributes=tuple(forcing))

    return evolve(
        changes,
        resources=tuple(map(reduced, changes.resources)),
        drift=tuple(map(reduced, changes.drift)),
        deferred=tuple(map(reduced, changes.deferred)),
    )


def _values_of(changes: PlannedChanges) -> int:
    """Return how many values of resources are written if there is room."""
    return sum(
        len(change.attributes)
        for change in (*changes.resources, *changes.drift, *changes.deferred)
        if change.action not in _WHOLE_OBJECTS or _is_compared(change)
    )


def _numbers_text(changes: PlannedChanges, undone: PlannedChanges) -> str:
    dangerous = sum(is_dangerous(change.action) for change in changes.resources)
    others = len(changes.resources) - dangerous
    parts = []
    if dangerous:
        parts.append(counted(dangerous, "dangerous change"))
        parts.append(counted(others, "other"))
    else:
        parts.append(counted(others, "change"))
    parts.append(counted(len(changes.outputs), "output"))
    parts.append(f"{len(changes.related_drift):,} changed outside")
    parts.append(f"{len(changes.deferred):,} deferred")
    parts.append(f"{len(changes.actions):,} invoked")
    resolved = len(undone.resources) + len(undone.outputs) + len(undone.drift)
    parts.append(f"{resolved + len(undone.deferred) + len(undone.actions):,} undone")
    parts.append(counted(len(changes.diagnostics), "message"))
    parts.append(f"{len(changes.not_understood):,} not understood")
    return ", ".join(part for part in parts if not part.startswith("0 ")) or "details"


def _parts(changes: PlannedChanges) -> Iterator[Item]:
    ordered = sorted(changes.resources, key=lambda change: danger(change.action))
    plain_creates = [change for change in ordered if _is_plain_create(change)]
    last = danger(Action.CREATE)
    yield from (_resource(c) for c in ordered if danger(c.action) < last)
    yield from _creates(plain_creates)
    yield from (
        _resource(c)
        for c in ordered
        if danger(c.action) >= last and not _is_plain_create(c)
    )
    yield from map(_output, changes.outputs)
    yield from _headed(
        "Changed outside of Terraform", map(_resource, changes.related_drift)
    )
    yield from _unrelated(len(changes.drift) - len(changes.related_drift))
    yield from _headed("Deferred to a later plan", map(_resource, changes.deferred))
    yield from _headed("Actions that are invoked", map(_invocation, changes.actions))
    for diagnostic in changes.diagnostics:
        yield Item(f"\n# {_line(diagnostic.text)}", Rank.ADDRESSES, "message")
    for part in changes.not_understood:
        yield Item(f"\n# not understood: {_line(part)}", Rank.ADDRESSES, "message")


def _unrelated(number: int) -> Iterator[Item]:
    if number:
        text = f"{counted(number, 'object')} changed outside, on which the plan does not depend"
        yield Item(f"\n# {text}", Rank.ADDRESSES, "message")


def _headed(heading: str, items: Iterable[Item]) -> Iterator[Item]:
    """Give items below a heading that is written only with one of them."""
    head = Item(f"\n# {heading}:")
    for item in items:
        head.add(item)
    if head.children:
        yield head


def _is_plain_create(change: ResourceChange) -> bool:
    if change.action != Action.CREATE or any(change_notes(change)):
        return False
    # Where the base creates it too, only the values that differ are news.
    return not _is_compared(change)


def _is_compared(change: ResourceChange) -> bool:
    return any(attribute.base is not None for attribute in change.attributes)


def _creates(changes: Sequence[ResourceChange]) -> Iterator[Item]:
    """Give lines with the addresses of new objects, several in one line."""
    line: list[str] = []
    for change in changes:
        address = _line(address_text(change))
        if line and sum(map(len, line)) + 2 * len(line) + len(address) > _LINE_WIDTH:
            yield _addresses(line)
            line = []
        line.append(address)
    if line:
        yield _addresses(line)


def _addresses(addresses: Sequence[str]) -> Item:
    return Item(f"\n+   {', '.join(addresses)}", Rank.ADDRESSES, "address", len(addresses))


def _resource(change: ResourceChange) -> Item:
    rank = Rank.DESTROYED if is_dangerous(change.action) else Rank.ADDRESSES
    sign = "-/+" if change.is_replacement else _SIGNS.get(change.action, "!")
    address = _line(address_text(change))
    notes = "; ".join(map(_line, change_notes(change)))
    text = (
        f"\n{sign:<3} {address:<{_ADDRESS_WIDTH}} {notes}"
        if notes
        else f"\n{sign:<3} {address}"
    )
    item = Item(text, rank, "address")
    if cause := cause_text(change):
        pad = " " * (_ADDRESS_WIDTH - len(address)) if not notes else ";"
        item.add(Item(f"{pad} {_line(cause)}", Rank.FORCED_BY, "cause"))
    if change.action not in _WHOLE_OBJECTS or _is_compared(change):
        for value in _values(change.attributes):
            item.add(value)
    return item


def _values(attributes: Iterable[AttributeChange]) -> Iterator[Item]:
    """Give what changes; values that become known after the apply are named in one line."""
    computed = []
    for attribute in attributes:
        if attribute.after.is_unknown and not attribute.replaces:
            computed.append(_line(path_text(attribute.path)) or "all")
        else:
            path = _line(path_text(attribute.path)) or "(whole object)"
            yield _value(attribute, f"\n!       {path}")
    if computed:
        text = f"\n        known after apply: {', '.join(computed)}"
        yield Item(text, Rank.VALUES, "value", len(computed))


def _value(attribute: AttributeChange, start: str) -> Item:
    text = change_text(attribute)
    colon = "" if text.kind is ChangeKind.JSON else ":"
    rank = Rank.FORCED_BY if attribute.replaces else Rank.VALUES
    base = base_text(attribute)
    ending = f"  ({_line(base)})" if base else ""
    summary = f"{start}{colon} {_line(text.summary)}{ending}"
    item = Item(summary, rank, "value", is_ordered=True)
    for lines in _line_items(text.lines, rank):
        item.add(lines)
    return item


def _line_items(lines: Sequence[DiffLine], rank: Rank) -> Iterator[Item]:
    """Give the lines of a value, a few together; a huge rest is one item."""
    for start in range(0, len(lines), _LINES_TOGETHER):
        rest = len(lines) - start
        end = len(lines) if start >= _MANY_LINES else start + _LINES_TOGETHER
        together = lines[start:end]
        yield Item(
            "".join(map(_diff_line, together)),
            rank,
            "line",
            len(together),
            instead=f"\n          \u2026 {counted(rest, 'more line')}",
        )
        if end >= len(lines):
            return


def _diff_line(line: DiffLine) -> str:
    if line.sign in ("-", "+"):
        return f"\n{line.sign}         {_line(line.text)}"
    mark = f"{line.sign} " if line.sign.strip() else ""
    return f"\n          {mark}{_line(line.text)}".rstrip(" ")


def _output(output: OutputChange) -> Item:
    sign = _SIGNS.get(output.action, "!")
    item = Item(f"\n{sign:<3} output {_line(output.name)}", Rank.ADDRESSES, "address")
    if output.action in (Action.CREATE, Action.DELETE):
        value = output.after if output.action == Action.CREATE else output.before
        item.add(_new_output(value))
        return item
    for attribute in output.attributes:
        path = _line(path_text(attribute.path))
        # All of an output that changes stands in its own line.
        item.add(_value(attribute, f"\n!       {path}" if path else ""))
    return item


def _new_output(value: Value) -> Item:
    if value.is_absent:
        return Item("")
    return Item(f": {_line(value_text(value, longest=_LINE_WIDTH))}", Rank.VALUES, "value")


def _invocation(action: ActionInvocation) -> Item:
    text = "  ".join((action.address, *invocation_notes(action)))
    return Item(f"\n!   {_line(text)}", Rank.ADDRESSES, "address")


def _line(text: str) -> str:
    return plain_text(text).replace("\n", " ")
