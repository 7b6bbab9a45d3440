"""Configuration versions: one uploaded archive each."""

from enum import Enum

from attrs import frozen

from remote_backend.messages import SignedUrl

__all__ = ("ConfigurationVersion", "UploadMode")

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
    """Share it until the server refuses."""

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
    """Told only in the answer to its creation."""

    @property
    def is_usable(self) -> bool:
        """Whether runs can be made from it."""
        return self.status == _USABLE

    @property
    def is_lost(self) -> bool:
        """Whether it will never be usable (again)."""
        return self.status in _NEVER_USABLE
