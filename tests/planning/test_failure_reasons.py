"""Exceptions that end the plan of one workspace, as failures."""

import pytest

from remote_backend.errors import (
    ApiError,
    ConfigurationVersionFailed,
    PollingFailed,
    RunRefused,
    SlugError,
    TransportError,
    UnexpectedAnswer,
)
from remote_backend.models.failure import FailureKind
from remote_backend.planning.failure_reasons import failure_of_error

LOST = TransportError("POST", "runs", "the connection broke", may_have_happened=True)


@pytest.mark.parametrize(
    ("error", "phase", "kind"),
    [
        (LOST, "upload", FailureKind.UPLOAD),
        (LOST, "queue", FailureKind.CONNECTION),
        (ApiError(500, "POST", "runs", ()), "queue", FailureKind.CONNECTION),
        (UnexpectedAnswer("not JSON"), "plan", FailureKind.CONNECTION),
        (PollingFailed("run-1", "planning", "gone"), "plan", FailureKind.CONNECTION),
        (ConfigurationVersionFailed("cv-1", "errored", "no"), "queue", FailureKind.UPLOAD),
        (SlugError("too large"), "upload", FailureKind.CONFIGURATION),
        (RunRefused("it is planned elsewhere"), "start", FailureKind.CONFIGURATION),
        (OSError(13, "Permission denied", "main.tf"), "upload", FailureKind.CONFIGURATION),
        (KeyError("hush"), "plan", FailureKind.INTERNAL),
    ],
)
def test_an_error_says_what_the_plan_failed_by(
    error: Exception, phase: str, kind: FailureKind
) -> None:
    """A program decides by the kind; a text that nobody expected is not part of it."""
    failure = failure_of_error(error, phase=phase)

    assert failure.kind is kind
    assert failure.title and "hush" not in failure.title
