"""How one plan ended, in a few lines: result and numbers, what happens, and where its run is."""

from collections.abc import Mapping

from attrs import evolve

from remote_backend.cli.output.view.words import cost_of, counts_of
from remote_backend.formats.amounts import duration
from remote_backend.models.changes import PlannedChanges, ResourceChange
from remote_backend.models.outcome import Outcome
from remote_backend.plans.results import replaced_count
from remote_backend.plans.titles import title_of
from remote_backend.reports.words import word_of

__all__ = ("outcome_line", "outcome_lines", "with_planned")


def with_planned(outcome: Outcome, actions: Mapping[str, str]) -> Outcome:
    """Return an outcome whose changes are those that its log shows, if they were not read."""
    if outcome.changes is not None or not actions:
        return outcome
    resources = tuple(
        ResourceChange(address=address, action=action)
        for address, action in actions.items()
    )
    return evolve(outcome, changes=PlannedChanges(resources=resources))


def outcome_line(outcome: Outcome, *, is_drift: bool = False) -> str:
    """Return result, numbers, costs and time: `changed +5 ~2 -2 (1 replaced)   12s`."""
    word = word_of(outcome, is_drift=is_drift)
    # What has happened outside is not counted by the server.
    counts = "" if is_drift else counts_of(outcome.counts)
    replaced = replaced_count(outcome) if counts else 0
    numbers = (
        f" {counts}" + (f" ({replaced} replaced)" if replaced else "") if counts else ""
    )
    parts = [f"{word}{numbers}", cost_of(outcome.cost), duration(outcome.seconds)]
    return "   ".join(part for part in parts if part)


def outcome_lines(outcome: Outcome, *, is_drift: bool = False) -> str:
    """Return the same behind the name, then what happens or why it failed, and the address."""
    lines = [f"{outcome.full_name}: {outcome_line(outcome, is_drift=is_drift)}"]
    if not outcome.succeeded:
        lines.append(outcome.reason or outcome.result.value)
    elif outcome.changes is not None and not outcome.changes.is_empty:
        lines.append(title_of(outcome))
    if outcome.run_url:
        lines.append(outcome.run_url)
    return "\n".join(lines)
