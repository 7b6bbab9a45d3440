"""The first reason for which a workspace has no plan, from all that is known of it."""

from attrs import evolve

from remote_backend.models.changes import Diagnostic
from remote_backend.models.failure import Failure, FailureKind, Place
from remote_backend.models.outcome import Outcome

__all__ = ("first_failure",)


def first_failure(outcome: Outcome) -> Failure | None:
    """Return the failure of an outcome, or its first error where the failure names none."""
    failure = outcome.failure
    if failure is None or failure.kind is not FailureKind.TERRAFORM or failure.text:
        return failure
    diagnostics = outcome.changes.diagnostics if outcome.changes is not None else ()
    errors = [diagnostic for diagnostic in diagnostics if diagnostic.severity == "error"]
    if not errors:
        return failure
    return evolve(_failure(errors[0]), further_errors=len(errors) - 1)


def _failure(error: Diagnostic) -> Failure:
    return Failure(
        kind=FailureKind.TERRAFORM,
        title=error.summary,
        text=error.text,
        detail=error.detail,
        place=_place(error.place) if error.place else None,
        address=error.address,
    )


def _place(text: str) -> Place:
    file, _, line = text.rpartition(":")
    return Place(file=file, line=int(line)) if file and line.isdigit() else Place(file=text)
