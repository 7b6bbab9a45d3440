"""State versions and the outputs they hold."""

from typing import Any

from attrs import field, frozen

from remote_backend.models.addresses import SignedUrl

__all__ = ("StateOutput", "StateVersion", "StateVersionRequest")


@frozen(kw_only=True)
class StateVersion:
    """One stored state of a workspace."""

    id: str
    serial: int | None = None
    status: str | None = None
    size: int | None = None
    md5: str | None = None
    """The digest of the stored bytes; None if the server does not return it."""

    download_address: SignedUrl | str | None = None
    """A signed address, or a path of the API that needs the token."""

    upload_url: SignedUrl | None = None


@frozen(kw_only=True)
class StateOutput:
    """An output of a state."""

    value: Any = field(repr=False)
    type: Any = None
    sensitive: bool = False


@frozen(kw_only=True)
class StateVersionRequest:
    """A state to store."""

    workspace_id: str
    serial: int
    md5: str
    """Lower-case hexadecimal digest of the exact bytes."""

    lineage: str | None = None
    force: bool = False
    state: bytes | None = field(default=None, repr=False)
    """The bytes, to send them inside the request; None to upload them afterwards."""
