"""Plan many remote Terraform workspaces at once."""

from remote_backend._version import __version__

__all__ = ("__version__",)
