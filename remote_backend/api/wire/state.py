"""State versions and outputs on the wire."""

import base64
from typing import Any

from remote_backend.api.messages import Request, Response
from remote_backend.api.wire.document import (
    address_of,
    body_of,
    load_resource,
    members_of,
    parse_document,
)
from remote_backend.models.addresses import SignedUrl
from remote_backend.models.state import StateVersion, StateVersionRequest

__all__ = (
    "load_state_version",
    "request_to_create_state_version",
    "request_to_download_state",
    "request_to_read_current_state_version",
    "request_to_read_state_version",
    "request_to_upload_state",
)

_LARGEST_STATE_BYTES = 1 << 30


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/state-versions#fetch-the-current-state-version-for-a-workspace
def request_to_read_current_state_version(workspace_id: str) -> Request:
    """Read the newest state version of a workspace."""
    return Request(method="GET", target=f"workspaces/{workspace_id}/current-state-version")


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/state-versions#show-a-state-version
def request_to_read_state_version(state_version_id: str) -> Request:
    """Read a state version."""
    return Request(method="GET", target=f"state-versions/{state_version_id}")


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/state-versions#show-a-state-version
def request_to_download_state(address: SignedUrl | str) -> Request:
    """Download the bytes of a state."""
    return Request(
        method="GET",
        target=address,
        headers={"Accept": "application/json"},
        max_bytes=_LARGEST_STATE_BYTES,
    )


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/state-versions#create-a-state-version
def request_to_create_state_version(request: StateVersionRequest) -> Request:
    """Create a state version, with the state inside this request or by a later upload."""
    attributes: dict[str, Any] = {"serial": request.serial, "md5": request.md5}
    if request.lineage is not None:
        attributes["lineage"] = request.lineage
    if request.force:
        attributes["force"] = True
    if request.state is not None:
        attributes["state"] = base64.b64encode(request.state).decode()
    return Request(
        method="POST",
        target=f"workspaces/{request.workspace_id}/state-versions",
        body=body_of("state-versions", attributes),
        repeatable=False,
    )


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/state-versions#create-a-state-version
def request_to_upload_state(address: SignedUrl, body: bytes) -> Request:
    """Send the bytes of a state to a signed address; servers may refuse them a second time."""
    headers = {
        "Accept": "application/json, */*",
        "Content-Type": "application/octet-stream",
    }
    return Request(
        method="PUT", target=address, headers=headers, body=body, repeatable=False
    )


def load_state_version(response: Response) -> StateVersion:
    """Load a state version."""
    resource = parse_document(response).resource
    members = members_of(resource)
    return load_resource(
        resource,
        StateVersion,
        download_address=_download_address(members.get("hosted_state_download_url")),
        upload_url=address_of(members.get("hosted_state_upload_url")),
    )


def _download_address(text: Any) -> SignedUrl | str | None:
    # Some servers name a path of their own API here, and that one needs the token.
    if isinstance(text, str) and text.startswith("/") and not text.startswith("/signed/"):
        return text
    return address_of(text)
