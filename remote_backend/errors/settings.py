"""Errors of files and variables that hold settings, and of credentials."""

import os

from remote_backend.errors.root import RemoteBackendError

__all__ = (
    "BackendChanged",
    "BadBackendBlock",
    "BadBackendRecord",
    "BadHostname",
    "CredentialsError",
    "FolderInUse",
    "NoBackendBlock",
    "NoConfigurationFiles",
    "NoToken",
    "PlainTraffic",
    "SettingsError",
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
