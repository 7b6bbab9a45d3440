"""The page of the library: each public name with its signature, members and docstring."""

import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from enum import Enum
from typing import Any

import remote_backend
from remote_backend import blocking, testing
from tests.support.reference_docs.markdown import cell
from tests.support.reference_docs.members import Member, members_of, signature_of

__all__ = ("library_page",)

_HEAD = """# Library

[The library](../library.md) shows how it is used; this page is made from its docstrings by
`python -m tests.support.reference_docs`. Durations are in seconds and sizes in bytes, as their names say.
All names are imported from `remote_backend`. What is not here may change in any version.
"""
# Where a public name stands on the page, by the module that it comes from; the first that fits counts.
_GROUPS = {
    "Ways to a backend": (
        "opening", "backend", "async_blocks", "workspaces", "models.workspace", "telemetry",
    ),
    "Plans and outputs in one call": ("calls",),
    "Batches and their options": (
        "planning", "models.run", "models.configuration", "notices", "models.notification",
        "api.webhooks",
    ),
    "Outcomes": (
        "models.outcome", "models.plan", "models.failure", "models.policy", "models.cost",
        "models.run_phases",
    ),
    "Planned changes": ("models.changes", "models.values"),
    "Comparisons": ("models.comparison", "comparing"),
    "Gates": ("models.gates", "plans.gates"),
    "Events": ("events",),
    "States": ("state", "models.state"),
    "Errors": ("errors",),
    "More": ("",),
}  # fmt: skip


def library_page() -> str:
    """Return docs/reference/library.md."""
    names = {name: getattr(remote_backend, name) for name in remote_backend.__all__}
    names.pop("__version__")
    lines = [_HEAD]
    for heading in _GROUPS:
        entries = [item for item in names.items() if group_of(*item) == heading]
        if entries:
            lines.append(f"## {heading}\n")
        for name, value in entries:
            lines += _entry(name, value)
    for module in (blocking, testing):
        short = module.__name__.removeprefix("remote_backend.")
        lines += [f"## {short}\n", *_description(module.__doc__ or "")]
        for name in module.__all__:
            value = getattr(module, name)
            if value not in names.values():
                lines += _entry(f"{short}.{name}", value)
    return "\n".join(lines)


def group_of(name: str, value: Any) -> str:
    """Return the heading under which a public name stands."""
    return next(
        heading for heading, modules in _GROUPS.items() if _is_in(value, name, modules)
    )


def _is_in(value: Any, name: str, modules: tuple[str, ...]) -> bool:
    home = _home_of(value, name).removeprefix("remote_backend.")
    return any(
        not module or home == module or home.startswith(f"{module}.") for module in modules
    )


def _home_of(value: Any, name: str) -> str:
    if inspect.isclass(value) or callable(value):
        return str(inspect.unwrap(value).__module__)
    # An alias, such as a union of classes.
    return next(
        module.__name__
        for module in list(sys.modules.values())
        if module.__name__.startswith("remote_backend.")
        and module.__name__ != "remote_backend.public_names"
        and name in getattr(module, "__all__", ())
        and getattr(module, name, None) is value
    )


def _entry(name: str, value: Any) -> Iterator[str]:
    yield f"### {name}\n"
    if inspect.isclass(value):
        yield from _class(name, value)
    elif callable(value):
        yield from _signature(signature_of(value, name))
        yield from _description(value.__doc__ or "")
    else:
        members = re.findall(r"remote_backend\.[\w.]*?(\w+)(?= \||$)", str(value))
        yield f"One of {', '.join(f'`{member}`' for member in members)}.\n"


def _class(name: str, kind: type) -> Iterator[str]:
    if issubclass(kind, Exception):
        parents = [parent.__name__ for parent in kind.__bases__]
        yield f"A kind of {' and '.join(f'`{parent}`' for parent in parents)}.\n"
    yield from _description(kind.__doc__ or "")
    members = [member for part in _described_with(kind) for member in members_of(part)]
    yield from _table([member for member in members if not member.is_method], kind)
    for member in members:
        if member.is_method:
            yield f"**{name}.{member.name}**\n"
            yield from _signature(member.signature)
            yield from _description(member.text)


def _described_with(kind: type) -> Iterator[type]:
    """Give the class and those of its bases that have no place of their own on the page."""
    for part in kind.__mro__:
        is_ours = part.__module__.startswith("remote_backend.")
        if part is kind or (is_ours and not hasattr(remote_backend, part.__name__)):
            yield part


def _table(members: list[Member], kind: type) -> Iterator[str]:
    if not members:
        return
    types, defaults = (
        [member.type for member in members],
        [member.default for member in members],
    )
    columns = {"name": [member.name for member in members]}
    if issubclass(kind, Enum):
        columns["value"] = defaults
    else:
        columns["type"] = types
        if any(defaults):
            columns["default"] = defaults
    yield f"| {' | '.join(columns)} | |"
    yield "| --- " * (len(columns) + 1) + "|"
    for member, *row in zip(members, *columns.values(), strict=True):
        cells = [cell(f"`{text}`" if text else "") for text in row]
        yield f"| {' | '.join([*cells, cell(member.text)])} |"
    yield ""


def _signature(signature: str) -> Iterator[str]:
    yield f"<!-- not run: a signature -->\n```python\n{signature}\n```\n"


def _description(docstring: str) -> Iterator[str]:
    if docstring.strip():
        yield f"{inspect.cleandoc(textwrap.dedent(docstring)).strip()}\n"
