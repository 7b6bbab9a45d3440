"""Where the workspaces of a batch are."""

from attrs import frozen

__all__ = ("ConfigurationPlace", "PlannedPlace", "configurations_text")


@frozen(kw_only=True)
class ConfigurationPlace:
    """Where the workspaces of one of several configurations are."""

    name: str
    """Its directory, relative to the top of the repository."""

    hostname: str | None = None
    """The host of the server; None for a configuration that cannot be read."""

    organization: str | None = None
    mapping: str | None = None
    """Which remote workspaces it names: `net-*`."""


@frozen(kw_only=True)
class PlannedPlace:
    """Where the workspaces of a batch are, in words for people and programs."""

    hostname: str
    organization: str
    mapping: str
    """Which remote workspaces are named, as `net-*`; of several configurations the arguments."""

    configurations: tuple[ConfigurationPlace, ...] = ()
    """Those of a batch of several; empty for the one of all other batches."""

    @property
    def heading(self) -> str:
        """What is planned, in a few words: `acme/net-*`, or `3 configurations`."""
        if self.configurations:
            return configurations_text(len(self.configurations))
        return f"{self.organization}/{self.mapping}"


def configurations_text(count: int) -> str:
    """Return a number of configurations in words."""
    return "1 configuration" if count == 1 else f"{count} configurations"
