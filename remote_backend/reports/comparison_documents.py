"""Comparisons as documents: the class of each change, and what the base alone has."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from remote_backend.models.comparison import (
    EFFECTIVE,
    ComparedChange,
    Comparison,
    Section,
)
from remote_backend.plans.move_suggestions import suggest_moves

__all__ = ("ComparisonDocuments", "class_counts", "moves_document")

Members = Callable[[Any], dict[str, Any]]


def class_counts(comparison: Comparison) -> dict[str, int]:
    """Return how many changes have each class, by its word."""
    return dict(Counter(change.change_class.value for change in comparison.changes))


def moves_document(comparisons: Mapping[str, Comparison]) -> list[dict[str, Any]]:
    """Return the moves that the plans suggest."""
    return [
        {
            "from": suggestion.source,
            "to": suggestion.target,
            "workspaces": list(suggestion.workspaces),
            "exceptions": list(suggestion.exceptions),
        }
        for suggestion in suggest_moves(comparisons)
    ]


@frozen
class ComparisonDocuments:
    """The members that a comparison adds to the document of a workspace."""

    members_of: Members
    failure_of: Callable[[Any], dict[str, Any] | None]

    def changes(self, comparison: Comparison) -> dict[str, Any] | None:
        """Return the whole plan of the head with the classes of its changes."""
        if comparison.plan is None:
            return None
        document = self.members_of(comparison.plan)
        for section in Section:
            compared = {
                id(one.head): one for one in comparison.changes if one.section is section
            }
            document[section.value] = [
                {**self._class_of(compared.get(id(change))), **self.members_of(change)}
                for change in getattr(comparison.plan, section.value)
            ]
        return document

    def comparison(self, comparison: Comparison) -> dict[str, Any]:
        """Return what came of a comparison, with the changes that only the base has."""
        run = None
        if comparison.base_run_id is not None:
            run = {"id": comparison.base_run_id, "url": comparison.base_run_url}
        return {
            "result": comparison.result.value,
            "state_changed": comparison.state_changed,
            "classes": class_counts(comparison),
            "undone": [self._undone(one) for one in comparison.changes if one.head is None],
            "base": {"run": run, "failure": self.failure_of(comparison.base_failure)},
        }

    def _class_of(self, compared: ComparedChange | None) -> dict[str, Any]:
        # Data sources that are only read have no class.
        if compared is None:
            return {}
        members: dict[str, Any] = {"class": compared.change_class.value}
        if compared.change_class in EFFECTIVE:
            base = compared.base
            members["base"] = None if base is None else self.members_of(base)
        if compared.partner is not None:
            members["partner"] = compared.partner
        return members

    def _undone(self, compared: ComparedChange) -> dict[str, Any]:
        return {
            "section": compared.section.value,
            "class": compared.change_class.value,
            "change": self.members_of(compared.base),
        }
