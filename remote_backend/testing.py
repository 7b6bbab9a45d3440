"""A compatible server for the tests of programs that use the package.

```python
async with remote_backend.testing.serve(workspaces=["networking-dev"]) as server:
    directory = server.write_configuration("networking-test", prefix="networking-")
    outcomes = await remote_backend.plan_all(directory, environ=server.environ)
```

With pytest, the fixture `remote_backend_server` gives such a server without an import.
"""

import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

from anyio.from_thread import start_blocking_portal

from remote_backend.async_blocks import async_block
from remote_backend.config.environment import process_environ
from remote_backend.engine.judgement import SimulatedCost, SimulatedPolicy
from remote_backend.engine.simulated import Simulation
from remote_backend.models.plan import Counts
from remote_backend.server.embedded import EmbeddedServer, ServerSettings
from remote_backend.server.embedded import serve as serve_settings
from remote_backend.server.fault_rules import FaultRule, FaultSettings
from remote_backend.server.seed import SeedVariable, SeedWorkspace

__all__ = (
    "Counts",
    "EmbeddedServer",
    "FaultRule",
    "FaultSettings",
    "SeedVariable",
    "SeedWorkspace",
    "SimulatedCost",
    "SimulatedPolicy",
    "Simulation",
    "serve",
    "serve_in_thread",
)


@async_block("async with testing.serve(...) as server:")
async def serve(
    *,
    workspaces: Iterable[str | SeedWorkspace] = (),
    faults: FaultSettings | Iterable[FaultRule] = (),
    organization: str = "acme",
    token: str | None = None,
    engine: str = "simulated",
    data: str | PathLike[str] | None = None,
) -> AsyncIterator[EmbeddedServer]:
    """Run a compatible server on this machine, with a port of its own, until the block is left.

    `workspaces` are names, or seeds that say how their plans end: `SeedWorkspace(name="net-eu",
    simulation=Simulation(counts=Counts(add=2)))`. `faults` are what goes wrong on purpose.
    Plans are simulated unless `engine` names a program, such as `terraform`. The data are kept
    in `data`, else in a temporary folder that is removed. `server.environ` leads programs to it.

    Raises `SettingsError` for a folder that another server uses, and `EngineError` without the
    engine.

    ```python
    from remote_backend import testing

    async with testing.serve(
        workspaces=["networking-dev"],
        faults=[testing.FaultRule(kind="status", status=502, times=(1,))],
    ) as server:
        directory = server.write_configuration("networking-test", prefix="networking-")
        [outcome] = await remote_backend.plan_all(directory, environ=server.environ)
        assert outcome.succeeded
    ```
    """
    seeds = [
        SeedWorkspace(name=workspace) if isinstance(workspace, str) else workspace
        for workspace in workspaces
    ]
    if not isinstance(faults, FaultSettings):
        faults = FaultSettings(rules=tuple(faults))
    with _data_folder(data) as folder:
        settings = ServerSettings(
            data=folder,
            organization=organization,
            token=token,
            seed=seeds,
            engine=engine,
            faults=faults,
        )
        async with serve_settings(settings, process_environ()) as server:
            yield server


@contextmanager
def serve_in_thread(
    *,
    workspaces: Iterable[str | SeedWorkspace] = (),
    faults: FaultSettings | Iterable[FaultRule] = (),
    organization: str = "acme",
    token: str | None = None,
    engine: str = "simulated",
    data: str | PathLike[str] | None = None,
) -> Iterator[EmbeddedServer]:
    """Run a server as `serve` does, in a thread, for tests without an event loop.

    ```python
    from remote_backend import blocking, testing

    with testing.serve_in_thread(workspaces=["networking-dev"]) as server:
        directory = server.write_configuration("networking-test", prefix="networking-")
        assert blocking.plan(directory, "dev", environ=server.environ).succeeded
    ```
    """
    block = serve(
        workspaces=workspaces,
        faults=faults,
        organization=organization,
        token=token,
        engine=engine,
        data=data,
    )
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(block) as server,
    ):
        yield server


@contextmanager
def _data_folder(data: str | PathLike[str] | None) -> Iterator[Path]:
    if data is not None:
        yield Path(data)
        return
    with tempfile.TemporaryDirectory(prefix="remote-backend-testing-") as folder:
        yield Path(folder, "server")
