"""What a person reads about an exception that ended the plan of one workspace."""

import traceback
from pathlib import PurePath

from remote_backend.errors import RemoteBackendError

__all__ = ("cause_of", "reason_of_error")


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
