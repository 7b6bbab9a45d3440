"""Configuration versions on the wire."""

from remote_backend.messages import FileBody, Request, Response, SignedUrl
from remote_backend.models.configuration import ConfigurationVersion
from remote_backend.wire.document import address_of, body_of, load_resource, parse_document

__all__ = (
    "load_configuration_version",
    "request_to_create_configuration_version",
    "request_to_read_configuration_version",
    "request_to_upload",
)


def request_to_create_configuration_version(workspace_id: str) -> Request:
    """Ask for a configuration version that can only be planned and starts nothing itself."""
    # Without the first attribute the server queues a run of its own after the upload.
    attributes = {"auto-queue-runs": False, "speculative": True}
    return Request(
        method="POST",
        target=f"workspaces/{workspace_id}/configuration-versions",
        body=body_of("configuration-versions", attributes),
        # One whose answer was lost cannot be adopted, since only that answer tells where to
        # upload; it stays empty and starts nothing, so making another one does no harm.
        repeatable=True,
        urgency=0,
    )


def request_to_read_configuration_version(configuration_version_id: str) -> Request:
    """Ask how a configuration version is."""
    return Request(
        method="GET", target=f"configuration-versions/{configuration_version_id}"
    )


def request_to_upload(address: SignedUrl, body: FileBody) -> Request:
    """Send an archive to a signed address; sending it again does no harm."""
    return Request(
        method="PUT",
        target=address,
        headers={
            "Accept": "application/json, */*",
            "Content-Type": "application/octet-stream",
        },
        body=body,
    )


def load_configuration_version(response: Response) -> ConfigurationVersion:
    """Turn an answer into a configuration version."""
    resource = parse_document(response).resource
    attributes = resource.get("attributes")
    url = attributes.get("upload-url") if isinstance(attributes, dict) else None
    return load_resource(resource, ConfigurationVersion, upload_url=address_of(url))
