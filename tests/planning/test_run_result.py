"""What is made of a run that is over: its numbers, and why it failed."""

import pytest

from remote_backend.models.changes import PlannedChanges, ResourceChange
from remote_backend.models.failure import FailureKind
from remote_backend.models.outcome import Result
from remote_backend.models.plan import Counts, Plan
from remote_backend.models.policy import CheckReport
from remote_backend.models.run import Run
from remote_backend.planning.polling import RunSnapshot
from remote_backend.planning.run_failure import failure_of_run
from remote_backend.planning.run_result import (
    counts_of,
    phase_reached,
    result_of,
)
from remote_backend.plans.log_facts import LogFacts

PLAN_LINE = b"Plan: 2 to add, 1 to change, 3 to destroy.\n"
BANNER = (
    b"aws_vpc.main: Refreshing state...\n"
    b"------------ Terraform Enterprise System Message ------------\n"
    b"WARNING: This plan has timed out and will now terminate!\n"
    b"Terraform Enterprise enforces a 30m0s maximum run time for this\noperation.\n"
    b"-------------------------------------------------------------\n"
)


def facts_of(*parts: bytes) -> LogFacts:
    """Return what a log says that comes in parts."""
    facts = LogFacts()
    for part in parts:
        facts.feed(part)
    return facts


@pytest.mark.parametrize(
    ("log", "counts"),
    [
        (PLAN_LINE, Counts(2, 1, 3)),
        (b"\x1b[0m\x1b[1mPlan:\x1b[0m 4 to add, 0 to change, 0 to destroy.", Counts(4)),
        (
            b"Plan: 5 to import, 1 to add, 0 to change, 0 to destroy.",
            Counts(1, 0, 0, imported=5),
        ),
        (
            b'{"@level":"info","@message":"Plan: 1 to add, 2 to change, 0 to destroy."}',
            Counts(1, 2),
        ),
        (b'  + text = "Plan: 9 to add, 9 to change, 9 to destroy."\n', None),
        (PLAN_LINE + b"Changes to Outputs:\n" + b"  + x = 1\n" * 10_000, Counts(2, 1, 3)),
        (b"No changes. Your infrastructure matches the configuration.\n", Counts()),
        (
            b"\x1b[0m\x1b[1m\x1b[32mNo changes.\x1b[0m\x1b[1m Your infrastructure matches",
            Counts(),
        ),
        (b"a.b: Refreshing state...\n\nChanges to Outputs:\n  + a = 1\n", Counts()),
        (
            b'{"@level": "info", "@message": "Plan: 1 to add, 0 to change, 0 to destroy."}',
            Counts(1),
        ),
        (b"  # No changes. Nothing\n", None),
        # Terraform 1.15.5.
        (
            b"\x1b[1mPlan:\x1b[0m \x1b[0m1 to import, 3 to add, 2 to change, 0 to destroy.\n",
            Counts(3, 2, 0, imported=1),
        ),
        (b"Error: No changes. Nothing\n", None),
    ],
)
def test_the_line_with_the_numbers_is_read(log: bytes, counts: Counts | None) -> None:
    """Where a server sends none, as OTF, and wherever the parts of the log end (W10)."""
    assert facts_of(log).counts == counts
    for cut in range(0, 120, 7):
        assert facts_of(log[:cut], log[cut:]).counts == counts


@pytest.mark.parametrize(
    ("log", "changes"),
    [
        (PLAN_LINE + b"\nChanges to Outputs:\n  + x = 1\n", True),
        (b"\x1b[0mChanges to Outputs:\n  ~ x = 1 -> 2\n", True),
        (
            b'{"@message":"Outputs: 2","@module":"terraform.ui","outputs":{"a":{"action":'
            b'"noop"},"b":{"sensitive":false,"action":"update"}},"type":"outputs"}\n',
            True,
        ),
        (b'{"@message":"Outputs: 1","outputs":{"a":{"action":"noop"}}}\n', False),
        (b"  + text = <<-EOT\n        Changes to Outputs:\n    EOT\n", False),
        (PLAN_LINE, False),
    ],
)
def test_whether_outputs_change_is_read(log: bytes, changes: bool) -> None:
    """A plan without its JSON says it in the log, wherever the parts of that end."""
    assert facts_of(log).changes_outputs is changes
    for cut in range(0, 120, 7):
        assert facts_of(log[:cut], log[cut:]).changes_outputs is changes


@pytest.mark.parametrize(
    ("log", "title"),
    [
        (b"Refreshing state...\nKilled\n", "the plan was killed"),
        (
            b"x\nOperation failed: failed running terraform plan (signal: killed)\n",
            "the plan was killed",
        ),
        (BANNER, "the plan timed out (the limit is 30m0s)"),
        (b"Killed 3 instances\nError: no\n", "no"),
        (b"Error: Invalid value\n", "Invalid value"),
        (b"Setup failed: no such directory\n", "Setup failed: no such directory"),
        (
            b"Error: Execution halted\n\n" + BANNER,
            "the plan timed out (the limit is 30m0s)",
        ),
        (b'  + text = "\nError: no\n', "no"),
        (b"  + text = Error: no\n", "the run errored"),
        (b"Refreshing state...\n", "the run errored"),
    ],
)
def test_what_cut_a_plan_off_is_named(log: bytes, title: str) -> None:
    """A worker without memory, a time limit and errors leave words in the log alone (P39)."""
    errored = RunSnapshot(
        Run(id="run-1", status="errored"), Plan(id="plan-1", status="errored")
    )
    failure = failure_of_run(errored, [], facts_of(log[:20], log[20:]))

    assert failure is not None and failure.title.startswith(title)
    is_timeout = "timed out" in title
    assert failure.kind is (FailureKind.TIMEOUT if is_timeout else FailureKind.TERRAFORM)


def test_the_run_decides_what_a_failed_policy_means() -> None:
    """A soft failure in a run that the server has finished is reported and no more (P29)."""
    check = CheckReport(kind="policy check", name="x", status="soft_failed", failed=True)
    finished = RunSnapshot(
        Run(id="run-1", status="planned_and_finished", has_changes=True), None
    )
    stopped = RunSnapshot(Run(id="run-1", status="policy_soft_failed"), None)

    assert (result_of(finished), failure_of_run(finished, [check], LogFacts())) == (
        Result.CHANGES,
        None,
    )
    assert result_of(stopped) is Result.FAILED
    failure = failure_of_run(stopped, [check], LogFacts())
    assert failure is not None and failure.kind is FailureKind.POLICY
    assert failure.reason == "policy check x (soft_failed)"


def test_a_plan_that_succeeded_was_not_cut_off() -> None:
    """The log decides about nothing."""
    finished = RunSnapshot(Run(id="run-1", status="planned_and_finished"), None)
    assert failure_of_run(finished, [], facts_of(b"Killed\n")) is None


def resource(action: str, imported_id: str | None = None) -> ResourceChange:
    """Return a change of a resource."""
    return ResourceChange(address="a.b", action=action, imported_id=imported_id)


CHANGES = PlannedChanges(
    resources=(
        resource("create"),
        resource("replace"),
        resource("update", imported_id="i-1"),
        resource("import", imported_id="i-2"),
        resource("delete"),
        resource("forget"),
        resource("read"),
    )
)
COUNTED = Counts(add=2, change=1, destroy=2, imported=2)
WITH_COUNTS = Plan(id="plan-1", status="finished", resource_additions=7)
WITHOUT_COUNTS = Plan(id="plan-1", status="finished")


@pytest.mark.parametrize(
    ("status", "plan", "changes", "counts"),
    [
        ("planned_and_finished", WITH_COUNTS, CHANGES, Counts(7)),
        ("planned_and_finished", WITHOUT_COUNTS, CHANGES, COUNTED),
        ("planned_and_finished", WITHOUT_COUNTS, None, Counts(1)),
        ("planned_and_finished", None, None, Counts(1)),
        ("policy_soft_failed", WITH_COUNTS, None, Counts(7)),
        ("errored", WITH_COUNTS, None, Counts(7)),
        ("errored", WITHOUT_COUNTS, None, Counts(1)),
        ("errored", Plan(id="plan-1", status="errored"), None, None),
        ("canceled", None, None, None),
    ],
)
def test_numbers_come_from_the_server_the_plan_or_the_log(
    status: str, plan: Plan | None, changes: PlannedChanges | None, counts: Counts | None
) -> None:
    """In this order, also where policies fail the plan afterwards (A6, W10)."""
    snapshot = RunSnapshot(Run(id="run-1", status=status), plan)
    assert counts_of(snapshot, changes, Counts(1)) == counts


@pytest.mark.parametrize(
    ("status", "plan_status", "phase"),
    [
        ("errored", "unreachable", "wait"),
        ("canceled", "pending", "wait"),
        ("planning", "running", "plan"),
        ("errored", "errored", "plan"),
        ("policy_soft_failed", "finished", "checks"),
    ],
)
def test_the_phase_is_how_far_it_came(status: str, plan_status: str, phase: str) -> None:
    """Before its plan, in it, or after it (P140, P167)."""
    snapshot = RunSnapshot(
        Run(id="run-1", status=status), Plan(id="plan-1", status=plan_status)
    )
    assert phase_reached(snapshot) == phase
