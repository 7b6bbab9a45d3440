"""Why a plan failed, from the exception that ended it."""

import traceback
from pathlib import PurePath

from remote_backend.errors import (
    ApiError,
    ConfigurationVersionFailed,
    PollingFailed,
    RemoteBackendError,
    TransportError,
    UnexpectedAnswer,
)
from remote_backend.models.failure import Failure, FailureKind

__all__ = ("failure_of_cancellation", "cause_of", "failure_of_error", "reason_of_error")

# Errors of requests; every other error on purpose is about files, settings or the workspace.
_REQUEST_ERRORS = (ApiError, PollingFailed, TransportError, UnexpectedAnswer)


def failure_of_cancellation(title: str) -> Failure:
    """Return the failure of a plan that was canceled."""
    return Failure(kind=FailureKind.CANCELED, title=title)


def cause_of(error: Exception) -> Exception:
    """Return the exception that matters in a group: the first one raised on purpose, if any."""
    leaves = _leaves(error)
    return next(
        (leaf for leaf in leaves if isinstance(leaf, RemoteBackendError)), leaves[0]
    )


def reason_of_error(error: Exception) -> str:
    """Say what went wrong, for a person.

    The text of an error that nobody expected can hold values of variables, so only its type and
    the place in this package are named.
    """
    if isinstance(error, RemoteBackendError):
        return str(error)
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        return f"{name}{error.strerror or type(error).__name__}"
    return f"a mistake in remote-backend ({type(error).__name__} in {_place_of(error)})"


def failure_of_error(error: Exception, *, phase: str) -> Failure:
    """Return the failure of a plan that an exception ended in a phase, as outcomes name it."""
    return Failure(kind=_kind_of(error, phase), title=reason_of_error(error))


def _kind_of(error: Exception, phase: str) -> FailureKind:
    if isinstance(error, ConfigurationVersionFailed):
        return FailureKind.UPLOAD
    if isinstance(error, _REQUEST_ERRORS):
        return FailureKind.UPLOAD if phase == "upload" else FailureKind.CONNECTION
    if isinstance(error, RemoteBackendError | OSError):
        return FailureKind.CONFIGURATION
    return FailureKind.INTERNAL


def _leaves(error: BaseException) -> list[Exception]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for nested in error.exceptions for leaf in _leaves(nested)]
    return [error] if isinstance(error, Exception) else []


def _place_of(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own_frames = [
        frame for frame in frames if "remote_backend" in PurePath(frame.filename).parts
    ]
    if not own_frames:
        return "an unknown place"
    return f"{PurePath(own_frames[-1].filename).name}:{own_frames[-1].lineno}"
