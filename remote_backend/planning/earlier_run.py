"""An outcome of an earlier process, with what the server still has of its run."""

from attrs import evolve

from remote_backend.api.client import Client
from remote_backend.models.failure import Failure, FailureKind
from remote_backend.models.outcome import Outcome
from remote_backend.models.run import PlanOptions
from remote_backend.planning.log_tail import LogTail
from remote_backend.planning.polling import RunPoller
from remote_backend.planning.run_failure import failure_of_run
from remote_backend.planning.run_result import read_optional_data
from remote_backend.plans.log_facts import LogFacts

__all__ = ("read_earlier_run",)

# The server has the text of these; a journal does not keep it.
_KINDS_OF_RUNS = (
    FailureKind.TERRAFORM,
    FailureKind.POLICY,
    FailureKind.TASK,
    FailureKind.DECISION,
)


async def read_earlier_run(
    client: Client, outcome: Outcome, options: PlanOptions
) -> tuple[Outcome, bytes]:
    """Return an outcome with changes, checks and the text of its failure, and the log of its run.

    An outcome without a run stays as it is. Raises `ApiError` when the run cannot be read.
    """
    if outcome.run_id is None:
        return outcome, b""
    poller = RunPoller(client, (await client.read_run(outcome.run_id))[0])
    async for _ in poller.snapshots():
        pass
    chunks = [chunk async for chunk in LogTail(client, poller).chunks()]
    facts = LogFacts()
    for chunk in chunks:
        facts.feed(chunk)
    optional = await read_optional_data(client, poller.latest, options)
    checks = tuple(optional.checks)
    failure = failure_of_run(poller.latest, checks, facts)
    detailed = evolve(
        outcome,
        changes=optional.changes,
        checks=checks or outcome.checks,
        failure=_with_text(outcome.failure, failure),
    )
    return detailed, b"".join(chunks)


def _with_text(kept: Failure | None, read: Failure | None) -> Failure | None:
    """Return the failure that was read again; the one that was kept where the server lost it."""
    if kept is None or read is None or kept.kind not in _KINDS_OF_RUNS:
        return kept
    return read if read.text else kept
