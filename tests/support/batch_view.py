"""Batches of several sizes in the middle of their work, as the live view knows them."""

from collections.abc import Iterator, Sequence
from itertools import product

from remote_backend import events
from remote_backend.cli.output.view.rows import BatchRows
from remote_backend.models.failure import Failure, FailureKind
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.plan import Counts

__all__ = ("NOW", "batch_of", "names_in_directories", "names_of", "outcome_of")

NOW = 34.0
_STAGES = ("dev", "prod", "sandbox", "staging")
_REGIONS = (
    "af-south-1",
    "ap-northeast-1",
    "ap-south-1",
    "eu-central-1",
    "eu-west-1",
    "sa-east-1",
    "us-east-1",
    "us-west-2",
)
_POLICY = "policy no-public-buckets"
_ARGUMENT = "Unsupported argument (main.tf:12)"


def names_of(count: int) -> list[str]:
    """Return so many names of workspaces."""

    def all_names() -> Iterator[str]:
        for number in range(count):
            for stage, region in product(_STAGES, _REGIONS):
                yield f"{stage}-{region}-{number:02}"

    names = all_names()
    return [next(names) for _ in range(count)]


def outcome_of(
    name: str, result: Result, *, error: str | None = None, counts: Counts | None = None
) -> Outcome:
    """Return how a workspace ended."""
    failure = Failure(kind=FailureKind.TERRAFORM, title=error) if error else None
    return Outcome(
        workspace=name,
        full_name=f"net-{name}",
        result=result,
        run_id=f"run-{name}",
        failure=failure,
        counts=counts,
    )


def names_in_directories(count: int) -> list[str]:
    """Return so many names of workspaces in three configurations, every fourth one short."""
    directories = ("stacks/networking/transit", "apps/web", "platform/observability-eu")
    return [
        name if at % 4 == 3 else f"{directories[at % 3]}:{name}"
        for at, name in enumerate(names_of(count))
    ]


def batch_of(count: int, names: Sequence[str] = ()) -> BatchRows:
    """Return a batch of which a sixth has failed and a third is still at work or waits."""
    batch = BatchRows(0.0)
    names = names or names_of(count)
    batch.take(events.BatchStarted(tuple(names)), 0.0)
    for at, name in enumerate(names):
        began = 0.5 + at * 20 / count
        kind = at % 8
        if kind == 7 and at > count // 2:
            batch.take(events.RunStatusChanged(name, f"run-{name}", "plan_queued"), 0.5)
            continue
        batch.take(events.PlanStarted(name), began)
        batch.take(events.RunQueued(name, f"run-{name}", f"https://host/{name}"), began)
        if kind == 4 and at > count // 3:
            _plan(batch, name, began, at)
        elif kind == 6 and at > count // 2:
            batch.take(events.UploadProgressed(name, 1_240_000, 3_100_000), began)
        else:
            outcome = _end(name, kind, at)
            if outcome.counts is not None and outcome.counts.destroy:
                planned = {"aws_route.legacy": "delete", **dict.fromkeys("abc", "update")}
                batch.rows[name].objects.planned.update(planned)
            batch.take(events.PlanFinished(outcome), began + 1.2 + at % 13)
    return batch


def _plan(batch: BatchRows, name: str, began: float, at: int) -> None:
    status = "policy_checking" if at % 3 == 0 else "planning"
    batch.take(events.RunStatusChanged(name, f"run-{name}", status), began)
    objects = batch.rows[name].objects
    for number in range(at * 3):
        objects.take(
            f"module.network.aws_subnet.private[{number}]: Refreshing state... [id=s]"
        )


def _end(name: str, kind: int, at: int) -> Outcome:
    if kind == 0:
        return outcome_of(name, Result.FAILED, error=_ARGUMENT)
    if kind == 1 and at % 3 == 0:
        return outcome_of(name, Result.FAILED, error=_POLICY, counts=Counts(2, 0, 0, 0))
    if kind == 2:
        return outcome_of(name, Result.CHANGES, counts=Counts(5, 3, at % 2, 0))
    if kind == 3 and at % 16 == 3:
        return outcome_of(name, Result.CHANGES, counts=Counts(0, 3, 1, 0))
    if kind == 5 and at % 40 == 5:
        return outcome_of(name, Result.CANCELED, error="canceled")
    return outcome_of(name, Result.NO_CHANGES, counts=Counts(0, 0, 0, 0))
