"""What a Markdown report says, and where: the rules one by one."""

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from remote_backend.models.cost import Cost
from remote_backend.models.failure import Failure, FailureKind, Place
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.plan import Counts
from remote_backend.models.policy import CheckReport, PolicyResult
from remote_backend.plans.json_plan import parse_json_plan
from remote_backend.reports.to_markdown import to_markdown
from tests.support.markdown import assert_valid
from tests.support.paths import SAMPLES
from tests.support.report_builders import change, outcome, plan, report, update

COST = CheckReport(
    kind="cost estimate",
    name="monthly cost",
    status="finished",
    cost=Cost(prior=Decimal("52.1"), proposed=Decimal("94.3"), delta=Decimal("42.2")),
)
PASSED = CheckReport(
    kind="policy check",
    name="org",
    status="passed",
    policies=(
        PolicyResult(name="a", status="passed"),
        PolicyResult(name="b", status="passed"),
    ),
)


def failed(name: str, title: str = "Unsupported argument", **more: Any) -> Outcome:
    """Return a workspace that failed by an error of Terraform."""
    failure = Failure(kind=FailureKind.TERRAFORM, title=title, **more)
    return outcome(name, result=Result.FAILED, failure=failure)


def destroys(name: str) -> Outcome:
    """Return a workspace that destroys something."""
    return outcome(name, plan(change("aws_eip.old", "delete")))


def changes(name: str, after: str = "2") -> Outcome:
    """Return a workspace that changes something."""
    return outcome(name, plan(update("aws_route.a", "1", after)))


def updated(before: Any, after: Any, **more: Any) -> str:
    """Return the block of an update of one attribute `x`."""
    inner = {"before": {"x": before}, "after": {"x": after}, **more}
    text = to_markdown(report(outcome("a", plan(change("a.b", "update", change=inner)))))
    return text.partition("```diff\n")[2].partition("\n```")[0]


@pytest.mark.parametrize(
    ("outcomes", "heading"),
    [
        ([outcome("a"), outcome("b")], "\u2713 Terraform plan: 2 workspaces unchanged"),
        ([outcome("a")], "\u2713 Terraform plan: 1 workspace unchanged"),
        ([changes("a"), outcome("b")], "~ Terraform plan: 1 of 2 workspaces changed"),
        (
            [destroys("a"), changes("b")],
            "! Terraform plan: 1 of 2 workspaces destroys or replaces",
        ),
        (
            [failed("a"), destroys("b"), destroys("c"), outcome("d")],
            "\u2717 Terraform plan: 1 of 4 workspaces failed, 2 destroy or replace",
        ),
        (
            [outcome("a", result=Result.CANCELED, reason="x"), changes("b")],
            "\u2298 Terraform plan: 1 of 2 workspaces canceled, 1 changed",
        ),
        (
            [
                evolve(outcome("a", result=Result.CANCELED), still_running=True),
                outcome("b"),
            ],
            "\u2026 Terraform plan: 1 of 2 workspaces still running",
        ),
        ([], "\u2713 Terraform plan: no workspaces"),
    ],
)
def test_the_heading_counts_what_matters_most(
    outcomes: list[Outcome], heading: str
) -> None:
    """Failed, canceled, still running, destroys; changed only where nothing is destroyed."""
    assert to_markdown(report(*outcomes)).splitlines()[1] == f"### {heading}"


def test_a_batch_that_never_began_says_why() -> None:
    """The reason stands where the table would be."""
    text = to_markdown(report(problem="no workspace starts with net-"))
    assert (
        "### \u2717 Terraform plan: no workspace was planned\n\n```text\nno workspace starts"
        in text
    )


def test_the_first_line_stays_the_same_between_batches() -> None:
    """Host, organization and mapping name it, and a label where two jobs share them; drift is another."""
    made = evolve(report(changes("a")), mapping="net-*")
    later = evolve(
        report(failed("a")), mapping="net-*", batch_id="batch-2", started_at="later"
    )

    def first(of: Any) -> str:
        return to_markdown(of).partition("\n")[0]

    assert first(made) == first(later) == "<!-- remote-backend plan tfe.test/acme/net-* -->"
    assert first(evolve(made, label="nightly")).endswith("/net-* nightly -->")
    assert first(evolve(made, is_drift=True)).startswith("<!-- remote-backend drift ")
    assert first(evolve(made, label="a --> <b>")).count("-->") == 1


def test_the_last_lines_name_the_batch() -> None:
    """With time, duration and commit as far as they are known."""
    made = evolve(report(changes("a")), batch_id="batch-8aebe4d001b08012", seconds=72.0)
    made = evolve(made, commit="1a2b3c4d5e6f", started_at="2026-11-26T15:02:10+01:00")
    assert to_markdown(made).splitlines()[-2:] == [
        "<sub>batch 8aeb \u00b7 1m12s \u00b7 14:02 UTC \u00b7 commit 1a2b3c4</sub>",
        "<!-- remote-backend batch batch-8aebe4d001b08012 -->",
    ]


def test_sums_leave_zeros_out() -> None:
    """Replaced, cost and policies stand beside the counts."""
    replaced = plan(change("a.b", "delete", "create"))
    made = report(
        outcome("a", replaced, counts=Counts(1, 0, 1), checks=(COST, PASSED)), outcome("b")
    )
    assert (
        "\n**+1 -1** (1 replaced) \u00b7 $94.30/month (**+$42.20**) \u00b7 policies passed\n"
        in to_markdown(made)
    )


def test_the_table_has_a_row_for_each_of_twenty_workspaces() -> None:
    """In the order of importance, with links; columns without a value are left out."""
    made = report(
        outcome("same", checks=(PASSED,)),
        outcome("new", plan(change("a.b", "create")), checks=(COST,)),
        failed("bad"),
        *(outcome(f"w{n}") for n in range(17)),
    )
    rows = [line for line in to_markdown(made).splitlines() if line.startswith("|")]
    assert rows[0] == "| | workspace | result | + | ~ | - | -/+ | cost | policies |"
    assert rows[2].startswith(
        "| \u2717 | [bad](https://tfe.test/app/acme/net-bad/runs/run-bad) | failed |"
    )
    assert rows[3].endswith("| changed | 1 | | | | +$42.20 | |")
    assert rows[4].endswith("| unchanged | | | | | | 2 passed |")
    assert len(rows) == 22


def test_the_table_of_more_workspaces_has_a_row_for_each_group() -> None:
    """Up to 40, then a number; unchanged workspaces are named at the end, folded."""
    many = [outcome(f"w{n}", plan(change(f"a.b{n}", "create"))) for n in range(44)]
    text = to_markdown(report(failed("bad"), *many, *(outcome(f"s{n}") for n in range(30))))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert rows[2] == "| \u2717 | 1: bad | Unsupported argument | | | | |"
    assert len(rows) == 43
    assert rows[-1].startswith("| | 35 | in 6 more groups |")
    folded = text.partition("<details><summary>\u2713 30 unchanged</summary>")[2]
    assert "s29" in folded.partition("</details>")[0]


def test_errors_come_first_and_each_different_one_whole() -> None:
    """Then what is dangerous, open; then the rest, folded (A4)."""
    text = to_markdown(
        report(
            changes("c"),
            destroys("d"),
            failed("a", text="Error: A\n\nfirst", place=Place(file="main.tf", line=3)),
            failed("b", "Bad value", text="Error: Bad value\n\nsecond"),
        )
    )
    parts = (
        "#### \u2717 Unsupported argument (`main.tf:3`): `a`\n\n```text\nError: A\n\nfirst\n```",
        "#### \u2717 Bad value: `b`\n\n```text\nError: Bad value\n\nsecond\n```",
        "#### ! `d`: destroys `aws_eip.old`\n\n<details open><summary>1 dangerous change</summary>",
        "#### ~ `c`: changes `aws_route.a`\n\n<details><summary>1 change</summary>",
    )
    positions = [text.index(part) for part in parts]
    assert positions == sorted(positions)


def test_an_error_without_a_text_shows_the_end_of_its_log() -> None:
    """Structured logs are text for people there (N05)."""
    log = '{"@level":"error","@message":"boom"}\nthe provider crashed\n'
    text = to_markdown(report(failed("a", "the run errored"), logs={"a": log}))
    assert "```text\nboom\nthe provider crashed\n```" in text


def test_errors_in_other_words_are_counted() -> None:
    """One kind of error, of which the text of one workspace is shown; further ones are numbers."""
    made = report(
        failed("a", text="Error: id 1234567", detail="id 1234567", further_errors=2),
        failed("b", text="Error: id 7654321", detail="id 7654321", further_errors=2),
    )
    assert (
        "And 2 more errors; the words are those of `a`, they differ in 1 others.\n"
        in to_markdown(made)
    )


def test_a_plan_that_a_policy_refused_keeps_its_changes() -> None:
    """Folded below the policy (A6)."""
    failure = Failure(
        kind=FailureKind.POLICY, title="policy tags", text="policy tags failed\nno tags"
    )
    refused = [
        evolve(destroys(name), result=Result.FAILED, failure=failure) for name in ("a", "b")
    ]
    text = to_markdown(report(*refused))
    assert (
        "<details><summary>Plan of a (those of 1 others may differ): 1 dangerous change"
        in text
    )
    assert "-   aws_eip.old" in text


def test_a_plan_without_details_shows_the_log() -> None:
    """Of servers without plans as JSON, from the actions on."""
    unknown = evolve(outcome("a", result=Result.CHANGES, counts=Counts(1)), changes=None)
    log = "Refreshing...\nTerraform will perform the following actions:\n  + a.b\n"
    text = to_markdown(report(unknown, logs={"a": log}))
    assert "#### ~ `a`: +1, details not available" in text
    assert "```text\nTerraform will perform the following actions:\n  + a.b\n```" in text


@pytest.mark.parametrize(
    ("change_", "lines"),
    [
        (
            change("a.b", "delete", "create", change={
                "before": {"x": "1"}, "after": {"x": "2"}, "replace_paths": [["x"]]}),
            ['-/+ a.b                            forced by x', '!       x: "1" -> "2"'],
        ),
        (
            change("a.b", "create", "delete", action_reason="replace_because_tainted"),
            ["-/+ a.b                            the new one is created first; it is tainted"],
        ),
        (change("a.b", "forget"), ["-   a.b                            forgotten, not destroyed"]),
        (
            change("a.b", "no-op", previous_address="a.old"),
            ["!   a.b                            moved from a.old"],
        ),
        (
            change("a.b", "update", change={"before": {"x": "1", "y": "1"}, "after": {"y": "2"},
                                            "after_unknown": {"x": True}}),
            ["!   a.b", '!       y: "1" -> "2"', "        known after apply: x"],
        ),
        (change("a.b", "later", "word"), ["!   a.b                            later+word"]),
    ],
)  # fmt: skip
def test_a_change_is_drawn_by_what_it_does(
    change_: dict[str, Any], lines: list[str]
) -> None:
    """The sign stands in column 0, where GitHub takes the color from; a replacement says why."""
    text = to_markdown(report(outcome("a", plan(change_))))
    assert text.partition("```diff\n")[2].partition("\n```")[0].splitlines() == lines


def test_dangerous_changes_come_first_and_creates_share_lines() -> None:
    """A create has no values, so its address is enough."""
    names = [f"a.new{n:02}" for n in range(12)]
    mixed = plan(
        *(change(name, "create") for name in names),
        update("a.changed", "1", "2"),
        change("a.gone", "delete"),
    )
    lines = to_markdown(report(outcome("a", mixed))).partition("```diff\n")[2].splitlines()
    assert lines[:5] == [
        "-   a.gone",
        "!   a.changed",
        '!       cidr: "1" -> "2"',
        f"+   {', '.join(names[:11])}",
        f"+   {names[11]}",
    ]


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("a\nb\nc\nd", "a\nB\nc\nd", [
            "!       x: 1 of 4 lines differs", "          a", "-         b", "+         B",
            "          c", "          \u2026 1 line"]),
        ('{"a": 1, "b": 2}', '{"b": 2, "a": 3}', [
            "!       x (JSON)", "          {", '-           "a": 1,', '+           "a": 3,',
            '            "b": 2', "          }"]),
        ('{"a": 1}', '{ "a":1 }', ["!       x: formatting only"]),
        ("s" * 300, "s" * 299 + "t", [
            "!       x: differs at character 300 of 300",
            f"-         \u2026{'s' * 31}", f"+         \u2026{'s' * 30}t"]),
    ],
)  # fmt: skip
def test_long_values_are_diffs(before: str, after: str, lines: list[str]) -> None:
    """User data and policies are where reviewers look."""
    assert updated(before, after).splitlines()[1:] == lines


def test_a_secret_is_changed_and_hidden() -> None:
    """Neither side is written."""
    marks = {"before_sensitive": {"x": True}, "after_sensitive": {"x": True}}
    text = updated("hush", "hush2", **marks)
    assert text.splitlines()[1:] == ["!       x: (sensitive value)"]


def test_variants_have_an_open_table() -> None:
    """The value that one workspace has is the news."""
    made = report(*(changes(f"w{n}x") for n in range(5)), changes("odd", "0.0.0.0/0"))
    text = to_markdown(made)
    assert ": changes `aws_route.a`; 1 has another cidr\n" in text
    assert "<details open><summary>2 values differ between them</summary>" in text
    assert '| `aws_route.a cidr` | `"0.0.0.0/0"` **odd** | odd |' in text


@pytest.mark.parametrize(
    "hostile",
    [
        "``` </details> <script>alert(1)</script> @team #12",
        "a|b `c` *d* _e_ [f](javascript:x) ![g](h) ~~i~~ <!-- --> &amp;",
        "\u202ereversed\u2066 zero\u200bwidth \u2028 line",
        "\x1b[31mred\x1b[0m \x00 \r\n#### heading\n| row |",
    ],
)
def test_text_of_others_has_no_effect(hostile: str) -> None:
    """In names, titles, texts, addresses, values, policies and logs (N42, N47, P163)."""
    check = CheckReport(
        kind="run task", name=hostile, status="failed", text=hostile, failed=True
    )
    bad = f'a.b["{hostile}"]'
    made = report(
        failed(hostile, hostile, text=hostile, place=Place(file=hostile)),
        outcome("x", plan(update(bad, hostile, hostile + "2"), change(bad, "delete"))),
        outcome("y", plan(update(bad, hostile, hostile + "3")), checks=(check,)),
        outcome("z", plan(update(bad, hostile, "4"))),
        label=hostile,
    )
    text = to_markdown(made)
    assert_valid(text)
    for hidden in ("\u202e", "\u200b", "\u2028", "\u2066", "\x1b", "\x00", "\r"):
        assert hidden not in text
    if "\u202e" in hostile:
        assert "&lt;U+202E&gt;" in text and "<U+202E>" in text


def test_eight_real_workspaces_read_as_designed() -> None:
    """Terraform 1.15 planned them; the groups are those that a person would make."""
    outcomes = []
    for path in sorted((SAMPLES / "plans" / "eight").glob("*.json")):
        changes = parse_json_plan(path.read_bytes())
        assert changes is not None
        outcomes.append(outcome(path.stem, changes, counts=changes.counts))
    text = to_markdown(report(*outcomes))
    assert "\n**+29 ~12 -9** (3 replaced)\n" in text
    assert (
        "#### ! all `prod-*` (3): replaces `terraform_data.db`, destroys `terraform_data.legacy`\n\n"
        "<details open><summary>2 dangerous changes, 7 others</summary>\n\n```diff\n"
        "-/+ terraform_data.db              forced by triggers_replace[0]\n"
        '!       triggers_replace[0]: "v1" -> "v2"\n'
    ) in text
    assert '-                 "s3:PutObject"\n+                 "s3:DeleteObject"\n' in text
    assert (
        "+   terraform_data.always, terraform_data.extra[0], terraform_data.extra[1], "
        "terraform_data.extra[2]\n"
    ) in text
