"""Ids of batches: as they are made, and as people say and type them."""

import os
import re

__all__ = (
    "BASE_NOTE",
    "base_commit_in",
    "batch_id_in",
    "is_id_of_batch",
    "is_run_of_base",
    "new_batch_id",
    "short_id",
)

_START = "batch-"
_RANDOM_BYTES = 8
BASE_NOTE = ", base of a comparison"
"""What stands before the id in the message of a run that is only compared with."""

# Behind the id stands where the plan comes from, and last of all the commit of the base.
_BASE_COMMIT = re.compile(r", base ([0-9a-f]{4,64})\Z")
_SHORT_DIGITS = 4
# Messages of runs hold it in parentheses: `planning.running_batch.requested_options`.
_IN_MESSAGE = re.compile(rf"\(({_START}[0-9a-f]{{{2 * _RANDOM_BYTES}}})\)")


def new_batch_id() -> str:
    """Return an id that no other batch has."""
    return f"{_START}{os.urandom(_RANDOM_BYTES).hex()}"


def short_id(id: str) -> str:
    """Return the beginning of an id that a person says and types."""
    return id.removeprefix(_START)[:_SHORT_DIGITS]


def is_id_of_batch(typed: str, id: str) -> bool:
    """Whether a typed text is the beginning of an id, with `batch-` or without."""
    return id.startswith((typed, f"{_START}{typed}"))


def batch_id_in(message: str) -> str:
    """Return the id of the batch that the message of a run names; empty where it names none."""
    ids = _IN_MESSAGE.findall(message)
    # Words of the caller come before it.
    return ids[-1] if ids else ""


def is_run_of_base(message: str, batch_id: str) -> bool:
    """Whether the message of a run says that its batch only compares with it."""
    return f"{BASE_NOTE} ({batch_id})" in message


def base_commit_in(message: str) -> str:
    """Return the commit that the message of a run of a base names; empty where it names none."""
    found = _BASE_COMMIT.search(message)
    return found[1] if found else ""
