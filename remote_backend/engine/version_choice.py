"""Which of several versions of an engine plans a run.

A run may request one version, exactly. Else the version of its workspace counts: `latest` is
the version of the first engine of the server, and for a constraint the newest version that
satisfies it is taken, as on the service:
https://developer.hashicorp.com/terraform/cloud-docs/api-docs/workspaces#create-a-workspace
"""

import re
from collections.abc import Sequence

from attrs import frozen

__all__ = ("EXACT_VERSION", "LATEST", "choose_version", "satisfies", "version_order")

LATEST = "latest"
EXACT_VERSION = re.compile(r"\d+\.\d+\.\d+(-[\w.-]+)?\Z", re.ASCII)
_VERSION = re.compile(r"v?(\d+(?:\.\d+){0,2})(?:-([\w.-]+))?\Z")
_CONSTRAINT = re.compile(r"\s*(=|!=|>=|<=|>|<|~>)?\s*(\S+)\s*\Z")


def choose_version(versions: Sequence[str], constraint: str) -> str | None:
    """Return the version that the constraint of a workspace chooses; None if none satisfies it."""
    if constraint == LATEST:
        return versions[0]
    candidates = [version for version in versions if satisfies(version, constraint)]
    return max(candidates, key=version_order, default=None)


def satisfies(version: str, constraint: str) -> bool:
    """Say whether a version satisfies all conditions of a constraint, such as `~> 1.9.0, != 1.9.3`.

    A version with a suffix satisfies a condition only if that one names the same release with a
    suffix, as in Terraform.
    """
    parsed = _parse(version)
    return parsed is not None and all(
        _meets(parsed, condition) for condition in constraint.split(",")
    )


@frozen
class _Version:
    numbers: tuple[int, int, int]
    suffix: str
    count: int
    """How many numbers were written."""


def _parse(text: str) -> _Version | None:
    match = _VERSION.match(text)
    if match is None:
        return None
    numbers = [int(number) for number in match[1].split(".")]
    major, minor, patch = (*numbers, 0, 0)[:3]
    return _Version((major, minor, patch), match[2] or "", len(numbers))


def _meets(version: _Version, condition: str) -> bool:
    match = _CONSTRAINT.match(condition)
    limit = _parse(match[2]) if match else None
    if match is None or limit is None:
        return False
    order = (_order(version) > _order(limit)) - (_order(version) < _order(limit))
    operator = match[1] or "="
    if operator == "=":
        return order == 0
    if operator == "!=":
        return order != 0
    if version.suffix and not (limit.suffix and version.numbers == limit.numbers):
        return False
    if operator == "~>":
        fixed = max(1, limit.count - 1)
        return order >= 0 and version.numbers[:fixed] == limit.numbers[:fixed]
    return order in {">": (1,), ">=": (0, 1), "<": (-1,), "<=": (-1, 0)}[operator]


def version_order(version: str) -> tuple[object, ...]:
    """Return the key that sorts versions; texts that are not versions come first."""
    parsed = _parse(version)
    return _order(parsed) if parsed else ()


def _order(version: _Version) -> tuple[object, ...]:
    # A release follows its release candidates; numbers in suffixes are compared as numbers.
    parts = tuple(
        (0, int(digits), "") if digits else (1, 0, word)
        for digits, word in re.findall(r"(\d+)|([^\d.-]+)", version.suffix)
    )
    return (version.numbers, not version.suffix, parts)
