"""Execution modes and the agent pools that belong to one of them."""

from attrs import frozen

from remote_backend.server.documents.request_documents import (
    RequestDocument,
    invalid,
    rejected,
)

__all__ = ("ExecutionMode", "mode_from_request", "require_equal_overwrites")

_MODES = ("remote", "local", "agent")


@frozen
class ExecutionMode:
    """Where plans are made: by the server, by the client, or by agents of a pool."""

    name: str | None
    """None inherits the mode with its pool."""

    agent_pool_id: str | None = None


def mode_from_request(
    document: RequestDocument, before: ExecutionMode, mode: str | None, pool_name: str
) -> ExecutionMode:
    """Return a mode as a client sent it; raises `Rejected` for a pool that does not fit it.

    `pool_name` is the name of the pool as a relationship; the attribute ends with `id`.
    """
    if mode not in (None, *_MODES):
        raise invalid("execution-mode", "remote, local or agent")
    name = mode or before.name
    # The tfe provider 0.78 sends an empty text for none.
    pool_id = document.related_ids.get(pool_name) or document.text(f"{pool_name}-id")
    if name != "agent":
        if pool_id:
            raise rejected(
                f"{pool_name} must not be specified unless using 'agent' execution mode"
            )
        return ExecutionMode(name)
    pool_id = pool_id or before.agent_pool_id
    if not pool_id:
        raise rejected(f"{pool_name} must be specified when using 'agent' execution mode")
    return ExecutionMode(name, pool_id)


def require_equal_overwrites(overwrites: RequestDocument, *names: str) -> None:
    """Raise `Rejected` when a mode is to be inherited without its pool, or the reverse."""
    values = {
        overwrites.flag(name, False) for name in names if name in overwrites.attributes
    }
    if len(values) > 1:
        raise rejected(
            "If agent-pool and execution-mode are both included in setting-overwrites, "
            "their values must be the same."
        )
