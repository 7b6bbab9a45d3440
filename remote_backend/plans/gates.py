"""Judging the plans of a batch by rules, as CI does before it lets a change through.

A rule names a kind of change and a pattern for addresses. A change that an allowing rule names as
well does not count. A workspace whose changes cannot be read does not pass, because its plan might
do what the rule forbids; one that failed is not judged, because the batch fails by it already.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from attrs import frozen

from remote_backend.errors import RunOptionsError
from remote_backend.formats.address_patterns import address_pattern
from remote_backend.models.changes import (
    REPLACEMENTS,
    Action,
    OutputChange,
    PlannedChanges,
    ResourceChange,
)
from remote_backend.models.comparison import AnyChange, ChangeClass, Section
from remote_backend.models.gates import GateKind, GateResult, GateRule
from remote_backend.models.outcome import Outcome, Result

__all__ = ("gate_text", "judge_gates", "parse_allowance", "parse_gate")

_RULE = re.compile(
    r"(?P<kind>[^:>]*)(?::(?P<pattern>.*?))?(?:>(?P<most>[0-9]+))?", re.DOTALL
)
_UNSURE = (ChangeClass.CANNOT_TELL, ChangeClass.PENDING_UNSURE)


def parse_gate(text: str) -> GateRule:
    """Return the rule that a text means: `destroy`, `replace:*aws_db_*`, `destroy>20`.

    Raises `RunOptionsError` for any other text.
    """
    return _parse(text, "fail_on")


def parse_allowance(text: str) -> GateRule:
    """Return the rule for what may be done all the same: `replace:module.canary.*`.

    Raises `RunOptionsError` for a text that is not a kind and a pattern.
    """
    rule = _parse(text, "allow")
    if rule.most:
        raise RunOptionsError(
            f"allow={text!r} has a number, which stands only in rules that fail",
            parameters=("allow",),
        )
    return rule


def judge_gates(
    outcomes: Iterable[Outcome],
    rules: Iterable[GateRule],
    allowed: Iterable[GateRule] = (),
) -> tuple[GateResult, ...]:
    """Return what came of each rule, for outcomes with changes."""
    outcomes, allowed = tuple(outcomes), tuple(allowed)
    return tuple(_judge(rule, outcomes, allowed) for rule in rules)


def gate_text(result: GateResult) -> str:
    """Return the rule and what it met: `destroy: 4 workspaces, unclear in 1`."""
    number = len(result.workspaces)
    noun = "workspace" if number == 1 else "workspaces"
    parts = []
    if result.count > result.rule.most:
        changes = f"{result.count} in " if result.rule.most else ""
        parts.append(f"{changes}{number} {noun}")
    if result.cannot_tell:
        parts.append(f"unclear in {len(result.cannot_tell)}")
    return f"{result.rule.text}: {', '.join(parts) or 'passed'}"


@frozen
class _Item:
    """A change in the words of rules."""

    kinds: frozenset[GateKind]
    name: str


def _parse(text: str, parameter: str) -> GateRule:
    match = _RULE.fullmatch(text)
    if match is None or match["kind"] not in tuple(GateKind):
        raise RunOptionsError(
            f"{parameter}={text!r} is not a rule: {_fault_of(text)}",
            parameters=(parameter,),
        )
    if match["pattern"] == "":
        raise RunOptionsError(
            f"{parameter}={text!r} has no pattern behind the colon; `{match['kind']}` alone means all",
            parameters=(parameter,),
        )
    return GateRule(
        text=text,
        kind=GateKind(match["kind"]),
        pattern=match["pattern"] or "*",
        most=int(match["most"] or 0),
    )


def _fault_of(text: str) -> str:
    kinds = tuple(GateKind)
    words = [word.strip() for word in re.split("[,:>]", text)]
    if words[0] not in kinds:
        return f"it begins with one of {', '.join(kinds)}"
    if "," in text:
        return "it names one kind of change; give a rule for each"
    return "a colon and a pattern, or > and a whole number, may stand behind the kind, without blanks"


def _judge(
    rule: GateRule, outcomes: Sequence[Outcome], allowed: Sequence[GateRule]
) -> GateResult:
    count, workspaces, cannot_tell = 0, [], []
    for outcome in outcomes:
        if not outcome.succeeded:
            continue
        number, is_sure = _count(rule, outcome, allowed)
        count += number
        if number:
            workspaces.append(outcome.workspace)
        if not is_sure:
            cannot_tell.append(outcome.workspace)
    return GateResult(
        rule=rule,
        count=count,
        workspaces=tuple(workspaces),
        cannot_tell=tuple(cannot_tell),
    )


def _count(
    rule: GateRule, outcome: Outcome, allowed: Sequence[GateRule]
) -> tuple[int, bool]:
    """Return how many changes of an outcome a rule is about, and whether that is all."""
    changes = outcome.changes
    if changes is None:
        return _count_of_server(rule, outcome, allowed)
    items = tuple(_items(changes))
    unsure = [] if outcome.comparison is None else outcome.comparison.of_class(*_UNSURE)
    doubtful = tuple(_item(change.section, change.head) for change in unsure if change.head)
    number = sum(_counts(rule, item, allowed) for item in items)
    is_sure = not (
        _is_unclear(changes) or any(_counts(rule, item, allowed) for item in doubtful)
    )
    return number, is_sure


def _count_of_server(
    rule: GateRule, outcome: Outcome, allowed: Sequence[GateRule]
) -> tuple[int, bool]:
    """Judge by the numbers of the server, which know no addresses and count no drift."""
    counts = outcome.counts
    if outcome.result is Result.NO_CHANGES:
        return 0, rule.kind is not GateKind.DRIFT
    if rule.kind is GateKind.DESTROY and counts is not None and not counts.destroy:
        return 0, True
    if rule.pattern != "*" or allowed:
        return 0, False
    if rule.kind is GateKind.DESTROY and counts is not None:
        return counts.destroy, True
    return int(rule.kind is GateKind.ANY), rule.kind is GateKind.ANY


def _is_unclear(changes: PlannedChanges) -> bool:
    """Return whether a plan has parts or actions of a later Terraform."""
    unknown = (
        change for change in changes.resources if not isinstance(change.action, Action)
    )
    return bool(changes.not_understood) or any(unknown)


def _items(changes: PlannedChanges) -> Iterator[_Item]:
    for section in Section:
        for change in getattr(changes, section.value):
            yield _item(section, change)


def _item(section: Section, change: AnyChange) -> _Item:
    if section is Section.DRIFT and isinstance(change, ResourceChange):
        return _Item(frozenset({GateKind.DRIFT}), change.address)
    if isinstance(change, OutputChange):
        return _Item(frozenset({GateKind.OUTPUTS, GateKind.ANY}), change.name)
    if section is Section.RESOURCES and isinstance(change, ResourceChange):
        return _Item(frozenset(_kinds_of_action(str(change.action))), change.address)
    return _Item(frozenset({GateKind.ANY}), change.address)


def _kinds_of_action(action: str) -> set[GateKind]:
    # Reading a data source changes nothing.
    kinds = set() if action == Action.READ else {GateKind.ANY}
    if action in REPLACEMENTS:
        kinds.add(GateKind.REPLACE)
    if action in (Action.FORGET, Action.CREATE_THEN_FORGET):
        kinds.add(GateKind.FORGET)
    elif action == Action.DELETE or action in REPLACEMENTS:
        kinds.add(GateKind.DESTROY)
    return kinds


def _counts(rule: GateRule, item: _Item, allowed: Iterable[GateRule]) -> bool:
    if rule.kind not in item.kinds or not _matches(rule, item):
        return False
    return not any(_allows(allowance, rule, item) for allowance in allowed)


def _allows(allowance: GateRule, rule: GateRule, item: _Item) -> bool:
    if not _matches(allowance, item):
        return False
    if allowance.kind in (rule.kind, GateKind.ANY):
        return True
    # A replacement destroys, so an allowed replacement passes that rule too, but not the reverse.
    is_wider = rule.kind is GateKind.ANY or (rule.kind, allowance.kind) == (
        GateKind.DESTROY,
        GateKind.REPLACE,
    )
    return is_wider and allowance.kind in item.kinds


def _matches(rule: GateRule, item: _Item) -> bool:
    return address_pattern(rule.pattern).fullmatch(item.name) is not None
