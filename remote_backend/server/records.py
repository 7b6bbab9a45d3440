"""What the embedded server keeps: its own records of the things clients talk about."""

from typing import Any

from attrs import field, frozen

from remote_backend.engine.judgement import SimulatedCost, SimulatedPolicy
from remote_backend.models.plan import Counts
from remote_backend.server.ids import make_id, now_text
from remote_backend.server.organization_records import (
    DEFAULT_PROJECT_ID,
    HOME_ORGANIZATION_ID,
    OrganizationRecord,
)

__all__ = (
    "OWNER",
    "FINAL_RUN_STATUSES",
    "CommentRecord",
    "ConfigurationVersionRecord",
    "RunRecord",
    "RunTriggerRecord",
    "StateVersionRecord",
    "UserRecord",
    "VariableRecord",
    "WorkspaceRecord",
    "new_variable",
    "new_workspace",
)


OWNER = "owner"
"""The name of the user whose token the server was started with."""

FINAL_RUN_STATUSES = frozenset(
    {"planned_and_finished", "policy_soft_failed", "errored", "canceled", "discarded"}
)


@frozen(kw_only=True)
class UserRecord:
    """Someone who may use the server; of the token only the digest is kept."""

    id: str
    name: str
    token_digest: str = field(repr=False)
    username: str = ""
    """What the user is called, if not by the name; it may change, and the name may not."""

    email: str = ""
    created_at: str = ""
    revoked_at: str = ""

    @property
    def shown_name(self) -> str:
        """The name that others see."""
        return self.username or self.name


@frozen(kw_only=True)
class WorkspaceRecord:
    """A workspace of an organization."""

    id: str
    name: str
    created_at: str
    organization_id: str = HOME_ORGANIZATION_ID
    description: str | None = None
    working_directory: str = ""
    terraform_version: str = "latest"
    execution_mode: str = "remote"
    inherits_execution_mode: bool = False
    """Whether mode and pool are those of its project instead."""

    agent_pool_id: str | None = None
    """The pool of the mode `agent`; None in all other modes."""

    ssh_key_id: str | None = None
    """The key with which its plans fetch modules."""

    auto_apply: bool = False
    locked_by: str | None = None
    """Id of the user who holds the lock."""

    locked_reason: str = ""
    locked_at: str = ""
    updated_at: str = ""
    tag_names: tuple[str, ...] = ()
    tag_bindings: dict[str, str] = field(factory=dict)
    project_id: str = DEFAULT_PROJECT_ID
    remote_state_consumer_ids: tuple[str, ...] = ()
    kept_attributes: dict[str, Any] = field(factory=dict)
    """Attributes that are answered as they were sent and change nothing here, by their names
    in the API."""


@frozen(kw_only=True)
class RunTriggerRecord:
    """A wish to plan a workspace after each apply in another one, the source."""

    id: str
    workspace_id: str
    source_id: str
    created_at: str


@frozen(kw_only=True)
class VariableRecord:
    """A variable of a workspace or of a variable set."""

    id: str
    owner_id: str
    """Id of the workspace or of the variable set."""

    key: str
    value: str = field(default="", repr=False)
    category: str = "terraform"
    """`terraform` or `env`."""

    hcl: bool = False
    sensitive: bool = False
    description: str = ""
    created_at: str = ""
    version_id: str = ""
    """Changes with each change of the variable."""


@frozen(kw_only=True)
class ConfigurationVersionRecord:
    """A configuration version."""

    id: str
    workspace_id: str
    created_at: str
    status: str = "pending"
    created_by: str = ""
    speculative: bool = False
    auto_queue_runs: bool = True
    provisional: bool = False
    error: str | None = None
    error_message: str | None = None
    times: dict[str, str] = field(factory=dict)
    """When each status was reached."""


@frozen(kw_only=True)
class RunRecord:
    """A plan-only run and its plan, which share one life."""

    id: str
    workspace_id: str
    configuration_version_id: str
    created_at: str
    created_by: str
    organization_id: str = HOME_ORGANIZATION_ID
    """That of its workspace."""

    status: str = "pending"
    plan_status: str = "pending"
    message: str = ""
    is_from_upload: bool = False
    """Whether the upload of its configuration queued it."""

    is_destroy: bool = False
    refresh: bool = True
    refresh_only: bool = False
    auto_apply: bool = False
    """Answered as it was sent, like the next two: nothing is ever applied here."""

    allow_empty_apply: bool = False
    save_plan: bool = False
    allow_config_generation: bool = False
    target_addrs: tuple[str, ...] = ()
    replace_addrs: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    terraform_version: str | None = None
    """The version that plans it, or planned it."""

    requested_version: str | None = None
    """The version that its request named, if it named one."""

    input_state_version_id: str | None = None
    """The state that its plan began with; None before that, and without a state."""

    hostname: str = ""
    """The name of the server in its request, by which its configuration may call the server too."""

    has_changes: bool = False
    counts: Counts | None = None
    times: dict[str, str] = field(factory=dict)
    plan_times: dict[str, str] = field(factory=dict)
    policies: tuple[SimulatedPolicy, ...] = ()
    cost: SimulatedCost | None = None
    canceled_by: str = ""
    """Id of the user who canceled or discarded it."""

    batch_id: str = ""
    """The batch that its message names; empty for a run of no batch."""

    @property
    def is_over(self) -> bool:
        """Whether it will never change again."""
        return self.status in FINAL_RUN_STATUSES

    @property
    def plan_id(self) -> str:
        """The id of its plan."""
        return "plan-" + self.id.removeprefix("run-")

    @property
    def apply_id(self) -> str:
        """The id of its apply, which is never reached."""
        return "apply-" + self.id.removeprefix("run-")

    @property
    def cost_estimate_id(self) -> str:
        """The id of its cost estimate, where there is one."""
        return "ce-" + self.id.removeprefix("run-")

    @property
    def policy_check_id(self) -> str:
        """The id of its policy check, where there are policies."""
        return "polchk-" + self.id.removeprefix("run-")

    @property
    def policy_status(self) -> str:
        """What its policies come to: `passed`, `soft_failed` or `hard_failed`."""
        failed = {policy.level for policy in self.policies if not policy.passed}
        if "hard-mandatory" in failed:
            return "hard_failed"
        return "soft_failed" if "soft-mandatory" in failed else "passed"


@frozen(kw_only=True)
class CommentRecord:
    """A comment on a run."""

    id: str
    run_id: str
    body: str
    created_at: str
    created_by: str


@frozen(kw_only=True)
class StateVersionRecord:
    """A stored state, or one whose bytes are still to come."""

    id: str
    workspace_id: str
    serial: int
    md5: str
    created_at: str
    created_by: str
    lineage: str = ""
    status: str = "pending"
    size: int = 0
    terraform_version: str | None = None
    state_format: int | None = None
    resource_count: int = 0
    output_names: tuple[str, ...] | None = None
    """None in data directories from before outputs were counted."""

    run_id: str | None = None


def new_workspace(name: str, organization: OrganizationRecord) -> WorkspaceRecord:
    """Return a workspace that is not stored yet."""
    return WorkspaceRecord(
        id=make_id("ws"),
        name=name,
        created_at=now_text(),
        organization_id=organization.id,
        project_id=organization.default_project_id,
        inherits_execution_mode=True,
    )


def new_variable(owner_id: str, key: str) -> VariableRecord:
    """Return a variable that is not stored yet."""
    return VariableRecord(
        id=make_id("var"), owner_id=owner_id, key=key, created_at=now_text()
    )
