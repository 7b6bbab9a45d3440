"""What judges a plan after it is made: policies, run tasks, cost estimates."""

from attrs import frozen

from remote_backend.models.cost import Cost

__all__ = (
    "CheckReport",
    "CostEstimate",
    "PolicyCheck",
    "PolicyEvaluation",
    "PolicyOutcome",
    "PolicyResult",
    "PolicySetOutcome",
    "TaskResult",
    "TaskStage",
)


@frozen(kw_only=True)
class PolicyCheck:
    """A check of the older kind of policies."""

    id: str
    status: str = "pending"
    scope: str = ""

    @property
    def is_over(self) -> bool:
        """Whether its result is known."""
        return self.status not in ("pending", "queued")


@frozen(kw_only=True)
class TaskResult:
    """The result of a run task."""

    id: str
    status: str = "pending"
    message: str | None = None
    task_name: str = ""
    workspace_task_enforcement_level: str = "advisory"


@frozen(kw_only=True)
class PolicyEvaluation:
    """An evaluation of the newer kind of policies."""

    id: str
    status: str = "pending"
    policy_kind: str = ""


@frozen(kw_only=True)
class PolicyOutcome:
    """What one policy of a set said."""

    policy_name: str = ""
    enforcement_level: str = ""
    status: str = ""
    description: str | None = None
    printed: tuple[str, ...] = ()
    """The lines that the policy printed."""


@frozen(kw_only=True)
class PolicySetOutcome:
    """What the policies of one set said."""

    id: str
    policy_set_name: str = ""
    error: str | None = None
    outcomes: tuple[PolicyOutcome, ...] = ()


@frozen(kw_only=True)
class TaskStage:
    """A stage of a run in which tasks run and policies are evaluated."""

    id: str
    status: str = "pending"
    task_results: tuple[TaskResult, ...] = ()
    policy_evaluations: tuple[PolicyEvaluation, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether its result is known."""
        return self.status not in ("pending", "running")


@frozen(kw_only=True)
class CostEstimate:
    """An estimate of monthly costs; amounts are decimal text, as the server returns them."""

    id: str
    status: str = "pending"
    error_message: str | None = None
    prior_monthly_cost: str | None = None
    proposed_monthly_cost: str | None = None
    delta_monthly_cost: str | None = None


@frozen(kw_only=True)
class PolicyResult:
    """The result of one policy."""

    name: str
    level: str = ""
    """How binding it is, in the server's word: `hard-mandatory`, `mandatory`, `advisory`."""

    status: str = ""
    """`passed`, or what went wrong: `failed`, `errored`."""

    text: str = ""

    @property
    def title(self) -> str:
        """The name, and the level where it is known: `tags (hard-mandatory)`."""
        return f"{self.name} ({self.level})" if self.level else self.name


@frozen(kw_only=True)
class CheckReport:
    """One judgement about a plan, in words for a person."""

    kind: str
    """`policy check`, `policy evaluation`, `run task` or `cost estimate`."""

    name: str
    """What the server calls it."""

    status: str
    """Its status in the words of the server."""

    text: str = ""
    """What it says, in lines; empty when it says nothing."""

    failed: bool = False
    """Whether it is a reason for the plan to fail; advisory results are not."""

    policies: tuple[PolicyResult, ...] = ()
    """The single policies, as far as the server names them."""

    level: str = ""
    """How binding a run task is: `mandatory` or `advisory`; empty for other kinds."""

    cost: Cost | None = None
    """The amounts of a cost estimate; None for other kinds, and while it is not finished."""

    @property
    def is_policy(self) -> bool:
        """Whether it is a judgement of policies."""
        return self.kind in ("policy check", "policy evaluation")

    @property
    def is_task(self) -> bool:
        """Whether it is the result of a run task."""
        return self.kind == "run task"

    @property
    def policy_results(self) -> tuple[PolicyResult, ...]:
        """Its policies, also those that passed; one for all where the server names none."""
        if not self.is_policy:
            return ()
        return self.policies or (
            PolicyResult(name=self.name, status=self.status, text=self.text),
        )

    @property
    def failed_policies(self) -> tuple[PolicyResult, ...]:
        """The policies that are a reason for the plan to fail."""
        if not self.failed:
            return ()
        return tuple(
            policy
            for policy in self.policies
            if policy.status != "passed" and policy.level != "advisory"
        )

    @property
    def failure_titles(self) -> tuple[str, ...]:
        """What failed, in a few words each: `policy tags (hard-mandatory)`."""
        if not self.failed:
            return ()
        if self.is_task:
            # Only mandatory tasks fail a plan.
            return (f"task {self.name} (mandatory)",)
        titles = tuple(f"policy {policy.title}" for policy in self.failed_policies)
        return titles or (f"{self.kind} {self.name} ({self.status})",)
