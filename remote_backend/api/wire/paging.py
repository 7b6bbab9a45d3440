"""The next page of a list, and doubts whether a list is complete."""

from typing import Any

from remote_backend.api.wire.document import Page

__all__ = ("MOST_PAGES", "doubt_about", "number_after")

MOST_PAGES = 1000


def number_after(page: Page[Any], number: int, size: int) -> int | None:
    """Return the number of the page after page `number`; None at the end.

    A full page without page numbers may not be the last one.
    """
    if page.is_numbered:
        return page.next_number
    return number + 1 if len(page.items) >= size else None


def doubt_about(
    page: Page[Any], count: int, following: int | None, size: int
) -> str | None:
    """Return why a list may be incomplete, by its last page and the number that would follow.

    A list is complete if no page follows. A server that ignores page numbers repeats its pages.
    A round number of items may be a limit of the server that it does not announce, like 500.
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
