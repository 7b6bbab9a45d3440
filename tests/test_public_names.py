"""Every module says what is public, and says it truly."""

import ast
import importlib
import inspect
import pkgutil
import typing

import attrs
import pytest

import remote_backend


def module_names() -> list[str]:
    """Return the name of every module of the package that can be imported as one."""
    found = pkgutil.walk_packages(remote_backend.__path__, "remote_backend.")
    programs = ("__main__", "libterraform_process")
    return ["remote_backend", *(m.name for m in found if not m.name.endswith(programs))]


@pytest.mark.parametrize("name", module_names())
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


@pytest.mark.parametrize("name", module_names())
def test_every_public_thing_is_described(name: str) -> None:
    """Modules, classes and functions that are public have a docstring."""
    module = importlib.import_module(name)
    described = [module, *(getattr(module, one) for one in module.__all__)]
    own = [d for d in described if getattr(d, "__module__", name) == name and callable(d)]

    assert module.__doc__
    assert [one.__name__ for one in own if not one.__doc__] == []


@pytest.mark.parametrize(
    "kind",
    [
        found
        for name in remote_backend.__all__
        if attrs.has(found := getattr(remote_backend, name))
    ],
)
def test_types_of_public_values_can_be_resolved(kind: type) -> None:
    """As by those who write events down with cattrs."""
    assert set(typing.get_type_hints(kind)) >= {one.name for one in attrs.fields(kind)}
