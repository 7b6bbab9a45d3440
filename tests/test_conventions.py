"""Every test says in its docstring what it claims."""

import ast
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY


def silent_tests(source: str) -> list[str]:
    """Return the names of tests without a docstring of at least one sentence."""
    return [
        node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not (ast.get_docstring(node) or "").rstrip().endswith((".", ")"))
    ]


@pytest.mark.parametrize(
    "path", sorted(REPOSITORY.glob("tests/**/test_*.py")), ids=lambda path: path.stem
)
def test_every_test_states_its_claim(path: Path) -> None:
    """In a sentence, so that a failure tells what no longer holds."""
    assert silent_tests(path.read_text(encoding="utf-8")) == []


def test_a_silent_test_is_seen() -> None:
    """The test above would name a test without a docstring, or with a word."""
    source = "def test_a():\n    pass\nasync def test_b():\n    'Works'\n"
    assert silent_tests(source) == ["test_a", "test_b"]
