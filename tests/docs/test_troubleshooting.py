"""Every error that is raised on purpose has a section, under its own text."""

import re

import pytest

from remote_backend import errors
from tests.support.paths import REPOSITORY
from tests.support.reference_docs.errors import CLASSES, error_texts, text_of_class

PAGE = (REPOSITORY / "docs/troubleshooting.md").read_text(encoding="utf-8")
SECTIONS = {
    name: [
        re.sub(r"\\(.)", r"\1", line)
        for line in re.findall(r"^> (.*)$", text, re.MULTILINE)
    ]
    for name, text in re.findall(
        r"^### (\w+)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL
    )
}
"""The texts that the section of each class quotes."""


def is_said(quoted: str, name: str) -> bool:
    """Return whether a class says a text, or one that goes on behind it."""
    return any(text.startswith(quoted) for text in error_texts().get(name, ()))


@pytest.mark.parametrize("name", [*CLASSES, "UsageError"])
def test_an_error_has_a_section_with_its_text(name: str) -> None:
    """A class that says something is found by what it says, and its section says nothing else."""
    assert bool(SECTIONS[name]) == bool(error_texts().get(name))
    assert [quoted for quoted in SECTIONS[name] if not is_said(quoted, name)] == []


def test_every_section_is_about_an_error() -> None:
    """No section is left of a class that is gone."""
    assert set(SECTIONS) == {*CLASSES, "UsageError"}


def test_texts_in_tables_are_in_the_code() -> None:
    """Reasons of workspaces, and errors of the system, are quoted as they are said."""
    quoted = re.findall(r"^\| `(.*?)`", PAGE, re.MULTILINE)
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (REPOSITORY / "remote_backend").rglob("*.py")
    )
    parts = [
        part.strip(" ()") for text in quoted for part in re.split(r"\.\.\.|[A-Z]{3,}", text)
    ]
    assert len(quoted) >= 8
    assert [part for part in parts if len(part) > 8 and part not in code] == []


def test_texts_are_those_of_errors_that_are_made() -> None:
    """The texts that are read from the code are what the errors say."""
    error = errors.NoConfigurationFiles("DIRECTORY")
    assert (
        text_of_class("NoConfigurationFiles", {}) in error_texts()["NoConfigurationFiles"]
    )
    assert str(error).endswith(text_of_class("NoConfigurationFiles", {}))
    assert str(errors.FolderInUse("FOLDER")) in error_texts()["FolderInUse"]
    assert str(errors.NotEntered("USAGE", "await")) in error_texts()["NotEntered"]


def test_a_text_that_nobody_says_is_seen() -> None:
    """The first test above would name it."""
    assert not is_said("DIRECTORY has no Terraform configurations", "NoConfigurationFiles")
