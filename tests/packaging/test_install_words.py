"""What messages and pages say to install is ours from its files, or a package that we depend on."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.documents import PAGES
from tests.support.paths import REPOSITORY
from tests.support.requirements import declared

MODULES = sorted((REPOSITORY / "remote_backend").rglob("*.py"))
COMMAND = re.compile(
    r"\b(?:pip|pipx|uv pip|uv tool) install\s+([^`\n\"|;&]*)|\buvx\s+(?:--from\s+)?(\S+)"
)
# A folder, a file or a variable, which no index resolves.
LOCAL = re.compile(r"[./<$]|.*\.(?:whl|tar\.gz)\b")
OF_OTHERS = {"opentelemetry-distro", "opentelemetry-exporter-otlp"}
"""Packages that pages name on purpose, and who publishes them is known."""


def strange_names(text: str) -> Iterator[str]:
    """Give the names that a text says to install, and that this package does not depend on."""
    known = {requirement.name for requirement in declared()} | OF_OTHERS
    for match in COMMAND.finditer(text):
        for word in (match[1] or match[2]).split():
            word = word.lstrip("'(").rstrip("'.,)")
            name = re.split(r"[\[<>=~!@]", word)[0]
            if name and not word.startswith("-") and not LOCAL.match(word):
                yield from () if name in known else (name,)


@pytest.mark.parametrize(
    "path", [*MODULES, *PAGES], ids=lambda path: path.relative_to(REPOSITORY).as_posix()
)
def test_nothing_says_to_install_a_name_that_is_not_ours(path: Path) -> None:
    """The package is on no index yet: its name there may belong to somebody else."""
    assert list(strange_names(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "text",
    [
        "run: pip install 'remote-backend[server]'",
        "`pipx install remote-backend`",
        "uv tool install remote-backend==0.1.0",
        "uvx remote-backend plan -all",
    ],
)
def test_such_a_name_is_seen(text: str) -> None:
    """The test above would fail for each of these."""
    assert list(strange_names(text)) == ["remote-backend"]


@pytest.mark.parametrize(
    "text",
    [
        "pip install cryptography",
        ".venv/bin/pip install --quiet '.[local]' && remote-backend demo",
        "pipx install ./remote-backend",
        "uv tool install 'dist/remote_backend-0.1.0-py3-none-any.whl[local]'",
    ],
)
def test_files_and_dependencies_may_be_named(text: str) -> None:
    """A checkout, a wheel and the packages of setup.cfg are what they say."""
    assert list(strange_names(text)) == []
