"""One of the configurations that a batch plans, which are several or the one of most batches."""

from attrs import field, frozen

from remote_backend.api.client import Client
from remote_backend.planning.batch_context import BatchContext
from remote_backend.workspaces import LocalWorkspace

__all__ = ("Configuration",)


@frozen(kw_only=True)
class Configuration:
    """One of the configurations of a batch, and its workspaces that are planned."""

    name: str = ""
    """Its directory, relative to the top of the repository; empty where it is the only one."""

    client: Client = field(repr=False)
    context: BatchContext
    workspaces: tuple[LocalWorkspace, ...]
