"""Organizations on the wire."""

from remote_backend.messages import Request, Response, path_part
from remote_backend.models.organization import Entitlements
from remote_backend.wire.document import load_resource, parse_document

__all__ = ("load_entitlements", "request_to_read_entitlements")


def request_to_read_entitlements(organization: str) -> Request:
    """Ask what an organization may use."""
    return Request(
        method="GET", target=f"organizations/{path_part(organization)}/entitlement-set"
    )


def load_entitlements(response: Response) -> Entitlements:
    """Turn an answer into entitlements."""
    return load_resource(parse_document(response).resource, Entitlements)
