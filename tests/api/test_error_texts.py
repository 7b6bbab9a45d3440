"""Facts that servers state only in texts are recognized in each known spelling."""

from collections.abc import Callable

import pytest

from remote_backend.api.error_texts import (
    is_name_taken,
    is_state_content_required,
    is_state_version_pending,
    names_configuration_version,
    state_conflict_cause,
)
from remote_backend.errors import ApiError, StateConflict, TransportError

PARAM_MISSING = "param is missing or the value is empty: state"
STILL_PENDING = "Unable to unlock workspace: latest state version is still pending"


def error(status: int, *problems: str) -> ApiError:
    """Return the error of a response with these problems."""
    return ApiError(status, "POST", "workspaces/ws-pending-lock-taken", problems)


@pytest.mark.parametrize(
    ("predicate", "status", "text", "expected"),
    [
        (is_name_taken, 422, "invalid attribute: Name has already been taken", True),
        (is_name_taken, 422, "invalid attribute: Name is too long", False),
        (names_configuration_version, 422, "Configuration version is invalid", True),
        (names_configuration_version, 422, "invalid configuration-version (/data)", True),
        (names_configuration_version, 422, "Terraform version is not supported", False),
        (is_state_content_required, 400, PARAM_MISSING, True),
        (is_state_content_required, 422, PARAM_MISSING, True),
        (is_state_content_required, 500, PARAM_MISSING, False),
        (is_state_content_required, 422, "serial is missing", False),
        (is_state_version_pending, 503, STILL_PENDING, True),
        (is_state_version_pending, 400, STILL_PENDING, True),
        (is_state_version_pending, 409, "workspace is locked by User alice", False),
    ],
)
def test_a_text_is_recognized(
    predicate: Callable[[ApiError], bool], status: int, text: str, expected: bool
) -> None:
    """By what the server says, not by the address that was requested."""
    assert predicate(error(status, text)) is expected
    assert predicate(error(status)) is False


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("Conflict: Workspace must be locked", "lock"),
        ("The provided md5 does not match the known MD5 of serial 3", "md5"),
        ("Lineage differs", "lineage"),
        ("The serial 2 is not greater than 3", None),
    ],
)
def test_a_conflict_of_states_has_a_cause(text: str, cause: str | None) -> None:
    """Four reasons share one status (P109)."""
    assert state_conflict_cause(error(409, text)) == cause


def test_errors_that_no_server_wrote_say_nothing() -> None:
    """Texts of our own are not taken for those of a server."""
    lost = TransportError("POST", "x", "it stays pending", may_have_happened=True)

    assert not is_state_version_pending(lost)
    assert state_conflict_cause(StateConflict("its lock was lost")) is None
