"""Runs, the meaning of their statuses, and the options of a plan-only run."""

import re
from collections.abc import Iterable
from enum import Enum
from typing import Any

from attrs import Attribute, field, frozen

from remote_backend.errors import RunOptionsError
from remote_backend.models.configuration import USABLE_WITHIN_SECONDS
from remote_backend.models.run_phases import StatusTimes
from remote_backend.models.run_variables import run_variables_of

__all__ = (
    "AWAITING_DECISION",
    "FAILED",
    "MOVING",
    "SUCCEEDED",
    "Phase",
    "PlanOptions",
    "Run",
    "RunActions",
    "RunRequest",
    "RunSettings",
    "WaitLimits",
    "phase_of",
    "require_version",
)

SUCCEEDED = frozenset({"planned_and_finished", "planned_and_saved", "applied"})
FAILED = frozenset(
    {"policy_soft_failed", "errored", "canceled", "force_canceled", "discarded"}
)
AWAITING_DECISION = frozenset(
    {
        "pre_plan_awaiting_decision",
        "post_plan_awaiting_decision",
        "pre_apply_awaiting_decision",
        "policy_override",
        "tf_policy_override",
    }
)
MOVING = frozenset(
    {
        "pending",
        "fetching",
        "fetching_completed",
        "pre_plan_running",
        "pre_plan_completed",
        "queuing",
        "plan_queued",
        "planning",
        "planned",
        "tf_policy_checked",
        "post_plan_running",
        "post_plan_completed",
        "cost_estimating",
        "cost_estimated",
        "policy_checking",
        "policy_checked",
        "confirmed",
        "pre_apply_running",
        "pre_apply_completed",
        "queuing_apply",
        "apply_queued",
        "applying",
        "post_apply_running",
        "post_apply_completed",
        "assessing",
        "assessed",
    }
)


_EXACT_VERSION = re.compile(r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?")
_LOCKED_OUT = frozenset({"pending"})
_NOT_BEGUN = frozenset(
    {
        "pending",
        "fetching",
        "fetching_completed",
        "pre_plan_running",
        "pre_plan_completed",
        "queuing",
        "plan_queued",
    }
)


class Phase(Enum):
    """What a status means to someone who waits for a plan."""

    MOVING = "moving"
    AWAITING_DECISION = "awaiting decision"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


def phase_of(status: str) -> Phase:
    """Say what a run status means; a word nobody knows yet means that the run moves."""
    if status in SUCCEEDED:
        return Phase.SUCCEEDED
    if status in FAILED:
        return Phase.FAILED
    if status in AWAITING_DECISION:
        return Phase.AWAITING_DECISION
    return Phase.MOVING


@frozen(kw_only=True)
class RunActions:
    """What may be done to a run now; None where the server does not say."""

    is_cancelable: bool | None = None
    is_discardable: bool | None = None


@frozen(kw_only=True)
class RunSettings:
    """What a run does by its own account; None where the server does not say."""

    plan_only: bool | None = None
    destroy: bool | None = None
    refresh: bool | None = None
    refresh_only: bool | None = None
    targets: tuple[str, ...] | None = None
    replace: tuple[str, ...] | None = None
    terraform_version: str | None = None
    generate_config: bool | None = None
    variable_names: tuple[str, ...] | None = None
    """Without the values, which may be secrets."""


@frozen(kw_only=True)
class Run:
    """A run as the server last described it, with the attributes and relations of the API."""

    id: str
    status: str
    message: str | None = None
    has_changes: bool = False
    settings: RunSettings = RunSettings()
    actions: RunActions = RunActions()
    workspace_id: str | None = None
    configuration_version_id: str | None = None
    plan_id: str | None = None
    cost_estimate_id: str | None = None
    policy_check_ids: tuple[str, ...] = ()
    task_stage_ids: tuple[str, ...] = ()
    planned_between: tuple[str, str] | None = None
    """When its plan began and ended, by the clock of the server; None until both are known."""

    input_state_version_id: str | None = None
    """The state that it plans from; None where the server does not say."""
    status_times: StatusTimes | None = field(default=None, eq=False, repr=False)

    @property
    def phase(self) -> Phase:
        """What the status means to someone who waits for the plan."""
        return phase_of(self.status)

    @property
    def is_over(self) -> bool:
        """Whether nobody needs to wait for it any more."""
        return self.phase is not Phase.MOVING

    @property
    def may_have_begun(self) -> bool:
        """Whether its plan may have begun, as it may in a status that nobody knows yet."""
        return self.status not in _NOT_BEGUN


def _addresses(addresses: Iterable[str]) -> tuple[str, ...]:
    # A text is a list of letters too, and each letter would be an address.
    texts = (addresses,) if isinstance(addresses, str) else tuple(addresses)
    if isinstance(addresses, str) or not all(isinstance(text, str) for text in texts):
        raise RunOptionsError(
            f"targets and replace take lists of addresses, not {addresses!r}",
            parameters=("targets", "replace"),
        )
    return texts


def _require_flag(
    options: "PlanOptions", attribute: "Attribute[bool]", value: object
) -> None:
    # Text such as "false" would count as true.
    if not isinstance(value, bool):
        raise RunOptionsError(
            f"{attribute.name} must be True or False, not {value!r}",
            parameters=(attribute.name,),
        )


def require_version(options: object, attribute: Any, version: str | None) -> None:
    """Raise `RunOptionsError` unless an attribute is None or an exact version of Terraform.

    It is a validator of attrs. `Attribute[...]` is not subscriptable at run time, so a public
    function that names it would break `typing.get_type_hints`.
    """
    # The API takes exact versions; whether it takes constraints is not documented.
    if version is not None and not _EXACT_VERSION.fullmatch(version):
        raise RunOptionsError(
            f"{attribute.name}={version!r} is not an exact version, such as 1.14.2",
            parameters=(attribute.name,),
        )


@frozen(kw_only=True)
class PlanOptions:
    """The options of a plan, for one workspace or for many.

    Raises `RunOptionsError` for options that contradict each other, and for variables that
    Terraform cannot have.

    ```python
    options = remote_backend.PlanOptions(
        targets=["module.network"], variables={"region": "eu", "zones": ["a", "b"]}
    )
    ```
    """

    targets: tuple[str, ...] = field(default=(), converter=_addresses)
    """Addresses of what to plan, with what it needs; everything without any."""

    replace: tuple[str, ...] = field(default=(), converter=_addresses)
    """Addresses of resources to replace."""

    refresh: bool = field(default=True, validator=_require_flag)
    """Whether the plan compares the state with the real world first."""

    refresh_only: bool = field(default=False, validator=_require_flag)
    """Whether the plan only shows what has changed outside of Terraform."""

    destroy: bool = field(default=False, validator=_require_flag)
    """Whether everything would be destroyed."""

    variables: tuple[tuple[str, str], ...] = field(
        default=(), converter=run_variables_of, repr=False
    )
    """Run variables, given as a mapping of names to Python values.

    The attribute holds names and HCL expressions; such pairs are taken as they are."""

    terraform_version: str | None = field(default=None, validator=require_version)
    """An exact version of Terraform in place of that of each workspace, as `1.14.2`:
    https://developer.hashicorp.com/terraform/cloud-docs/api-docs/run#create-a-run"""

    generate_config: bool = field(default=False, validator=_require_flag)
    """Whether import blocks without a resource have their configuration generated, which the changes
    then hold (Terraform 1.5)."""

    message: str | None = None
    """The message of the runs; None for the default text."""

    refuse_outside_links: bool = field(default=False, validator=_require_flag)
    """Whether a link that leads out of the configuration is an error."""

    def __attrs_post_init__(self) -> None:
        # `terraform plan` refuses the same combinations (seen with 1.11).
        if self.destroy and self.refresh_only:
            raise RunOptionsError(
                "destroy and refresh_only exclude each other; choose one",
                parameters=("destroy", "refresh_only"),
            )
        if self.refresh_only and not self.refresh:
            raise RunOptionsError(
                "refresh_only needs a refresh; leave refresh=False out",
                parameters=("refresh_only", "refresh=False"),
            )
        mode = "refresh_only" if self.refresh_only else "destroy"
        if self.replace and (self.refresh_only or self.destroy):
            raise RunOptionsError(
                f"{mode} replaces nothing; leave replace out",
                parameters=(mode, "replace"),
            )


@frozen(kw_only=True)
class WaitLimits:
    """How long a run may wait before it is stopped; None for as long as it takes."""

    lock_seconds: float | None = None
    """While the workspace is locked or busy with another run (`pending`)."""

    queue_seconds: float | None = None
    """Until its plan begins, whatever it waits for."""

    upload_seconds: float = USABLE_WITHIN_SECONDS
    """How long the server may process an upload before the plan fails."""

    lock_label: str = "lock_seconds"
    queue_label: str = "queue_seconds"
    """How the reason of a stopped run calls the limit, as after a flag that has set it."""

    def all(self) -> tuple[tuple[str, float, frozenset[str]], ...]:
        """Return each limit with its label and the statuses that it ends."""
        limits = (
            (self.lock_label, self.lock_seconds, _LOCKED_OUT),
            (self.queue_label, self.queue_seconds, _NOT_BEGUN),
        )
        return tuple(
            (label, seconds, ends) for label, seconds, ends in limits if seconds is not None
        )


@frozen(kw_only=True)
class RunRequest:
    """The request for a plan-only run."""

    workspace_id: str
    configuration_version_id: str
    options: PlanOptions = PlanOptions()
