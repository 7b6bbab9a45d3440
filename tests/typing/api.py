"""A program of a user: type checkers read it, and nobody runs it."""

from typing import Any, assert_type

import opentelemetry.metrics
import opentelemetry.trace

import remote_backend
from remote_backend import blocking


def report(notice: remote_backend.Notice) -> None:
    """Print a long wait or a warning."""
    print(notice)


async def stream(token: str) -> tuple[remote_backend.Outcome, ...]:
    """Plan some workspaces and read their events."""
    options = remote_backend.BatchOptions(
        plan=remote_backend.PlanOptions(
            variables={"region": "eu", "zones": ["a"], "sizes": {"a": 1}},
            targets=["module.network"],
        ),
        select=["eu-*"],
        upload=remote_backend.UploadMode.AUTO,
        limits=remote_backend.WaitLimits(queue_seconds=60.0),
    )
    async with remote_backend.open_backend("networking", token=token) as backend:
        assert_type(backend, remote_backend.Backend)
        async with backend.plan_all(options) as batch:
            assert_type(batch, remote_backend.Batch)
            async for event in batch:
                if isinstance(event, remote_backend.LogChunkRead):
                    assert_type(event.data, bytes)
                elif isinstance(event, remote_backend.PlanFinished):
                    assert_type(event.outcome, remote_backend.Outcome)
        return batch.outcomes


async def explicit() -> None:
    """Open workspaces by names."""
    async with remote_backend.open_workspaces(
        hostname="tfe.example.com", organization="acme", tags={"team": "net"}, report=report
    ) as backend:
        [workspace, *_] = await backend.workspaces()
        assert_type(workspace, remote_backend.LocalWorkspace)
        assert_type(workspace.full_name, str)
        assert_type(await backend.state(), remote_backend.StateFile | None)


async def traced() -> None:
    """Pass a tracer and a meter."""
    tracer = opentelemetry.trace.get_tracer("a")
    meter = opentelemetry.metrics.get_meter("a")
    async with remote_backend.open_backend(tracer=tracer, meter=meter) as backend:
        assert_type(backend, remote_backend.Backend)


async def at_once() -> None:
    """Use the one-call functions."""
    assert_type(await remote_backend.plan("networking", "eu-1"), remote_backend.Outcome)
    outcomes = await remote_backend.plan_all("networking", exclude=("eu-7",))
    for outcome in outcomes:
        assert_type(outcome.result, remote_backend.Result)
        assert_type(outcome.counts, remote_backend.Counts | None)
        if outcome.changes is not None:
            for change in outcome.changes.resources:
                assert_type(change.action, remote_backend.Action | str)
                print(
                    change.action is remote_backend.Action.DELETE, change.action == "delete"
                )
        if outcome.failure is not None:
            assert_type(outcome.failure.kind, remote_backend.FailureKind)
    assert_type(await remote_backend.outputs("a", organization="acme"), dict[str, Any])


def script() -> None:
    """Use the blocking functions, and errors."""
    try:
        assert_type(blocking.plan_all("networking"), tuple[remote_backend.Outcome, ...])
        remote_backend.blocking.plan("networking")
    except remote_backend.ApiError as error:
        assert_type(error.status, int)
    except remote_backend.RemoteBackendError as error:
        assert_type(error.advice, str)


async def test_my_program() -> None:
    """Serve workspaces for a test."""
    async with remote_backend.testing.serve(
        workspaces=["net-a", remote_backend.testing.SeedWorkspace(name="net-b")]
    ) as server:
        assert_type(server.environ, dict[str, str])
