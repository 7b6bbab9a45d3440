"""The organization, its entitlements and its queue, as a server answers."""

from typing import Any

from remote_backend.server.documents.documents import resource_of, to_one
from remote_backend.server.records import DEFAULT_PROJECT_ID

__all__ = ("discovery_document", "dump_capacity", "dump_entitlements", "dump_organization")

_API_SERVICES = ("tfe.v2", "tfe.v2.1", "tfe.v2.2", "state.v2")


def discovery_document(origin: str = "") -> dict[str, str]:
    """Return the services of a host; without an origin their addresses are relative.

    There is no registry here, but terrasnek 0.1.14 raises KeyError without its services.
    """
    return {
        **dict.fromkeys(_API_SERVICES, f"{origin}/api/v2/"),
        "modules.v1": f"{origin}/api/registry/v1/modules/",
        "providers.v1": f"{origin}/api/registry/v1/providers/",
    }


def dump_organization(name: str, created_at: str) -> dict[str, Any]:
    """Return the organization as a resource; its id is its name."""
    return resource_of(
        "organizations",
        name,
        {
            "name": name,
            "email": f"{name}@localhost",
            "external-id": _external_id(name),
            "created-at": created_at,
            "default-execution-mode": "remote",
            "cost-estimation-enabled": False,
            "allow-force-delete-workspaces": True,
            "collaborator-auth-policy": "password",
            "permissions": {
                "can-create-workspace": True,
                "can-traverse": True,
                "can-update": False,
                "can-destroy": False,
            },
        },
        relationships={
            "entitlement-set": to_one("entitlement-sets", _external_id(name)),
            "default-project": to_one("projects", DEFAULT_PROJECT_ID),
            "subscription": to_one("subscriptions", None),
        },
        links={"self": f"/api/v2/organizations/{name}"},
    )


def dump_entitlements(name: str) -> dict[str, Any]:
    """Return what the organization may use: plans on the server and stored state."""
    granted = ("operations", "state-storage")
    denied = (
        "agents",
        "cost-estimation",
        "policy-enforcement",
        "private-module-registry",
        "run-tasks",
        "sentinel",
        "sso",
        "teams",
        "vcs-integrations",
    )
    return resource_of(
        "entitlement-sets",
        _external_id(name),
        {
            **dict.fromkeys(granted, True),
            **dict.fromkeys(denied, False),
            "user-limit": None,
        },
        links={"self": f"/api/v2/entitlement-sets/{_external_id(name)}"},
    )


def dump_capacity(name: str, *, pending: int, running: int) -> dict[str, Any]:
    """Return how many runs wait and how many are being planned."""
    return resource_of(
        "organization-capacity", name, {"pending": pending, "running": running}
    )


def _external_id(name: str) -> str:
    return f"org-{name}"
