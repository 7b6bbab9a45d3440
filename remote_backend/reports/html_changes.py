"""What a plan does, as HTML: the dangerous first, lines that differ as a diff."""

from collections.abc import Iterable, Iterator, Sequence

from remote_backend.models.changes import (
    Action,
    ActionInvocation,
    AttributeChange,
    OutputChange,
    PlannedChanges,
    ResourceChange,
)
from remote_backend.models.values import Value
from remote_backend.plans.actions import action_symbol, danger, is_dangerous
from remote_backend.plans.change_notes import cause_text, change_notes, invocation_notes
from remote_backend.plans.change_text import DiffLine, change_text
from remote_backend.plans.comparison_words import base_text
from remote_backend.plans.value_text import address_text, path_text, value_text
from remote_backend.reports.html_text import breakable, count_of, html_text

__all__ = ("changes_html", "messages_html", "undone_html")

_MOST_ATTRIBUTES = 40
_LONGEST_VALUE = 300
_DIFF_CLASSES = {"-": "red", "+": "green", "\u2026": "gray"}
_OLD_OBJECTS = (Action.DELETE, Action.FORGET, Action.GONE)
# Terraform computes most values of a new object; in an update an unknown value is news.
_NEW_OBJECTS = (
    Action.CREATE,
    Action.READ,
    Action.REPLACE,
    Action.REPLACE_CREATE_FIRST,
    Action.CREATE_THEN_FORGET,
)


def changes_html(changes: PlannedChanges) -> str:
    """Return everything that a plan does, and what Terraform reported with it."""
    outside = [_resource(change) for change in changes.related_drift]
    unrelated = [_resource(change) for change in changes.drift if change.is_unrelated]
    parts = (
        _changes_list("", [_resource(change) for change in _by_danger(changes.resources)]),
        _changes_list("", [_output(change) for change in changes.outputs]),
        _changes_list("Changed outside of Terraform", outside),
        _changes_list(
            "Changed outside of Terraform, on which the plan does not depend", unrelated
        ),
        _changes_list("Deferred to a later plan", map(_resource, changes.deferred)),
        _changes_list("Actions that are invoked", map(_action, changes.actions)),
        messages_html(changes),
    )
    return "".join(parts)


def undone_html(undone: PlannedChanges) -> str:
    """Return what only the base of a comparison does."""
    parts = (
        *map(_resource, _by_danger(undone.resources)),
        *map(_output, undone.outputs),
        *map(_resource, (*undone.drift, *undone.deferred)),
        *map(_action, undone.actions),
    )
    return _changes_list("Undone by this change, which the base would do", parts)


def messages_html(changes: PlannedChanges) -> str:
    """Return what Terraform reported with a plan, also with one that changes nothing."""
    return "".join(_diagnostics(changes)) + _not_understood(changes.not_understood)


def _by_danger(changes: Iterable[ResourceChange]) -> list[ResourceChange]:
    return sorted(changes, key=lambda change: danger(change.action))


def _changes_list(title: str, items: Iterable[str]) -> str:
    body = "".join(items)
    if not body:
        return ""
    head = f"<h4>{title}</h4>\n" if title else ""
    return f'{head}<ul class="changes">\n{body}</ul>\n'


def _item(symbol: str, name: str, notes: str, body: str, *, is_danger: bool = False) -> str:
    color = ' class="danger"' if is_danger else ""
    quiet = f' <span class="notes">{html_text(notes)}</span>' if notes else ""
    return f'<li{color}><span class="sign">{html_text(symbol)}</span> {name}{quiet}{body}</li>\n'


def _resource(change: ResourceChange) -> str:
    return _item(
        action_symbol(change.action),
        f"<code>{breakable(address_text(change))}</code>",
        "; ".join(filter(None, (*change_notes(change), cause_text(change)))),
        _attributes_of(change),
        is_danger=is_dangerous(change.action) or change.action == Action.GONE,
    )


def _attributes_of(change: ResourceChange) -> str:
    if change.action in _OLD_OBJECTS:
        values = count_of(len(change.attributes), "value")
        return _folded(values, _attribute_list(change.attributes))
    return _attributes(change.attributes, is_new=change.action in _NEW_OBJECTS)


def _output(change: OutputChange) -> str:
    name = f"output <code>{breakable(change.name)}</code>"
    return _item(
        action_symbol(change.action), name, "", _attributes(change.attributes, is_new=False)
    )


def _action(action: ActionInvocation) -> str:
    notes = "; ".join(invocation_notes(action))
    return _item("\u25b8", f"<code>{breakable(action.address)}</code>", notes, "")


def _diagnostics(changes: PlannedChanges) -> Iterator[str]:
    for diagnostic in changes.diagnostics:
        color = "red" if diagnostic.severity == "error" else "yellow"
        yield f'<p class="{color}">{html_text(diagnostic.text)}</p>\n'


def _not_understood(parts: Sequence[str]) -> str:
    if not parts:
        return ""
    listed = html_text("; ".join(parts))
    verb = "is" if len(parts) == 1 else "are"
    return (
        f'<p class="yellow">{count_of(len(parts), "part")} of the plan {verb} not '
        f"understood: {listed}</p>\n"
    )


def _attributes(attributes: Sequence[AttributeChange], *, is_new: bool) -> str:
    computed = [change for change in attributes if is_new and _is_computed(change)]
    others = [change for change in attributes if not (is_new and _is_computed(change))]
    first, rest = others[:_MOST_ATTRIBUTES], others[_MOST_ATTRIBUTES:]
    return (
        _attribute_list(first)
        + _folded(count_of(len(rest), "more value"), _attribute_list(rest))
        + _folded(count_of(len(computed), "computed value"), _paths(computed))
    )


def _is_computed(change: AttributeChange) -> bool:
    return change.after.is_unknown and not change.replaces


def _folded(title: str, body: str) -> str:
    return f"<details><summary>{title}</summary>{body}</details>" if body else ""


def _paths(attributes: Sequence[AttributeChange]) -> str:
    paths = ", ".join(path_text(attribute.path) for attribute in attributes)
    return f"<p><code>{breakable(paths)}</code></p>" if paths else ""


def _attribute_list(attributes: Sequence[AttributeChange]) -> str:
    rows = "".join(map(_attribute, attributes))
    return f"<ul>\n{rows}</ul>" if rows else ""


def _attribute(attribute: AttributeChange) -> str:
    path = path_text(attribute.path)
    text = change_text(attribute)
    only = None if text.lines or attribute.sensitivity else _only_value(attribute)
    summary = text.summary if only is None else value_text(only, longest=_LONGEST_VALUE)
    name = f"<code>{breakable(path)}</code> " if path else ""
    forces = ' <b class="red">forces replacement</b>' if attribute.replaces else ""
    base = base_text(attribute)
    if base:
        forces += f' <span class="notes">({html_text(base)})</span>'
    return (
        f'<li><span class="sign">{_sign(attribute)}</span> {name}'
        f"<span>{html_text(summary)}</span>{forces}"
        f"{_diff(path or 'the value', text.lines)}</li>\n"
    )


def _sign(attribute: AttributeChange) -> str:
    if _is_nothing(attribute.before):
        return "+"
    return "-" if _is_nothing(attribute.after) else "~"


def _only_value(attribute: AttributeChange) -> Value | None:
    """Return the only value of an attribute that appears or vanishes."""
    if _is_nothing(attribute.before):
        return attribute.after
    return attribute.before if _is_nothing(attribute.after) else None


def _is_nothing(value: Value) -> bool:
    return value.is_absent or value == Value(value=None)


def _diff(name: str, lines: Sequence[DiffLine]) -> str:
    if not lines:
        return ""
    body = "\n".join(map(_diff_line, lines))
    return (
        f'<pre tabindex="0" role="group" aria-label="Difference of {html_text(name)}">'
        f"{body}</pre>"
    )


def _diff_line(line: DiffLine) -> str:
    text = html_text(f"{line.sign} {line.text}")
    color = _DIFF_CLASSES.get(line.sign)
    return text if color is None else f'<span class="{color}">{text}</span>'
