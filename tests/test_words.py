"""Sentences of the package are plain English: forms that nobody would say stay away."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import remote_backend
from tests.support.paths import REPOSITORY

PACKAGE = Path(remote_backend.__file__).parent
# "Is no JSON" is a translation of another language; "there is no token" is English.
BANNED = re.compile(
    r"(?<![Tt]here )\bis no (?!more\b|longer\b)"
    r"|\bshall\b|\bwho(?:m|ever)\b|\bof which none\b|\bwhile which\b",
    re.IGNORECASE,
)
# Programs report, return, raise and print; only people tell.
TELLING = re.compile(r"\b(?:tells?|told)\b", re.IGNORECASE)
TEXTS = (*PACKAGE.rglob("*.py"), *REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md"))


def banned_forms(text: str) -> list[str]:
    """Return the lines of a text that hold a banned form."""
    return [line.strip() for line in text.splitlines() if BANNED.search(line)]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_no_sentence_has_a_banned_form(path: Path) -> None:
    """Comments, docstrings, messages and documents are free of them."""
    assert banned_forms(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "the file is no JSON",
        "What shall be planned.",
        "Whoever reads it.",
        "Whom connections trust.",
        "a check, while which it is read",
    ],
)
def test_a_banned_form_is_seen(sentence: str) -> None:
    """The test above would find each of them."""
    assert banned_forms(sentence)


def test_plain_sentences_pass() -> None:
    """What is said every day is not banned."""
    assert banned_forms("there is no token; there is no longer a lock") == []


def docstrings(source: str) -> Iterator[str]:
    """Give the docstrings of a module, its classes, functions and attributes."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield str(node.value.value)


def tellings(source: str) -> list[str]:
    """Return the lines of docstrings in which something tells or is told."""
    return [
        line.strip()
        for text in docstrings(source)
        for line in text.splitlines()
        if TELLING.search(line)
    ]


@pytest.mark.parametrize(
    "path",
    sorted(PACKAGE.rglob("*.py")),
    ids=lambda path: str(path.relative_to(REPOSITORY)),
)
def test_no_docstring_tells(path: Path) -> None:
    """Reports, returns, raises and prints say more (style of CONTRIBUTING)."""
    assert tellings(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        '"""What the server tells."""',
        'def f():\n    """Tell the result."""',
        'class A:\n    a: int\n    """As it was told."""',
    ],
)
def test_a_telling_docstring_is_seen(source: str) -> None:
    """The test above would find each of them, in modules, functions and attributes."""
    assert tellings(source)
