"""Which page of a list comes next, and when a list cannot be trusted to be whole."""

from typing import Any

from remote_backend.api.wire.document import Page

__all__ = ("MOST_PAGES", "doubt_about", "number_after")

MOST_PAGES = 1000


def number_after(page: Page[Any], number: int, size: int) -> int | None:
    """Return the number of the page to ask for after that of a number; None at the end.

    A full page without any numbers may not be the last one.
    """
    if page.is_numbered:
        return page.next_number
    return number + 1 if len(page.items) >= size else None


def doubt_about(
    page: Page[Any], count: int, following: int | None, size: int
) -> str | None:
    """Say why a list may not be whole, after its last page and the number that would follow.

    It has an end where nothing follows. A server that ignores numbers repeats its pages; with
    a round number of items it may have a limit that it does not tell, like 500.
    """
    if following is None:
        return None
    if page.is_numbered:
        return (
            f"the server repeats the pages of its list, or does not end it; {count} items are "
            "known, and others may be missing"
        )
    if count % size == 0:
        return (
            f"the server lists exactly {count} items and does not say whether there are "
            "more, so others may be missing"
        )
    return None
