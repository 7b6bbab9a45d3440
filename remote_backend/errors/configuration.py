"""Errors of configurations that are packed, uploaded, or planned on this machine."""

from remote_backend.errors.root import RemoteBackendError

__all__ = (
    "ConfigurationChanged",
    "ConfigurationVersionFailed",
    "EngineError",
    "SlugError",
)


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


class EngineError(RemoteBackendError):
    """No plan engine can be found or started."""
