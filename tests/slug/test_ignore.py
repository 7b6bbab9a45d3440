"""Rules of `.terraformignore`, compared with what go-slug packs."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remote_backend.slug.ignore import parse_rules
from remote_backend.slug.patterns import PatternError, matcher_of
from remote_backend.slug.walk import Walk
from tests.support.paths import SAMPLES
from tests.support.trees import make_tree

ROWS: list[dict[str, Any]] = json.loads((SAMPLES / "terraformignore.json").read_text())


def walk_of(root: Path, ignore: str | None) -> Walk:
    """Return a walk over a tree by the text of an ignore file."""
    return Walk(root, parse_rules(None if ignore is None else os.fsencode(ignore)))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_the_same_files_are_kept_as_by_the_reference(
    row: dict[str, Any], tmp_path: Path
) -> None:
    """Each row packs what go-slug packs, or what we say where it is wrong (P65, P66)."""
    make_tree(tmp_path, row["files"])
    walk = walk_of(tmp_path, row["ignore"])

    kept = sorted(member.name for member in walk.members() if member.is_file)

    assert kept == sorted(row.get("ours", row["kept"]))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_bare_names_and_dead_rules_are_told(row: dict[str, Any], tmp_path: Path) -> None:
    """A rule that leaves a directory's content in gives a hint, a dead one a warning (P65)."""
    make_tree(tmp_path, row["files"])
    walk = walk_of(tmp_path, row["ignore"])

    list(walk.members())

    assert sorted(hint.directory for hint in walk.ineffective_rules) == sorted(
        row.get("hint", [])
    )
    if row.get("warns"):
        assert ".terraformignore:" in walk.rules.warnings[0]


@pytest.mark.parametrize("pattern", ["./x", "../x", "a//b", "//x", "a/../b"])
def test_a_rule_that_can_never_match_is_told(pattern: str) -> None:
    """Paths have no dots and double slashes, so a rule with them does nothing."""
    (warning,) = parse_rules(f"ok\n{pattern}\n".encode()).warnings

    assert warning.startswith(f".terraformignore:2: '{pattern}' can never match")


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("node_modules/ # big", "is one rule with all that is behind #"),
        ("build\\out", "has a backslash, which separates no directories"),
    ],
)
def test_a_rule_that_says_less_than_it_seems_to_is_told(rule: str, problem: str) -> None:
    """Comments behind rules and backslashes as separators make them match nothing (N18)."""
    (warning,) = parse_rules(f"ok\n{rule}\n".encode()).warnings

    assert warning.startswith(".terraformignore:2: ")
    assert problem in warning


def test_only_some_rules_are_doubted() -> None:
    """Ordinary rules give no warning."""
    rules = parse_rules(b"*.log\nfoo/\n/bar/**\n!keep.log\n/\n# no\n\n[a-c]?\n")

    assert rules.warnings == ()


def test_ignored_directories_are_not_walked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies below an excluded directory is not even listed, nor is `.git` (P69)."""
    make_tree(tmp_path, ["main.tf", "node_modules/a/b.js", ".git/objects/x", "d/x"])
    walk = walk_of(tmp_path, "node_modules/\n!/infra/keep\n")
    listed: list[str] = []
    scan = os.scandir

    def remember(path: str) -> Any:
        listed.append(os.path.relpath(path, tmp_path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", remember)
    names = [member.name for member in walk.members()]

    assert names == ["d/", "d/x", "main.tf"]
    assert listed == [".", "d"]


@pytest.mark.parametrize("pattern", ["[a", "[z-a]", "x\\", "[]", "[!"])
def test_a_pattern_that_cannot_be_read_says_why(pattern: str) -> None:
    """A class without an end, a reversed range and a last backslash are named."""
    with pytest.raises(PatternError, match="has|ends"):
        matcher_of(pattern)


def test_decomposed_and_composed_letters_are_the_same() -> None:
    """A rule typed on one system matches a name made on another."""
    rules = parse_rules("e\u0301.txt\n".encode())

    assert rules.decide("\u00e9.txt").excluded


def test_bytes_that_are_no_text_match_themselves() -> None:
    """A rule and a name with the same odd byte meet."""
    rules = parse_rules(b"bad\xff.txt\n")

    assert rules.decide(os.fsdecode(b"bad\xff.txt")).excluded


def tried(pattern: str, path: str) -> bool:
    """Match by trying everything, as the rules are written down; exponential, and plain."""
    if not pattern:
        return not path
    if pattern.startswith("**"):
        rest = pattern[2:].removeprefix("/")
        if not rest:
            return True
        ends = [0, *(at + 1 for at, one in enumerate(path) if one == "/")]
        return any(tried(rest, path[end:]) for end in ends)
    if pattern[0] == "*":
        name = len(path.partition("/")[0])
        return any(tried(pattern[1:], path[end:]) for end in range(name + 1))
    is_one = bool(path) and (path[0] != "/" if pattern[0] == "?" else path[0] == pattern[0])
    return is_one and tried(pattern[1:], path[1:])


@settings(max_examples=1000)
@given(
    st.lists(
        st.sampled_from(["a", "b", "/", "*", "**", "**/", "?", "a*", "/b"]), max_size=7
    ),
    st.lists(st.sampled_from(["a", "b", "ab", "/", "\n"]), max_size=7),
)
def test_matching_in_linear_time_is_matching(pattern: list[str], path: list[str]) -> None:
    """Whatever stands next to each other, the answer is that of trying everything."""
    whole = "".join(pattern)

    assert matcher_of(whole)("".join(path)) == tried(whole, "".join(path))


SLOW_PATTERNS = """
from remote_backend.slug.ignore import parse_rules
for pattern, path in (
    ("*a" * 15 + "b", "a" * 4000),
    ("**/a" * 15 + "b", "a/" * 2000),
    ("**/*a/" * 15 + "b", "aa/" * 1300),
    ("x**a" * 15, "xa/" * 60),
    ("[ab]*?" * 300, "a" * 4000),
    ("!*a*a*a*a*a*a*b\\n" * 100, "a" * 255),
):
    parse_rules(pattern.encode()).decide(path)
"""


def test_no_pattern_takes_long() -> None:
    """Patterns that a matcher with second thoughts never ends with end at once (L4)."""
    subprocess.run([sys.executable, "-c", SLOW_PATTERNS], check=True, timeout=60)
