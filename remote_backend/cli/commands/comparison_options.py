"""What a plan is compared with: the flags of `plan` about comparisons."""

from collections.abc import Callable, Mapping
from functools import reduce
from pathlib import Path
from typing import Any, TypeVar

from remote_backend.cli.output.screen import Screen
from remote_backend.cli.terraform_flags import optional_value, value
from remote_backend.errors import RunOptionsError
from remote_backend.planning.base_choice import BaseChoice, ReferenceBase, VersionBase

__all__ = ("base_choice_of", "comparison_flags", "refuse_impossible_comparisons")

Function = TypeVar("Function", bound=Callable[..., Any])

_VERSION = "version:"
_FLAGS = (
    optional_value(
        "compare",
        "Show what the change causes, apart from what was pending: against the merge base with a "
        "git reference, or against version:X. Alone, the base is found by itself.",
        metavar="BASE",
    ),
    value(
        "terraform-version",
        "Plan with this exact version of Terraform, such as 1.14.2.",
        metavar="X",
    ),
)


def comparison_flags(function: Function) -> Function:
    """Declare the flags about comparisons, in the order in which help lists them."""
    # Decorators apply from the last to the first.
    return reduce(lambda command, declare: declare(command), reversed(_FLAGS), function)


def refuse_impossible_comparisons(flags: Mapping[str, Any]) -> None:
    """Raise `RunOptionsError` for flags that make no sense together."""
    if flags["compare"] is None:
        return
    if not (flags["all"] or flags["select"] or flags["exclude"]):
        raise RunOptionsError("-compare is for batches; add -all or -select")
    if flags["detach"]:
        raise RunOptionsError(
            "-detach and -compare exclude each other: a comparison needs the results of both runs"
        )


def base_choice_of(
    flags: Mapping[str, Any], directory: Path, screen: Screen
) -> BaseChoice | None:
    """Return what the flags name as the base; None without a comparison."""
    base = flags["compare"]
    if base is None:
        return None
    if base.startswith(_VERSION):
        return VersionBase(base.removeprefix(_VERSION) or None)
    return ReferenceBase(base or None)
