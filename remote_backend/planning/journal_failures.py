"""Failures as records of a journal.

The text of an error is left out: it is text of the server that can quote values of variables,
which a journal never holds. Commands that show it read the log of the run again.
"""

from collections.abc import Mapping
from typing import Any

from remote_backend.models.failure import Failure, FailureKind, Place
from remote_backend.models.policy import PolicyResult

__all__ = ("dump_failure", "load_failure")

# Journals of version 0.1.0 have a sentence and a phase only.
_KIND_OF_PHASE = {
    "start": FailureKind.CONFIGURATION,
    "upload": FailureKind.UPLOAD,
    "queue": FailureKind.CONNECTION,
    "checks": FailureKind.POLICY,
}


def dump_failure(failure: Failure | None) -> dict[str, Any] | None:
    """Return a failure as plain values, without its text."""
    if failure is None:
        return None
    place = failure.place
    return {
        "kind": failure.kind.value,
        "title": failure.title,
        "place": [place.file, place.line] if place is not None else None,
        "address": failure.address,
        "policies": [[policy.name, policy.level] for policy in failure.policies],
        "further_errors": failure.further_errors,
    }


def load_failure(record: Mapping[str, Any]) -> Failure | None:
    """Return the failure in the record of an outcome, as far as it can be read.

    The records of earlier versions have a `reason` in its place. An odd value in it costs the
    failure its details, never the outcome.
    """
    failure = record.get("failure")
    if isinstance(failure, Mapping):
        try:
            return _load(failure)
        except (IndexError, KeyError, TypeError, ValueError):
            return _titled(failure.get("title"), record)
    return _titled(record.get("reason"), record)


def _load(failure: Mapping[str, Any]) -> Failure:
    place, address = failure.get("place"), failure.get("address")
    return Failure(
        kind=FailureKind(failure["kind"]),
        title=str(failure["title"]),
        place=_load_place(*place) if place else None,
        address=str(address) if address is not None else None,
        policies=tuple(
            PolicyResult(name=str(policy[0]), level=str(policy[1]), status="failed")
            for policy in failure.get("policies", ())
        ),
        further_errors=int(failure.get("further_errors", 0)),
    )


def _load_place(file: Any, line: Any) -> Place:
    return Place(file=str(file), line=line if isinstance(line, int) else None)


def _titled(title: Any, record: Mapping[str, Any]) -> Failure | None:
    if not isinstance(title, str):
        return None
    if record.get("result") in ("canceled", "not started"):
        return Failure(kind=FailureKind.CANCELED, title=title)
    phase = str(record.get("phase"))
    return Failure(kind=_KIND_OF_PHASE.get(phase, FailureKind.TERRAFORM), title=title)
