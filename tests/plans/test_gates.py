"""Rules about what plans may do, and what a batch says to them."""

import re

import pytest

from remote_backend.errors import RunOptionsError
from remote_backend.models.comparison import (
    ChangeClass,
    ComparedChange,
    Comparison,
    ComparisonResult,
    Section,
)
from remote_backend.models.gates import GateKind
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.plan import Counts
from remote_backend.plans.gates import judge_gates, parse_allowance, parse_gate
from tests.support.report_builders import change, outcome, plan, update

DATABASE = "module.db.aws_db_instance.main[0]"
DELETES = change(DATABASE, "delete")
REPLACES = change(DATABASE, "delete", "create")
CREATES = change("aws_instance.web", "create")
FORGETS = change("aws_instance.old", "forget")
LEAVES_OLD = change("aws_instance.kept", "create", "forget")
READS = change("data.aws_ami.it", "read")
DRIFTS = {"resource_drift": [update("aws_instance.web", "a", "b")]}
OUTPUT = {"output_changes": {"url": {"actions": ["update"], "before": "a", "after": "b"}}}


def matches(rule: str, planned: Outcome, *allowed: str) -> tuple[int, bool]:
    """Judge one outcome by one rule: how many changes it is about, and whether it fails."""
    [result] = judge_gates([planned], [parse_gate(rule)], map(parse_allowance, allowed))
    return result.count, result.failed


@pytest.mark.parametrize(
    ("rule", "changes", "count"),
    [
        ("destroy", [DELETES, CREATES], 1),
        ("destroy", [REPLACES], 1),
        ("destroy", [CREATES, FORGETS, LEAVES_OLD, READS], 0),
        ("destroy:*aws_db_instance.*", [DELETES], 1),
        ("destroy:aws_db_instance.*", [DELETES], 0),
        ("destroy:*main[0]", [DELETES], 1),
        ("destroy:*main[1]", [DELETES], 0),
        ("destroy:*main???", [DELETES], 1),
        ("replace", [DELETES], 0),
        ("replace", [REPLACES, LEAVES_OLD], 2),
        ("forget", [FORGETS, LEAVES_OLD, DELETES], 2),
        ("any", [CREATES, DELETES], 2),
        ("any", [READS], 0),
        ("outputs", [CREATES], 0),
        ("drift", [CREATES], 0),
    ],
)
def test_a_rule_is_about_its_kind_and_pattern(
    rule: str, changes: list[dict[str, object]], count: int
) -> None:
    """A replacement destroys; whole addresses match, in which brackets mean themselves."""
    assert matches(rule, outcome("dev", plan(*changes))) == (count, bool(count))


def test_drift_and_outputs_have_rules_of_their_own() -> None:
    """What has happened outside is not a change of the plan; a changed output is one."""
    planned = outcome("dev", plan(**DRIFTS, **OUTPUT))
    assert matches("drift:aws_instance.*", planned) == (1, True)
    assert matches("outputs:url", planned) == (1, True)
    assert matches("any", planned) == (1, True)
    assert matches("destroy", planned) == (0, False)


@pytest.mark.parametrize(
    ("rule", "allowance", "fails"),
    [
        ("destroy", "replace", False),
        ("destroy", "destroy", False),
        ("destroy", "any", False),
        ("destroy", "forget", True),
        ("destroy", "replace:aws_instance.*", True),
        ("replace", "replace:module.db.*", False),
        ("replace", "destroy", True),
        ("any", "replace", False),
    ],
)
def test_what_is_allowed_wins(rule: str, allowance: str, fails: bool) -> None:
    """An allowed replacement may destroy, but an allowed destroy does not allow to replace."""
    assert matches(rule, outcome("dev", plan(REPLACES)), allowance)[1] is fails


def test_an_allowed_replacement_does_not_allow_to_destroy() -> None:
    """A resource that goes for good is another matter."""
    assert matches("destroy", outcome("dev", plan(DELETES)), "replace") == (1, True)


def test_a_number_counts_over_the_whole_batch() -> None:
    """Some destroys may be normal, and many a mistake."""
    planned = [outcome(name, plan(DELETES)) for name in ("a", "b", "c")]
    [two, three] = judge_gates(planned, [parse_gate("destroy>2"), parse_gate("destroy>3")])
    assert (two.count, two.failed, two.workspaces) == (3, True, ("a", "b", "c"))
    assert (three.count, three.failed) == (3, False)


@pytest.mark.parametrize(
    ("rule", "result", "counts", "allowed", "cannot_tell"),
    [
        ("destroy", Result.CHANGES, None, (), True),
        ("destroy", Result.CHANGES, Counts(add=1), (), False),
        ("destroy:*db*", Result.CHANGES, Counts(add=1), (), False),
        ("destroy:*db*", Result.CHANGES, Counts(destroy=1), (), True),
        ("destroy", Result.CHANGES, Counts(destroy=1), ("replace",), True),
        ("replace", Result.CHANGES, Counts(add=1, destroy=1), (), True),
        ("outputs", Result.CHANGES, Counts(), (), True),
        ("destroy", Result.NO_CHANGES, None, (), False),
        ("drift", Result.NO_CHANGES, Counts(), (), True),
    ],
)
def test_what_cannot_be_told_does_not_pass(
    rule: str,
    result: Result,
    counts: Counts | None,
    allowed: tuple[str, ...],
    cannot_tell: bool,
) -> None:
    """Without details only what the numbers of the server prove is certain."""
    planned = outcome("dev", None, result=result, counts=counts)
    [judged] = judge_gates([planned], [parse_gate(rule)], map(parse_allowance, allowed))
    assert judged.failed is cannot_tell
    assert judged.cannot_tell == (("dev",) if cannot_tell else ())
    assert judged.workspaces == ()


@pytest.mark.parametrize(("rule", "count"), [("destroy", 2), ("any", 1)])
def test_the_numbers_of_the_server_are_enough_for_rules_about_everything(
    rule: str, count: int
) -> None:
    """So a token that may not read details still has a gate."""
    planned = outcome("dev", None, result=Result.CHANGES, counts=Counts(destroy=2))
    assert matches(rule, planned) == (count, True)


def test_a_part_of_a_later_terraform_cannot_be_judged() -> None:
    """It might destroy, and nobody here can say so."""
    planned = outcome("dev", plan(CREATES, later_changes=[{"address": "a.b"}]))
    [judged] = judge_gates([planned], [parse_gate("destroy")])
    assert judged.failed and judged.cannot_tell == ("dev",)


def test_a_failed_workspace_is_not_judged() -> None:
    """The batch fails by it already."""
    failed = outcome("dev", None, result=Result.FAILED)
    [judged] = judge_gates([failed], [parse_gate("any")])
    assert not judged.failed


def test_a_change_whose_cause_is_not_known_does_not_pass() -> None:
    """In a comparison only what the change causes counts; where that cannot be told it fails."""
    planned = plan(DELETES)
    comparison = Comparison(
        result=ComparisonResult.COMPARED,
        changes=(
            ComparedChange(
                change_class=ChangeClass.CANNOT_TELL,
                section=Section.RESOURCES,
                head=planned.resources[0],
            ),
        ),
    )
    compared = outcome("dev", plan(), result=Result.NO_CHANGES, comparison=comparison)
    destroy, replace = judge_gates([compared], map(parse_gate, ("destroy", "replace")))
    assert destroy.cannot_tell == ("dev",) and destroy.failed
    assert not replace.failed


@pytest.mark.parametrize(
    "text", ["", "delete", "destroy:", ">3", "destroy>many", "Destroy"]
)
def test_another_text_is_not_a_rule(text: str) -> None:
    """The error names it, and what there is."""
    with pytest.raises(RunOptionsError, match="rule|pattern") as caught:
        parse_gate(text)
    assert repr(text) in str(caught.value)
    assert caught.value.parameters == ("fail_on",)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("delete", "it begins with one of destroy, replace,"),
        ("destroy,replace", "it names one kind of change; give a rule for each"),
        ("destroy>many", "a colon and a pattern, or > and a whole number,"),
    ],
)
def test_the_error_says_what_is_wrong_with_a_rule(text: str, fault: str) -> None:
    """A list with commas and a number that is not one are the usual mistakes."""
    with pytest.raises(
        RunOptionsError, match=re.escape(f"{text!r} is not a rule: {fault}")
    ):
        parse_gate(text)


def test_no_number_can_be_allowed() -> None:
    """A rule that allows names what it allows."""
    with pytest.raises(RunOptionsError, match="has a number"):
        parse_allowance("destroy>3")


def test_the_kinds_are_words_of_the_command_line() -> None:
    """They are documented, so none may vanish."""
    assert list(GateKind) == ["destroy", "replace", "forget", "drift", "outputs", "any"]
