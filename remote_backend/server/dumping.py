"""How lists of values become resources."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from aiohttp import web

from remote_backend.server.documents.documents import Resource
from remote_backend.server.store import Records

__all__ = ("Dump", "as_they_are", "each")

Item = TypeVar("Item")
Dump = Callable[[Records, web.Request, Sequence[Item]], list[Resource]]
"""Returns resources for all values at once, so that what they need is read at once."""


def each(dump: Callable[[Item], Resource]) -> Dump[Item]:
    """Return how values become resources when each of them is all that its resource needs."""

    def dump_all(
        records: Records, request: web.Request, items: Sequence[Item]
    ) -> list[Resource]:
        return [dump(item) for item in items]

    return dump_all


def as_they_are(
    records: Records, request: web.Request, items: Sequence[Resource]
) -> list[Resource]:
    """Return resources that have been dumped already."""
    return list(items)
