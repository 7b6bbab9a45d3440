"""Stored states as HTML: outputs, resources, and what differs between two of them."""

from collections.abc import Iterable
from typing import Any

from remote_backend.errors import StateError
from remote_backend.models.values import Value
from remote_backend.plans.value_text import value_text
from remote_backend.reports.html_text import breakable, count_of, html_text
from remote_backend.server.documents.state import managed_instances
from remote_backend.server.pages.markup import table
from remote_backend.state.file import Instance, StateFile, parse_state

__all__ = ("outputs_table", "resources_table", "state_difference")

_MOST_ROWS = 500
_LONGEST_VALUE = 2000


def outputs_table(data: bytes) -> str:
    """Return the outputs of a state; values of sensitive ones are not shown."""
    state = _parsed(data)
    if state is None:
        return _UNREADABLE
    rows = (
        (
            breakable(name),
            '<i class="quiet">sensitive</i>'
            if output.sensitive
            else f"<code>{html_text(_text(output.value))}</code>",
        )
        for name, output in state.outputs().items()
    )
    return table(("Output", "Value"), rows, empty="There are no outputs.")


def resources_table(data: bytes) -> str:
    """Return the resources in a state, without their values, which may be secrets."""
    state = _parsed(data)
    if state is None:
        return _UNREADABLE
    instances = list(managed_instances(state))
    rows = (
        (f"<code>{breakable(_address(instance))}</code>", breakable(_source(provider)))
        for provider, instance in instances[:_MOST_ROWS]
    )
    more = len(instances) - _MOST_ROWS
    rest = f"<p>and {count_of(more, 'more resource')}</p>\n" if more > 0 else ""
    listed = table(("Resource", "Provider"), rows, empty="There are no resources.")
    return listed + rest


def state_difference(before: bytes, after: bytes) -> str:
    """Return which resources and outputs differ between two states, by name alone."""
    old, new = _parsed(before), _parsed(after)
    if old is None or new is None:
        return _UNREADABLE
    rows = [*_differences(_objects(old), _objects(new))]
    shown = (
        (f'<span class="sign">{sign}</span> <code>{breakable(name)}</code>', html_text(how))
        for sign, name, how in rows[:_MOST_ROWS]
    )
    more = len(rows) - _MOST_ROWS
    rest = f"<p>and {count_of(more, 'more difference')}</p>\n" if more > 0 else ""
    return table(("What", "Difference"), shown, empty="Nothing differs.") + rest


_UNREADABLE = "<p>The state cannot be read here; it can be downloaded.</p>\n"


def _parsed(data: bytes) -> StateFile | None:
    try:
        return parse_state(data)
    except StateError:
        return None


def _address(instance: Instance) -> str:
    deposed = f" (deposed {instance.deposed})" if instance.deposed else ""
    tainted = " (tainted)" if instance.is_tainted else ""
    return f"{instance.address}{deposed}{tainted}"


def _source(provider: str) -> str:
    """Return what a provider is called: `registry.terraform.io/hashicorp/aws`."""
    return provider.removeprefix('provider["').replace('"]', "", 1)


def _objects(state: StateFile) -> dict[str, Any]:
    objects: dict[str, Any] = {
        f"output {name}": output.value for name, output in state.outputs().items()
    }
    for _, instance in managed_instances(state):
        objects[_address(instance)] = instance.value
    return objects


def _differences(
    before: dict[str, Any], after: dict[str, Any]
) -> Iterable[tuple[str, str, str]]:
    for name in before.keys() - after.keys():
        yield "-", name, "gone"
    for name, value in after.items():
        if name not in before:
            yield "+", name, "new"
        elif before[name] != value:
            yield "~", name, _changed_members(before[name], value)


def _changed_members(before: Any, after: Any) -> str:
    """Return which attributes differ; their values may be secrets of a provider."""
    old, new = _attributes(before), _attributes(after)
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return f"changed: {', '.join(names)}" if names else "changed"


def _attributes(value: Any) -> dict[str, Any]:
    attributes = value.get("attributes") if isinstance(value, dict) else None
    return attributes if isinstance(attributes, dict) else {}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_VALUE else f"{value[:_LONGEST_VALUE]}\u2026"
    return value_text(Value(value=value), longest=_LONGEST_VALUE)
