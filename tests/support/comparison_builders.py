"""A batch with a comparison of every kind, for tests of what people and programs read."""

from typing import Any

from remote_backend.models.comparison import ComparedWith
from remote_backend.models.outcome import Outcome, Result
from remote_backend.plans.compared_outcome import (
    compare_outcomes,
    outcome_of_new_workspace,
)
from tests.support.report_builders import change, outcome, plan, update

__all__ = ("AGAINST_MAIN", "every_comparison")

AGAINST_MAIN = ComparedWith(kind="commit", name="main, 1a2b3c4", commit="1a2b3c4" * 5)


def every_comparison() -> tuple[Outcome, ...]:
    """Return an outcome with every class of change, and one for each result of a comparison."""
    return (
        *(_compared(name, _head(), _base()) for name in ("prod-eu", "prod-us")),
        _compared("odd", (*_renamed("10.9.0.0/16"), _pending()), (_pending(),)),
        _compared("quiet", (_pending(),), (_pending(),)),
        _compared("unsure", (update("aws_vpc.this", "10.1", "10.2"),), (_updated("10.0"),)),
        compare_outcomes(_planned("repaired", _updated("10.0")), _failed("repaired")),
        compare_outcomes(_failed("broken"), outcome("broken")),
        compare_outcomes(_failed("before"), _failed("before")),
        compare_outcomes(
            _planned("lonely", _updated("10.0")),
            outcome("lonely", result=Result.CANCELED, reason="canceled by hand"),
        ),
        outcome_of_new_workspace(_planned("fresh", _created("aws_vpc.this"))),
    )


def _compared(name: str, head: tuple[Any, ...], base: tuple[Any, ...]) -> Outcome:
    return compare_outcomes(_planned(name, *head), _planned(name, *base))


def _planned(name: str, *changes: Any) -> Outcome:
    return outcome(name, plan(*changes))


def _failed(name: str) -> Outcome:
    return outcome(name, result=Result.FAILED, reason="Unsupported argument")


def _updated(before: str) -> Any:
    return update("aws_vpc.this", before, "10.2")


def _pending() -> Any:
    return update("aws_subnet.pending", "10.0.1.0/24", "10.0.2.0/24")


def _created(address: str, cidr: str = "10.0.0.0/16") -> Any:
    sides = {"after": {"cidr": cidr}, "after_unknown": {"id": True}}
    return change(address, "create", change=sides)


def _renamed(cidr: str) -> tuple[Any, Any]:
    sides = {"before": {"cidr": "10.0.0.0/16", "id": "vpc-1"}}
    return (
        change("aws_vpc.old", "delete", change=sides),
        _created("aws_vpc.new", cidr),
    )


def _db(engine: str, **more: Any) -> Any:
    before = {"engine": "12", "size": 1, "password": "secret-old"}
    sides = {
        "before": before,
        "after": {**before, "engine": engine, **more},
        "before_sensitive": {"password": True},
        "after_sensitive": {"password": True},
    }
    return change("aws_db_instance.main", "update", change=sides)


def _secret(value: str) -> Any:
    sides = {
        "before": {"value": "secret-old"},
        "after": {"value": value},
        "before_sensitive": {"value": True},
        "after_sensitive": {"value": True},
    }
    return change("aws_ssm_parameter.token", "update", change=sides)


def _endpoint(after: str | None) -> Any:
    sides = {
        "before": {"endpoint": "a.example"},
        "after": {} if after is None else {"endpoint": after},
        "after_unknown": {"endpoint": True} if after is None else {},
    }
    return change("aws_route.api", "update", change=sides)


def _head() -> tuple[Any, ...]:
    return (
        _db("14", size=2),
        *_renamed("10.0.0.0/16"),
        _pending(),
        change("aws_eip.new", "no-op", previous_address="aws_eip.old"),
        _secret("secret-head"),
        _endpoint(None),
    )


def _base() -> tuple[Any, ...]:
    return (
        _db("13", size=2),
        _pending(),
        _secret("secret-base"),
        _endpoint("b.example"),
        change("aws_route.legacy", "delete", change={"before": {"cidr": "10.7.0.0/16"}}),
    )
