"""What a batch is made of, for its output: the workspaces of one configuration, or of several."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from remote_backend.api.client import Client
from remote_backend.backend_plans import BackendPlans
from remote_backend.cli.commands.plan_request import PlanRequest
from remote_backend.connection import Connection
from remote_backend.models.planned_place import PlannedPlace
from remote_backend.notices import Notice
from remote_backend.planning.batch import Batch
from remote_backend.workspaces import LocalWorkspace

if TYPE_CHECKING:
    from remote_backend.configurations import Configurations

__all__ = ("BatchSource", "open_configurations_of", "source_of_connection")


@frozen
class BatchSource:
    """Where the workspaces of a batch are, and how it is begun."""

    place: PlannedPlace
    client_of: Callable[[str], Client]
    """Returns what talks to the server of a workspace."""

    directories: tuple[Path, ...]
    warnings: tuple[str, ...]
    begin: Callable[[], AbstractAsyncContextManager[Batch]]


def source_of_connection(
    connection: Connection, request: PlanRequest, workspace: LocalWorkspace | None
) -> BatchSource:
    """Return what a batch of one configuration is made of, or the plan of one workspace."""
    backend = BackendPlans(connection)

    def begin() -> AbstractAsyncContextManager[Batch]:
        if request.resumed is not None:
            return backend.resume(request.resumed, request.options)
        if request.is_batch:
            return backend.plan_all(request.options)
        return backend.plan(workspace, request.options)

    return BatchSource(
        place=backend.place,
        client_of=lambda workspace: connection.client,
        directories=(request.directory,),
        warnings=connection.warnings,
        begin=begin,
    )


@asynccontextmanager
async def open_configurations_of(
    request: PlanRequest, report: Callable[[Notice], None]
) -> AsyncIterator[BatchSource]:
    """Open the configurations of a batch of several."""
    # Most batches are of one configuration, and do not need what backends of programs can do.
    from remote_backend.opening import open_configurations

    resumed = request.resumed
    recorded = resumed.configurations if resumed is not None else ()
    directories = [str(one.directory) for one in recorded] or list(request.directories)
    async with open_configurations(
        directories, base=request.directory, environ=request.environ, report=report
    ) as configurations:
        yield BatchSource(
            place=configurations.place,
            client_of=lambda name: configurations.backend_of(name).connection.client,
            directories=tuple(
                each.connection.directory for each in configurations.backends.values()
            ),
            warnings=configurations.warnings,
            begin=lambda: _begin(configurations, request),
        )


def _begin(
    configurations: "Configurations", request: PlanRequest
) -> AbstractAsyncContextManager[Batch]:
    if request.resumed is not None:
        return configurations.resume(request.resumed, request.options)
    return configurations.plan_all(request.options)
