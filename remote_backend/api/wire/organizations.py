"""Organizations on the wire."""

from remote_backend.api.messages import Request, Response, path_part
from remote_backend.api.wire.document import load_resource, parse_document
from remote_backend.models.organization import Entitlements

__all__ = ("load_entitlements", "request_to_read_entitlements")


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/organizations#show-the-entitlement-set
def request_to_read_entitlements(organization: str) -> Request:
    """Read the entitlements of an organization."""
    return Request(
        method="GET", target=f"organizations/{path_part(organization)}/entitlement-set"
    )


def load_entitlements(response: Response) -> Entitlements:
    """Load the entitlements of an organization."""
    return load_resource(parse_document(response).resource, Entitlements)
