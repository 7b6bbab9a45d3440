"""Numbers, costs and names as short texts."""

from collections.abc import Sequence

from remote_backend.cli.output.view.cells import cut_name
from remote_backend.formats.amounts import difference_text, money, signed_numbers
from remote_backend.models.cost import Cost
from remote_backend.models.outcome import Outcome
from remote_backend.models.plan import Counts

__all__ = (
    "cost_change_of",
    "cost_of",
    "counts_of",
    "error_of",
    "names_within",
    "rough_duration",
)


def rough_duration(seconds: float) -> str:
    """Return an estimated time, which claims no more digits than it has."""
    if seconds < 55:
        return f"{max(5, 5 * round(seconds / 5))}s"
    return f"{max(1, round(seconds / 60))}m"


def counts_of(counts: Counts | None) -> str:
    """Return the numbers of a plan without its zeros: `+1 ~2 -3`."""
    if counts is None:
        return ""
    text = signed_numbers(counts.add, counts.change, counts.destroy)
    return f"{text} <-{counts.imported}".strip() if counts.imported else text


def cost_of(cost: Cost | None) -> str:
    """Return what resources cost and how that changes: `$94.30/month (+$42.20)`."""
    if cost is None:
        return ""
    text = f"{money(cost.proposed, cost.currency)}/month"
    return f"{text} ({difference_text(cost.delta, cost.currency)})" if cost.delta else text


def cost_change_of(cost: Cost | None) -> str:
    """Return how costs would change, or nothing where they would not: `-$3.10`."""
    return (
        difference_text(cost.delta, cost.currency)
        if cost is not None and cost.delta
        else ""
    )


def error_of(outcome: Outcome) -> str:
    """Return why a plan failed, in one line."""
    return outcome.reason or outcome.result.value


def names_within(names: Sequence[str], width: int, cut: str = "…") -> str:
    """Return names with commas between them, cut where there is no more room.

    Those of several configurations, `DIR:WORKSPACE`, are whole; the first one is cut if it must be.
    """
    text = ", ".join(names)
    if len(text) <= width:
        return text
    if ":" not in text:
        return text[: max(0, width - len(cut))] + cut
    if len(names) == 1:
        return cut_name(text, width, cut)
    more = f", {cut}"
    shown, *others = names
    for name in others:
        if len(f"{shown}, {name}{more}") > width:
            break
        shown = f"{shown}, {name}"
    return f"{cut_name(shown, width - len(more), cut)}{more}"
