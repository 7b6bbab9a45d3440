"""Groups of workspaces of which a person would say that the same happens in them.

A family has all workspaces whose plans have the same structure; its groups have equal new values
too. The largest group stands for the family, the others are its variants. Failed workspaces are
grouped by their first error. What is displayed is the true text of the first member; whatever the
other members have in its place is in the differences of the group.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence

from attrs import field, frozen

from remote_backend.models.outcome import ENDED_WITHOUT_PLAN, Outcome, Result
from remote_backend.plans.actions import danger
from remote_backend.plans.comparison_words import result_words
from remote_backend.plans.differences import Difference, find_differences, variants_text
from remote_backend.plans.error_key import error_key
from remote_backend.plans.first_failure import first_failure
from remote_backend.plans.group_key import PlanFacts, PositionKey
from remote_backend.plans.own_names import OwnNames, Resolver
from remote_backend.plans.results import destroyed_count, is_destructive
from remote_backend.plans.titles import title_of

__all__ = ("Family", "Group", "group_outcomes")

# With more variants than this, values that differ are the rule.
_MOST_VARIANTS = 5
_NO_DANGER = 99
_RESULTS = (*ENDED_WITHOUT_PLAN, Result.CHANGES, Result.NO_CHANGES)


@frozen(kw_only=True)
class _Alike:
    """Workspaces that are displayed together."""

    number: int
    """From 1 on, in the order of importance."""

    title: str
    outcomes: tuple[Outcome, ...] = field(repr=False)
    differences: tuple[Difference, ...] = ()
    """What is not the same in all of them."""

    @property
    def shown(self) -> Outcome:
        """The outcome whose text is displayed for all."""
        return self.outcomes[0]

    @property
    def result(self) -> Result:
        """The result of all workspaces."""
        return self.shown.result

    @property
    def is_destructive(self) -> bool:
        """Whether something is destroyed, replaced or forgotten."""
        return is_destructive(self.shown)

    @property
    def workspaces(self) -> tuple[str, ...]:
        """The local names of the workspaces."""
        return tuple(outcome.workspace for outcome in self.outcomes)


@frozen(kw_only=True)
class Group(_Alike):
    """Workspaces with the same result, the same changes and the same new values."""

    family: int
    """The number of the family."""


@frozen(kw_only=True)
class Family(_Alike):
    """Groups with the same changes that differ in new values only."""

    groups: tuple[Group, ...]
    """The largest first; the others are its variants."""


def group_outcomes(outcomes: Iterable[Outcome]) -> tuple[Family, ...]:
    """Return families in the order of importance: failed, canceled, destructive, changed, same."""
    by_structure: dict[Hashable, list[PlanFacts]] = {}
    facts_of_all = [
        PlanFacts(outcome, OwnNames(outcome.local_name, outcome.full_name))
        for outcome in outcomes
    ]
    resolver = Resolver()
    for facts in facts_of_all:
        facts.add_names(resolver)
    for facts in facts_of_all:
        facts.resolve(resolver)
        by_structure.setdefault(_family_key(facts), []).append(facts)
    grouped = sorted(map(_groups_of, by_structure.values()), key=_rank)
    families: list[Family] = []
    number = 1
    for groups in grouped:
        families.append(_family(groups, len(families) + 1, number))
        number += len(groups)
    return tuple(families)


def _family_key(facts: PlanFacts) -> Hashable:
    outcome = facts.outcome
    words = result_words(outcome)
    if outcome.result in ENDED_WITHOUT_PLAN:
        names = {outcome.local_name, outcome.full_name}
        failure = first_failure(outcome)
        key = None if failure is None else error_key(failure, names)
        return (outcome.result, key, words)
    if outcome.result is Result.NO_CHANGES:
        return outcome.result
    if outcome.changes is None or outcome.changes.is_empty:
        return (outcome.result, outcome.counts, facts.structure, words)
    return (outcome.result, facts.structure, words)


def _rank(groups: Sequence[Sequence[PlanFacts]]) -> tuple[int | str, ...]:
    """Return the place of a family in the order of importance."""
    outcome = groups[0][0].outcome
    destroyed = destroyed_count(outcome) if is_destructive(outcome) else 0
    return (
        _RESULTS.index(outcome.result),
        not destroyed,
        -destroyed,
        -sum(map(len, groups)),
        _danger(outcome),
        outcome.workspace,
    )


def _danger(outcome: Outcome) -> int:
    resources = outcome.changes.resources if outcome.changes is not None else ()
    return min((danger(change.action) for change in resources), default=_NO_DANGER)


def _groups_of(members: list[PlanFacts]) -> list[list[PlanFacts]]:
    """Return the members of a family by their new values, the largest group first."""
    _classify(members)
    by_values: dict[Hashable, list[PlanFacts]] = {}
    for facts in members:
        by_values.setdefault(frozenset(facts.value_classes.items()), []).append(facts)
    groups = sorted(by_values.values(), key=lambda group: -len(group))
    return groups if len(groups) <= _MOST_VARIANTS + 1 else [members]


def _classify(members: Iterable[PlanFacts]) -> None:
    resolvers: defaultdict[PositionKey, Resolver] = defaultdict(Resolver)
    new_values = [(facts, *new) for facts in members for new in facts.new_values()]
    for _, key, form, raw in new_values:
        resolvers[key].add(form, raw)
    for facts, key, form, raw in new_values:
        facts.value_classes[key] = resolvers[key].resolve(form, raw)


def _family(groups: Sequence[Sequence[PlanFacts]], number: int, first_group: int) -> Family:
    members = [facts for group in groups for facts in group]
    title = title_of(members[0].outcome)
    differences = find_differences(members)
    if variants := variants_text(differences, len(members) - len(groups[0])):
        title += f"; {variants}"
    return Family(
        number=number,
        title=title,
        outcomes=_outcomes(members),
        differences=differences,
        groups=tuple(
            Group(
                number=first_group + index,
                family=number,
                title=title_of(group[0].outcome),
                outcomes=_outcomes(group),
                differences=find_differences(group) if len(groups) > 1 else differences,
            )
            for index, group in enumerate(groups)
        ),
    )


def _outcomes(members: Iterable[PlanFacts]) -> tuple[Outcome, ...]:
    return tuple(facts.outcome for facts in members)
