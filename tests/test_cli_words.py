"""The library does not speak of flags and commands of the command line.

Commands that reports and server pages show are values that `cli` or `server` passes in. A module
that holds such texts on purpose stands in EXCEPTIONS with the reason.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import remote_backend
from remote_backend.cli.main import cli

ROOT = Path(remote_backend.__file__).parent
COMMANDS = "|".join(cli.list_commands(cli.make_context("remote-backend", ["plan"])))
CLI_WORD = re.compile(
    # A flag stands alone: `xn--label`, `a-b`, `-5`, `-{count}` and `{value}-at` are none.
    r"(?<![^\s`'\"(\[=,;/])--?(?:[a-z][a-z-]+|[a-z]=)"
    # The name of the package alone may be said, and so may commands of other programs.
    rf"|remote-backend (?:-|(?:{COMMANDS})\b)"
    r"|`(?:batches|state|workspace) [a-z]"
)
OTHER_PROGRAM = re.compile(r"`(?:terraform|tofu|git) [^`]*`")
EXCEPTIONS = {
    "engine/plan.py": "arguments of the programs that make plans",
    "engine/program.py": "arguments of the programs that make plans",
    "examples/pull_request_tree.py": "arguments of git",
    "git/base.py": "arguments of git",
    "git/changes.py": "arguments of git",
    "git/own_index.py": "arguments of git",
    "git/repository.py": "arguments of git",
    "git/working_tree.py": "arguments of git",
}
"""Modules whose texts may look like flags, with the reason."""

# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/workspaces#query-parameters
SORT_ORDERS = {"-name", "-created-at"}
"""Values of the query parameter `sort`, which routes of the server compare."""


def words_of(source: str) -> list[str]:
    """Return the flags and commands in the texts of a module, docstrings included."""
    tree = ast.parse(source)
    texts = (OTHER_PROGRAM.sub("", text) for text in _texts(tree))
    return [word for text in texts for word in CLI_WORD.findall(text)]


def _texts(tree: ast.AST) -> Iterator[str]:
    """Give each text whole; where a value is put into it, a letter stands."""
    if isinstance(tree, ast.JoinedStr):
        yield "".join(
            str(part.value) if isinstance(part, ast.Constant) else "x"
            for part in tree.values
        )
    elif isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        yield tree.value
    for child in ast.iter_child_nodes(tree):
        # The pieces of a text with values were given with it.
        if not (isinstance(tree, ast.JoinedStr) and isinstance(child, ast.Constant)):
            yield from _texts(child)


def modules() -> list[Path]:
    """Return the modules below the command line."""
    return sorted(
        path for path in ROOT.rglob("*.py") if path.relative_to(ROOT).parts[0] != "cli"
    )


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_flag_or_command_below_the_command_line(path: Path) -> None:
    """A module outside `cli` names parameters; `cli.hints` adds flags and commands."""
    name = path.relative_to(ROOT).as_posix()
    orders = SORT_ORDERS if name.startswith("server/routes/") else set()
    words = [
        word for word in words_of(path.read_text(encoding="utf-8")) if word not in orders
    ]

    if name in EXCEPTIONS:
        assert words, "the exception is not needed any more"
    else:
        assert words == []


@pytest.mark.parametrize(
    "source",
    [
        'raise Error("-destroy and refresh_only exclude each other")',
        'raise Error(f"{name}: wait with -lock-timeout=5m")',
        'f"{name}; --force overwrites it"',
        'x = "leave (-replace) out"',
        'f"after -{name}={seconds:g}s"',
        'x = "after `init -reconfigure`"',
        'f"`remote-backend force-unlock {id}` takes the lock away"',
        'x = "remote-backend -help"',
        'x = "compare it with `state pull`"',
        'def f():\n    """Return what -var gives."""',
    ],
)
def test_a_planted_word_is_seen(source: str) -> None:
    """The test above would find each of them."""
    assert words_of(source)


@pytest.mark.parametrize(
    "source",
    [
        'f"{status}-at"',
        'x = "remote-backend 0.1.0 has a mistake"',
        'x = "networking-dev", "a - b", "-1", "plan-only"',
        'x = "as `terraform output -json` prints it"',
        'f"+{added} -{removed}"',
    ],
)
def test_other_dashes_are_not_flags(source: str) -> None:
    """Names with dashes, numbers and other programs are allowed."""
    assert words_of(source) == []
