"""Numbers, durations and changes as short texts."""

from collections import Counter
from collections.abc import Iterable, Mapping

from remote_backend.formats.amounts import difference_text, money, signed_numbers
from remote_backend.models.cost import Cost
from remote_backend.models.outcome import Outcome
from remote_backend.models.plan import Counts

__all__ = (
    "cost_change_of",
    "cost_of",
    "counts_of",
    "danger_of",
    "error_of",
    "names_within",
    "rough_duration",
    "verbs_of",
)

_VERBS = {
    "replace": "replaces",
    "delete": "destroys",
    "forget": "forgets",
    "update": "changes",
    "create": "creates",
}
_DANGEROUS = ("replace", "delete", "forget")


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


def verbs_of(planned: Mapping[str, str]) -> str:
    """Say what is done to which objects, danger first: `destroys aws_eip.a, changes 3`.

    The first kind names an object, a second one only a single object.
    """
    return _verbs(planned, _VERBS)


def danger_of(planned: Mapping[str, str]) -> str:
    """Say what is replaced, destroyed or forgotten only."""
    return _verbs(planned, _DANGEROUS)


def _verbs(planned: Mapping[str, str], actions: Iterable[str]) -> str:
    numbers = Counter(planned.values())
    parts: list[str] = []
    for action in actions:
        number = numbers[action]
        if not number:
            continue
        named = not parts or (len(parts) == 1 and number == 1 and action in _DANGEROUS)
        if not named:
            parts.append(f"{_VERBS[action]} {number}")
            continue
        address = next(name for name, its in planned.items() if its == action)
        more = f" and {number - 1} more" if number > 1 else ""
        parts.append(f"{_VERBS[action]} {address}{more}")
    return ", ".join(parts)


def error_of(outcome: Outcome) -> str:
    """Return why a plan failed, in one line."""
    return outcome.reason or outcome.result.value


def names_within(names: Iterable[str], width: int, cut: str = "…") -> str:
    """Return names with commas between them, cut where there is no more room."""
    text = ""
    for name in names:
        text = f"{text}, {name}" if text else name
        if len(text) > width:
            return text[: max(0, width - len(cut))] + cut
    return text
