"""Why a batch plans these workspaces, where a change has selected them."""

from collections.abc import Mapping, Sequence

from attrs import evolve, field, frozen

__all__ = ("Selection", "joined")


@frozen(kw_only=True)
class Selection:
    """The workspaces that a change touches, with reasons, and those that it does not touch."""

    base: str = ""
    """What the change is counted from: `main, 1a2b3c4`."""

    reasons: Mapping[str, tuple[str, ...]] = field(factory=dict, repr=False)
    """Why each workspace is planned, by local name."""

    not_touched: tuple[str, ...] = ()
    """Local names of workspaces that could have been planned."""

    deleted: tuple[str, ...] = ()
    """Local names of workspaces whose configuration the change has deleted; none is planned."""

    warnings: tuple[str, ...] = ()

    @property
    def everyone(self) -> tuple[str, ...]:
        """All local names."""
        return (*self.reasons, *self.deleted, *self.not_touched)

    @property
    def groups(self) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
        """The reasons that some workspaces share, with the names of these; large groups first."""
        names: dict[tuple[str, ...], list[str]] = {}
        for name, reasons in self.reasons.items():
            names.setdefault(reasons, []).append(name)
        ordered = sorted(names.items(), key=lambda item: -len(item[1]))
        return tuple((reasons, tuple(group)) for reasons, group in ordered)

    @property
    def sentence(self) -> str:
        """How much the change touches: `the change since main, 1a2b3c4 touches 3 of 160 ...`."""
        count, total = len(self.reasons), len(self.reasons) + len(self.not_touched)
        number = str(count) if count else "none"
        noun = "workspace" if total == 1 else "workspaces"
        return f"the change since {self.base} touches {number} of {total} {noun}"

    def renamed(self, names: Mapping[str, str]) -> "Selection":
        """Return it with other names for the workspaces."""
        return evolve(
            self,
            reasons={names[name]: reasons for name, reasons in self.reasons.items()},
            not_touched=tuple(names[name] for name in self.not_touched),
            deleted=tuple(names[name] for name in self.deleted),
        )


def joined(selections: Sequence[Selection]) -> Selection:
    """Return several selections as one; with several repositories the change has several bases."""
    bases = dict.fromkeys(each.base for each in selections if each.base)
    return Selection(
        base=" and ".join(bases),
        reasons={name: own for each in selections for name, own in each.reasons.items()},
        not_touched=tuple(name for each in selections for name in each.not_touched),
        deleted=tuple(name for each in selections for name in each.deleted),
        warnings=tuple(
            dict.fromkeys(text for each in selections for text in each.warnings)
        ),
    )
