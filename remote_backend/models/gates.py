"""Gates: rules about what plans may do, and what came of them in a batch."""

from enum import StrEnum

from attrs import field, frozen

__all__ = ("GateKind", "GateResult", "GateRule", "Gates")


class GateKind(StrEnum):
    """What a rule is about."""

    DESTROY = "destroy"
    """Objects that are destroyed, those that are replaced among them."""

    REPLACE = "replace"
    FORGET = "forget"
    """Objects that stay in the world and leave the state."""

    DRIFT = "drift"
    """Objects that were changed outside of Terraform."""

    OUTPUTS = "outputs"
    ANY = "any"
    """Whatever a plan would change, in objects or outputs."""


@frozen(kw_only=True)
class GateRule:
    """One rule: of what kind no change may be, or may be after all."""

    text: str
    """As it was given: `destroy:*aws_db_instance.*`."""

    kind: GateKind
    pattern: str = "*"
    """For whole addresses, or names of outputs. `*` is any text, `?` one character."""

    most: int = 0
    """How many such changes the whole batch may have."""


@frozen(kw_only=True)
class Gates:
    """The rules of a batch."""

    rules: tuple[GateRule, ...] = ()
    allowed: tuple[GateRule, ...] = ()
    """What may be done all the same."""

    @property
    def is_about_drift(self) -> bool:
        """Whether plans without changes matter too, since they may have drift."""
        return any(rule.kind is GateKind.DRIFT for rule in self.rules)


@frozen(kw_only=True)
class GateResult:
    """What came of one rule."""

    rule: GateRule
    count: int = 0
    """How many changes it is about, in all workspaces."""

    workspaces: tuple[str, ...] = ()
    """Those that have such changes, by the names of their outcomes."""

    cannot_tell: tuple[str, ...] = field(default=())
    """Those whose plans cannot be read so far that the rule can be judged."""

    @property
    def failed(self) -> bool:
        """Whether the batch must not pass; what cannot be judged does not."""
        return self.count > self.rule.most or bool(self.cannot_tell)
