"""Organizations, their entitlements and their queues, as a server answers and receives them."""

import re
from typing import Any

from attrs import evolve

from remote_backend.server.documents.documents import Resource, resource_of, to_one
from remote_backend.server.documents.execution_modes import ExecutionMode, mode_from_request
from remote_backend.server.documents.request_documents import RequestDocument, invalid
from remote_backend.server.organization_records import OrganizationRecord

__all__ = (
    "discovery_document",
    "dump_capacity",
    "dump_entitlements",
    "dump_organization",
    "email_of",
    "estimates_cost",
    "organization_from_request",
)

_API_SERVICES = ("tfe.v2", "tfe.v2.1", "tfe.v2.2", "state.v2")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,90}\Z")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\Z")
_GRANTED = (
    "can-create-project",
    "can-create-workspace",
    "can-traverse",
    "can-update",
)
# Attributes that change nothing here but simulated cost estimates, with the defaults of the
# service. A client that sets
# one must read it again, or the tfe provider wants to change it in each of its plans.
# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/organizations#request-body
_KEPT_FLAGS = {
    "aggregated-commit-status-enabled": True,
    # Whether those who are not owners may delete workspaces with resources; here all are owners.
    "allow-force-delete-workspaces": False,
    "assessments-enforced": False,
    "cost-estimation-enabled": False,
    "max-ttl-enabled": False,
    "send-passing-statuses-for-untriggered-speculative-plans": False,
    "speculative-plan-management-enabled": True,
    "stacks-enabled": False,
}
_KEPT_NUMBERS = ("session-remember", "session-timeout")
_KEPT_TEXTS = ("collaborator-auth-policy", "owners-team-saml-role-id")
_KEPT_DEFAULTS: dict[str, Any] = {
    **_KEPT_FLAGS,
    **dict.fromkeys((*_KEPT_NUMBERS, *_KEPT_TEXTS)),
    "collaborator-auth-policy": "password",
}


def discovery_document(origin: str = "") -> dict[str, str]:
    """Return the services of a host; without an origin their addresses are relative.

    There is no registry here, but terrasnek 0.1.14 raises KeyError without its services.
    """
    return {
        **dict.fromkeys(_API_SERVICES, f"{origin}/api/v2/"),
        "modules.v1": f"{origin}/api/registry/v1/modules/",
        "providers.v1": f"{origin}/api/registry/v1/providers/",
    }


def dump_organization(organization: OrganizationRecord) -> Resource:
    """Return an organization as a resource; its id is its name."""
    name, is_home = organization.name, organization.is_home
    return resource_of(
        "organizations",
        name,
        {
            "name": name,
            "email": email_of(organization),
            "external-id": organization.id,
            "created-at": organization.created_at,
            "default-execution-mode": organization.default_execution_mode,
            **_KEPT_DEFAULTS,
            **organization.kept_attributes,
            "user-tokens-enabled": True,
            "permissions": {
                **dict.fromkeys(_GRANTED, True),
                # The settings of the server name that organization.
                "can-destroy": not is_home,
            },
        },
        relationships={
            "entitlement-set": to_one("entitlement-sets", organization.id),
            "default-project": to_one("projects", organization.default_project_id),
            "default-agent-pool": to_one("agent-pools", organization.default_agent_pool_id),
            "subscription": to_one("subscriptions", None),
        },
        links={"self": f"/api/v2/organizations/{name}"},
    )


def email_of(organization: OrganizationRecord) -> str:
    """Return the address of an organization; that of the settings is made with an invented one."""
    return organization.email or f"{organization.name}@localhost"


def estimates_cost(organization: OrganizationRecord) -> bool:
    """Return whether an organization wants its plans to have cost estimates."""
    return bool(organization.kept_attributes.get("cost-estimation-enabled"))


def organization_from_request(
    organization: OrganizationRecord, document: RequestDocument
) -> OrganizationRecord:
    """Return an organization with what a client sent; raises `Rejected` for a wrong member."""
    if not document.flag("user-tokens-enabled", True):
        raise invalid("user-tokens-enabled", "true: this server has no other tokens")
    mode = mode_from_request(
        document,
        ExecutionMode(
            organization.default_execution_mode, organization.default_agent_pool_id
        ),
        document.text("default-execution-mode"),
        "default-agent-pool",
    )
    return evolve(
        organization,
        name=_name(organization, document),
        email=_email(organization, document),
        default_execution_mode=mode.name or organization.default_execution_mode,
        default_agent_pool_id=mode.agent_pool_id,
        kept_attributes=_kept_attributes(organization, document),
    )


def dump_entitlements(organization: OrganizationRecord) -> Resource:
    """Return what an organization may use: plans on the server and stored state."""
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
        organization.id,
        {
            **dict.fromkeys(granted, True),
            **dict.fromkeys(denied, False),
            "user-limit": None,
        },
        links={"self": f"/api/v2/entitlement-sets/{organization.id}"},
    )


def dump_capacity(name: str, *, pending: int, running: int) -> Resource:
    """Return how many runs wait and how many are being planned."""
    return resource_of(
        "organization-capacity", name, {"pending": pending, "running": running}
    )


def _name(organization: OrganizationRecord, document: RequestDocument) -> str:
    name = document.text("name", organization.name) or ""
    if not _NAME.match(name):
        raise invalid("name", "1 to 90 letters, digits, - and _")
    if organization.is_home and name != organization.name:
        raise invalid("name", f"{organization.name}, as the settings of the server say")
    return name


def _email(organization: OrganizationRecord, document: RequestDocument) -> str:
    email = document.text("email", organization.email) or ""
    if (email or not organization.is_home) and not _EMAIL.match(email):
        raise invalid("email", "an e-mail address")
    return email


def _kept_attributes(
    organization: OrganizationRecord, document: RequestDocument
) -> dict[str, Any]:
    kept = dict(organization.kept_attributes)
    for name, default in _KEPT_FLAGS.items():
        if name in document.attributes:
            kept[name] = document.flag(name, default)
    for name in _KEPT_NUMBERS:
        if name in document.attributes:
            kept[name] = document.number(name)
    for name in _KEPT_TEXTS:
        if name in document.attributes:
            kept[name] = document.text(name)
    return kept
