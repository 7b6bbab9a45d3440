"""Sentences of the package are plain English: forms that nobody would say stay away."""

import re
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
TEXTS = (*PACKAGE.rglob("*.py"), *REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md"))


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
