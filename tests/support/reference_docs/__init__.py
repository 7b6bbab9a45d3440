"""The pages of docs/reference/ that are made from the code.

`python -m tests.support.reference_docs` writes them anew; a test compares them with the code.
"""

from collections.abc import Callable

from tests.support.paths import REPOSITORY
from tests.support.reference_docs.commands import commands_page
from tests.support.reference_docs.errors import errors_page
from tests.support.reference_docs.library import library_page

__all__ = ("GENERATED", "write_pages")

GENERATED: dict[str, Callable[[], str]] = {
    "docs/reference/commands.md": commands_page,
    "docs/reference/errors.md": errors_page,
    "docs/reference/library.md": library_page,
}
"""What makes the text of each page."""


def write_pages() -> None:
    """Write all pages anew."""
    for path, text in GENERATED.items():
        (REPOSITORY / path).write_text(text(), encoding="utf-8")
