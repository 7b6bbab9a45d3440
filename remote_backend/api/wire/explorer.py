"""Explorer on the wire: what the workspaces of an organization use."""

from remote_backend.api.messages import Request, Response, path_part
from remote_backend.api.wire.document import (
    Page,
    Resource,
    attribute_of,
    load_page,
    parse_document,
)
from remote_backend.models.explorer import UsedComponent

__all__ = ("PAGE_SIZE", "load_components", "request_to_query_components")

PAGE_SIZE = 100


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/explorer#execute-a-query
def request_to_query_components(
    organization: str, view: str, *, field: str = "", text: str = "", page: int = 1
) -> Request:
    """List a page of the view `modules` or `providers`, filtered by a field that is equal."""
    query = [
        ("type", view),
        ("page[number]", str(page)),
        ("page[size]", str(PAGE_SIZE)),
    ]
    if field:
        query.append((f"filter[0][{field}][is][0]", text))
    return Request(
        method="GET",
        target=f"organizations/{path_part(organization)}/explorer",
        query=tuple(query),
    )


def load_components(response: Response) -> Page[UsedComponent]:
    """Load a page of modules or providers."""
    document = parse_document(response)
    return load_page(document, map(_component, document.readable_resources))


def _component(resource: Resource) -> UsedComponent:
    workspaces = _text(resource, "workspaces").split(",")
    return UsedComponent(
        name=_text(resource, "name"),
        source=_text(resource, "source"),
        version=_text(resource, "version"),
        workspaces=tuple(name.strip() for name in workspaces if name.strip()),
    )


def _text(resource: Resource, name: str) -> str:
    value = attribute_of(resource, name)
    return value if isinstance(value, str) else ""
