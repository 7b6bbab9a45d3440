"""Values that only carry the name of their workspace are alike in all workspaces.

In the form of a text, marks stand for the remote name, the local name, and parts of the name at a
place in it: for the workspace `prod-eu-west-1`, the text `eu-west-1` has the form "parts 1 to 3 of the
name". Forms are for comparing only. What is displayed is always the text itself.

A form can deceive: in the workspace `main`, `origin/main` may be a branch. So a form counts only
where it makes different texts equal; see `Resolver`.
"""

import re
from collections import Counter
from collections.abc import Hashable, Iterable
from functools import cache
from typing import Any, TypeAlias

from attrs import define, field

from remote_backend.models.values import Json, comparable

__all__ = ("Form", "OwnNames", "Resolver", "unordered")

Form: TypeAlias = Hashable

# A name of one letter, or a short part of a name, would be found in words by chance.
_SHORTEST_NAME = 2
_SHORTEST_PART = 4
_MOST_PARTS = 12
_PART = re.compile(r"[^-_]+")


# The place of a text in the name of a workspace: a word, or the first and the last part.
Mark: TypeAlias = tuple[str, int, int]


class OwnNames:
    """The texts by which a workspace is named, and the forms of texts with them."""

    def __init__(self, local_name: str, remote_name: str) -> None:
        self._marks = _marks(local_name, remote_name)
        # Every text that has a mark begins with a part, which is quick to look for.
        self._starts = {_first_part(text) for text in self._marks}
        self._pattern_of = cache(_whole_words)
        self._forms: dict[str, Form] = {}

    def text_form(self, text: str) -> Form:
        """Return the text itself, or its segments and marks where it carries a name."""
        for start in self._starts:
            if start in text:
                form = self._forms.get(text)
                if form is None:
                    form = self._forms[text] = self._segments(text)
                return form
        return text

    def form(self, value: Json) -> Form:
        """Return the form of a JSON value; equal to `comparable` if no name is in it."""
        if isinstance(value, str):
            return self.text_form(value)
        if isinstance(value, dict):
            items = ((self.text_form(key), self.form(item)) for key, item in value.items())
            return ("map", frozenset(items))
        if isinstance(value, list):
            return self._list_form(value)
        raw: Form = comparable(value)
        return raw

    def _segments(self, text: str) -> Form:
        found = [name for name in self._marks if name in text]
        if not found:
            return text
        segments = self._pattern_of(*found).split(text)
        if len(segments) == 1:
            return text
        return tuple(
            self._marks[segment] if index % 2 else segment
            for index, segment in enumerate(segments)
        )

    def _list_form(self, items: list[Json]) -> Form:
        forms = tuple(map(self.form, items))
        raw = comparable(items)
        if raw == ("list", forms):
            return ("list", forms)
        # Plans write sets as lists in the order of their elements, so a name changes the order.
        is_set = all(isinstance(item, dict) for item in items) or _is_sorted(items)
        return ("set", unordered(forms)) if is_set else ("list", forms)


def unordered(forms: Iterable[Form]) -> Form:
    """Return a form of several forms whose order does not count."""
    return frozenset(Counter(forms).items())


def _whole_words(*names: str) -> re.Pattern[str]:
    # The first alternative wins, so the longest names come first.
    any_name = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return re.compile(rf"(?<![^\W_])({any_name})(?![^\W_])")


def _is_sorted(items: list[Any]) -> bool:
    return all(isinstance(item, str) for item in items) and items == sorted(items)


def _marks(local_name: str, remote_name: str) -> dict[str, Mark]:
    """Return the mark of each text that is a name or a part of one, whole names first."""
    names = {remote_name: ("remote", 0, 0), local_name: ("local", 0, 0)}
    marks = {text: mark for text, mark in names.items() if len(text) >= _SHORTEST_NAME}
    parts = list(_PART.finditer(remote_name))[:_MOST_PARTS]
    for first, start in enumerate(parts):
        for last, end in enumerate(parts[first:], first):
            text = remote_name[start.start() : end.end()]
            if len(text) >= _SHORTEST_PART:
                marks.setdefault(text, ("parts", first, last))
    return marks


def _first_part(text: str) -> str:
    part = _PART.search(text)
    return part[0] if part else text


@define
class Resolver:
    """Decides whether a form or the raw value is compared.

    A form that all its holders write in the same way is a constant of the configuration, which
    happens to be a part of the name of some workspaces: then the raw value is compared.
    """

    _raw_values: dict[Form, set[Form]] = field(factory=dict)

    def add(self, form: Form, raw: Form) -> None:
        """Note that a workspace has a value with a form."""
        if form != raw:
            self._raw_values.setdefault(form, set()).add(raw)

    def is_own(self, form: Form) -> bool:
        """Return whether workspaces write a form in different ways, each with its own name."""
        return len(self._raw_values.get(form, ())) > 1

    def resolve(self, form: Form, raw: Form) -> Form:
        """Return what to compare, once all values have been added."""
        return ("form", form) if self.is_own(form) else ("raw", raw)
