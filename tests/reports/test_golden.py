"""Reports of recorded plans of real Terraform, compared with files that a person has read.

`python -m tests.reports.test_golden` writes the files anew; read the difference before it is
committed.
"""

from collections.abc import Callable

import pytest

from remote_backend.models.changes import PlannedChanges, ResourceChange
from remote_backend.models.failure import Failure, FailureKind
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.plan import Counts
from remote_backend.models.planned_place import ConfigurationPlace
from remote_backend.models.policy import CheckReport, PolicyResult
from remote_backend.models.run import Run
from remote_backend.planning.polling import RunSnapshot
from remote_backend.planning.run_failure import failure_of_run
from remote_backend.plans.json_plan import parse_json_plan
from remote_backend.plans.log_facts import LogFacts
from remote_backend.plans.structured_log import parse_structured_log
from remote_backend.plans.value_text import path_text, value_text
from remote_backend.reports.summary import Report
from remote_backend.reports.to_html import to_html
from remote_backend.reports.to_json import to_json
from remote_backend.reports.to_junit import to_junit
from remote_backend.reports.to_markdown import to_markdown
from tests.support.paths import SAMPLES
from tests.support.report_builders import failure_in_log, outcome, report

FORMS: dict[str, Callable[[Report], str]] = {
    "md": to_markdown,
    "html": to_html,
    "json": to_json,
    "xml": to_junit,
}


REFUSAL = CheckReport(
    kind="policy check",
    name="organization",
    status="soft_failed",
    text="no-public-buckets (soft-mandatory): failed\n  aws_s3_bucket.logs is public",
    failed=True,
    policies=(
        PolicyResult(
            name="no-public-buckets",
            level="soft-mandatory",
            status="failed",
            text="aws_s3_bucket.logs is public",
        ),
    ),
)
REFUSED_RUN = RunSnapshot(Run(id="run-refused", status="policy_soft_failed"), None)


def recorded(name: str) -> PlannedChanges:
    """Return the changes of a recorded plan."""
    found = parse_json_plan((SAMPLES / "plans" / f"{name}.json").read_bytes())
    assert found is not None
    return found


def logged(name: str) -> PlannedChanges:
    """Return what a recorded structured log tells."""
    found = parse_structured_log((SAMPLES / "plans" / f"{name}.jsonl").read_bytes())
    assert found is not None
    return found


def made() -> Report:
    """Return the report of a batch with every recorded plan."""
    logs = {
        name: (SAMPLES / "plans" / f"{name}.log").read_text()
        for name in ("error", "everything", "drift")
    }
    return report(
        outcome("everything", recorded("everything")),
        outcome("outputs", recorded("outputs")),
        outcome("destroy", recorded("destroy")),
        outcome("drift", recorded("drift")),
        outcome("undone", recorded("drift_undone")),
        outcome("nothing", result=Result.NO_CHANGES),
        outcome(
            "error", result=Result.FAILED, failure=failure_in_log(logs["error"].encode())
        ),
        outcome(
            "conditions",
            PlannedChanges(diagnostics=logged("error").diagnostics),
            result=Result.FAILED,
            failure=failure_in_log((SAMPLES / "plans" / "error.jsonl").read_bytes()),
        ),
        outcome(
            "refused",
            result=Result.FAILED,
            counts=Counts(2, 0, 1),
            checks=(REFUSAL,),
            failure=failure_of_run(REFUSED_RUN, [REFUSAL], LogFacts()),
        ),
        outcome("overridden", recorded("outputs"), checks=(REFUSAL,)),
        outcome("stopped", result=Result.CANCELED, reason="the run was canceled"),
        logs=logs,
    )


def made_of_several() -> Report:
    """Return the report of a batch of three configurations, one of which cannot be read."""
    net, dns, broken = "stacks/net", "stacks/dns", "stacks/broken"
    places = [
        ConfigurationPlace(
            name=name, hostname="tfe.test", organization="acme", mapping=f"{name[7:]}-*"
        )
        for name in (net, dns)
    ]
    return report(
        outcome(f"{net}:prod", recorded("outputs"), configuration=net),
        outcome(f"{dns}:prod", recorded("destroy"), configuration=dns),
        outcome(
            "eu",
            result=Result.NO_CHANGES,
            configuration=dns,
            unseen_outputs=(f"{net}:prod",),
        ),
        Outcome(
            workspace=broken,
            full_name=broken,
            configuration=broken,
            result=Result.FAILED,
            failure=Failure(
                kind=FailureKind.CONFIGURATION, title="main.tf:3 could not be read in full"
            ),
        ),
        mapping="stacks/*",
        configurations=[*places, ConfigurationPlace(name=broken)],
    )


REPORTS: dict[str, Callable[[], Report]] = {"report": made, "several": made_of_several}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", REPORTS)
def test_reports_are_as_they_were_read(name: str, form: str) -> None:
    """Byte for byte."""
    golden = SAMPLES / "reports" / f"{name}.{form}"
    assert FORMS[form](REPORTS[name]()) == golden.read_text(encoding="utf-8")


def test_everything_is_told() -> None:
    """Create, update, replace, destroy, moved, imported, sensitive, unknown."""
    changes = recorded("everything")
    found = {resource.address.partition(".")[2]: resource for resource in changes.resources}
    assert {name: one.action for name, one in found.items()} == {
        "update": "update",
        "replace": "replace",
        "gone": "delete",
        "new_name": "move",
        "secret": "update",
        "long": "update",
        "unknown": "create",
        "imported": "import",
    }
    assert found["new_name"].previous_address == "terraform_data.old_name"
    assert found["imported"].imported_id == "outside-1"
    assert told(found["update"], "input") == (
        '"before"',
        '"k\u00e4se \u2603 <b> ``` @team"',
    )
    assert told(found["unknown"], "input") == ("(none)", "(known after apply)")
    assert told(found["secret"], "input") == ("(sensitive value)", "(sensitive value)")
    assert "hush" not in repr(changes)


def test_counts_are_those_that_terraform_printed() -> None:
    """Counted from the JSON, and from the line of the log, where a server sends none (A6)."""
    facts = LogFacts()
    facts.feed((SAMPLES / "plans" / "everything.log").read_bytes())

    assert recorded("everything").counts == facts.counts == Counts(2, 3, 2, 1)


def test_what_happened_outside_is_told_in_both_ways() -> None:
    """What changed, what was deleted, and the check that does not hold any more; no secret."""
    changes, log = recorded("drift"), logged("drift")
    changed, gone = changes.drift
    assert (changed.address, changed.action) == ("box_item.changed", "drift")
    assert told(changed, "content") == ('"10.0.0.0/16"', '"10.9.0.0/16"')
    assert told(changed, "key") == ("(sensitive value)", "(sensitive value)")
    assert (gone.address, gone.action) == ("box_item.gone", "gone")
    assert [(one.address, one.action) for one in log.drift] == [
        (one.address, one.action) for one in changes.drift
    ]
    [failed] = changes.diagnostics
    assert (failed.severity, failed.address) == ("warning", "check.content")
    assert failed.detail == "The content was changed outside of Terraform."
    [warned] = log.diagnostics
    assert (warned.severity, warned.place) == ("warning", "main.tf:33")
    assert warned.detail == failed.detail
    assert "hush" not in repr((changes, log)) and '"other"' not in repr(changes)


def test_a_plan_that_undoes_drift_tells_both() -> None:
    """What shall change, and what had changed before."""
    changes = recorded("drift_undone")
    assert {resource.address: resource.action for resource in changes.resources} == {
        "box_item.changed": "update",
        "box_item.gone": "create",
    }
    assert [one.action for one in changes.drift] == ["drift", "gone"]


def test_a_failed_plan_tells_its_errors() -> None:
    """With the place in the configuration; what else is in the log is not an error."""
    [error] = logged("error").diagnostics
    assert (error.severity, error.place) == ("error", "main.tf:11")
    assert error.text == (
        "error: Resource precondition failed (main.tf:11): The subnet b of drift is not a "
        "network: 10.0.300.0/20."
    )


def told(change: ResourceChange, path: str) -> tuple[str, str]:
    """Return how an attribute changes."""
    return next(
        (value_text(attribute.before), value_text(attribute.after))
        for attribute in change.attributes
        if path_text(attribute.path) == path
    )


if __name__ == "__main__":
    for name, make in REPORTS.items():
        for form, write in FORMS.items():
            golden = SAMPLES / "reports" / f"{name}.{form}"
            golden.write_text(write(make()), encoding="utf-8")
