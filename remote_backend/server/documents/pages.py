"""Pages of lists: which items a query selects, and the document of a page."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from attrs import frozen

from remote_backend.errors import Rejected

__all__ = ("Page", "dump_page", "select_page")

Item = TypeVar("Item")

_DEFAULT_SIZE = 20
_LARGEST_SIZE = 100
_MOST_DIGITS = 9


@frozen
class Page(Generic[Item]):
    """A page of a list."""

    items: Sequence[Item]
    number: int
    size: int
    total: int

    @property
    def last_number(self) -> int:
        """The number of the last page, which is 1 for an empty list."""
        return max(1, -(-self.total // self.size))

    @property
    def next_number(self) -> int | None:
        """The number of the page that follows, or None at the end."""
        return self.number + 1 if self.number < self.last_number else None

    @property
    def previous_number(self) -> int | None:
        """The number of the page before, or None at the beginning."""
        return min(self.number - 1, self.last_number) if self.number > 1 else None


def select_page(items: Sequence[Item], query: Mapping[str, str]) -> Page[Item]:
    """Return the page that a query names; a page past the end is empty.

    Raises `Rejected` with status 400 for numbers that are not numbers.
    """
    number = _number(query, "page[number]", 1)
    size = min(_LARGEST_SIZE, _number(query, "page[size]", _DEFAULT_SIZE))
    return Page(items[(number - 1) * size : number * size], number, size, len(items))


def dump_page(
    page: Page[Any],
    resources: Sequence[Mapping[str, Any]],
    included: Sequence[Mapping[str, Any]],
    query: Mapping[str, str],
    path: str,
) -> bytes:
    """Write the document of a page; its links keep the rest of the query."""
    kept = [item for item in query.items() if not item[0].startswith("page[")]

    def address(number: int | None) -> str | None:
        if number is None:
            return None
        parameters = [*kept, ("page[number]", number), ("page[size]", page.size)]
        return f"{path}?{urlencode(parameters)}"

    document: dict[str, Any] = {
        "data": list(resources),
        "links": {
            "self": address(page.number),
            "first": address(1),
            "prev": address(page.previous_number),
            "next": address(page.next_number),
            "last": address(page.last_number),
        },
        "meta": {
            "pagination": {
                "current-page": page.number,
                "page-size": page.size,
                "prev-page": page.previous_number,
                "next-page": page.next_number,
                "total-pages": page.last_number,
                "total-count": page.total,
            }
        },
    }
    if included:
        document["included"] = list(included)
    return json.dumps(document).encode()


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > _MOST_DIGITS:
        raise Rejected(400, "", "", (f"{name} must be a number",))
    return max(1, int(text))
