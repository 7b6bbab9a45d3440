"""Every error the package raises on purpose.

RemoteBackendError
├── SettingsError
│   ├── NoConfigurationFiles
│   ├── NoBackendBlock
│   ├── BadBackendBlock
│   ├── BadHostname
│   └── CredentialsError
├── DiscoveryError
├── SlugError
│   └── ConfigurationChanged
├── EngineError
├── SelectionError
│   └── NoSuchWorkspace
├── RunOptionsError
├── TransportError
├── ApiError
│   ├── NotAuthorized
│   ├── NotFound
│   ├── Conflict
│   └── Rejected
├── UnexpectedAnswer
├── ConfigurationVersionFailed
├── RunRefused
├── RunDiffers
├── PollingFailed
├── NotificationRefused
└── StateError
    ├── AddressError
    ├── StateConflict
    ├── StateLocked
    └── StateUnconfirmed
"""

import os

__all__ = (
    "FINAL_STATUSES",
    "AddressError",
    "ApiError",
    "BadBackendBlock",
    "BadHostname",
    "ConfigurationChanged",
    "ConfigurationVersionFailed",
    "Conflict",
    "CredentialsError",
    "DiscoveryError",
    "EngineError",
    "NoBackendBlock",
    "NoConfigurationFiles",
    "NoSuchWorkspace",
    "NotAuthorized",
    "NotFound",
    "NotificationRefused",
    "PollingFailed",
    "Rejected",
    "RemoteBackendError",
    "RunOptionsError",
    "RunDiffers",
    "RunRefused",
    "SelectionError",
    "SettingsError",
    "SlugError",
    "StateConflict",
    "StateError",
    "StateLocked",
    "StateUnconfirmed",
    "TransportError",
    "UnexpectedAnswer",
    "may_have_happened",
    "text_of",
)


# 5xx that say that the server will never do this: not implemented, wrong version of HTTP, and
# the page of a network that wants a login first (RFC 9110, section 15.6, and RFC 6585).
FINAL_STATUSES = frozenset({501, 505, 511})


class RemoteBackendError(Exception):
    """The family of all errors raised on purpose; its text is fit for a person."""

    warnings: tuple[str, ...] = ()
    """What was found before and may be the cause; to be shown before the error."""


class SettingsError(RemoteBackendError):
    """A file or variable that holds settings cannot be used as it is."""


class NoConfigurationFiles(SettingsError):
    """The directory holds no Terraform configuration."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        super().__init__(
            f"{os.path.abspath(directory)} holds no Terraform configuration (*.tf, *.tf.json); "
            "run the command in the directory of the configuration, or use -chdir=DIR"
        )


class NoBackendBlock(SettingsError):
    """The configuration names no remote backend."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        super().__init__(
            f'the configuration in {os.path.abspath(directory)} has no backend "remote" block (and no cloud '
            'block); add terraform { backend "remote" { ... } } with organization and workspaces'
        )


class BadBackendBlock(SettingsError):
    """A backend block, or one argument of it, is wrong; file and line say where."""

    def __init__(self, path: str, line: int | None, problem: str) -> None:
        self.path = path
        self.line = line
        self.problem = problem
        where = path if line is None else f"{path}:{line}"
        super().__init__(f"{where}: {problem}")


class BadHostname(SettingsError):
    """A text is not a host name with an optional port."""

    def __init__(self, hostname: str, problem: str) -> None:
        self.hostname = hostname
        super().__init__(f"{hostname!r} is not a host name: {problem}")


class CredentialsError(SettingsError):
    """A token is missing or cannot be sent; its value is never part of the text."""


class DiscoveryError(RemoteBackendError):
    """A host does not say where its API is."""

    def __init__(self, hostname: str, problem: str) -> None:
        self.hostname = hostname
        super().__init__(f"{hostname}: {problem}")


class SlugError(RemoteBackendError):
    """The configuration cannot be packed; nothing was sent."""


class ConfigurationChanged(SlugError):
    """The configuration is not the one that a resumed batch has begun with."""

    def __init__(self, directory: str, batch: str) -> None:
        self.directory = directory
        self.batch = batch
        super().__init__(
            f"the configuration in {directory} has changed since {batch} began, and a batch "
            "never mixes two of them; bring the earlier files back and resume again, or start "
            "a new batch"
        )


class EngineError(RemoteBackendError):
    """No plan engine can be found or started."""


class SelectionError(RemoteBackendError):
    """The chosen workspaces do not exist, or none is chosen."""


class NoSuchWorkspace(SelectionError):
    """The server has no workspace of a name, or the token may not see it."""


class RunOptionsError(RemoteBackendError):
    """Options of a plan contradict each other or cannot be sent."""


class TransportError(RemoteBackendError):
    """An exchange did not take place, or its answer was lost.

    `may_have_happened` is False where nothing was sent; `is_permanent` is True where another
    attempt would end in the same way.
    """

    def __init__(
        self,
        method: str,
        where: str,
        problem: str,
        *,
        may_have_happened: bool,
        is_permanent: bool = False,
    ) -> None:
        self.method = method
        self.where = where
        self.problem = problem
        self.may_have_happened = may_have_happened
        self.is_permanent = is_permanent
        super().__init__(f"{method} {where}: {problem}")


class ApiError(RemoteBackendError):
    """The server answered with an error; all its problems are in the text."""

    def __init__(
        self,
        status: int,
        method: str,
        where: str,
        problems: tuple[str, ...],
        request_id: str | None = None,
    ) -> None:
        self.status = status
        self.method = method
        self.where = where
        self.problems = problems
        self.request_id = request_id
        """What the server calls the request in its own logs, where it says so."""

        told = "; ".join(problems) if problems else "the answer gives no reason"
        id = f" (request {request_id})" if request_id else ""
        super().__init__(f"{method} {where} was answered with {status}{id}: {told}")


class NotAuthorized(ApiError):
    """401: the token is missing, malformed, expired or revoked."""


class NotFound(ApiError):
    """404 (or 403): it does not exist, or the token may not know that it does."""


class Conflict(ApiError):
    """409 or 412: the thing is in another state than the request needs."""


class Rejected(ApiError):
    """400, 413 or 422: the request itself is not acceptable."""


def may_have_happened(error: Exception) -> bool:
    """Say whether a request that ended with an error may have had its effect all the same."""
    if isinstance(error, TransportError):
        return error.may_have_happened
    if isinstance(error, UnexpectedAnswer):
        return True
    if not isinstance(error, ApiError) or error.status in FINAL_STATUSES:
        return False
    return error.status >= 500 or error.status in (408, 425)


def text_of(error: Exception) -> str:
    """Return what went wrong; unexpected errors can hold values, so only their type is named."""
    return str(error) if isinstance(error, RemoteBackendError) else type(error).__name__


class UnexpectedAnswer(RemoteBackendError):
    """The server answered with something that is not a document of this API."""


class ConfigurationVersionFailed(RemoteBackendError):
    """The server could not use an uploaded configuration."""

    def __init__(
        self, configuration_version: str, status: str, message: str | None
    ) -> None:
        self.configuration_version = configuration_version
        self.status = status
        super().__init__(
            f"the server could not use the configuration ({configuration_version} is {status}): "
            f"{message or 'it gives no reason'}"
        )


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
}


class RunRefused(RemoteBackendError):
    """A run may not be made in this workspace."""


class PollingFailed(RemoteBackendError):
    """A run could not be followed to its end; what became of it is not known."""

    def __init__(self, run_id: str, status: str, problem: str) -> None:
        self.run_id = run_id
        self.status = status
        super().__init__(f"{run_id} was last seen {status}: {problem}")


class NotificationRefused(RemoteBackendError):
    """A notification was not signed by who may send it."""


class StateError(RemoteBackendError):
    """A state cannot be used as it is, or not be stored."""


class AddressError(StateError):
    """An address is none, or names nothing in a state."""

    def __init__(self, address: str, problem: str) -> None:
        self.address = address
        super().__init__(f"{address}: {problem}")


class StateConflict(StateError):
    """Another state was stored meanwhile, or one of another lineage is there."""


class StateLocked(StateError):
    """Someone else holds the lock of a workspace."""


class StateUnconfirmed(StateError):
    """Nobody knows whether a state was stored; its bytes are part of the error.

    `lock_id` is ORGANIZATION/WORKSPACE where the workspace was left locked, or empty.
    """

    def __init__(
        self, workspace: str, problem: str, state: bytes, *, lock_id: str = ""
    ) -> None:
        self.workspace = workspace
        self.problem = problem
        self.state = state
        self.lock_id = lock_id
        kept = (
            f"; the workspace stays locked, `remote-backend force-unlock {lock_id}` takes the "
            "lock away"
        )
        super().__init__(
            f"the state of {workspace} may not have been stored: {problem}"
            + (kept if lock_id else "")
        )
