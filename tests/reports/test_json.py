"""Reports as JSON: the members of looks and schema, from outcomes of every kind."""

import json
from decimal import Decimal
from typing import Any

import pytest
from jsonschema import ValidationError

from remote_backend.models.changes import PlannedChanges, ResourceChange
from remote_backend.models.cost import Cost
from remote_backend.models.failure import Failure, FailureKind, Place
from remote_backend.models.outcome import Result
from remote_backend.models.plan import Counts
from remote_backend.models.policy import CheckReport, PolicyResult
from remote_backend.models.run import PlanOptions
from remote_backend.reports.to_json import to_json
from tests.support.paths import REPOSITORY
from tests.support.report_builders import change, outcome, plan, report, update
from tests.support.report_schema import validate_report
from tests.support.schema_docs import documentation

PASSED = PolicyResult(name="tags", level="hard-mandatory", status="passed")
POLICIES = CheckReport(
    kind="policy check", name="organization", status="passed", policies=(PASSED,)
)
TASK = CheckReport(
    kind="run task", name="scan", status="passed", text="nothing found", level="mandatory"
)
COST = CheckReport(
    kind="cost estimate",
    name="monthly cost",
    status="finished",
    cost=Cost(prior=Decimal("990.70"), proposed=Decimal("1204.10"), delta=Decimal("213.4")),
)


def document(*outcomes: Any, **more: Any) -> dict[str, Any]:
    """Return a report as programs read it."""
    read: dict[str, Any] = json.loads(to_json(report(*outcomes, **more)))
    return read


def test_a_batch_is_described() -> None:
    """Which one, where, when, how long, and by which options; values of variables are secrets."""
    options = PlanOptions(
        targets=("a.b",), variables=(("token", '"hush"'),), message="check"
    )
    read = document(
        outcome("dev"),
        mapping="net-*",
        label="nightly",
        ended_at="2026-01-01T00:00:54+00:00",
        seconds=54.2,
        options=options,
    )

    assert (read["schema_version"], read["kind"], read["problem"]) == ("1", "plan", None)
    assert read["batch"] == {
        "id": "batch-1", "short_id": "1", "hostname": "tfe.test", "organization": "acme",
        "mapping": "net-*", "label": "nightly", "started_at": "2026-01-01T00:00:00Z",
        "ended_at": "2026-01-01T00:00:54Z", "seconds": 54.2, "page_url": None,
        "options": {
            "targets": ["a.b"], "replace": [], "refresh": True, "refresh_only": False,
            "destroy": False, "message": "check", "variable_names": ["token"],
        },
    }  # fmt: skip
    assert "hush" not in json.dumps(read)


def test_a_workspace_has_numbers_costs_policies_and_tasks() -> None:
    """Replacements are counted, amounts are decimal text, and passed policies are listed."""
    changes = PlannedChanges(resources=(ResourceChange(address="a.b", action="replace"),))
    checks = (TASK, POLICIES, COST)
    read = document(outcome("dev", changes, counts=Counts(12, 0, 7), checks=checks))

    [workspace] = read["workspaces"]
    amounts = {
        "currency": "USD",
        "prior": "990.70",
        "proposed": "1204.10",
        "delta": "213.4",
    }
    assert (workspace["name"], workspace["remote_name"]) == ("dev", "net-dev")
    assert (workspace["result"], workspace["is_destructive"]) == ("changed", True)
    assert workspace["counts"] == {
        "add": 12, "change": 0, "destroy": 7, "replace": 1, "import": 0,
    }  # fmt: skip
    assert (workspace["cost"], read["totals"]["cost"]) == (amounts, amounts)
    assert workspace["policies"] == [
        {"name": "tags", "level": "hard-mandatory", "status": "passed", "text": ""}
    ]
    assert workspace["tasks"] == [
        {"name": "scan", "level": "mandatory", "status": "passed", "text": "nothing found"}
    ]
    assert workspace["times"] == {
        "waiting": 0.4, "planning": 1.0, "checks": None, "total": 1.5,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"result": Result.FAILED}, "failed"),
        ({"result": Result.CANCELED}, "canceled"),
        ({"result": Result.NOT_STARTED}, "canceled"),
        ({"result": Result.FAILED, "still_running": True}, "running"),
        ({"result": Result.CHANGES}, "changed"),
        ({}, "unchanged"),
    ],
)
def test_results_are_words_without_spaces(more: dict[str, Any], word: str) -> None:
    """In the workspace, in its group, and as a number in the totals."""
    read = document(outcome("dev", **more))

    assert read["workspaces"][0]["result"] == read["groups"][0]["result"] == word
    assert read["totals"][word] == 1


def test_a_failure_is_a_structure() -> None:
    """A program needs no sentence to find file, line and policies."""
    failure = Failure(
        kind=FailureKind.TERRAFORM,
        title="Unsupported argument",
        text="Error: Unsupported argument",
        place=Place(file="main.tf", line=12),
        further_errors=1,
    )
    [workspace] = document(outcome("dev", result=Result.FAILED, failure=failure))[
        "workspaces"
    ]

    assert workspace["failure"] == {
        "kind": "terraform", "title": "Unsupported argument",
        "text": "Error: Unsupported argument", "detail": "", "address": None,
        "place": {"file": "main.tf", "line": 12}, "policies": [], "further_errors": 1,
    }  # fmt: skip


def test_values_are_whole_and_say_how_much_is_known() -> None:
    """A key with a point is one step; digits are kept; what is hidden is hidden on both sides."""
    inner = {
        "before": {"tags": {"a.b": 1}, "key": "hush", "id": "i-1"},
        "after": {"tags": {"a.b": 12345678901234567890.0}, "key": "other"},
        "after_unknown": {"id": True},
        "before_sensitive": {"key": True},
    }
    text = to_json(report(outcome("dev", plan(change("a.b", "update", change=inner)))))
    [resource] = json.loads(text)["workspaces"][0]["changes"]["resources"]

    facts = {
        attribute["path"]: (
            attribute["path_steps"], attribute["before"], attribute["before_is"],
            attribute["after"], attribute["after_is"],
        )
        for attribute in resource["attributes"]
    }  # fmt: skip
    assert facts == {
        'tags["a.b"]': (["tags", "a.b"], 1, "value", 1.2345678901234567e19, "value"),
        "key": (["key"], None, "sensitive", None, "sensitive"),
        "id": (["id"], "i-1", "value", None, "unknown"),
    }
    assert "hush" not in text and "other" not in text


def test_groups_say_what_differs() -> None:
    """One row for each value, with the workspaces that have it."""
    changes = [plan(update("a.b", "10.1.0.0/16", f"10.{new}.0.0/16")) for new in (2, 2, 3)]
    named = [outcome(f"{name}", each) for name, each in zip("abc", changes, strict=True)]
    read = document(*named)

    groups = read["groups"]
    assert [group["family"] for group in groups] == [1, 1]
    assert [group["workspaces"] for group in groups] == [["a", "b"], ["c"]]
    assert [workspace["group"] for workspace in read["workspaces"]] == [1, 1, 2]
    same = plan(update("a.b", "x", "y"))
    others = [plan(update("a.b", f"old-{number}", "y")) for number in range(2)]
    [group] = document(outcome("a", same), outcome("b", others[0]))["groups"]
    assert [
        (row["place"], row["path"], row["side"], row["value"], row["workspaces"])
        for row in group["differences"]
    ] == [
        ("a.b", "cidr", "before", "x", ["a"]),
        ("a.b", "cidr", "before", "old-0", ["b"]),
    ]


def test_what_is_not_understood_is_counted() -> None:
    """By name in the workspace, by number in the totals (N33)."""
    read = document(outcome("dev", PlannedChanges(not_understood=("a new part",))))

    assert read["workspaces"][0]["changes"]["not_understood"] == ["a new part"]
    assert read["totals"]["not_understood"] == 1


def test_a_report_without_a_plan_has_a_problem() -> None:
    """Totals are zeros, and the kind is that of what was wanted."""
    read = document(problem="the token is refused", is_drift=True)

    assert (read["problem"], read["kind"]) == ("the token is refused", "drift")
    assert read["totals"]["workspaces"] == 0 and read["workspaces"] == []


@pytest.mark.parametrize(
    "changed",
    [
        {"schema_version": "2"},
        {"kind": "comparison"},
        {"unheard_of": 1},
        {"totals": {}},
        {"workspaces": [{"name": "dev"}]},
    ],
    ids=["version", "kind", "new member", "lost members", "half a workspace"],
)
def test_a_document_of_another_form_is_refused(changed: dict[str, Any]) -> None:
    """The validation of the suite would see a member that is new, lost or of another type."""
    with pytest.raises(ValidationError):
        validate_report({**document(outcome("dev")), **changed})


def test_the_documentation_is_that_of_the_schemas() -> None:
    """`python -m tests.support.schema_docs` writes docs/report-schema.md anew."""
    text = (REPOSITORY / "docs/report-schema.md").read_text(encoding="utf-8")

    assert text == documentation()
