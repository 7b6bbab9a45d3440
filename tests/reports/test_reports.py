"""Groups and reports: what is alike together, what differs first, nothing injected."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from attrs import evolve

from remote_backend.formats.ansi_html import ansi_to_html
from remote_backend.models.failure import Failure, FailureKind, Place
from remote_backend.models.outcome import Result, exit_code_of
from remote_backend.models.policy import CheckReport
from remote_backend.models.values import Value
from remote_backend.plans.groups import group_outcomes
from remote_backend.reports.to_html import to_html
from remote_backend.reports.to_json import to_json
from remote_backend.reports.to_junit import to_junit
from remote_backend.reports.to_markdown import to_markdown
from tests.support.report_builders import change, outcome, plan, report, update

EVIL = "x``` </details><script>alert(1)</script> @team #12 \x1b[31mred\x1b[0m \x1b]0;t\x07 \x00"


def test_workspaces_that_change_alike_are_one_group() -> None:
    """Also where values and addresses carry the workspace's own name, short or full."""
    outcomes = [
        outcome(
            name,
            plan(
                update("aws_route.a", f"old-{name}", f"net-{name}.test"),
                change(f'aws_x.y["{name}"]', "create"),
            ),
        )
        for name in ("dev", "prod", "eu-7")
    ]
    [family] = group_outcomes(outcomes)
    assert family.workspaces == ("dev", "prod", "eu-7")
    assert family.title == "changes 1, creates 1"
    assert [difference.place for difference in family.differences] == [
        "aws_route.a", "addresses and keys", "aws_route.a",
    ]  # fmt: skip


def test_the_dangerous_and_the_odd_come_first() -> None:
    """Failures, then the most that is destroyed, then the largest groups, then the same (P134)."""
    create, other = plan(change("a.b", "create")), plan(change("a.c", "create"))
    outcomes = [
        outcome("same1"),
        outcome("odd", other),
        *(outcome(f"many{n}", create) for n in range(3)),
        outcome("replaces", plan(change("a.b", "create", "delete"))),
        outcome("destroys", plan(change("a.b", "delete"), change("a.c", "delete"))),
        outcome("fails", result=Result.FAILED, reason="the run errored"),
    ]
    assert [family.workspaces[0] for family in group_outcomes(outcomes)] == [
        "fails", "destroys", "replaces", "many0", "odd", "same1",
    ]  # fmt: skip


def test_variants_say_how_they_differ() -> None:
    """One value in one workspace is the news."""
    usual = [outcome(f"w{n}x", plan(update("aws_route.a", "1", "2"))) for n in range(5)]
    [family] = group_outcomes(
        [*usual, outcome("odd", plan(update("aws_route.a", "1", "3")))]
    )
    assert [group.workspaces for group in family.groups][1] == ("odd",)
    assert family.title == "changes aws_route.a; 1 has another cidr"
    [difference] = family.differences
    assert [(value.value, value.is_odd) for value in difference.values] == [
        (Value(value="3"), True),
        (Value(value="2"), False),
    ]


def test_failures_with_the_same_reason_are_one_group() -> None:
    """Names and ids in the reason do not keep them apart."""
    failed = [
        outcome(name, result=Result.FAILED, reason=f"net-{name}: run-{name} is broken")
        for name in ("dev", "prod")
    ]
    [family] = group_outcomes(failed)
    assert family.title == "net-dev: run-dev is broken"


def test_all_forms_tell_what_a_policy_says() -> None:
    """Not only that one failed: its words too, which may hold anything."""
    check = CheckReport(
        kind="policy check",
        name="org",
        status="hard_failed",
        text=f"no tags on aws_vpc.main\n{EVIL}",
        failed=True,
    )
    told = report(outcome("dev", result=Result.FAILED, reason="policies", checks=(check,)))

    for form in (to_markdown, to_html, to_json, to_junit):
        text = form(told)
        assert "no tags on aws_vpc.main" in text, form
        assert "\x1b" not in text
    assert "<script>alert" not in to_html(told)
    balanced(to_markdown(told))
    ElementTree.fromstring(to_junit(told))


def balanced(markdown: str) -> None:
    """Fail when a fence or a block is left open."""
    text = re.sub(r"(?ms)^(`{3,})[a-z]*\n.*?^\1$", "", markdown)
    assert "```" not in text.replace("\\`", "")
    assert len(re.findall("<details(?: open)?>", text)) == text.count("</details>")
    assert "<script" not in text


def test_markdown_holds_back_what_a_plan_says() -> None:
    """Fences, blocks, mentions and links of issues in values stay text (P163)."""
    evil = outcome("dev", plan(update("aws_route.a", EVIL, EVIL + "2")))
    failed = outcome("prod", result=Result.FAILED, reason=EVIL)
    text = to_markdown(report(evil, failed, logs={"dev": EVIL, "prod": EVIL}))
    balanced(text)
    outside = re.sub(r"(?ms)^(`{3,})[a-z]*\n.*?^\1$", "", text)
    assert not re.search(r"[@#](?=\w)", outside.replace("##", ""))
    assert "\x1b" not in text and "\x00" not in text


@pytest.mark.parametrize("size", [1000, 5000, 65_536])
def test_markdown_fits_and_names_those_that_differ(size: int) -> None:
    """A thousand workspaces, ten of them different: all ten are named (P138, P159, P164)."""
    usual = plan(*(update(f"aws_route.r{n}", "1" * 50, "2" * 50) for n in range(30)))
    outcomes = [outcome(f"usual-{n:04}", usual) for n in range(990)]
    outcomes += [
        outcome(f"odd-{n}", plan(change(f"aws_vpc.v{n}", "delete"))) for n in range(10)
    ]
    logs = {one.workspace: "line\n" * 2000 for one in outcomes}

    text = to_markdown(report(*outcomes, logs=logs), most_characters=size)

    assert len(text) <= size
    balanced(text)
    if size > 5000:
        assert all(f"odd-{n}" in text for n in range(10))
    else:
        assert "Left out" in text and "odd-0" in text


def test_markdown_says_what_it_leaves_out() -> None:
    """Attributes and logs never go without a word (P137, N36)."""
    changes = {"before": {}, "after": {f"a{n}": "v" * 60 for n in range(1200)}}
    large = outcome("dev", plan(change("aws_x.y", "update", change=changes)))
    text = to_markdown(report(large, logs={"dev": "line\n" * 20_000}))
    assert len(text) <= 65_536
    assert (
        "Left out at the limit of 65,536 characters: " in text and " values. All:" in text
    )
    assert re.search(r"<sub>\d+ of 1,200 values shown</sub>", text)
    assert "Left out" not in to_markdown(report(outcome("dev", plan())))


def test_a_long_reason_does_not_push_other_workspaces_out() -> None:
    """A reason of 72 kB is shortened, says so, and the others are shown (P137)."""
    failed = [
        outcome(
            f"odd-{n}", result=Result.FAILED, reason="abcdefghij"[n] * (72_000 if n else 10)
        )
        for n in range(10)
    ]
    text = to_markdown(report(*failed))
    assert "(71,400 more characters)" in text
    assert all(f"`odd-{n}`" in text for n in range(10))


def test_workspaces_that_do_not_fit_are_named() -> None:
    """A reader learns which ones to look for elsewhere (P137)."""
    failed = [
        outcome(f"odd-{n}", result=Result.FAILED, reason=f"{n} " * 300) for n in range(40)
    ]
    text = to_markdown(report(*failed), most_characters=8_000)
    assert len(text) <= 8_000
    assert "Left out at the limit of 8,000 characters: " in text
    assert all(f"| 1: odd-{n} |" in text for n in range(40))


class Tags(HTMLParser):
    """Collects the tags and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember a tag."""
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        """Remember a text."""
        self.texts.append(data)


def test_html_is_one_page_without_injections() -> None:
    """One script, ours; everything that a plan, a name or a log says is text."""
    evil = outcome(
        'd"ev<b>',
        plan(update("aws_route.a", EVIL, "2"), change(f'a.b["{EVIL}"]', "create")),
    )
    failed = outcome("prod", result=Result.FAILED, reason=EVIL)
    page = to_html(report(evil, failed, logs={"prod": EVIL, 'd"ev<b>': EVIL}))
    tags = Tags()
    tags.feed(page)

    assert tags.tags.count("script") == 1
    assert "link" not in tags.tags and "img" not in tags.tags
    assert 'src="' not in page and page.count("http-equiv") == 1
    assert any("<script>alert(1)</script>" in text for text in tags.texts)
    assert '<span class="red">red</span>' in page
    assert "\x1b" not in page and "\x00" not in page


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        ("https://tfe.test/app/x", True),
        ("http://localhost:8080/app/x", True),
        ("javascript:alert(1)", False),
        ("//tfe.test/x", False),
    ],
)
def test_runs_are_linked_where_browsers_may_go(url: str, linked: bool) -> None:
    """Servers on this machine have no certificate; nothing else is an address of a page."""
    text = to_html(report(evolve(outcome("dev"), run_url=url)))
    assert (f'<a href="{url}">' in text) is linked


def test_colors_become_classes() -> None:
    """Nested and open ones too; other sequences vanish."""
    assert ansi_to_html("\x1b[1m\x1b[32m+\x1b[0m a\x1b[2J <b>\x1b[31m!") == (
        '<span class="bold"></span><span class="green">+</span> a &lt;b&gt;<span class="red">!</span>'
    )


def test_junit_is_well_formed() -> None:
    """Whatever names and logs hold."""
    failed = outcome("a\x00<b", result=Result.FAILED, reason=EVIL)
    text = to_junit(
        report(
            failed,
            outcome("ok"),
            outcome("c", result=Result.CANCELED),
            logs={"a\x00<b": EVIL},
        )
    )
    [suite] = ElementTree.fromstring(text.partition("\n")[2])
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == (
        "3",
        "1",
        "1",
    )
    assert "<script>" in (suite[0][0].text or "")


def test_junit_shows_an_error_as_ci_systems_do() -> None:
    """Message, text, type and place are those of the first error; the log is the output (A4)."""
    failure = Failure(
        kind=FailureKind.TERRAFORM,
        title="Unsupported argument",
        text="Error: Unsupported argument\n\n  on main.tf line 12:\n",
        place=Place(file="main.tf", line=12),
        further_errors=2,
    )
    told = report(
        outcome("a", result=Result.FAILED, failure=failure),
        logs={"a": "\x1b[31mlog\x1b[0m"},
    )

    [[case]] = ElementTree.fromstring(to_junit(told).partition("\n")[2])

    failed, output = case
    assert (case.get("file"), case.get("line")) == ("main.tf", "12")
    assert (failed.get("message"), failed.get("type")) == (
        "Unsupported argument",
        "terraform",
    )
    assert failed.text == f"{failure.text}\n\nand 2 more errors"
    assert (output.text or "").endswith("/runs/run-a\n\nlog")


def test_junit_shows_a_refused_plan_with_its_policies() -> None:
    """GitLab shows nothing but the text, so it names each policy and what it said."""
    refusal = Failure(
        kind=FailureKind.POLICY,
        title="policy tags (hard-mandatory)",
        text="policy tags (hard-mandatory) failed\naws_vpc.main has no owner",
    )
    told = report(
        outcome("a", result=Result.FAILED, failure=refusal),
        outcome("b", result=Result.NOT_STARTED),
        mapping="net-*",
    )

    [suite] = ElementTree.fromstring(to_junit(told).partition("\n")[2])

    assert (suite.get("name"), suite.get("timestamp")) == (
        "acme/net-* on tfe.test",
        "2026-01-01T00:00:00+00:00",
    )
    failed, skipped = suite[0][0], suite[1][0]
    assert (failed.get("type"), failed.text) == ("policy", refusal.text)
    assert (skipped.tag, skipped.get("message")) == ("skipped", "canceled")


def test_junit_shows_why_no_plan_was_begun() -> None:
    """As an error with a text, because that is what CI systems show."""
    [suite] = ElementTree.fromstring(
        to_junit(report(problem="no token")).partition("\n")[2]
    )

    [[error]] = suite
    assert (suite.get("errors"), error.tag, error.text) == ("1", "error", "no token")


def test_a_failed_policy_of_a_finished_plan_is_a_warning() -> None:
    """The server's own verdict counts: nothing failed, and it is said all the same (P29)."""
    check = CheckReport(kind="policy check", name="org", status="soft_failed", failed=True)
    told = report(outcome("a", checks=(check,)))

    [suite] = ElementTree.fromstring(to_junit(told).partition("\n")[2])

    assert (suite.get("failures"), suite[0].find("failure")) == ("0", None)
    assert "Warning: policy check org (soft_failed) failed" in (suite[0][0].text or "")
    assert exit_code_of(told.outcomes, detailed=True) == 0


def test_a_drift_report_says_so() -> None:
    """Words and title are those of drift."""
    drift = plan(
        resource_drift=[
            change("a.b", "update", change={"before": {"x": 1}, "after": {"x": 2}})
        ]
    )
    made = report(outcome("dev", drift), outcome("same"), is_drift=True)
    assert made.sentence == "2 workspaces: 1 drifted, 1 no drift"
    page = to_html(made)
    assert "Terraform drift of acme" in page and "a.b changed outside" in page
    text = to_markdown(made)
    assert "### ~ Terraform drift: 1 of 2 workspaces drifted" in text
    assert "`a.b` changed outside" in text
