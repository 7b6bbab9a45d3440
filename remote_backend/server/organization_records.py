"""What the embedded server keeps of an organization and of all that it holds for many workspaces."""

from typing import Any

from attrs import evolve, field, frozen

from remote_backend.server.ids import make_id, now_text

__all__ = (
    "DEFAULT_PROJECT_ID",
    "HOME_ORGANIZATION_ID",
    "AgentPoolRecord",
    "OrganizationRecord",
    "ProjectRecord",
    "SSHKeyRecord",
    "VariableSetRecord",
    "new_default_project",
    "new_organization",
)

DEFAULT_PROJECT_ID = "prj-DefaultProject00"
"""Workspaces of data directories from before projects belong to it, without a migration."""

HOME_ORGANIZATION_ID = "org-HomeOrganization"
"""The organization of the settings of the server. All that was stored before there were several
belongs to it."""


@frozen(kw_only=True)
class OrganizationRecord:
    """An organization, to which projects, workspaces and variable sets belong."""

    id: str
    name: str
    created_at: str
    email: str = ""
    default_project_id: str = DEFAULT_PROJECT_ID
    """The project of workspaces that are in no other one."""

    default_execution_mode: str = "remote"
    default_agent_pool_id: str | None = None
    """The pool of the mode `agent`; None in all other modes."""

    kept_attributes: dict[str, Any] = field(factory=dict)
    """Attributes that are answered as they were sent, by their names in the API."""

    @property
    def is_home(self) -> bool:
        """Whether it is that of the settings of the server."""
        return self.id == HOME_ORGANIZATION_ID


@frozen(kw_only=True)
class ProjectRecord:
    """A project of an organization."""

    id: str
    name: str
    created_at: str
    organization_id: str = HOME_ORGANIZATION_ID
    description: str = ""
    default_execution_mode: str | None = None
    """None inherits mode and pool of the organization."""

    default_agent_pool_id: str | None = None

    auto_destroy_activity_duration: str | None = None
    tag_bindings: dict[str, str] = field(factory=dict)


@frozen(kw_only=True)
class AgentPoolRecord:
    """A pool of agents, as settings name it; no agent ever comes to this server."""

    id: str
    name: str
    created_at: str
    organization_id: str = HOME_ORGANIZATION_ID
    is_organization_scoped: bool = True
    """Whether all workspaces may use it but those that are excluded."""

    allowed_workspace_ids: tuple[str, ...] = ()
    allowed_project_ids: tuple[str, ...] = ()
    excluded_workspace_ids: tuple[str, ...] = ()

    def is_open_to(self, workspace_id: str, project_id: str) -> bool:
        """Return whether a workspace of a project may use it."""
        if workspace_id in self.excluded_workspace_ids:
            return False
        return (
            self.is_organization_scoped
            or workspace_id in self.allowed_workspace_ids
            or project_id in self.allowed_project_ids
        )

    def without(self, id: str) -> "AgentPoolRecord":
        """Return it without a workspace or a project."""
        return evolve(
            self,
            allowed_workspace_ids=_without(self.allowed_workspace_ids, id),
            allowed_project_ids=_without(self.allowed_project_ids, id),
            excluded_workspace_ids=_without(self.excluded_workspace_ids, id),
        )


@frozen(kw_only=True)
class SSHKeyRecord:
    """A private key with which plans fetch modules."""

    id: str
    name: str
    organization_id: str = HOME_ORGANIZATION_ID
    value: str = field(default="", repr=False)


@frozen(kw_only=True)
class VariableSetRecord:
    """Variables that many workspaces share."""

    id: str
    name: str = ""
    organization_id: str = HOME_ORGANIZATION_ID
    description: str = ""
    is_global: bool = False
    has_priority: bool = False
    """Whether its variables win over all others."""

    workspace_ids: tuple[str, ...] = ()
    project_ids: tuple[str, ...] = ()
    parent_project_id: str | None = None
    """The project that owns it, if not the organization does."""

    updated_at: str = ""

    def with_more(
        self, workspace_ids: tuple[str, ...] = (), project_ids: tuple[str, ...] = ()
    ) -> "VariableSetRecord":
        """Return it attached to more workspaces and projects."""
        return evolve(
            self,
            workspace_ids=tuple(dict.fromkeys((*self.workspace_ids, *workspace_ids))),
            project_ids=tuple(dict.fromkeys((*self.project_ids, *project_ids))),
        )

    def without(self, id: str) -> "VariableSetRecord":
        """Return it detached from a workspace or a project."""
        return evolve(
            self,
            workspace_ids=_without(self.workspace_ids, id),
            project_ids=_without(self.project_ids, id),
        )


def new_organization(name: str) -> OrganizationRecord:
    """Return an organization that is not stored yet, with the id of its default project."""
    return OrganizationRecord(
        id=make_id("org"),
        name=name,
        created_at=now_text(),
        default_project_id=make_id("prj"),
    )


def new_default_project(organization: OrganizationRecord) -> ProjectRecord:
    """Return the project of workspaces that are not in another one."""
    return ProjectRecord(
        id=organization.default_project_id,
        name="Default Project",
        created_at=now_text(),
        organization_id=organization.id,
    )


def _without(ids: tuple[str, ...], id: str) -> tuple[str, ...]:
    return tuple(kept for kept in ids if kept != id)
