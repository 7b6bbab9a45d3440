"""Why a batch plans these workspaces, where a change has selected them."""

from collections.abc import Mapping

from attrs import field, frozen

__all__ = ("Selection",)


@frozen(kw_only=True)
class Selection:
    """The workspaces that a change touches, with reasons, and those that it does not touch."""

    base: str
    """What the change is counted from: `main, 1a2b3c4`."""

    reasons: Mapping[str, tuple[str, ...]] = field(factory=dict, repr=False)
    """Why each workspace is planned, by local name."""

    not_touched: tuple[str, ...] = ()
    """Local names of workspaces that could have been planned."""

    deleted: tuple[str, ...] = ()
    """Local names of workspaces whose configuration the change has deleted; none is planned."""

    warnings: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """How much the change touches: `the change since main, 1a2b3c4 touches 3 of 160 ...`."""
        count, total = len(self.reasons), len(self.reasons) + len(self.not_touched)
        number = str(count) if count else "none"
        noun = "workspace" if total == 1 else "workspaces"
        return f"the change since {self.base} touches {number} of {total} {noun}"
