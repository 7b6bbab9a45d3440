"""Why a run failed: its status, its checks and its log, and which of them counts."""

import pytest

from remote_backend.models.failure import Failure, FailureKind
from remote_backend.models.plan import Plan
from remote_backend.models.policy import CheckReport, PolicyResult
from remote_backend.models.run import Run
from remote_backend.planning.polling import RunSnapshot
from remote_backend.planning.run_failure import failure_of_run
from remote_backend.plans.log_facts import LogFacts

BANNER = b"WARNING: This plan has timed out and will now terminate!\n"
ERROR = b"Error: Invalid value\n\nIt is odd.\n"


def check(*policies: tuple[str, str, str], **more: object) -> CheckReport:
    """Return a policy check that failed, with policies by name, level and status."""
    results = tuple(
        PolicyResult(name=name, level=level, status=status, text=f"text of {name}")
        for name, level, status in policies
    )
    members = {
        "kind": "policy check", "name": "organization", "status": "hard_failed",
        "text": "all texts", "failed": True, "policies": results, **more,
    }  # fmt: skip
    return CheckReport(**members)  # type: ignore[arg-type]


HARD = check(
    ("tags", "hard-mandatory", "failed"),
    ("names", "advisory", "failed"),
    ("costs", "soft-mandatory", "passed"),
    ("zones", "soft-mandatory", "failed"),
)
TASK = check(kind="run task", name="scan", status="failed", text="2 findings")
NAMELESS = check()
PASSED = check(("tags", "hard-mandatory", "failed"), failed=False)


def failure_of(
    status: str, plan_status: str | None, *checks: CheckReport, log: bytes = b""
) -> Failure:
    """Return the failure of a run that has one."""
    plan = Plan(id="plan-1", status=plan_status) if plan_status is not None else None
    facts = LogFacts()
    facts.feed(log)
    failure = failure_of_run(
        RunSnapshot(Run(id="run-1", status=status), plan), checks, facts
    )
    assert failure is not None
    return failure


K = FailureKind


@pytest.mark.parametrize(
    ("status", "plan_status", "checks", "log", "kind", "title"),
    [
        ("errored", "errored", [], ERROR, K.TERRAFORM, "Invalid value"),
        ("errored", None, [], ERROR, K.TERRAFORM, "Invalid value"),
        ("errored", "errored", [HARD], ERROR, K.TERRAFORM, "Invalid value"),
        ("errored", "errored", [], b"", K.TERRAFORM, "the run errored"),
        ("errored", "unreachable", [], b"", K.TERRAFORM, "the run errored before its plan began"),
        ("errored", "finished", [], b"", K.TERRAFORM, "the run errored after its plan"),
        ("errored", "finished", [PASSED], b"", K.TERRAFORM, "the run errored after its plan"),
        ("errored", "finished", [HARD], b"", K.POLICY, "policy tags (hard-mandatory) and 1 more"),
        ("errored", None, [HARD], ERROR, K.POLICY, "policy tags (hard-mandatory) and 1 more"),
        ("errored", "unreachable", [TASK], b"", K.TASK, "task scan (mandatory)"),
        ("errored", "finished", [TASK, HARD], b"", K.TASK, "task scan (mandatory) and 2 more"),
        ("errored", "finished", [NAMELESS], b"", K.POLICY, "policy check organization (hard_failed)"),
        ("policy_soft_failed", "finished", [], b"", K.POLICY, "a soft-mandatory policy failed"),
        ("canceled", "canceled", [], ERROR, K.CANCELED, "the run was canceled"),
        ("canceled", "canceled", [], BANNER, K.TIMEOUT, "the plan timed out"),
        ("force_canceled", "running", [], b"", K.CANCELED, "the run was canceled by force"),
        ("discarded", "finished", [], ERROR, K.DECISION, "the run was discarded"),
        (
            "post_plan_awaiting_decision", "finished", [], b"", K.DECISION,
            "the run needs a decision in the browser (post_plan_awaiting_decision)",
        ),
        (
            "policy_override", "finished", [HARD], b"", K.DECISION,
            "policy tags (hard-mandatory) and 1 more needs a decision in the browser",
        ),
        ("brand_new", "running", [], ERROR, K.TERRAFORM, "the run is brand_new"),
    ],
)  # fmt: skip
def test_what_is_known_best_is_the_reason(
    status: str,
    plan_status: str | None,
    checks: list[CheckReport],
    log: bytes,
    kind: FailureKind,
    title: str,
) -> None:
    """An errored plan has its log, a refused one its policies and tasks (A4, P37)."""
    failure = failure_of(status, plan_status, *checks, log=log)
    assert (failure.kind, failure.title) == (kind, title)


def test_mandatory_policies_that_failed_are_named_with_their_texts() -> None:
    """Advisory ones, and those that passed, are no reason."""
    failure = failure_of("errored", "finished", HARD, TASK)

    assert [policy.name for policy in failure.policies] == ["tags", "zones"]
    assert failure.text == (
        "policy tags (hard-mandatory) failed\ntext of tags\n"
        "policy zones (soft-mandatory) failed\ntext of zones\n"
        "task scan (mandatory) failed\n2 findings"
    )
    assert failure_of("errored", "finished", NAMELESS).text == (
        "policy check organization (hard_failed) failed\nall texts"
    )
