"""Projects on the wire."""

from remote_backend.api.messages import Request, Response, path_part
from remote_backend.api.wire.document import attribute_of, parse_document

__all__ = ("load_project_ids", "request_to_find_projects")


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/projects#list-projects
def request_to_find_projects(organization: str, name: str) -> Request:
    """List the projects of a name; the server does not mind capital letters."""
    return Request(
        method="GET",
        target=f"organizations/{path_part(organization)}/projects",
        query=(("filter[names]", name), ("page[size]", "100")),
    )


def load_project_ids(response: Response) -> dict[str, str]:
    """Load the ids of projects by their names."""
    return {
        name: str(resource["id"])
        for resource in parse_document(response).readable_resources
        if isinstance(name := attribute_of(resource, "name"), str)
    }
