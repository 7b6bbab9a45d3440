"""The changelog and the version agree, as releases need."""

import re

import pytest

from remote_backend import __version__
from tests.support.paths import REPOSITORY

CHANGELOG = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
RELEASE = re.compile(r"(\d+)\.(\d+)\.(\d+) - \d{4}-\d{2}-\d{2}")


def problems(changelog: str, version: str) -> list[str]:
    """Return what a release would stumble over."""
    found = []
    headings = re.findall(r"^## (.*)$", changelog, re.MULTILINE)
    is_unreleased = headings[:1] == ["Unreleased"]
    releases = [RELEASE.fullmatch(heading) for heading in headings[is_unreleased:]]
    numbers = [tuple(map(int, release.groups())) for release in releases if release]
    found += (
        [] if len(numbers) == len(releases) else ["a heading is not X.Y.Z - YYYY-MM-DD"]
    )
    found += [] if numbers == sorted(numbers, reverse=True) else ["newest first"]
    ours = tuple(map(int, version.split(".")))
    if not is_unreleased and ours != max(numbers, default=ours):
        found.append("the newest release has another version")
    if numbers and ours < max(numbers):
        found.append("the version is older than the newest release")
    kinds = set(re.findall(r"^### (.*)$", changelog, re.MULTILINE))
    found += [f"unknown section {kind}" for kind in sorted(kinds - KINDS)]
    for release in re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]:
        name, *lines = release.splitlines()
        sections = [line for line in lines if line.startswith("### ")]
        found += [
            f"{name}: {kind} twice" for kind in KINDS if sections.count(f"### {kind}") > 1
        ]
        # Both sides of a merge are kept, so an entry can be there again.
        entries = [line for line in lines if line.startswith("- ")]
        found += [f"{name}: no entry"] if not entries and name != "Unreleased" else []
        found += [
            f"{name}: {line} twice" for line in set(entries) if entries.count(line) > 1
        ]
    return found


def test_changelog_and_version_agree() -> None:
    """The newest release is the version, or a later version is being written."""
    assert problems(CHANGELOG, __version__) == []


@pytest.mark.parametrize(
    ("changelog", "version"),
    [
        ("## 0.2.0 - 2026-12-01\n", "0.1.0"),
        ("## 0.1.0 - 2026-11-01\n", "0.2.0"),
        ("## Unreleased\n## 0.2.0 - 2026-12-01\n", "0.1.0"),
        ("## Unreleased\n## 0.2.0\n", "0.2.0"),
        ("## 0.1.0 - 2026-11-01\n## 0.2.0 - 2026-12-01\n", "0.2.0"),
        ("## Unreleased\n### Repaired\n", "0.1.0"),
        ("## Unreleased\n### Added\n- a\n### Added\n- b\n", "0.1.0"),
        ("## Unreleased\n### Added\n- a\n- a\n", "0.1.0"),
        ("## 0.1.0 - 2026-11-01\n### Added\n", "0.1.0"),
    ],
)
def test_a_disagreement_is_seen(changelog: str, version: str) -> None:
    """The test above would fail for each of these."""
    assert problems(changelog, version)


@pytest.mark.parametrize(
    "changelog",
    [
        "## 0.2.0 - 2026-12-01\n### Added\n- a\n",
        "## Unreleased\n### Fixed\n## 0.2.0 - 2026-12-01\n### Added\n- a\n",
    ],
)
def test_a_release_and_what_follows_it_pass(changelog: str) -> None:
    """Right after a release, and with the first change after it."""
    assert problems(changelog, "0.2.0") == []
