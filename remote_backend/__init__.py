"""Plan one Terraform configuration in many remote workspaces at once.

async with remote_backend.open_backend("networking") as backend:
    async with backend.plan_all() as batch:
        async for event in batch:
            ...
    print(batch.outcomes)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from remote_backend._version import __version__

if TYPE_CHECKING:
    from remote_backend.api.webhooks import read_notifications
    from remote_backend.backend import Backend, open_backend, outputs
    from remote_backend.errors import (
        AddressError,
        ApiError,
        BadBackendBlock,
        BadHostname,
        ConfigurationChanged,
        ConfigurationVersionFailed,
        Conflict,
        CredentialsError,
        DiscoveryError,
        EngineError,
        NoBackendBlock,
        NoConfigurationFiles,
        NotAuthorized,
        NotFound,
        NotificationRefused,
        PollingFailed,
        Rejected,
        RemoteBackendError,
        RunDiffers,
        RunOptionsError,
        RunRefused,
        SelectionError,
        SettingsError,
        SlugError,
        StateConflict,
        StateError,
        StateLocked,
        StateUnconfirmed,
        TransportError,
        UnexpectedAnswer,
    )
    from remote_backend.events import (
        BatchFailed,
        BatchFinished,
        BatchStarted,
        CheckReported,
        ConfigurationUploaded,
        Event,
        LogChunkRead,
        LogEnded,
        PlanFinished,
        PlanStarted,
        RunQueued,
        RunStatusChanged,
        SlugPacked,
        UploadProgressed,
        WarningRaised,
    )
    from remote_backend.models.changes import (
        AttributeChange,
        OutputChange,
        PlannedChanges,
        ResourceChange,
    )
    from remote_backend.models.configuration import UploadMode
    from remote_backend.models.notification import Notification
    from remote_backend.models.outcome import Outcome, Result
    from remote_backend.models.plan import Counts
    from remote_backend.models.policy import CheckReport
    from remote_backend.models.run import PlanOptions, WaitLimits
    from remote_backend.notices import Notice, StillWaiting, Warned
    from remote_backend.planning.batch import Batch

__all__ = (
    "AddressError",
    "ApiError",
    "AttributeChange",
    "Backend",
    "BadBackendBlock",
    "BadHostname",
    "Batch",
    "BatchFailed",
    "BatchFinished",
    "BatchStarted",
    "CheckReport",
    "CheckReported",
    "ConfigurationChanged",
    "ConfigurationUploaded",
    "ConfigurationVersionFailed",
    "Conflict",
    "Counts",
    "CredentialsError",
    "DiscoveryError",
    "EngineError",
    "Event",
    "LogChunkRead",
    "LogEnded",
    "NoBackendBlock",
    "NoConfigurationFiles",
    "NotAuthorized",
    "NotFound",
    "Notice",
    "Notification",
    "NotificationRefused",
    "Outcome",
    "OutputChange",
    "PlanFinished",
    "PlanOptions",
    "PlanStarted",
    "PlannedChanges",
    "PollingFailed",
    "Rejected",
    "RemoteBackendError",
    "ResourceChange",
    "Result",
    "RunDiffers",
    "RunOptionsError",
    "RunQueued",
    "RunRefused",
    "RunStatusChanged",
    "SelectionError",
    "SettingsError",
    "SlugError",
    "SlugPacked",
    "StateConflict",
    "StateError",
    "StateLocked",
    "StateUnconfirmed",
    "StillWaiting",
    "TransportError",
    "UnexpectedAnswer",
    "UploadMode",
    "UploadProgressed",
    "WaitLimits",
    "Warned",
    "WarningRaised",
    "__version__",
    "open_backend",
    "outputs",
    "read_notifications",
)

# Import on first use: `remote-backend version` must not wait for the whole package.
_HOMES = {
    "remote_backend.backend": (
        "Backend",
        "open_backend",
        "outputs",
    ),
    "remote_backend.planning.batch": ("Batch",),
    "remote_backend.errors": (
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
        "NotAuthorized",
        "NotFound",
        "NotificationRefused",
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
        "TransportError",
        "UnexpectedAnswer",
    ),
    "remote_backend.events": (
        "BatchFailed",
        "BatchFinished",
        "BatchStarted",
        "CheckReported",
        "ConfigurationUploaded",
        "Event",
        "LogChunkRead",
        "LogEnded",
        "PlanFinished",
        "PlanStarted",
        "RunQueued",
        "RunStatusChanged",
        "SlugPacked",
        "UploadProgressed",
        "WarningRaised",
    ),
    "remote_backend.models.changes": (
        "AttributeChange",
        "OutputChange",
        "PlannedChanges",
        "ResourceChange",
    ),
    "remote_backend.models.configuration": ("UploadMode",),
    "remote_backend.models.notification": ("Notification",),
    "remote_backend.models.outcome": (
        "Outcome",
        "Result",
    ),
    "remote_backend.models.plan": ("Counts",),
    "remote_backend.models.policy": ("CheckReport",),
    "remote_backend.models.run": (
        "PlanOptions",
        "WaitLimits",
    ),
    "remote_backend.notices": (
        "Notice",
        "StillWaiting",
        "Warned",
    ),
    "remote_backend.api.webhooks": ("read_notifications",),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            found = getattr(import_module(home), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
