"""The reference says what the code says."""

import pytest

import remote_backend
from tests.support.documents import anchors
from tests.support.paths import REPOSITORY
from tests.support.reference_docs import GENERATED
from tests.support.reference_docs.library import group_of, library_page


@pytest.mark.parametrize("path", GENERATED)
def test_a_generated_page_is_current(path: str) -> None:
    """`python -m tests.support.reference_docs` writes the pages anew."""
    assert (REPOSITORY / path).read_text(encoding="utf-8") == GENERATED[path]()


def test_every_public_name_has_a_place() -> None:
    """A name of the library that no group takes would be missing on its page."""
    names = set(remote_backend.__all__) - {"__version__"}
    without = {
        name for name in names if group_of(name, getattr(remote_backend, name)) is None
    }
    assert without == set()
    assert {name.lower() for name in names} <= set(anchors(library_page()))
