"""What the spans of a batch are called, and their attributes.

Names are those of the semantic conventions for CI/CD (release candidate,
https://opentelemetry.io/docs/specs/semconv/cicd/cicd-spans/): a batch is a run of a pipeline and a
workspace is a task of it. What they do not name begins with `remote_backend.`. Variables, values,
addresses of resources and texts of errors are in none of them.
"""

from collections.abc import Iterable
from datetime import datetime

from remote_backend.models.failure import FailureKind
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.run import Run
from remote_backend.planning.batch_context import BatchContext
from remote_backend.telemetry import Attributes, Span
from remote_backend.workspaces import LocalWorkspace

__all__ = (
    "add_phases",
    "describe_batch",
    "describe_run",
    "describe_workspace",
    "end_batch",
    "end_workspace",
)

_RESULTS = {
    Result.NO_CHANGES: "success",
    Result.CHANGES: "success",
    Result.FAILED: "failure",
    Result.CANCELED: "cancellation",
    Result.NOT_STARTED: "skip",
}
_FAILURES = {FailureKind.TIMEOUT: "timeout", FailureKind.CONNECTION: "error"}
_WORST_FIRST = ("error", "failure", "timeout", "cancellation", "skip", "success")
_PARTS = {"waiting": "wait in queue", "planning": "plan", "checks": "checks"}


def describe_batch(context: BatchContext, workspaces: int) -> Attributes:
    """Return the attributes of a batch from its beginning; it counts as canceled until its end."""
    return {
        "cicd.pipeline.name": context.mapping,
        "cicd.pipeline.run.id": context.id,
        "cicd.pipeline.result": "cancellation",
        "remote_backend.organization": context.organization,
        "remote_backend.workspaces": workspaces,
    }


def describe_workspace(workspace: LocalWorkspace) -> Attributes:
    """Return the attributes that the plan of a workspace has from its beginning."""
    return {
        "cicd.pipeline.task.name": workspace.name,
        "cicd.pipeline.task.run.result": "cancellation",
    }


def describe_run(context: BatchContext) -> Attributes:
    """Return the attributes of a run: whether another run of the workspace is compared with it."""
    return {"remote_backend.is_base": True} if context.is_base else {}


def end_batch(span: Span, outcomes: Iterable[Outcome]) -> None:
    """Add how a batch ended."""
    results = [_result(outcome) for outcome in outcomes]
    worst = min(results, key=_WORST_FIRST.index, default="success")
    span.set({"cicd.pipeline.result": worst})
    if worst != "success":
        span.fail(worst)


def end_workspace(span: Span, outcome: Outcome) -> None:
    """Add how the plan of a workspace ended."""
    span.set(
        {
            "cicd.pipeline.task.run.result": _result(outcome),
            "remote_backend.result": outcome.result.value,
        }
    )
    if outcome.run_id is not None:
        span.set({"cicd.pipeline.task.run.id": outcome.run_id})
    if outcome.run_url is not None:
        span.set({"cicd.pipeline.task.run.url.full": outcome.run_url})
    if outcome.counts is not None:
        names = ("add", "change", "destroy", "imported")
        span.set({f"remote_backend.{n}": getattr(outcome.counts, n) for n in names})
    if outcome.result is Result.FAILED and outcome.failure is not None:
        span.fail(outcome.failure.kind.value)


def _result(outcome: Outcome) -> str:
    if outcome.result is Result.FAILED and outcome.failure is not None:
        return _FAILURES.get(outcome.failure.kind, "failure")
    return _RESULTS[outcome.result]


def add_phases(span: Span, run: Run) -> None:
    """Add the phases of a run that is over, by the clock of the server."""
    if run.status_times is not None:
        for part, began, ended in run.status_times.phases():
            span.add(_PARTS[part], _nanoseconds(began), _nanoseconds(ended))


def _nanoseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1e6) * 1000
