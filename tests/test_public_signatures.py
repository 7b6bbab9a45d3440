"""Each type in a public signature has a public name, and user code type-checks."""

import inspect
import json
import shutil
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

import remote_backend
from remote_backend import blocking, testing
from tests.support.paths import REPOSITORY

NOT_PUBLIC = {
    "Connection": "the seam to the parts beneath, which may change in any version",
    "Edit": "positions in the text of a state, which its own functions make",
    "Faults": "counters and settings of the server for tests, reached by its attribute",
    "Path": "an alias of tuple",
}
"""Classes of the package that signatures may name without a public name, with the reason."""

MADE_BY_THE_LIBRARY = {"AsyncBlock", "Backend", "Batch"}
"""Public classes that no caller constructs, so their constructors are not public."""

PUBLIC = {
    **{name: getattr(remote_backend, name) for name in remote_backend.__all__},
    **{f"blocking.{name}": getattr(blocking, name) for name in blocking.__all__},
    **{f"testing.{name}": getattr(testing, name) for name in testing.__all__},
}


def types_in(hint: object) -> Iterator[type]:
    """Give the classes of the package in an annotation, however deep."""
    if isinstance(hint, list | tuple):
        for part in hint:
            yield from types_in(part)
    elif inspect.isclass(hint) and hint.__module__.startswith("remote_backend."):
        yield hint
    yield from types_in(typing.get_args(hint)) if typing.get_args(hint) else ()


def signatures(name: str, value: object) -> Iterator[dict[str, object]]:
    """Give the annotations of a function, or of the fields and public methods of a class."""
    if inspect.isroutine(value):
        yield hints_of(value)
    if not inspect.isclass(value):
        return
    if attrs.has(value):
        names = {field.name for field in attrs.fields(value)}
        hints = typing.get_type_hints(value)
        yield {key: hints[key] for key in names if not key.startswith("_")}
    for kind in inspect.getmro(value):
        for member, function in vars(kind).items():
            is_constructor = member == "__init__" and name not in MADE_BY_THE_LIBRARY
            function = getattr(function, "__func__", getattr(function, "fget", function))
            is_ours = kind.__module__.startswith("remote_backend.")
            is_shown = is_constructor and not attrs.has(kind) or not member.startswith("_")
            if is_ours and is_shown and inspect.isfunction(function):
                yield hints_of(function)


def hints_of(function: typing.Any) -> dict[str, object]:
    """Return the annotations of a function, read in its module."""
    function = inspect.unwrap(function)
    return typing.get_type_hints(function, vars(sys.modules[function.__module__]))


def unnamed_types(name: str, value: object) -> set[str]:
    """Return the types in the signatures of a public thing that have no public name."""
    return {
        kind.__name__
        for hints in signatures(name, value)
        for hint in hints.values()
        for kind in types_in(hint)
        if kind.__name__ not in NOT_PUBLIC
        and not any(kind is one for one in PUBLIC.values())
    }


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_type_of_a_signature_is_public(name: str) -> None:
    """Parameters, results and attributes can be annotated by their users."""
    assert unnamed_types(name, PUBLIC[name]) == set()


def test_a_type_without_a_public_name_is_seen() -> None:
    """The test above would name it, within another type too."""

    def signature(value: "list[dict[str, Private]]") -> None:
        """Take a value of a class that is not public."""

    signature.__annotations__["value"] = list[dict[str, Private]]
    assert unnamed_types("signature", signature) == {"Private"}


class Private:
    """A class that nobody exports."""


Private.__module__ = "remote_backend.private"


def test_a_program_of_a_user_type_checks() -> None:
    """mypy finds no error in `tests/typing/api.py`, and the types there are the real ones."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "tests/typing/api.py"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


PYRIGHT = shutil.which("pyright")


@pytest.mark.skipif(
    PYRIGHT is None,
    reason="pyright does not read the program of a user: it is not installed (npm install pyright)",
)
def test_pyright_finds_no_error_in_a_program_of_a_user(tmp_path: Path) -> None:
    """In its strict mode, which many editors have, all types of the library are known."""
    assert PYRIGHT is not None
    settings = {
        "include": ["api.py"],
        "typeCheckingMode": "strict",
        "extraPaths": [str(REPOSITORY)],
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    shutil.copy(REPOSITORY / "tests/typing/api.py", tmp_path)
    done = subprocess.run(
        [PYRIGHT, "--pythonpath", sys.executable],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
