"""What judged a plan, from literal answers."""

from typing import Any

import pytest

from remote_backend.api.client import Client
from remote_backend.api.messages import Response
from remote_backend.models.failure import FailureKind
from remote_backend.models.policy import CheckReport
from remote_backend.models.run import Run
from remote_backend.planning.policy_results import read_policy_results
from remote_backend.planning.polling import RunSnapshot
from remote_backend.planning.run_failure import failure_of_run
from remote_backend.plans.log_facts import LogFacts
from tests.support.fakes import ScriptedTransport, answer


def resource(kind: str, id: str, **attributes: Any) -> dict[str, Any]:
    """Return a resource; underscores stand for dashes."""
    named = {name.replace("_", "-"): value for name, value in attributes.items()}
    return {"id": id, "type": kind, "attributes": named}


def document(data: Any, *included: Any) -> Response:
    """Return an answer with a document."""
    return answer(200, {"data": data, "included": list(included)})


async def reports(run: Run, script: dict[str, Any]) -> list[CheckReport]:
    """Read what judged a run."""
    client = Client(ScriptedTransport(script), "acme")
    return [report async for report in read_policy_results(client, run)]


RUN = Run(id="run-1", status="policy_soft_failed", policy_check_ids=("polchk-1",))


@pytest.mark.parametrize("status", ["soft_failed", "hard_failed", "errored"])
async def test_a_failed_policy_shows_its_text(status: str) -> None:
    """The output is read and reported, and the check is a reason to fail (P29)."""
    result = {"passed": 3, "soft-failed": 1, "sentinel": None}
    script = {
        "GET policy-checks/polchk-1": document(
            resource(
                "policy-checks",
                "polchk-1",
                status=status,
                scope="organization",
                result=result,
            )
        ),
        "GET policy-checks/polchk-1/output": answer(200, b"no public subnets\n"),
    }

    (report,) = await reports(RUN, script)

    assert (report.failed, report.text) == (True, "no public subnets")
    failure = failure_of_run(RunSnapshot(RUN, None), [report], LogFacts())
    assert failure is not None and "organization" in failure.title


@pytest.mark.parametrize("passed", ["passed", "overridden"])
async def test_a_check_is_judged_by_its_status_and_not_by_its_level(passed: str) -> None:
    """A hard failure that may be overridden is one until a person has done so (P30)."""
    actions, path = {"is_overridable": True}, "policy-checks/polchk-1"
    result = {"result": {"hard-failed": 1}, "actions": actions}
    failed, overridden = [
        (
            await reports(
                RUN, {f"GET {path}": document(check), f"GET {path}/output": answer(404)}
            )
        )
        for check in (
            resource("policy-checks", "polchk-1", status=status, **result)
            for status in ("hard_failed", passed)
        )
    ]

    assert ([report.failed for report in failed], overridden[0].failed) == ([True], False)


async def test_a_check_is_waited_for_and_may_pass() -> None:
    """Pending and queued are no results."""
    path = "GET policy-checks/polchk-1"
    checks = [
        document(resource("policy-checks", "polchk-1", status=status, result=None))
        for status in ("pending", "queued", "passed")
    ]
    script = {path: checks, f"{path}/output": answer(204)}

    (report,) = await reports(RUN, script)

    assert (report.status, report.failed, report.text) == ("passed", False, "")


@pytest.mark.parametrize(
    ("level", "status", "failed"),
    [
        ("mandatory", "failed", True),
        ("advisory", "failed", False),
        ("mandatory", "passed", False),
    ],
)
async def test_run_tasks_fail_a_plan_when_they_must(
    level: str, status: str, failed: bool
) -> None:
    """Advisory results are reported and do not fail it; types are spelled in two ways."""
    task = resource(
        "task_results",
        "taskrs-1",
        status=status,
        message="2 findings",
        task_name="iac-scan",
        workspace_task_enforcement_level=level,
        status_timestamps=None,
        stage=None,
    )
    stage = resource("task-stages", "ts-1", stage="post_plan", status="failed")
    run = Run(id="run-1", status="errored", task_stage_ids=("ts-1",))

    (report,) = await reports(run, {"GET task-stages/ts-1": document(stage, task)})

    assert (report.name, report.text, report.failed) == ("iac-scan", "2 findings", failed)
    failure = failure_of_run(RunSnapshot(run, None), [report], LogFacts())
    assert failure is not None and (failure.kind is FailureKind.TASK) is failed
    if failed:
        assert failure.title == "task iac-scan (mandatory)"
        assert failure.text == "task iac-scan (mandatory) failed\n2 findings"


async def test_policy_evaluations_name_what_did_not_pass() -> None:
    """Sets and policies are reported, passing ones are not."""
    stage = resource("task-stages", "ts-1", stage="post_plan", status="failed")
    evaluation = resource(
        "policy-evaluations", "poleval-1", status="failed", policy_kind="opa"
    )
    outcomes = [
        {
            "policy_name": "no-public",
            "enforcement_level": "mandatory",
            "status": "failed",
            "description": "stay private",
            "output": [{"print": "a is public"}, {"x": 1}, 5],
        },
        {
            "policy_name": "names",
            "enforcement_level": "advisory",
            "status": "failed",
            "output": {"print": "odd"},
        },
        {"policy_name": "fine", "enforcement_level": "mandatory", "status": "passed"},
    ]
    sets = [
        resource(
            "policy-set-outcomes",
            "psout-1",
            policy_set_name="guard",
            error="",
            outcomes=outcomes,
        )
    ]
    run = Run(id="run-1", status="errored", task_stage_ids=("ts-1",))

    (report,) = await reports(
        run,
        {
            "GET task-stages/ts-1": document(stage, evaluation),
            "GET policy-evaluations/poleval-1/policy-set-outcomes": document(sets),
        },
    )

    assert report.failed
    assert report.text == (
        "guard/no-public: failed (mandatory)\n  stay private\n  a is public\n"
        "guard/names: failed (advisory)"
    )
    failure = failure_of_run(RunSnapshot(run, None), [report], LogFacts())
    assert failure is not None and failure.kind is FailureKind.POLICY
    assert failure.title == "policy guard/no-public (mandatory)"
    assert failure.text == (
        "policy guard/no-public (mandatory) failed\nstay private\na is public"
    )


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        (
            {
                "status": "finished",
                "proposed_monthly_cost": "64.45",
                "delta_monthly_cost": "12.35",
            },
            "$64.45/mo +$12.35",
        ),
        (
            {
                "status": "finished",
                "proposed_monthly_cost": "5.0",
                "delta_monthly_cost": "-1.5",
            },
            "$5.0/mo -$1.5",
        ),
        ({"status": "finished", "delta_monthly_cost": ""}, ""),
        ({"status": "skipped_due_to_targeting", "error_message": None}, ""),
        ({"status": "unreachable"}, ""),
        ({"status": "errored", "error_message": "no prices"}, "no prices"),
    ],
)
@pytest.mark.parametrize("as_list", [False, True])
async def test_costs_never_fail_a_plan(
    attributes: dict[str, Any], text: str, as_list: bool
) -> None:
    """Odd statuses, nulls, empty numbers, and a list of one are all understood (P31)."""
    cost = resource("cost-estimates", "ce-1", **attributes)
    run = Run(id="run-1", status="planned_and_finished", cost_estimate_id="ce-1")

    (report,) = await reports(
        run, {"GET cost-estimates/ce-1": document([cost] if as_list else cost)}
    )

    assert (report.text, report.failed) == (text, False)


@pytest.mark.parametrize("bad", [answer(404), answer(500), answer(200, b"no JSON")])
async def test_servers_without_such_features_are_fine(bad: Response) -> None:
    """What is missing or cannot be read is not a reason to fail."""
    run = Run(
        id="run-1",
        status="planned_and_finished",
        policy_check_ids=("polchk-1",),
        task_stage_ids=("ts-1",),
        cost_estimate_id="ce-1",
    )
    paths = ("policy-checks/polchk-1", "task-stages/ts-1", "cost-estimates/ce-1")

    assert await reports(run, {f"GET {path}": bad for path in paths}) == []


@pytest.mark.parametrize(
    ("status", "amounts", "cost"),
    [
        ("finished", ("990.70", "1204.10", "213.40"), ("990.70", "1204.10", "213.40")),
        ("finished", ("990.70", "1204.10", None), ("990.70", "1204.10", "213.40")),
        ("finished", (None, "10.5", "0.5"), ("10.0", "10.5", "0.5")),
        ("finished", ("10", None, "-0.5"), ("10", "9.5", "-0.5")),
        ("finished", (None, "10.5", None), None),
        ("finished", ("NaN", "Infinity", "1e999999"), None),
        ("finished", ("0", "free", "0"), ("0", "0", "0")),
        ("errored", ("1", "1", "0"), None),
    ],
)
async def test_a_cost_estimate_has_amounts(
    status: str, amounts: tuple[str | None, ...], cost: tuple[str, ...] | None
) -> None:
    """Decimals with all digits; what is no amount is left out, and two of three are enough."""
    names = ("prior_monthly_cost", "proposed_monthly_cost", "delta_monthly_cost")
    members = dict(zip(names, amounts, strict=True))
    estimate = resource("cost-estimates", "ce-1", status=status, **members)
    run = Run(id="run-1", status="planned_and_finished", cost_estimate_id="ce-1")

    (report,) = await reports(run, {"GET cost-estimates/ce-1": document(estimate)})

    found = report.cost
    texts = found and (str(found.prior), str(found.proposed), str(found.delta))
    assert texts == cost


async def test_a_check_has_its_policies_also_those_that_passed() -> None:
    """A server that names none is reported as one policy: the check itself."""
    path = "policy-checks/polchk-1"
    check = resource("policy-checks", "polchk-1", status="passed", scope="organization")
    named = b"tags (advisory): passed\nsize (hard-mandatory): passed\n"

    [some], [none] = [
        await reports(RUN, {f"GET {path}": document(check), f"GET {path}/output": output})
        for output in (answer(200, named), answer(404))
    ]

    names = [(policy.name, policy.level, policy.status) for policy in some.policy_results]
    assert names == [("tags", "advisory", "passed"), ("size", "hard-mandatory", "passed")]
    [whole] = none.policy_results
    assert (whole.name, whole.status) == ("organization", "passed")
