"""Modules that are imported when they are first used, or while something else is waited for."""

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from types import ModuleType

from anyio import to_thread

__all__ = ("import_in_thread", "modules_of")


def modules_of(package: str, names: Sequence[str]) -> Callable[[str], ModuleType]:
    """Return a `__getattr__` for a package that imports those of its modules that are named."""

    def get(name: str) -> ModuleType:
        if name in names:
            return import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return get


async def import_in_thread(name: str) -> None:
    """Import a module in a thread, so that answers are taken meanwhile."""
    if name not in sys.modules:
        await to_thread.run_sync(import_module, name)
