"""Reports of recorded plans of real Terraform, compared with files that a person has read.

`python -m tests.reports.test_golden` writes the files anew; read the difference before it is
committed.
"""

from pathlib import Path

import pytest

from remote_backend.models.changes import PlannedChanges, ResourceChange
from remote_backend.models.outcome import Result
from remote_backend.plans.json_plan import parse_json_plan
from remote_backend.reports.summary import Report
from remote_backend.reports.to_html import to_html
from remote_backend.reports.to_json import to_json
from remote_backend.reports.to_junit import to_junit
from remote_backend.reports.to_markdown import to_markdown
from tests.reports.builders import outcome, report

SAMPLES = Path(__file__).parents[1] / "samples"
FORMS = {"md": to_markdown, "html": to_html, "json": to_json, "xml": to_junit}


def recorded(name: str) -> PlannedChanges:
    """Return the changes of a recorded plan."""
    found = parse_json_plan((SAMPLES / "plans" / f"{name}.json").read_bytes())
    assert found is not None
    return found


def made() -> Report:
    """Return the report of a batch with every recorded plan."""
    logs = {
        name: (SAMPLES / "plans" / f"{name}.log").read_text()
        for name in ("error", "everything")
    }
    return report(
        outcome("everything", recorded("everything")),
        outcome("outputs", recorded("outputs")),
        outcome("destroy", recorded("destroy")),
        outcome("nothing", result=Result.NO_CHANGES),
        outcome("error", result=Result.FAILED, reason="the run errored"),
        outcome("stopped", result=Result.CANCELED, reason="the run was canceled"),
        logs=logs,
    )


@pytest.mark.parametrize("form", FORMS)
def test_reports_are_as_they_were_read(form: str) -> None:
    """Byte for byte."""
    golden = SAMPLES / "reports" / f"report.{form}"
    assert FORMS[form](made()) == golden.read_text(encoding="utf-8")


def test_everything_is_told() -> None:
    """Create, update, replace, destroy, moved, imported, sensitive, unknown."""
    changes = recorded("everything")
    found = {one.address.partition(".")[2]: one for one in changes.resources}
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
    assert told(found["unknown"], "input") == (None, "(known after apply)")
    assert told(found["secret"], "input") == ("(sensitive value)", "(sensitive value)")
    assert "hush" not in repr(changes)


def told(change: ResourceChange, path: str) -> tuple[str | None, str | None]:
    """Return how an attribute changes."""
    return next((one.before, one.after) for one in change.attributes if one.path == path)


if __name__ == "__main__":
    for form, write in FORMS.items():
        (SAMPLES / "reports" / f"report.{form}").write_text(write(made()), encoding="utf-8")
