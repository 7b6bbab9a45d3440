"""Checks of a plan as records of a journal: who judged it, how, and what it would cost.

Texts are left out, as those of failures are: they can quote values of variables.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from remote_backend.models.cost import Cost
from remote_backend.models.policy import CheckReport, PolicyResult

__all__ = ("dump_checks", "load_checks")


def dump_checks(checks: Sequence[CheckReport]) -> list[dict[str, Any]]:
    """Return checks as plain values, without their texts."""
    return [
        {
            "kind": check.kind,
            "name": check.name,
            "status": check.status,
            "failed": check.failed,
            "level": check.level,
            "policies": [
                [policy.name, policy.level, policy.status] for policy in check.policies
            ],
            "cost": _dump_cost(check.cost),
        }
        for check in checks
    ]


def load_checks(record: Mapping[str, Any]) -> tuple[CheckReport, ...]:
    """Return the checks in the record of an outcome; none where they cannot be read."""
    try:
        return tuple(map(_load, record.get("checks", ())))
    except (AttributeError, InvalidOperation, KeyError, TypeError, ValueError):
        return ()


def _dump_cost(cost: Cost | None) -> list[str] | None:
    if cost is None:
        return None
    return [str(cost.prior), str(cost.proposed), str(cost.delta)]


def _load(check: Mapping[str, Any]) -> CheckReport:
    return CheckReport(
        kind=str(check["kind"]),
        name=str(check["name"]),
        status=str(check["status"]),
        failed=check["failed"] is True,
        level=str(check["level"]),
        policies=tuple(
            PolicyResult(name=str(name), level=str(level), status=str(status))
            for name, level, status in check["policies"]
        ),
        cost=_load_cost(check["cost"]),
    )


def _load_cost(amounts: Sequence[str] | None) -> Cost | None:
    if amounts is None:
        return None
    prior, proposed, delta = map(Decimal, amounts)
    return Cost(prior=prior, proposed=proposed, delta=delta)
