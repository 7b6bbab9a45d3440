"""Errors of runs: of the workspaces and options that are chosen, and of what the server does with them."""

from remote_backend.errors.root import RemoteBackendError

__all__ = (
    "NoBatches",
    "NoSuchWorkspace",
    "NoWorkspaceSelected",
    "NoWorkspaces",
    "NotificationRefused",
    "PollingFailed",
    "RunDiffers",
    "RunOptionsError",
    "RunRefused",
    "SelectionError",
    "VariableWithoutValue",
    "VariablesDiffer",
    "WorkspaceManagesResources",
)


class SelectionError(RemoteBackendError):
    """The selected workspaces do not exist, or none is selected."""


class NoBatches(SelectionError):
    """No batch was begun on this machine yet."""


class NoWorkspaceSelected(SelectionError):
    """No workspace was named, and several could be meant."""


class NoSuchWorkspace(SelectionError):
    """The server has no workspace of a name, or the token may not see it.

    `missing_name` is set when a workspace of this local name may be created.
    """

    def __init__(self, text: str, *, missing_name: str = "") -> None:
        self.missing_name = missing_name
        super().__init__(text)


class NoWorkspaces(NoSuchWorkspace):
    """The server has no workspace with the prefix of the configuration."""


class WorkspaceManagesResources(SelectionError):
    """A workspace is not deleted, because its state still manages resources."""


class RunOptionsError(RemoteBackendError):
    """Options of a plan contradict each other or cannot be sent."""


class VariableWithoutValue(RunOptionsError):
    """A text that sets a variable has no equals sign."""


class VariablesDiffer(RunOptionsError):
    """A batch cannot be resumed, because other variables are given than it was planned with."""


class RunDiffers(RemoteBackendError):
    """The server made another run than the one that was requested."""

    def __init__(self, run_id: str, options: tuple[str, ...]) -> None:
        self.run_id = run_id
        self.options = options
        """Names of the options that differ, in the spelling of `PlanOptions`; `plan_only` too."""

        texts = [_RUN_DIFFERENCES.get(name, f"it ignored {name}") for name in options]
        super().__init__(
            f"the server made another run than was requested: {'; '.join(texts)}; "
            f"the plan of {run_id} is not used"
        )


_RUN_DIFFERENCES = {
    "plan_only": "it is not plan-only, so it might have been applied",
    "destroy": "it ignored destroy",
    "refresh_only": "it ignored refresh-only",
    "variables": "it ignored run variables",
    "terraform_version": "it ignored terraform-version",
    "generate_config": "it ignored allow-config-generation",
}


class RunRefused(RemoteBackendError):
    """The workspace does not allow a run."""


class PollingFailed(RemoteBackendError):
    """A run could not be followed to its end, so its result is unknown."""

    def __init__(self, run_id: str, status: str, problem: str) -> None:
        self.run_id = run_id
        self.status = status
        super().__init__(f"{run_id} was last seen {status}: {problem}")


class NotificationRefused(RemoteBackendError):
    """The signature of a notification does not match the secret."""
