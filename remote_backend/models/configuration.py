"""Configuration versions: one uploaded archive each."""

from enum import Enum

from attrs import frozen

from remote_backend.models.addresses import SignedUrl

__all__ = ("USABLE_WITHIN_SECONDS", "ConfigurationVersion", "UploadMode")

USABLE_WITHIN_SECONDS = 120.0
"""How long the server may process an upload; Terraform gives up after 30 seconds."""

_EMPTY = "pending"
_USABLE = "uploaded"
_NEVER_USABLE = frozenset(
    {
        "archived",
        "errored",
        "backing_data_soft_deleted",
        "backing_data_permanently_deleted",
    }
)


class UploadMode(Enum):
    """Whether workspaces share a configuration version."""

    AUTO = "auto"
    """Share it on HCP Terraform, Terraform Enterprise and our own server, until it is refused."""

    SHARED = "shared"
    EACH = "each"


@frozen(kw_only=True)
class ConfigurationVersion:
    """A configuration version as the server last described it."""

    id: str
    status: str = "pending"
    speculative: bool = False
    auto_queue_runs: bool = True
    error: str | None = None
    error_message: str | None = None
    upload_url: SignedUrl | None = None
    """Most servers return it only when the version is created."""

    @property
    def is_pending(self) -> bool:
        """Whether the server still waits for its archive."""
        return self.status == _EMPTY

    @property
    def is_empty_plan_only(self) -> bool:
        """Whether it is one as this client makes them, and nothing was uploaded to it yet."""
        return self.is_pending and self.speculative and not self.auto_queue_runs

    @property
    def is_usable(self) -> bool:
        """Whether runs can be made from it."""
        return self.status == _USABLE

    @property
    def is_lost(self) -> bool:
        """Whether it will never be usable (again)."""
        return self.status in _NEVER_USABLE
