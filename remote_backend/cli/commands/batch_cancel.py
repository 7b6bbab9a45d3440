"""Canceling what still runs of an earlier batch."""

from collections.abc import Collection

import anyio

from remote_backend.api.client import Client
from remote_backend.cli.commands.batch_journals import folder, warn
from remote_backend.cli.hints import message_of
from remote_backend.cli.opening import opened_recorded
from remote_backend.cli.output.prompts import Prompts
from remote_backend.cli.output.screen import echo, process_screen
from remote_backend.errors import RemoteBackendError
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.run import RunRequest
from remote_backend.planning.failure_reasons import failure_of_cancellation
from remote_backend.planning.journal import Journal
from remote_backend.planning.recorded_batch import Begun, RecordedBatch
from remote_backend.planning.run_creation import find_run, stop_run

__all__ = ("cancel_runs",)

_AT_ONCE = 20


async def cancel_runs(
    recorded: RecordedBatch, names: Collection[str], is_agreed: bool
) -> int:
    """Cancel the runs of workspaces that have not ended; return 1 if one could not be."""
    names = [
        name for name in recorded.unfinished if name in names and name in recorded.begun
    ]
    if names and not is_agreed and not await _agrees(len(names)):
        return 1
    journal = Journal.at(folder(), recorded.id, warn)
    gate = anyio.CapacityLimiter(_AT_ONCE)
    going: list[str] = []

    async def cancel(client: Client, name: str, begun: Begun) -> None:
        async with gate:
            try:
                run_id = begun.run_id or await _find_run(client, recorded, name)
                run = await stop_run(client, run_id) if run_id is not None else None
            except RemoteBackendError as error:
                echo(f"{name}: {message_of(error)}", err=True)
                echo(f"{name}: {begun.run_id or 'a run that may exist'} is still running")
                going.append(name)
                return
        if run_id is not None and run is None:
            # The journal keeps that, so a later command shows it and cancels nothing twice.
            await journal.outcome(_canceled(recorded, name, run_id))
        if run_id is not None:
            echo(f"{name}: {run_id} {'is stopped' if run is None else 'was over'}")

    async with opened_recorded(recorded) as opened:
        async with anyio.create_task_group() as group:
            for name in names:
                group.start_soon(cancel, opened.client_of(name), name, recorded.begun[name])
    return int(bool(going))


async def _agrees(number: int) -> bool:
    prompts = Prompts(process_screen())
    if not prompts.can_ask:
        return True
    noun = "1 run" if number == 1 else f"{number} runs"
    return await prompts.confirm(f"Cancel {noun}?", "add -yes")


async def _find_run(client: Client, recorded: RecordedBatch, name: str) -> str | None:
    """Look for the run that was requested before the process ended, without its answer."""
    version_id = recorded.begun[name].configuration_version_id
    request = RunRequest(
        workspace_id=recorded.workspaces[name], configuration_version_id=version_id
    )
    run = await find_run(client, request)
    return run.id if run is not None else None


def _canceled(recorded: RecordedBatch, name: str, run_id: str) -> Outcome:
    return Outcome(
        workspace=name,
        configuration=recorded.configuration_of(name),
        full_name=name,
        result=Result.CANCELED,
        failure=failure_of_cancellation("canceled by `batches cancel`"),
        run_id=run_id,
    )
