"""Organizations on the wire."""

from remote_backend.api.messages import Request, Response, path_part
from remote_backend.api.wire.document import load_resource, parse_document
from remote_backend.models.organization import Entitlements

__all__ = (
    "load_entitlements",
    "load_organization_names",
    "request_to_list_organizations",
    "request_to_read_entitlements",
)


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/organizations#show-the-entitlement-set
def request_to_read_entitlements(organization: str) -> Request:
    """Read the entitlements of an organization."""
    return Request(
        method="GET", target=f"organizations/{path_part(organization)}/entitlement-set"
    )


def load_entitlements(response: Response) -> Entitlements:
    """Load the entitlements of an organization."""
    return load_resource(parse_document(response).resource, Entitlements)


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/organizations#list-organizations
def request_to_list_organizations() -> Request:
    """Read the first organizations that the token sees."""
    return Request(method="GET", target="organizations", retry_seconds=0)


def load_organization_names(response: Response) -> tuple[str, ...]:
    """Load the names of organizations, which are their ids."""
    resources = parse_document(response).readable_resources
    return tuple(str(resource["id"]) for resource in resources)
