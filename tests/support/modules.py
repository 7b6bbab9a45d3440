"""The modules of the package, for tests that go through all of them."""

import pkgutil

import remote_backend

__all__ = ("module_names",)

# Importing one of these runs it.
_PROGRAMS = ("__main__", "libterraform_process")


def module_names() -> list[str]:
    """Return the name of every module of the package that can be imported as one."""
    modules = pkgutil.walk_packages(remote_backend.__path__, "remote_backend.")
    return ["remote_backend", *(m.name for m in modules if not m.name.endswith(_PROGRAMS))]
