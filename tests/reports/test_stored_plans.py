"""Plans that an earlier report holds, as the base of a comparison."""

import json
from pathlib import Path

import pytest
from attrs import evolve

from remote_backend.errors import SettingsError
from remote_backend.models.comparison import ChangeClass
from remote_backend.models.outcome import Outcome, Result
from remote_backend.plans.compared_outcome import compare_outcomes
from remote_backend.plans.json_plan import parse_json_plan
from remote_backend.reports.stored_plans import (
    StoredPlans,
    read_stored_plans,
    with_stored_comparison,
)
from remote_backend.reports.to_json import to_json
from remote_backend.reports.to_markdown import to_markdown
from tests.support.comparison_builders import AGAINST_MAIN, every_comparison
from tests.support.paths import SAMPLES
from tests.support.report_builders import outcome, plan, report, update

RECORDED = sorted(path.stem for path in (SAMPLES / "plans").glob("*.json"))


def stored(folder: Path, *outcomes: Outcome, **more: object) -> StoredPlans:
    """Write a report of outcomes, and read it."""
    path = folder / "report.json"
    path.write_text(to_json(report(*outcomes, **more)), encoding="utf-8")
    return read_stored_plans(path)


@pytest.mark.parametrize("name", RECORDED)
def test_a_plan_is_read_as_it_was(tmp_path: Path, name: str) -> None:
    """Every recorded plan of Terraform comes back from a report with the same changes."""
    changes = parse_json_plan((SAMPLES / "plans" / f"{name}.json").read_bytes())
    if changes is None:
        return
    made = stored(tmp_path, outcome("dev", changes))
    read = made.outcomes["dev"].changes

    assert read is not None
    assert evolve(read, checks=()) == evolve(changes, checks=())
    assert (made.hostname, made.organization) == ("tfe.test", "acme")


@pytest.mark.parametrize("name", RECORDED)
def test_a_plan_compared_with_its_report_has_no_effect(tmp_path: Path, name: str) -> None:
    """The same plan, from a server and from a report, is the same."""
    changes = parse_json_plan((SAMPLES / "plans" / f"{name}.json").read_bytes())
    if changes is None:
        return
    made = outcome("dev", changes)
    compared = compare_outcomes(made, stored(tmp_path, made).outcomes["dev"])

    assert compared.comparison is not None
    assert {one.change_class for one in compared.comparison.changes} <= {
        ChangeClass.PENDING,
        ChangeClass.CANNOT_TELL,
    }


def test_a_comparison_keeps_the_whole_plans(tmp_path: Path) -> None:
    """The report of a comparison is a base, too: its results are those of the whole plans."""
    made = stored(tmp_path, *every_comparison(), compared_with=AGAINST_MAIN)

    quiet = made.outcomes["quiet"]
    assert quiet.result is Result.CHANGES
    assert quiet.changes is not None
    assert [one.address for one in quiet.changes.resources] == ["aws_subnet.pending"]
    broken = made.outcomes["broken"]
    assert broken.failure is not None
    assert broken.failure.title == "Unsupported argument"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not valid JSON"),
        ("[]", "is not a report of this program"),
        ('{"schema_version": "0"}', "is not a report of this program"),
        # The index of a folder of JSON plans.
        ('{"schema_version": "1", "plans": []}', "is not a report of this program"),
        ('{"schema_version": "1", "kind": "plan"}', "cannot be used"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """The error names the file, and what is wrong with it."""
    path = tmp_path / "odd.json"
    path.write_text(text)

    with pytest.raises(SettingsError, match=f"odd.json {message}"):
        read_stored_plans(path)


def test_a_report_that_was_changed_by_hand_is_refused(tmp_path: Path) -> None:
    """An odd member is an error with a name, and never a wrong comparison."""
    path = tmp_path / "odd.json"
    document = json.loads(to_json(report(outcome("dev", plan(update("a.b", "1", "2"))))))
    document["workspaces"][0]["changes"]["resources"] = 5
    path.write_text(json.dumps(document))

    with pytest.raises(SettingsError, match="damaged, or written by a later version"):
        read_stored_plans(path)


def test_a_comparison_comes_back_from_its_report(tmp_path: Path) -> None:
    """Reports of a comparison can be written again, in other forms, without the server."""
    outcomes = every_comparison()
    made = report(*outcomes, compared_with=AGAINST_MAIN)
    stored_plans = stored(tmp_path, *outcomes, compared_with=AGAINST_MAIN)
    bare = [evolve(one, changes=None, comparison=None) for one in outcomes]
    again = report(
        *(with_stored_comparison(one, stored_plans) for one in bare),
        compared_with=stored_plans.compared_with,
    )

    assert to_markdown(again) == to_markdown(made)
    assert to_json(again) == to_json(made)
