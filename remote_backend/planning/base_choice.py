"""What the plans of a batch are compared with, as a caller wishes it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from attrs import field, frozen

from remote_backend.models.outcome import Outcome
from remote_backend.models.planned_place import ConfigurationPlace
from remote_backend.models.run import require_version

__all__ = ("BaseChoice", "ReferenceBase", "StoredBase", "VersionBase")


@frozen
class ReferenceBase:
    """The configuration of a commit: each workspace has a second run, which plans it."""

    reference: str | None = None
    """A git reference stands for its merge base with HEAD, a full id for that commit; None for what
    GitHub, GitLab or `origin/HEAD` name."""


@frozen
class VersionBase:
    """The same configuration with another version of Terraform: a second run plans it.

    Raises `RunOptionsError` for a version that is not exact.
    """

    version: str | None = field(default=None, validator=require_version)
    """None for the version in the settings of each workspace."""


@frozen(kw_only=True)
class StoredBase:
    """Plans that were made earlier: no second run is made."""

    outcomes: Mapping[str, Outcome] = field(repr=False)
    """By any names: a plan is found again by its remote workspace, and one that is missing is new."""

    name: str
    """For people: `a report of 2026-11-26T14:02:10Z`."""

    time: str | None = None
    """When they were made (ISO 8601)."""

    hostname: str = ""
    organization: str = ""
    mapping: str = ""
    """Of which workspaces: `net-*`; empty where it is not known."""

    configurations: tuple[ConfigurationPlace, ...] = ()
    """Where the workspaces of several configurations are; empty for plans of one."""

    file: Path | None = None
    """The report that they were read from, for the journal; None where there is no file."""


BaseChoice: TypeAlias = ReferenceBase | VersionBase | StoredBase
