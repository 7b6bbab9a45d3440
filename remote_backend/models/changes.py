"""What a plan would change, with whole values and true paths, and without secrets."""

from collections.abc import Mapping
from enum import StrEnum

from attrs import field, frozen

from remote_backend.models.plan import Counts
from remote_backend.models.values import ABSENT, Path, Value

__all__ = (
    "REPLACEMENTS",
    "Action",
    "ActionInvocation",
    "AttributeChange",
    "CheckResult",
    "Diagnostic",
    "OutputChange",
    "PlannedChanges",
    "ResourceChange",
)


class Action(StrEnum):
    """What happens to an object; each member equals its text, as JSON reports have it."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    REPLACE = "replace"
    """The old object is deleted first."""

    REPLACE_CREATE_FIRST = "replace_create_first"
    CREATE_THEN_FORGET = "create_then_forget"
    FORGET = "forget"
    READ = "read"
    MOVE = "move"
    IMPORT = "import"
    NO_OP = "no-op"
    """Only of a deferred change."""

    DRIFT = "drift"
    """The object was changed outside of Terraform."""

    GONE = "gone"
    """The object was deleted outside of Terraform."""


def _known_action(word: str) -> Action | str:
    # An action of a later Terraform keeps its own word.
    return Action(word) if word in _WORDS else word


_WORDS = frozenset(Action)

REPLACEMENTS = (Action.REPLACE, Action.REPLACE_CREATE_FIRST, Action.CREATE_THEN_FORGET)
"""The actions that make a new object in the place of an old one."""


@frozen(kw_only=True)
class AttributeChange:
    """One part of a resource or an output that changes.

    Where an element is put into a list or taken out of it, the other elements are not listed:
    an element that goes has its old index, every other one its new index.
    """

    path: Path
    """From the root of the resource or the output; empty for an output as a whole."""

    before: Value = ABSENT
    after: Value = ABSENT
    """Both can be sensitive: then all that is known is that they are not the same."""

    replaces: bool = False
    """Whether the resource is replaced because of it. Then both sides can be equal."""

    sensitivity: str | None = None
    """`added` or `removed` if the value is the same, and only its mark as sensitive changes."""

    base: Value | None = None
    """What the value would be by the plan of a base that this one is compared with; None where
    there is no comparison."""


@frozen(kw_only=True)
class ResourceChange:
    """What happens to one resource."""

    address: str
    """Without the deposed key."""

    action: Action | str = field(converter=_known_action)
    """The words of a later Terraform are kept as text, joined by `+`."""

    type: str = ""
    deposed: str | None = None
    """The key of an old object that a replacement has left behind."""

    previous_address: str | None = None
    imported_id: str | None = None
    imported_identity: Value | None = None
    """The identity by which it is imported; unknown if even that is known later only."""

    action_reason: str | None = None
    """Why Terraform chose the action, in its own word: `replace_because_cannot_update`."""

    deferred_reason: str | None = None
    """Why a later plan has to decide, in Terraform's own word: `provider_config_unknown`."""

    generated_config: str | None = field(default=None, repr=False)
    """The configuration that was generated for an import block; Terraform leaves secrets out of it."""

    attributes: tuple[AttributeChange, ...] = ()
    is_unrelated: bool | None = None
    """True of a change from outside that nothing in the plan depends on."""

    @property
    def is_import(self) -> bool:
        """Whether an object that exists already is imported."""
        return self.imported_id is not None or self.imported_identity is not None

    @property
    def is_replacement(self) -> bool:
        """Whether a new object takes the place of an old one."""
        return self.action in REPLACEMENTS


@frozen(kw_only=True)
class OutputChange:
    """What happens to one output."""

    name: str
    action: Action | str = field(converter=_known_action)
    before: Value = ABSENT
    after: Value = ABSENT
    attributes: tuple[AttributeChange, ...] = ()
    """The parts that change; one with an empty path if all of it does."""


@frozen(kw_only=True)
class ActionInvocation:
    """An action that a provider carries out: https://developer.hashicorp.com/terraform/language/block/action."""

    address: str
    type: str = ""
    trigger_address: str | None = None
    """The resource whose change triggers it; None if it was called by itself."""

    trigger_event: str | None = None
    """As `AfterCreate`, in Terraform's own word."""

    configuration: Value = ABSENT
    deferred_reason: str | None = None


@frozen(kw_only=True)
class CheckResult:
    """What became of the conditions of one check, resource, output or variable."""

    address: str
    kind: str
    """`check`, `resource`, `output_value` or `input_variable`."""

    status: str
    """`pass`, `fail`, `error` or `unknown`."""

    problems: tuple[str, ...] = ()


@frozen(kw_only=True)
class Diagnostic:
    """A warning or an error that the engine gave with a plan."""

    severity: str
    """`error` or `warning`."""

    summary: str
    detail: str = ""
    address: str | None = None
    place: str | None = None
    """File and line in the configuration, as `main.tf:12`."""

    @property
    def text(self) -> str:
        """The whole diagnostic in one line."""
        where = ", ".join(part for part in (self.address, self.place) if part)
        text = f"{self.severity}: {self.summary}" + (f" ({where})" if where else "")
        return " ".join(f"{text}: {self.detail}".split() if self.detail else text.split())


@frozen(kw_only=True)
class PlannedChanges:
    """All that a plan would change, and what the engine reported with it."""

    resources: tuple[ResourceChange, ...] = ()
    """What would happen to resources, those without changes left out."""

    outputs: tuple[OutputChange, ...] = ()
    """Outputs that would change."""

    drift: tuple[ResourceChange, ...] = ()
    """What has changed outside of Terraform since the last apply."""

    deferred: tuple[ResourceChange, ...] = ()
    """Changes that the engine leaves for a later plan."""

    actions: tuple[ActionInvocation, ...] = ()
    """Actions of providers that an apply would carry out."""

    checks: tuple[CheckResult, ...] = ()
    """Results of conditions and check blocks."""

    diagnostics: tuple[Diagnostic, ...] = ()
    """Warnings and errors of the engine."""

    not_understood: tuple[str, ...] = ()
    """The parts of the plan that this version does not know, one sentence part for each."""

    timestamp: str | None = None
    """What `plantimestamp()` was in this plan (RFC 3339); None in redacted plans."""

    before_marks: Mapping[tuple[str, str | None], int] = field(
        factory=dict, repr=False, eq=False
    )
    """A hash of the old values of each object, without sensitive ones, by address and deposed
    key; made only for a comparison, and for this process alone."""

    @property
    def related_drift(self) -> tuple[ResourceChange, ...]:
        """The changes from outside that the plan depends on, or that may be news by themselves."""
        return tuple(change for change in self.drift if not change.is_unrelated)

    @property
    def counts(self) -> Counts:
        """The numbers of the plan, as Terraform counts them."""
        actions = [change.action for change in self.resources]
        created = sum(action in REPLACEMENTS for action in actions)
        # A forgotten object stays in the world, so nothing is destroyed.
        destroyed = created - actions.count(Action.CREATE_THEN_FORGET)
        return Counts(
            add=actions.count(Action.CREATE) + created,
            change=actions.count(Action.UPDATE),
            destroy=actions.count(Action.DELETE) + destroyed,
            imported=sum(change.is_import for change in self.resources),
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not (
            self.resources
            or self.outputs
            or self.drift
            or self.deferred
            or self.actions
            or self.not_understood
        )
