"""Facts that servers state in the text of an error alone.

This is the only module that recognizes an error by its text, and each predicate names the
source of the text. Where a status or a header has the fact, it belongs into `api.wire`.
"""

from typing import Literal

from remote_backend.errors import ApiError

__all__ = (
    "is_name_taken",
    "is_state_content_required",
    "is_state_version_pending",
    "names_configuration_version",
    "names_terraform_version",
    "state_conflict_cause",
)


def is_name_taken(error: ApiError) -> bool:
    """Return whether an object was not created because its name is in use."""
    # HCP Terraform: 422 "Name has already been taken" (hashicorp/setup-terraform#127).
    return "taken" in _text_of(error).lower()


def names_configuration_version(error: ApiError) -> bool:
    """Return whether a refusal concerns the configuration version of a run.

    The API documents no text for it, so any text that names one counts.
    """
    return "configuration version" in _text_of(error).replace("-", " ").lower()


def names_terraform_version(error: ApiError) -> bool:
    """Return whether a refusal concerns the version of Terraform that a run requests.

    The API documents no text for it, so any text about a version counts that is not about the
    configuration version.
    """
    return "version" in _text_of(error).lower() and not names_configuration_version(error)


def is_state_content_required(error: ApiError) -> bool:
    """Return whether a server accepts the bytes of a state only inside the request."""
    # Terraform Enterprise up to v202306-1: "param is missing or the value is empty: state"
    # (go-tfe, ErrStateVersionUploadNotSupported).
    text = _text_of(error)
    return error.status in (400, 422) and "state" in text and "missing" in text


def is_state_version_pending(error: Exception) -> bool:
    """Return whether a workspace stays locked until its newest state version is final."""
    # "latest state version is still pending" (go-tfe#1015). The status depends on the version
    # of the client (503, 400 or 422), but the text does not (hashicorp/terraform#36155).
    return isinstance(error, ApiError) and "pending" in _text_of(error)


def state_conflict_cause(error: Exception) -> Literal["lock", "md5", "lineage"] | None:
    """Return why a state was refused with 409 or 412; None when the text does not say."""
    # Texts in hashicorp/terraform#24294, #21773 and #24916.
    text = _text_of(error).lower() if isinstance(error, ApiError) else ""
    if "lock" in text:
        return "lock"
    if "md5" in text:
        return "md5"
    return "lineage" if "lineage" in text else None


def _text_of(error: ApiError) -> str:
    return " ".join(error.problems)
