"""Plan one Terraform configuration in many remote workspaces at once.

async with remote_backend.open_backend("networking") as backend:
    async with backend.plan_all() as batch:
        async for event in batch:
            ...
    print(batch.outcomes)

The public names are listed in `remote_backend.public_names`. They are imported on first use,
since the command line starts here and some of its commands need none of them.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from remote_backend._version import __version__ as __version__

_MODULES = ("blocking", "testing")

if TYPE_CHECKING:
    from remote_backend import blocking as blocking
    from remote_backend import testing as testing
    from remote_backend.public_names import *  # noqa: F403 (the one place that takes them all)

    __all__: tuple[str, ...]
else:

    def __getattr__(name: str) -> Any:
        if name in _MODULES:
            return import_module(f"{__name__}.{name}")
        # Test runners and debuggers probe every module for private names.
        if name.startswith("_") and name != "__all__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        # A statement like `from remote_backend import events` first tries the attribute.
        if find_spec(f"{__name__}.{name}") is None:
            globals().update(_public_names())
            if name in globals():
                return globals()[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *_public_names(), *_MODULES})


def _public_names() -> dict[str, Any]:
    names = vars(import_module(f"{__name__}.public_names"))
    # pytest adds names with an @ to modules that it rewrites, as those of its plugins.
    public = {
        name: value
        for name, value in names.items()
        if name.isidentifier() and not name.startswith("_")
    }
    return {**public, "__all__": tuple(sorted([*public, "__version__"]))}
