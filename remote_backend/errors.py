"""Every error that the package raises on purpose.

RemoteBackendError
├── NotEntered
├── SettingsError
│   ├── NoConfigurationFiles
│   ├── NoBackendBlock
│   ├── BadBackendBlock
│   ├── BackendChanged
│   ├── BadBackendRecord
│   ├── BadHostname
│   ├── CredentialsError
│   │   └── NoToken
│   ├── FolderInUse
│   └── PlainTraffic
├── DiscoveryError
├── SlugError
│   └── ConfigurationChanged
├── EngineError
├── GitError
│   ├── BadReference
│   ├── BaseUnknown
│   ├── NoMergeBase
│   └── SubmoduleMissing
├── SelectionError
│   ├── NoBatches
│   ├── NoWorkspaceSelected
│   ├── NoSuchWorkspace
│   │   └── NoWorkspaces
│   └── WorkspaceManagesResources
├── RunOptionsError
│   ├── VariableWithoutValue
│   └── VariablesDiffer
├── TransportError
│   └── PlainHttp
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
    │   └── OtherState
    ├── LockError
    │   └── StateLocked
    │       └── LockedByRun
    ├── MigrationStopped
    ├── NestedTooDeeply
    ├── StateUnreadable
    └── StateUnconfirmed

Texts name parameters of the library; `cli.hints` adds the flags and commands of the command line
from the class and the attributes of an error.
"""

import os

__all__ = (
    "FINAL_STATUSES",
    "AddressError",
    "ApiError",
    "BackendChanged",
    "BadBackendBlock",
    "BadBackendRecord",
    "BadHostname",
    "BadReference",
    "BaseUnknown",
    "ConfigurationChanged",
    "ConfigurationVersionFailed",
    "Conflict",
    "CredentialsError",
    "DiscoveryError",
    "EngineError",
    "FolderInUse",
    "GitError",
    "LockError",
    "LockedByRun",
    "MigrationStopped",
    "NestedTooDeeply",
    "PlainHttp",
    "PlainTraffic",
    "NoBackendBlock",
    "NoBatches",
    "NoConfigurationFiles",
    "NoMergeBase",
    "NoSuchWorkspace",
    "NoToken",
    "NoWorkspaceSelected",
    "NoWorkspaces",
    "NotAuthorized",
    "NotEntered",
    "NotFound",
    "NotificationRefused",
    "OtherState",
    "PollingFailed",
    "Rejected",
    "RemoteBackendError",
    "RunDiffers",
    "RunOptionsError",
    "RunRefused",
    "SelectionError",
    "SettingsError",
    "SlugError",
    "StateConflict",
    "StateError",
    "StateLocked",
    "StateUnconfirmed",
    "StateUnreadable",
    "SubmoduleMissing",
    "TransportError",
    "UnexpectedAnswer",
    "VariableWithoutValue",
    "VariablesDiffer",
    "WorkspaceManagesResources",
    "may_have_happened",
    "text_of",
)


# 5xx that say that the server will never do this: not implemented, wrong version of HTTP, and
# the page of a network that wants a login first (RFC 9110, section 15.6, and RFC 6585).
FINAL_STATUSES = frozenset({501, 505, 511})


class RemoteBackendError(Exception):
    """The base of all errors raised on purpose; its text is a message for users."""

    warnings: tuple[str, ...] = ()
    """Earlier findings that may be the cause; they are printed before the error."""

    def __init__(
        self, text: str, *, advice: str = "", parameters: tuple[str, ...] = ()
    ) -> None:
        self.text = text
        """What is wrong, without the advice."""

        self.advice = advice
        """What to do about it, for a program that calls the library."""

        self.parameters = parameters
        """Parameters that the text names, in the spelling of the library."""

        super().__init__(f"{text}; {advice}" if advice else text)


class NotEntered(RemoteBackendError, AttributeError):
    """Something that exists within an `async with` block was used without one."""

    def __init__(self, usage: str, attempt: str) -> None:
        self.usage = usage
        self.attempt = attempt
        """What was tried: the name of an attribute, or `await`, `async for` or `with`."""

        super().__init__(
            f"{attempt} needs the object that `async with` gives", advice=f"write `{usage}`"
        )


class SettingsError(RemoteBackendError):
    """A file or variable that holds settings cannot be used as it is."""


class NoConfigurationFiles(SettingsError):
    """The directory has no Terraform configuration."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        super().__init__(
            f"{os.path.abspath(directory)} has no Terraform configuration (*.tf, *.tf.json)",
            advice="give the directory of the configuration",
        )


class NoBackendBlock(SettingsError):
    """The configuration has no remote backend."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        super().__init__(
            f'the configuration in {os.path.abspath(directory)} has no backend "remote" block (and no cloud '
            'block); add terraform { backend "remote" { ... } } with organization and workspaces'
        )


class BadBackendBlock(SettingsError):
    """A backend block, or an argument of it, is wrong; the text begins with file and line."""

    def __init__(self, path: str, line: int | None, problem: str) -> None:
        self.path = path
        self.line = line
        self.problem = problem
        where = path if line is None else f"{path}:{line}"
        super().__init__(f"{where}: {problem}")


class BackendChanged(SettingsError):
    """The backend block has changed since the directory was configured for it."""

    def __init__(self, where: str, members: tuple[str, ...] = ()) -> None:
        self.where = where
        self.members = members
        """The members of the block that differ from what was configured."""

        which = f" ({', '.join(members)})" if members else ""
        super().__init__(
            f"{where}: the block has changed since init has configured the directory{which}",
            advice="run `terraform init` there",
        )


class BadBackendRecord(SettingsError):
    """The file that keeps the configured backend cannot be used."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        super().__init__(
            f"{path} cannot be used: {problem}", advice="run `terraform init` there"
        )


class PlainTraffic(SettingsError):
    """A server is to listen beyond this machine, without encryption."""

    def __init__(self, host: str) -> None:
        self.host = host
        super().__init__(
            f"listening on {host} would send tokens and states in clear text over the network",
            advice="serve HTTPS, or allow plain HTTP where a proxy adds it",
        )


class FolderInUse(SettingsError):
    """Another server uses a folder for its data."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        super().__init__(
            f"{folder} is in use by another server",
            advice="stop it, or choose another folder",
        )


class BadHostname(SettingsError):
    """A text is not a host name with an optional port."""

    def __init__(self, hostname: str, problem: str) -> None:
        self.hostname = hostname
        super().__init__(f"{hostname!r} is not a host name: {problem}")


class CredentialsError(SettingsError):
    """A token is missing or cannot be sent; its value is never part of the text."""


class NoToken(CredentialsError):
    """No place that is searched has a token for a host."""

    def __init__(
        self, hostname: str, places: tuple[str, ...], *, advice: str, note: str = ""
    ) -> None:
        self.hostname = hostname
        self.places = ", ".join(places)
        """The places that were searched, for a sentence."""

        super().__init__(f"there is no token for {hostname}{note}", advice=advice)


class DiscoveryError(RemoteBackendError):
    """A host does not publish the address of its API."""

    def __init__(self, hostname: str, problem: str) -> None:
        self.hostname = hostname
        super().__init__(f"{hostname}: {problem}")


class SlugError(RemoteBackendError):
    """The configuration cannot be packed; nothing was sent."""


class ConfigurationChanged(SlugError):
    """The configuration has changed since the batch that is to be resumed began."""

    def __init__(self, directory: str, batch: str) -> None:
        self.directory = directory
        self.batch = batch
        super().__init__(
            f"the configuration in {directory} has changed since {batch} began, and a batch "
            "never mixes two configurations; restore the earlier files and resume again, or "
            "start a new batch"
        )


class EngineError(RemoteBackendError):
    """No plan engine can be found or started."""


class GitError(RemoteBackendError):
    """Git is missing, or refuses what a base or a list of changes needs.

    `git_text` holds the words of git, without control characters and passwords.
    """

    def __init__(self, text: str, *, git_text: str = "", advice: str = "") -> None:
        self.git_text = git_text
        super().__init__(f"{text}: {git_text}" if git_text else text, advice=advice)


class BadReference(GitError):
    """A git reference cannot be used, or names no commit of this repository."""

    def __init__(
        self, reference: str, problem: str, *, git_text: str = "", advice: str = ""
    ) -> None:
        self.reference = reference
        super().__init__(
            f"{reference!r} {problem}",
            git_text=git_text,
            advice=advice or "give a branch, a tag or the id of a commit",
        )


class BaseUnknown(GitError):
    """No reference was given, and neither a CI job nor the repository names a base."""

    def __init__(self, searched: tuple[str, ...]) -> None:
        self.searched = searched
        super().__init__(
            f"no base is known: there is no {', no '.join(searched)}",
            advice="give a reference, or let `git remote set-head origin -a` make origin/HEAD",
        )


class NoMergeBase(GitError):
    """A reference and HEAD have no common commit, or a shallow clone does not hold it."""

    def __init__(
        self, reference: str, *, git_text: str, is_shallow: bool, advice: str
    ) -> None:
        self.reference = reference
        self.is_shallow = is_shallow
        where = "this shallow clone" if is_shallow else "this repository"
        super().__init__(
            f"{reference} and HEAD have no merge base in {where}",
            git_text=git_text,
            advice=advice,
        )


class SubmoduleMissing(GitError):
    """A submodule of the base cannot be copied, because its commit is not on this machine."""

    def __init__(self, path: str, commit: str, problem: str, *, advice: str) -> None:
        self.path = path
        self.commit = commit
        super().__init__(
            f"the base needs the submodule {path} at {commit[:10]}, {problem}",
            advice=advice,
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


class TransportError(RemoteBackendError):
    """A request was not sent, or its response was lost.

    `may_have_happened` is False when nothing was sent; `is_permanent` is True when another
    attempt would fail in the same way.
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


class PlainHttp(TransportError):
    """The server speaks HTTP where HTTPS was expected."""


class ApiError(RemoteBackendError):
    """The server responded with an error; the text holds all its problems."""

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
        """The id of the request in the logs of the server, when a header has it."""

        reasons = "; ".join(problems) if problems else "the response gives no reason"
        id = f" (request {request_id})" if request_id else ""
        super().__init__(f"{method} {where} was answered with {status}{id}: {reasons}")


class NotAuthorized(ApiError):
    """401: the token is missing, malformed, expired or revoked."""

    login_host: str | None = None
    """The host for which another login would replace the token."""

    def describe(self, text: str, *, advice: str, login_host: str | None) -> None:
        """Replace the text of the server by one that names where the token comes from."""
        RemoteBackendError.__init__(self, text, advice=advice)
        self.login_host = login_host


class NotFound(ApiError):
    """404 (or 403): the object does not exist, or the token may not see it."""


class Conflict(ApiError):
    """409 or 412: the object is in another state than the request needs."""


class Rejected(ApiError):
    """400, 413 or 422: the request itself is not acceptable."""


def may_have_happened(error: Exception) -> bool:
    """Return whether an error is ambiguous: the request may have had its effect all the same."""
    if isinstance(error, TransportError):
        return error.may_have_happened
    if isinstance(error, UnexpectedAnswer):
        return True
    if not isinstance(error, ApiError) or error.status in FINAL_STATUSES:
        return False
    return error.status >= 500 or error.status in (408, 425)


def text_of(error: Exception) -> str:
    """Return the text of an error of ours, and only the type of an unexpected one.

    Texts of unexpected errors can hold values of the user.
    """
    return str(error) if isinstance(error, RemoteBackendError) else type(error).__name__


class UnexpectedAnswer(RemoteBackendError):
    """The response is not a document of this API."""


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


class StateError(RemoteBackendError):
    """A state cannot be used as it is, or cannot be stored."""


class AddressError(StateError):
    """An address is malformed, or the state has nothing of this address."""

    def __init__(self, address: str, problem: str) -> None:
        self.address = address
        super().__init__(f"{address}: {problem}")


class StateConflict(StateError):
    """The current state was stored by someone else, or has another lineage."""


class OtherState(StateConflict):
    """The workspace has another state than the one to be stored over."""


class LockError(StateError):
    """A workspace is locked, or may be; `lock_id` is ORGANIZATION/WORKSPACE, or empty."""

    def __init__(self, text: str, *, lock_id: str = "", advice: str = "") -> None:
        self.lock_id = lock_id
        super().__init__(text, advice=advice)


class StateLocked(LockError):
    """Someone else holds the lock of a workspace."""


class LockedByRun(StateLocked):
    """A run on the server holds the lock of a workspace."""


class MigrationStopped(StateError):
    """A state could not be moved; those before it were, and another migration goes on there."""


class NestedTooDeeply(StateError):
    """A value is nested more deeply than can be written as JSON."""


class StateUnreadable(StateError):
    """The state on the server cannot be read, so a push cannot be compared with it."""


class StateUnconfirmed(StateError):
    """It is unknown whether a state was stored; `state` holds its bytes.

    `lock_id` is ORGANIZATION/WORKSPACE when the workspace was left locked, or empty.
    """

    def __init__(
        self, workspace: str, problem: str, state: bytes, *, lock_id: str = ""
    ) -> None:
        self.workspace = workspace
        self.problem = problem
        self.state = state
        self.lock_id = lock_id
        lock_text = "; the workspace stays locked" if lock_id else ""
        super().__init__(
            f"the state of {workspace} may not have been stored: {problem}{lock_text}"
        )
