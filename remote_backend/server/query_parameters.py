"""The query parameters that a route understands; others are refused, never ignored.

A list that ignores a filter returns too much, and scripts act on what it returns. So each
route names its parameters with `accepts`, and `check_query` refuses filters, searches, orders
and included members that the route does not name.
"""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TypeVar

from aiohttp import web
from attrs import frozen

from remote_backend.errors import Rejected

__all__ = (
    "accepts",
    "accepts_anything",
    "bad_query",
    "check_query",
    "filter_values",
    "included_members",
    "parse_offset",
    "tag_filters",
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
AnyHandler = TypeVar("AnyHandler", bound=Handler)

_MOST_DIGITS = 15
_CHECKED = re.compile(r"(filter|search|q)(\[|\Z)")
_INDEX = re.compile(r"\[\d+\]")
_TAG_FILTER = re.compile(r"filter\[tagged\]\[(\d+)\]\[(key|value)\]\Z")


@frozen(kw_only=True)
class _QueryRules:
    """The parameters of a route, the members that it includes, and its orders."""

    parameters: frozenset[str] = frozenset()
    included: frozenset[str] = frozenset()
    orders: frozenset[str] = frozenset()


_RULES: dict[object, _QueryRules] = {}
_UNCHECKED: set[object] = set()


def accepts(
    *parameters: str, include: Collection[str] = (), sort: Collection[str] = ()
) -> Callable[[AnyHandler], AnyHandler]:
    """Name the parameters of a route.

    An index in a name is written `[n]`. Names of `include` and `sort` are the documented
    ones; each order is there in reverse too, with a leading hyphen.
    """
    rules = _QueryRules(
        parameters=frozenset(parameters),
        included=frozenset(map(_snake, include)),
        orders=frozenset(sort),
    )

    def mark(handler: AnyHandler) -> AnyHandler:
        _RULES[handler] = rules
        return handler

    return mark


def accepts_anything(handler: AnyHandler) -> AnyHandler:
    """Mark a route whose response is right whatever the filters are: an empty list."""
    _UNCHECKED.add(handler)
    return handler


def bad_query(problem: str) -> Rejected:
    """Return the error of a query that the server does not accept."""
    return Rejected(400, "", "", (problem,))


def check_query(request: web.Request) -> None:
    """Raise `Rejected` with status 400 for a parameter that the route does not understand."""
    if request.match_info.handler in _UNCHECKED:
        return
    rules = _RULES.get(request.match_info.handler, _QueryRules())
    for name, value in request.query.items():
        if _CHECKED.match(name) and _INDEX.sub("[n]", name) not in rules.parameters:
            raise bad_query(f"{name} is not supported here")
        if name == "sort" and value and value.removeprefix("-") not in rules.orders:
            raise bad_query(f"sort={value} is not supported here")
    for member in included_members(request):
        if member not in rules.included:
            raise bad_query(f"Invalid include parameter: {member}")


def included_members(request: web.Request) -> list[str]:
    """Return the members that a request includes, in snake case; pytfe writes kebab case."""
    values = request.query.getall("include", []) + request.query.getall("include[]", [])
    names = (name.strip() for value in values for name in value.split(","))
    return [_snake(name) for name in names if name]


def filter_values(query: Mapping[str, str], name: str) -> frozenset[str] | None:
    """Return the values of a parameter that is a list with commas; None without any."""
    values = frozenset(value.strip() for value in query.get(name, "").split(",")) - {""}
    return values or None


def parse_offset(text: str, name: str) -> int:
    """Return the number that a text in a request says; 0 for a text that is not a number.

    Raises `Rejected` with status 400 for more digits than a position in a file can have.
    """
    if not (text.isascii() and text.isdigit()):
        return 0
    if len(text) > _MOST_DIGITS:
        raise bad_query(f"{name} is too large")
    return int(text)


def tag_filters(query: Mapping[str, str]) -> list[tuple[str, str | None]]:
    """Return keys, with values where there are any, of the filters for tags.

    Raises `Rejected` with status 400 for a value without its key.
    """
    filters: dict[str, dict[str, str]] = {}
    for name, value in query.items():
        if match := _TAG_FILTER.match(name):
            filters.setdefault(match[1], {})[match[2]] = value
    if not all("key" in members for members in filters.values()):
        raise bad_query("filter[tagged] needs a key for each value")
    return [(members["key"], members.get("value") or None) for members in filters.values()]


def _snake(name: str) -> str:
    return name.replace("-", "_")
