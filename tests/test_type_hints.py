"""Annotations are real at run time: autodoc, beartype and dependency injection read them."""

import importlib
import inspect
import sys
import typing
from collections.abc import Iterator

import attrs
import pytest

import remote_backend
from tests.support.modules import module_names


def annotated(module_name: str) -> Iterator[tuple[str, object]]:
    """Yield what a module makes public and describes itself: functions, classes, methods."""
    module = importlib.import_module(module_name)
    for name in getattr(module, "__all__", ()):
        value = getattr(module, name)
        if inspect.isclass(value):
            yield name, value
            yield from methods(value)
        elif inspect.isroutine(value):
            yield name, inspect.unwrap(value)


def methods(kind: type) -> Iterator[tuple[str, object]]:
    """Yield the public methods of a class and its constructor, properties included."""
    for name, value in vars(kind).items():
        if name.startswith("_") and name != "__init__":
            continue
        function = getattr(value, "__func__", getattr(value, "fget", value))
        if inspect.isfunction(function):
            yield f"{kind.__name__}.{name}", function


def hints_of(value: object) -> dict[str, object]:
    """Return the hints of a class or function, read in its module.

    The constructors that attrs writes have globals of their own, without the class itself.
    """
    if inspect.isclass(value):
        return typing.get_type_hints(value)
    assert inspect.isfunction(value)
    return typing.get_type_hints(value, vars(sys.modules[value.__module__]))


@pytest.mark.parametrize("module_name", module_names())
def test_hints_of_public_names_resolve(module_name: str) -> None:
    """`typing.get_type_hints` raises for no public function, class, method or property."""
    unresolved = []
    for name, value in annotated(module_name):
        try:
            hints_of(value)
        except NameError as error:
            unresolved.append(f"{name}: {error}")
    assert unresolved == []


@pytest.mark.parametrize(
    "kind",
    [
        value
        for name in remote_backend.__all__
        if attrs.has(value := getattr(remote_backend, name))
    ],
)
def test_fields_of_public_values_have_hints(kind: type) -> None:
    """Each field has one, as programs need that write events down with cattrs."""
    assert set(typing.get_type_hints(kind)) >= {field.name for field in attrs.fields(kind)}


def late_annotation(value: "Missing") -> None:  # type: ignore[name-defined] # noqa: F821
    """Name a type that exists for type checkers only."""


def test_a_hint_that_cannot_resolve_is_seen() -> None:
    """The test above would fail for an annotation of a module that is imported late."""
    with pytest.raises(NameError):
        hints_of(late_annotation)
