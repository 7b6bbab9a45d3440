"""The requested page of a list, by its number in the address."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from aiohttp import web
from attrs import frozen

__all__ = ("NumberedPage", "page_number", "page_of")

Item = TypeVar("Item")

_SIZE = 50


@frozen
class NumberedPage(Generic[Item]):
    """Some items of a list."""

    items: Sequence[Item]
    number: int
    pages: int
    """How many pages the list has."""


def page_number(request: web.Request) -> int:
    """Return the number of the requested page; 1 for what is not a number."""
    text = request.query.get("page", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def page_of(items: Sequence[Item], number: int) -> NumberedPage[Item]:
    """Return a page of a list; the first or the last one where the number is beyond it."""
    pages = max(1, -(-len(items) // _SIZE))
    number = min(max(1, number), pages)
    return NumberedPage(items[(number - 1) * _SIZE : number * _SIZE], number, pages)
