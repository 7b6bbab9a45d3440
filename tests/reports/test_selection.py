"""Reports say why a change has selected the workspaces, and which it does not touch."""

import json

from remote_backend.models.selection import Selection
from remote_backend.reports.to_gitlab import to_gitlab
from remote_backend.reports.to_html import to_html
from remote_backend.reports.to_json import to_json
from remote_backend.reports.to_junit import to_junit
from remote_backend.reports.to_markdown import to_markdown
from tests.support.report_builders import outcome, plan, report, update

SELECTION = Selection(
    base="main, 1a2b3c4",
    reasons={
        "dev": ("dev.tfvars: its variables",),
        "prod": ("a_<b>.tf: its configuration",),
        "test": ("a_<b>.tf: its configuration",),
    },
    not_touched=("eu-1", "eu-2"),
    deleted=("old",),
)


def test_markdown_has_a_folded_section() -> None:
    """Workspaces with the same reasons share a line; texts of others are no markup."""
    text = to_markdown(
        report(outcome("dev"), outcome("prod"), outcome("test"), selection=SELECTION)
    )

    assert (
        "<details><summary>The change since main, 1a2b3c4 touches 3 of 5 workspaces</summary>\n\n"
        "- `prod`, `test` (2): a\\_&lt;b&gt;.tf: its configuration\n"
        "- `dev`: dev.tfvars: its variables\n"
        "- `old`: not planned, because the change has deleted the configuration\n"
        "- not touched: all `eu-*` (2)\n\n"
        "</details>\n"
    ) in text


def test_markdown_at_its_limit_leaves_the_section_out_first() -> None:
    """What the plans do matters more than why they were made."""
    full = report(outcome("dev", plan(update("a.b", "1", "2"))), selection=SELECTION)
    text = to_markdown(full)

    shorter = to_markdown(full, most_characters=len(text) - 1)

    assert "1a2b3c4" in text
    assert "dev.tfvars" not in shorter
    assert "`a.b`" in shorter
    assert "Left out at the limit" in shorter


def test_html_has_a_section() -> None:
    """It is folded, behind the times."""
    text = to_html(report(outcome("dev"), selection=SELECTION))

    assert "<p>The change since main, 1a2b3c4 touches 3 of 5 workspaces.</p>" in text
    assert "<li>prod, test: a_&lt;b&gt;.tf: its configuration</li>" in text
    assert "<li>2 workspaces not touched: eu-1, eu-2</li>" in text


def test_json_has_reasons() -> None:
    """Each workspace has its own, the document has the others."""
    document = json.loads(to_json(report(outcome("dev"), selection=SELECTION)))

    assert document["workspaces"][0]["reasons"] == ["dev.tfvars: its variables"]
    assert document["changed_since"] == "main, 1a2b3c4"
    assert document["not_touched"] == ["eu-1", "eu-2"]
    assert document["deleted"] == ["old"]


def test_a_report_without_a_selection_says_nothing_of_it() -> None:
    """Nothing is shown where it was not asked for."""
    plain = report(outcome("dev"))

    assert "not_touched" not in to_json(plain)
    assert "touche" not in to_markdown(plain)
    assert 'id="selection"' not in to_html(plain)


def test_a_change_that_touches_nothing_is_no_failure() -> None:
    """All forms are written, and their titles are quiet."""
    nothing = report(selection=Selection(base="1a2b3c4", not_touched=("dev",)))

    assert "\u2713 Terraform plan: the change touches no workspace" in to_markdown(nothing)
    assert "<title>\u2713 Terraform plan" in to_html(nothing)
    assert json.loads(to_gitlab(nothing)) == {"create": 0, "update": 0, "delete": 0}
    assert "failures" in to_junit(nothing)
    assert nothing.sentence == "the change since 1a2b3c4 touches none of 1 workspace"
