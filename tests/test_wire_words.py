"""The API's words stay in `api.wire`."""

import ast
import re
from pathlib import Path

import pytest

import remote_backend

ROOT = Path(remote_backend.__file__).parent
# Names with a dash, JSON:API members, and paths of collections.
WIRE_WORD = re.compile(
    r"^(upload-url|log-read-url|has-changes|is-cancelable|status-timestamps|plan-only"
    r"|auto-queue-runs|configuration-versions?|state-versions?|policy-checks?|task-stages?"
    r"|cost-estimates?|working-directory|terraform-version|execution-mode|json-output"
    r"|data|attributes|relationships|included|application/vnd\.api\+json)$"
)


def words_of(source: str) -> list[str]:
    """Return the texts of a module that belong to the wire."""
    return [
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and WIRE_WORD.match(node.value)
    ]


def modules() -> list[Path]:
    """Return the modules in which no word of the wire belongs."""
    return sorted(
        path
        for path in ROOT.rglob("*.py")
        if path.relative_to(ROOT).parts[0]
        # State files have words of their own, some of which are the same.
        not in ("server", "cli", "config", "engine", "slug", "state")
        and path.relative_to(ROOT).parts[:2] != ("api", "wire")
        # Our own reports, which it reads, name the attributes of resources like Terraform does.
        and path.relative_to(ROOT).parts[:2] != ("reports", "stored_plans.py")
    )


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.stem)
def test_no_wire_words_above_the_wire(path: Path) -> None:
    """A module outside `api.wire` says nothing in the API's own spelling."""
    assert words_of(path.read_text(encoding="utf-8")) == []


def test_a_wire_word_is_seen() -> None:
    """The test above would find a wire word."""
    found = words_of("x = resource['attributes']['has-changes']")

    assert sorted(found) == ["attributes", "has-changes"]
