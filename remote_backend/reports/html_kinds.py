"""The kinds of workspaces in a page: each has a section, a tile, a sign and words."""

from enum import Enum

from remote_backend.models.outcome import Outcome
from remote_backend.plans.groups import Family
from remote_backend.plans.results import RESULT_SIGNS, is_destructive, result_name
from remote_backend.reports.summary import Report

__all__ = ("Kind", "families_by_kind", "heading", "sign", "tile_words")


class Kind(Enum):
    """What a reader has to do with a workspace; in the order of importance."""

    FAILED = "failed"
    CANCELED = "canceled"
    RUNNING = "running"
    DESTROY = "destroy"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


_HEADINGS = {
    Kind.FAILED: "Failed",
    Kind.CANCELED: "Canceled",
    Kind.RUNNING: "Still running",
    Kind.DESTROY: "Destroys or replaces",
    Kind.CHANGED: "Changed",
    Kind.UNCHANGED: "Unchanged",
}
_DRIFT_HEADINGS = {
    Kind.CHANGED: "Drifted",
    Kind.UNCHANGED: "No drift",
}


def sign(kind: Kind) -> str:
    """Return the sign that stands in front of a result."""
    return RESULT_SIGNS["destructive" if kind is Kind.DESTROY else kind.value]


def heading(kind: Kind, *, is_drift: bool) -> str:
    """Return the heading of the section of a kind."""
    drift = _DRIFT_HEADINGS.get(kind) if is_drift else None
    return drift or _HEADINGS[kind]


def tile_words(kind: Kind, *, is_drift: bool, has_destroys: bool) -> str:
    """Return what a tile says behind its number."""
    if kind is Kind.CHANGED:
        word = "drifted" if is_drift else "changed"
        return f"other {word}" if has_destroys else word
    if kind is Kind.DESTROY:
        return "destroy"
    return heading(kind, is_drift=is_drift).lower()


def families_by_kind(report: Report) -> dict[Kind, list[Family]]:
    """Return the families of each kind, in the order of importance; empty kinds are left out."""
    families: dict[Kind, list[Family]] = {kind: [] for kind in Kind}
    for family in report.families:
        families[_kind_of(family.shown)].append(family)
    return {kind: members for kind, members in families.items() if members}


def _kind_of(outcome: Outcome) -> Kind:
    return Kind.DESTROY if is_destructive(outcome) else Kind(result_name(outcome))
