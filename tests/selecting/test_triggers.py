"""Globs and prefixes of workspaces mean what the service documents, or a little more."""

import pytest

from remote_backend.models.workspace import Workspace
from remote_backend.selecting.triggers import trigger_of


def workspace(**settings: object) -> Workspace:
    """Return a workspace with triggers."""
    return Workspace(id="ws-1", name="net", **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/modules/*", "modules/main.tf", True),
        ("/modules/*", "modules/vpc/main.tf", False),
        ("/modules/*", "modules/.hidden", True),
        ("/modules/**/*", "modules/main.tf", True),
        ("/modules/**/*", "modules/a/b/.c/main.tf", True),
        ("/modules/**", "modules/a/b.tf", True),
        ("/**/networking/**/*", "stacks/networking/main.tf", True),
        ("/**/networking/**/*", "networking/main.tf", True),
        ("/**/networking/**/*", "stacks/network/main.tf", False),
        ("/**/*.tf", "main.tf", True),
        ("/**/*.tf", "a/b/main.tf.json", False),
        ("/*.???", "a.tpl", True),
        ("/*.???", "a.tf", False),
        ("modules/*.tf", "modules/main.tf", True),
        ("/a+b/(c)/*", "a+b/(c)/x", True),
        ("/a.b", "axb", False),
        ("/x/*", "x/line\nfeed", True),
    ],
)
def test_globs(pattern: str, path: str, matches: bool) -> None:
    """A star stops at slashes, two stars do not, hidden files match, all else is literal."""
    reason = trigger_of(workspace(trigger_patterns=(pattern,)), [path])

    assert (reason is not None) is matches


@pytest.mark.parametrize(
    ("prefix", "path", "matches"),
    [
        ("/modules", "modules/a.tf", True),
        ("modules/", "modules/a.tf", True),
        ("/modules/vpc", "modules/a.tf", False),
        ("/", "any.md", True),
    ],
)
def test_prefixes(prefix: str, path: str, matches: bool) -> None:
    """They count from the top of the repository, with a slash in front or without."""
    reason = trigger_of(workspace(trigger_prefixes=(prefix,)), [path])

    assert (reason is not None) is matches


def test_without_triggers_no_path_matches() -> None:
    """Both lists are empty by default, and then the working directory alone counts."""
    assert trigger_of(workspace(), ["a.tf"]) is None
