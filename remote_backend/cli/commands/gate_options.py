"""Rules about what plans may do: the flags that `plan` and `batches resume` share."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from remote_backend.cli.terraform_flags import many
from remote_backend.models.gates import Gates

__all__ = ("gate_flags", "gate_options")

Function = TypeVar("Function", bound=Callable[..., Any])


def gate_flags(function: Function) -> Function:
    """Declare the flags."""
    allow = many(
        "allow",
        "What -fail-on lets through: replace:module.canary.*. Repeatable.",
        metavar="RULE",
    )
    fail_on = many(
        "fail-on",
        "Exit with 3 for plans that would: destroy, replace, forget, drift, outputs, any; with "
        "a pattern for addresses as destroy:*aws_db_*, or a number as destroy>20. Repeatable.",
        metavar="RULE",
    )
    return fail_on(allow(function))


def gate_options(flags: Mapping[str, Any]) -> Gates:
    """Return the rules; raise `RunOptionsError` for a text that is not one."""
    if not flags["fail_on"] and not flags["allow"]:
        return Gates()
    # Most commands have no rules, and these need the types of comparisons.
    from remote_backend.plans.gates import parse_allowance, parse_gate

    return Gates(
        rules=tuple(map(parse_gate, flags["fail_on"])),
        allowed=tuple(map(parse_allowance, flags["allow"])),
    )
