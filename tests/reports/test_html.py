"""The HTML report: what it says, in which order, what it leaves out and how it says so."""

import re
from base64 import b64encode
from decimal import Decimal
from hashlib import sha256

import pytest
from attrs import evolve

from remote_backend.models.changes import Diagnostic, PlannedChanges
from remote_backend.models.cost import Cost
from remote_backend.models.failure import Failure, FailureKind
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.plan import Counts
from remote_backend.models.policy import CheckReport, PolicyResult
from remote_backend.reports.to_html import to_html
from tests.support.report_builders import change, outcome, plan, report, update


def text_of(html: str) -> str:
    """Return the text of a page without its script and style, in one line."""
    body = re.sub(r"(?s)<(script|style)>.*?</\1>|<wbr>", "", html)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def order_of(html: str, *texts: str) -> list[str]:
    """Return texts in the order in which a page has them."""
    plain = text_of(html)
    return sorted(texts, key=plain.index)


def test_the_policy_of_the_page_allows_its_own_style_and_script_alone() -> None:
    """By their hashes; nothing is loaded, sent or framed."""
    page = to_html(report(outcome("dev")))
    [policy] = re.findall('Content-Security-Policy" content="([^"]+)"', page)

    def hash_of(tag: str) -> str:
        [text] = re.findall(f"(?s)<{tag}>(.*?)</{tag}>", page)
        return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"

    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src {hash_of('style')}",
        f"script-src {hash_of('script')}",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_the_first_screen_says_what_needs_a_person() -> None:
    """Numbers in words, the worst first, and a title that says it too."""
    page = to_html(
        report(
            outcome("same"),
            outcome("changes", plan(update("a.b", "1", "2"))),
            outcome("destroys", plan(change("a.b", "delete")), counts=Counts(0, 0, 1)),
            outcome("gone", result=Result.CANCELED, reason="stopped"),
            outcome("fails", result=Result.FAILED, reason="broken"),
        )
    )

    assert "<title>\u2717 Terraform plan of acme</title>" in page
    tiles = text_of(page.split("<nav", 1)[1].split("</nav>")[0].partition(">")[2])
    assert tiles == (
        "\u2717 1 failed \u2298 1 canceled ! 1 destroy ~ 1 other changed \u2713 1 unchanged ~1 -1"
    )
    headings = [
        "Failed (1)",
        "Canceled (1)",
        "Which resources",
        "Destroys or",
        "Changed (1)",
    ]
    assert order_of(page, *reversed(headings)) == headings


def test_danger_comes_first_in_a_plan_and_computed_values_are_folded() -> None:
    """Creates list what is known; a replacement names what forces it (A19)."""
    replace = change(
        "aws_db.main",
        "delete",
        "create",
        change={
            "before": {"size": 1, "id": "i-1"},
            "after": {"size": 2},
            "after_unknown": {"id": True},
            "replace_paths": [["size"]],
        },
    )
    create = change(
        "aws_vpc.a",
        "create",
        change={
            "after": {"cidr": "10.0.0.0/16"},
            "after_unknown": {"id": True, "arn": True},
        },
    )
    page = to_html(
        report(outcome("dev", plan(create, replace, change("aws_eip.x", "delete"))))
    )

    changes = page.split('class="changes"', 1)[1]
    assert order_of(changes, "aws_vpc.a", "aws_eip.x", "-/+ aws_db.main") == [
        "-/+ aws_db.main", "aws_eip.x", "aws_vpc.a",
    ]  # fmt: skip
    text = text_of(changes)
    assert "-/+ aws_db.main forced by size ~ size 1 -&gt; 2 forces replacement" in text
    assert "+ aws_vpc.a + cidr &quot;10.0.0.0/16&quot; 2 computed values" in text


def test_a_matrix_has_200_rows_then_a_count_and_12_columns() -> None:
    """What is beyond is folded, and what is not there at all is counted (N36)."""
    changes = plan(*(change(f"a.b{n:04}", "create") for n in range(1300)))
    others = [outcome(f"w{n}", plan(change(f"c.d{n}", "create"))) for n in range(13)]
    page = to_html(report(outcome("big", changes), *others))
    matrix = page.split('id="matrix"', 1)[1].split("</section>", 1)[0]

    visible, folded = matrix.split('<details class="more">')
    assert visible.count('<th scope="row">') == 200
    assert visible.count("</a></th>") == 12
    assert "<summary>Show 800 more</summary>" in folded
    assert folded.count('<th scope="row">') == 800
    assert "Not in this table: 2 more groups and 311 more addresses" in text_of(matrix)


@pytest.mark.parametrize(("count", "bars"), [(60, 60), (61, 20)])
def test_more_than_60_plans_are_a_curve_and_the_slowest(count: int, bars: int) -> None:
    """Bars are attributes of SVG, which a strict policy allows."""
    outcomes = [evolve(outcome(f"w{n}"), seconds=2.0 + n) for n in range(count)]
    time = to_html(report(*outcomes)).split('id="time"', 1)[1].split("</section>", 1)[0]

    assert time.count("<li data-ws=") == bars
    assert f'<li data-ws="w{count - 1}">' in time.split("</li>", 1)[0]
    assert ("plans were at work together" in time) is (count > 60)
    assert "style=" not in time


def test_costs_and_policies_are_tables() -> None:
    """The largest change first, what failed first; a text where one failed."""

    def checks(delta: str, status: str) -> tuple[CheckReport, ...]:
        amount = Decimal(delta)
        policy = PolicyResult(name="tags", level="mandatory", status=status, text="no tags")
        return (
            CheckReport(
                kind="cost estimate",
                name="c",
                status="finished",
                cost=Cost(prior=Decimal(1), proposed=1 + amount, delta=amount),
            ),
            CheckReport(kind="policy check", name="p", status=status, policies=(policy,)),
            CheckReport(kind="run task", name="scan", status="passed", level="advisory"),
        )

    page = to_html(
        report(
            outcome("a", checks=checks("0.5", "passed")),
            outcome("b", checks=checks("-20", "failed")),
            outcome("c"),
            outcome("d", checks=checks("0", "passed")),
        )
    )
    text = text_of(page)

    assert "All $3.00 -$16.50 -$19.50 1 workspace whose cost stays the same" in text
    assert "1 workspace without an estimate" in text
    assert order_of(page, "a $1.00 $1.50 +$0.50", "b $1.00 -$19.00 -$20.00")[0][0] == "b"
    assert "Policies and tasks" in text
    assert "tags (mandatory) failed 1: b b: no tags tags (mandatory) passed 2: a, d" in text
    assert "task scan (advisory) passed 3: a, b, d" in text


def test_a_log_has_its_last_200_lines_and_says_how_many_are_missing() -> None:
    """With the command that shows all, where there is one (N36)."""
    log = "".join(f"line {n}\n" for n in range(500))
    failed = outcome("dev", result=Result.FAILED, reason="broken")
    made = report(failed, logs={"dev": log}, log_command="show <log>")
    text = text_of(to_html(made))

    assert "Log of dev (500 lines) 300 lines before these left out line 300" in text
    assert "line 299" not in text
    assert "Whole logs: show &lt;log&gt; WORKSPACE" in text


def test_equal_errors_and_changes_are_stored_once() -> None:
    """A thousand workspaces, whatever they have in common (looks.md: 3 MB)."""
    usual = plan(*(update(f"aws_route.r{n}", "1" * 40, "2" * 40) for n in range(30)))
    failure = Failure(kind=FailureKind.TERRAFORM, title="Bad", text="Error: Bad, at length")
    outcomes = [outcome(f"net-eu-west-1-{n:04}", usual) for n in range(700)]
    outcomes += [
        outcome(f"odd-{n:04}", result=Result.FAILED, failure=failure) for n in range(300)
    ]
    logs = {f"odd-{n:04}": "a line of a log\n" * 1000 for n in range(300)}
    page = to_html(report(*outcomes, logs=logs))

    assert page.count("Error: Bad, at length") == 1
    assert page.count("<code>cidr</code>") == 30
    assert len(page) < 3_000_000


def refused(name: str, changes: PlannedChanges) -> Outcome:
    """Return a workspace whose plan a policy refused."""
    failure = Failure(kind=FailureKind.POLICY, title="policy tags", text="no tags")
    return outcome(
        name, changes, result=Result.FAILED, failure=failure, counts=Counts(0, 0, 1)
    )


def test_plans_that_a_policy_refused_are_shown() -> None:
    """Each different one, with the names of its workspaces: their error is the same."""
    destroys = plan(change("a.b", "delete"))
    page = to_html(
        report(
            refused("x", destroys),
            refused("y", destroys),
            refused("z", plan(change("a.c", "delete"))),
        )
    )
    text = text_of(page.split('id="g1"', 1)[1])

    assert "Plan of x, y - a.b Plan of z - a.c" in text
    assert "3 workspaces : policy tags x, y, z -1 each" in text


def test_messages_of_plans_that_change_nothing_are_shown() -> None:
    """As of a check that does not hold; each once, with the names (N36)."""
    warned = PlannedChanges(
        diagnostics=(
            Diagnostic(severity="warning", summary="a check failed", address="check.x"),
        )
    )
    quiet = PlannedChanges()
    outcomes = [
        evolve(outcome(name), changes=changes)
        for name, changes in (("a", warned), ("b", warned), ("c", quiet))
    ]
    text = text_of(to_html(report(*outcomes)))

    assert "a b c Plan of a, b warning: a check failed (check.x)" in text


def test_warnings_name_their_workspaces() -> None:
    """A policy that failed in a run that ended as planned, and parts not understood (N33, P29)."""
    check = CheckReport(kind="policy check", name="org", status="soft_failed", failed=True)
    changes = evolve(plan(update("a.b", "1", "2")), not_understood=("a new thing",))
    text = text_of(to_html(report(outcome("dev", changes, checks=(check,)))))

    assert "Warning: policy check org (soft_failed) failed: dev" in text
    assert "1 part of the plan is not understood: a new thing" in text


def test_a_batch_without_plans_says_why() -> None:
    """In place of groups."""
    page = to_html(report(problem="the organization <acme> was not found"))

    assert "No workspace was planned: the organization &lt;acme&gt; was not found" in page
    assert "No workspace was planned." in to_html(report())


def test_a_drift_report_has_its_words_and_what_changed_outside() -> None:
    """In the table too, where a plan would show what it changes."""
    gone = change("a.gone", "delete", change={"before": {"x": 1}})
    changed = change("a.b", "update", change={"before": {"x": 1}, "after": {"x": 2}})
    drifted = outcome("dev", plan(resource_drift=[changed, gone]))
    page = to_html(report(drifted, outcome("same"), is_drift=True))

    text = text_of(page)
    assert "Drifted (1)" in text and "No drift (1)" in text
    assert "Address dev a.gone !- a.b !" in text


def test_anchors_work_for_odd_names() -> None:
    """A link to a name is percent-encoded, its target is the name as it is."""
    page = to_html(report(outcome('a b/"c')))

    assert 'href="#ws=a%20b/%22c"' in page
    assert '<li id="ws=a b/&quot;c">' in page
