"""What a plan would change, in values whose secrets are masked."""

from attrs import frozen

from remote_backend.models.plan import Counts

__all__ = (
    "AttributeChange",
    "Diagnostic",
    "OutputChange",
    "PlannedChanges",
    "ResourceChange",
)


@frozen(kw_only=True)
class AttributeChange:
    """One attribute of a resource, before and after, as texts for people."""

    path: str
    before: str | None = None
    """None where there is no value."""

    after: str | None = None
    replaces: bool = False
    """Whether the resource is replaced because of it."""


@frozen(kw_only=True)
class ResourceChange:
    """What happens to one resource."""

    address: str
    action: str
    """`create`, `update`, `delete`, `replace`, `read`, `forget`, `move`, `import`, and of
    what happened outside: `drift` (changed) or `gone` (deleted)."""

    type: str = ""
    previous_address: str | None = None
    imported_id: str | None = None
    reason: str | None = None
    attributes: tuple[AttributeChange, ...] = ()


@frozen(kw_only=True)
class OutputChange:
    """What happens to one output."""

    name: str
    action: str
    before: str | None = None
    after: str | None = None


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
        """The whole of it in one line."""
        where = ", ".join(one for one in (self.address, self.place) if one)
        told = f"{self.severity}: {self.summary}" + (f" ({where})" if where else "")
        return " ".join(f"{told}: {self.detail}".split() if self.detail else told.split())


@frozen(kw_only=True)
class PlannedChanges:
    """All that a plan would change, and what the engine said beside it."""

    resources: tuple[ResourceChange, ...] = ()
    outputs: tuple[OutputChange, ...] = ()
    drift: tuple[ResourceChange, ...] = ()
    deferred: tuple[ResourceChange, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def counts(self) -> Counts:
        """The numbers of the plan, as Terraform counts them."""
        actions = [one.action for one in self.resources]
        replaced = actions.count("replace")
        return Counts(
            add=actions.count("create") + replaced,
            change=actions.count("update"),
            destroy=actions.count("delete") + replaced,
            imported=sum(one.imported_id is not None for one in self.resources),
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not (self.resources or self.outputs or self.drift or self.deferred)
