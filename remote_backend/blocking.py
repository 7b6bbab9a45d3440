"""One-call functions for scripts and notebooks, which return when the work is done.

```python
for outcome in remote_backend.blocking.plan_all("networking", select=["eu-*"]):
    print(outcome.workspace, outcome.result.value)
```

Each runs its namesake of the package in an event loop of its own. Within a running event loop,
as in a notebook, that loop is in a thread, and a `RuntimeWarning` says that the running one stands
still meanwhile. Ctrl-C stops the runs on the server; within `asyncio.run`, which only cancels its
task at the first one, it takes a second Ctrl-C.
"""

import asyncio
import warnings
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from os import PathLike
from typing import Any, TypeVar

import anyio
from anyio.from_thread import start_blocking_portal

from remote_backend import calls
from remote_backend.config.backend_block import DEFAULT_HOSTNAME
from remote_backend.models.outcome import Outcome
from remote_backend.planning.options import BatchOptions

__all__ = ("outputs", "plan", "plan_all")

Value = TypeVar("Value")


def plan_all(
    directory: str | PathLike[str] = ".",
    *,
    select: Iterable[str] = (),
    exclude: Iterable[str] = (),
    options: BatchOptions | None = None,
    token: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> tuple[Outcome, ...]:
    """Plan all workspaces as `remote_backend.plan_all` does, with its parameters and errors.

    ```python
    from remote_backend import blocking

    failed = [one for one in blocking.plan_all("networking") if not one.succeeded]
    ```
    """
    return _run(
        "plan_all",
        partial(
            calls.plan_all,
            directory,
            select=select,
            exclude=exclude,
            options=options,
            token=token,
            environ=environ,
        ),
    )


def plan(
    directory: str | PathLike[str] = ".",
    workspace: str | None = None,
    *,
    options: BatchOptions | None = None,
    token: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Outcome:
    """Plan one workspace as `remote_backend.plan` does, with its parameters and errors.

    ```python
    from remote_backend import blocking

    print(blocking.plan("networking", "eu-1").counts)
    ```
    """
    return _run(
        "plan",
        partial(
            calls.plan, directory, workspace, options=options, token=token, environ=environ
        ),
    )


def outputs(
    workspace: str,
    *,
    organization: str,
    hostname: str = DEFAULT_HOSTNAME,
    token: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return output values as `remote_backend.outputs` does, with its parameters and errors.

    ```python
    from remote_backend import blocking

    values = blocking.outputs("networking-eu-1", hostname=hostname, organization="acme")
    ```
    """
    return _run(
        "outputs",
        partial(
            calls.outputs,
            workspace,
            organization=organization,
            hostname=hostname,
            token=token,
            environ=environ,
        ),
    )


def _run(name: str, call: Callable[[], Awaitable[Value]]) -> Value:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return anyio.run(call)
    warnings.warn(
        f"blocking.{name} stops the running event loop until it is done; write "
        f"`await remote_backend.{name}(...)`, which works in notebooks too",
        RuntimeWarning,
        stacklevel=3,
    )
    # An interrupt leaves the block with an error, which cancels the call and waits for its end.
    with start_blocking_portal() as portal:
        return portal.call(call)
