"""Reports and summary of a comparison, compared with files that a person has read.

`python -m tests.reports.test_comparison_golden` writes the files anew; read the difference before it
is committed.
"""

import json
from collections.abc import Callable

import pytest

from remote_backend.cli.output.summary import Ending, summary_lines
from remote_backend.cli.output.view.cells import terminal_text
from remote_backend.models.comparison import ComparedWith
from remote_backend.plans.groups import group_outcomes
from remote_backend.reports.summary import Report
from remote_backend.reports.to_html import to_html
from remote_backend.reports.to_json import to_json
from remote_backend.reports.to_junit import to_junit
from remote_backend.reports.to_markdown import to_markdown
from tests.support.comparison_builders import AGAINST_MAIN, every_comparison
from tests.support.paths import SAMPLES
from tests.support.report_builders import report

VERSIONS = ComparedWith(kind="version", name="Terraform 1.11.4", head="Terraform 1.15.5")


def summary(made: Report) -> str:
    """Return what a terminal of 80 columns shows at the end."""
    ending = Ending(
        outcomes=made.outcomes,
        families=group_outcomes(made.outcomes),
        seconds=3.1,
        compared_with=made.compared_with,
    )
    lines = summary_lines(ending, 80)
    return "".join(f"{terminal_text(line, colors=False)}\n" for line in lines)


FORMS: dict[str, Callable[[Report], str]] = {
    "md": to_markdown,
    "html": to_html,
    "json": to_json,
    "xml": to_junit,
    "txt": summary,
}


def made() -> Report:
    """Return the report of a batch with every comparison."""
    return report(*every_comparison(), compared_with=AGAINST_MAIN)


@pytest.mark.parametrize("form", FORMS)
def test_reports_are_as_they_were_read(form: str) -> None:
    """Byte for byte."""
    golden = SAMPLES / "reports" / f"comparison.{form}"
    assert FORMS[form](made()) == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("form", ["html", "md", "txt", "xml"])
def test_headings_name_both_versions(form: str) -> None:
    """The rehearsal of an upgrade says from which version to which it goes."""
    made = report(*every_comparison(), compared_with=VERSIONS)
    text = FORMS[form](made).lower()

    assert "against terraform 1.11.4, with terraform 1.15.5" in " ".join(text.split())


def test_the_json_report_names_both_versions() -> None:
    """The base by `name`, the head by `head`, which is null where the configuration is compared."""
    made = report(*every_comparison(), compared_with=VERSIONS)

    compared_with = json.loads(to_json(made))["compared_with"]

    assert compared_with["name"] == "Terraform 1.11.4"
    assert compared_with["head"] == "Terraform 1.15.5"


@pytest.mark.parametrize("form", FORMS)
def test_no_report_has_a_secret(form: str) -> None:
    """Whether two sensitive values differ is all that a comparison can say of them."""
    assert "secret-" not in FORMS[form](made())


@pytest.mark.parametrize("form", ["md", "html", "xml", "txt"])
def test_every_form_names_the_base(form: str) -> None:
    """A reader sees what the plans were compared with, and what was pending anyway."""
    text = FORMS[form](made())

    assert "gainst main, 1a2b3c4" in text
    assert "pending anyway" in text


if __name__ == "__main__":
    for suffix, write in FORMS.items():
        path = SAMPLES / "reports" / f"comparison.{suffix}"
        path.write_text(write(made()), encoding="utf-8")
