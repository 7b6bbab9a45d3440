"""Where an archive begins."""

import sys
from pathlib import Path

import pytest

from remote_backend.errors import SlugError
from remote_backend.slug.root import find_root


@pytest.mark.parametrize(
    ("at", "working_directory", "expected"),
    [
        ("x/infra/prod", "", "x/infra/prod"),
        ("x/infra/prod", "prod", "x/infra"),
        ("x/infra/prod", "infra/prod", "x"),
        ("x/infra/prod", "/infra/prod/", "x"),
        ("x/infra/prod", "./infra//prod", "x"),
        ("x/infra/conf.", "conf.", "x/infra"),
    ],
)
def test_the_working_directory_is_taken_off_the_end(
    at: str, working_directory: str, expected: str, tmp_path: Path
) -> None:
    """Components at the end of the path are compared, after cleaning (P71)."""
    (tmp_path / at).mkdir(parents=True)

    root = find_root(tmp_path / at, working_directory)

    assert root.path == (tmp_path / expected).resolve()
    assert root.warnings == ()


def test_text_that_ends_alike_is_no_match(tmp_path: Path) -> None:
    """`net` does not fit `mynet`: that directory itself is packed, and both are named (P71)."""
    (tmp_path / "mynet").mkdir()

    root = find_root(tmp_path / "mynet", "net")

    assert root.path == (tmp_path / "mynet").resolve()
    assert "is net, and" in root.warnings[0]


def test_a_working_directory_that_leaves_is_refused(tmp_path: Path) -> None:
    """`..` in the workspace's settings is an error that names it (P71)."""
    with pytest.raises(SlugError, match="'../x' leaves the configuration"):
        find_root(tmp_path, "../x")


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_root_behind_a_link_is_resolved(tmp_path: Path) -> None:
    """A link to the directory, also a relative one, is walked like the directory (P63)."""
    (tmp_path / "real" / "net").mkdir(parents=True)
    (tmp_path / "net").symlink_to("real/net")

    assert find_root(tmp_path / "net", "").path == (tmp_path / "real" / "net").resolve()
    assert find_root(tmp_path / "net", "net").path == tmp_path.resolve()
