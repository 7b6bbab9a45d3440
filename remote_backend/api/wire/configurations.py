"""Configuration versions on the wire."""

from collections.abc import Mapping
from typing import Any

from remote_backend.api.messages import FileBody, Request, Response
from remote_backend.api.wire.document import (
    Page,
    address_of,
    attribute_of,
    body_of,
    load_page,
    load_resource,
    parse_document,
)
from remote_backend.models.addresses import SignedUrl
from remote_backend.models.configuration import ConfigurationVersion

__all__ = (
    "load_configuration_version",
    "load_configuration_versions",
    "request_to_create_configuration_version",
    "request_to_list_configuration_versions",
    "request_to_read_configuration_version",
    "request_to_upload",
)


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/configuration-versions#create-a-configuration-version
def request_to_create_configuration_version(workspace_id: str) -> Request:
    """Create a configuration version that can only be planned and starts nothing itself."""
    # Without the first attribute the server queues a run of its own after the upload.
    attributes = {"auto-queue-runs": False, "speculative": True}
    return Request(
        method="POST",
        target=f"workspaces/{workspace_id}/configuration-versions",
        body=body_of("configuration-versions", attributes),
        # The caller looks for the version if the response was lost (P46).
        repeatable=False,
        priority=0,
    )


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/configuration-versions#show-a-configuration-version
def request_to_read_configuration_version(configuration_version_id: str) -> Request:
    """Read a configuration version."""
    return Request(
        method="GET", target=f"configuration-versions/{configuration_version_id}"
    )


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/configuration-versions#list-configuration-versions
def request_to_list_configuration_versions(workspace_id: str) -> Request:
    """List the newest configuration versions of a workspace."""
    return Request(
        method="GET",
        target=f"workspaces/{workspace_id}/configuration-versions",
        query=(("page[size]", "20"),),
    )


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/configuration-versions#upload-configuration-files
def request_to_upload(address: SignedUrl, body: FileBody) -> Request:
    """Send an archive to a signed address."""
    return Request(
        method="PUT",
        target=address,
        headers={
            "Accept": "application/json, */*",
            "Content-Type": "application/octet-stream",
        },
        body=body,
        # The caller first checks whether an upload without a response arrived (P48).
        repeatable=False,
    )


def load_configuration_version(response: Response) -> ConfigurationVersion:
    """Load a configuration version."""
    return _load(parse_document(response).resource)


def load_configuration_versions(response: Response) -> Page[ConfigurationVersion]:
    """Load a page of configuration versions, newest first."""
    document = parse_document(response)
    return load_page(document, (_load(item) for item in document.resources))


def _load(resource: Mapping[str, Any]) -> ConfigurationVersion:
    address = address_of(attribute_of(resource, "upload_url"))
    return load_resource(resource, ConfigurationVersion, upload_url=address)
