"""Every module says what is public, and says it truly."""

import ast
import importlib
import inspect
import subprocess
import sys

import pytest

import remote_backend
from tests.support.modules import module_names

# Its imports are the list, which the root package passes on.
LISTED = [name for name in module_names() if name != "remote_backend.public_names"]


@pytest.mark.parametrize("name", LISTED)
def test_public_names_are_listed_and_exist(name: str) -> None:
    """`__all__` is a tuple without repeats, holds real names, and leaves none out."""
    module = importlib.import_module(name)
    source = ast.parse(inspect.getsource(module))
    made_here = {
        node.name
        for node in source.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        # What answers a path is reached by its path.
        and not any(ast.unparse(one).startswith("routes.") for one in node.decorator_list)
    }

    assert isinstance(module.__all__, tuple)
    assert len(set(module.__all__)) == len(module.__all__)
    assert [one for one in module.__all__ if not hasattr(module, one)] == []
    assert made_here <= set(module.__all__)


@pytest.mark.parametrize("name", LISTED)
def test_every_public_thing_is_described(name: str) -> None:
    """Modules, classes and functions that are public have a docstring."""
    module = importlib.import_module(name)
    described = [module, *(getattr(module, one) for one in module.__all__)]
    own = [d for d in described if getattr(d, "__module__", name) == name and callable(d)]

    assert module.__doc__
    assert [one.__name__ for one in own if not one.__doc__] == []


def test_the_root_package_has_what_public_names_imports() -> None:
    """Each name is listed once, in `public_names`, and the root's `__all__` follows it."""
    public = importlib.import_module("remote_backend.public_names")
    imported = {
        alias.asname
        for node in ast.parse(inspect.getsource(public)).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    assert set(remote_backend.__all__) == imported
    assert set(remote_backend.__all__) <= set(dir(remote_backend))


def test_an_unknown_public_name_is_reported() -> None:
    """A misspelled name raises AttributeError, which names it."""
    with pytest.raises(AttributeError, match="open_backends"):
        getattr(remote_backend, "open_backends")  # noqa: B009 (the type checker knows better)


def test_the_root_package_imports_late() -> None:
    """Neither the package nor a module of it loads the rest, for which commands would wait."""
    program = (
        "import sys, remote_backend\n"
        "from remote_backend import errors\n"
        "sys.exit('remote_backend.public_names' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
