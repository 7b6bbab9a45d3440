"""Documents of workspaces, as a server sends them."""

from typing import Any


def resource(name: str, **attributes: Any) -> dict[str, Any]:
    """Return a workspace as a resource."""
    return {
        "id": f"ws-{name}",
        "type": "workspaces",
        "attributes": {"name": name, **attributes},
    }
