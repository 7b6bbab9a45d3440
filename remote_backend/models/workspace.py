"""Workspaces as the server describes them."""

from attrs import frozen

__all__ = ("WorkspaceMapping", "ByName", "Permissions", "ByPrefix", "ByTags", "Workspace")


@frozen
class ByName:
    """One remote workspace, called `default` locally."""

    name: str

    def __str__(self) -> str:
        return self.name


@frozen
class ByPrefix:
    """All remote workspaces whose names begin with a prefix."""

    prefix: str

    def __str__(self) -> str:
        return f"{self.prefix}*"


@frozen
class ByTags:
    """All remote workspaces that have some tags; people use their full names."""

    tags: tuple[tuple[str, str], ...]
    """Keys and values; values of plain tags are empty."""

    def __str__(self) -> str:
        return ", ".join(f"{key}={value}" if value else key for key, value in self.tags)


WorkspaceMapping = ByName | ByPrefix | ByTags


@frozen(kw_only=True)
class Permissions:
    """What the token may do with a workspace; None where the server does not say."""

    can_queue_run: bool | None = None
    can_read_state_versions: bool | None = None


@frozen(kw_only=True)
class Workspace:
    """A remote workspace."""

    id: str
    name: str
    working_directory: str = ""
    """Where the configuration lies below the root of the archive; empty for the root."""

    execution_mode: str | None = None
    operations: bool | None = None
    terraform_version: str | None = None
    """A version, a constraint, or `latest`."""

    locked: bool = False
    permissions: Permissions = Permissions()
    current_state_version_id: str | None = None
    locked_by: str | None = None
    """The holder of the lock, like `user ann` or `run run-1`, if the request included it."""

    locked_reason: str | None = None
    project_id: str | None = None
    trigger_patterns: tuple[str, ...] = ()
    """Globs of paths, from the top of the repository, whose changes concern the workspace."""

    trigger_prefixes: tuple[str, ...] = ()
    """Directories, from the top of the repository, whose changes concern the workspace."""

    file_triggers_enabled: bool = True
    """Whether patterns and prefixes count; without them every change concerns the workspace."""

    @property
    def lock_text(self) -> str:
        """Say who holds the lock and why, as far as that is known; empty without a lock."""
        if not self.locked:
            return ""
        reason = f" ({self.locked_reason})" if self.locked_reason else ""
        return f"locked by {self.locked_by or 'someone else'}{reason}"

    @property
    def runs_remotely(self) -> bool:
        """Whether plans of this workspace run on the server."""
        if self.execution_mode is not None:
            return self.execution_mode != "local"
        # Servers without execution modes have the older flag.
        return self.operations is not False
