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

from remote_backend.errors.api import (
    FINAL_STATUSES,
    ApiError,
    Conflict,
    DiscoveryError,
    NotAuthorized,
    NotFound,
    PlainHttp,
    Rejected,
    TransportError,
    UnexpectedAnswer,
    may_have_happened,
)
from remote_backend.errors.configuration import (
    ConfigurationChanged,
    ConfigurationVersionFailed,
    EngineError,
    SlugError,
)
from remote_backend.errors.git import (
    BadReference,
    BaseUnknown,
    GitError,
    NoMergeBase,
    SubmoduleMissing,
)
from remote_backend.errors.root import (
    NotEntered,
    RemoteBackendError,
    text_of,
)
from remote_backend.errors.runs import (
    NoBatches,
    NoSuchWorkspace,
    NotificationRefused,
    NoWorkspaces,
    NoWorkspaceSelected,
    PollingFailed,
    RunDiffers,
    RunOptionsError,
    RunRefused,
    SelectionError,
    VariablesDiffer,
    VariableWithoutValue,
    WorkspaceManagesResources,
)
from remote_backend.errors.settings import (
    BackendChanged,
    BadBackendBlock,
    BadBackendRecord,
    BadHostname,
    CredentialsError,
    FolderInUse,
    NoBackendBlock,
    NoConfigurationFiles,
    NoToken,
    PlainTraffic,
    SettingsError,
)
from remote_backend.errors.state import (
    AddressError,
    LockedByRun,
    LockError,
    MigrationStopped,
    NestedTooDeeply,
    OtherState,
    StateConflict,
    StateError,
    StateLocked,
    StateUnconfirmed,
    StateUnreadable,
)

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
