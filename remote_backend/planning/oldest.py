"""Which workspaces were planned the longest ago, by the journals of earlier batches."""

from collections.abc import Sequence
from pathlib import Path

from remote_backend.planning.recorded_batch import list_journals
from remote_backend.workspaces import LocalWorkspace

__all__ = ("oldest_first",)


def oldest_first(
    workspaces: Sequence[LocalWorkspace],
    folder: Path | None,
    *,
    hostname: str,
    organization: str,
    is_drift: bool,
) -> list[LocalWorkspace]:
    """Return workspaces in the order of their last plan of this kind, those without one first.

    `is_drift` is for plans that only refresh, which have an order of their own. A plan that failed
    does not count, so that it is tried again.
    """
    planned: dict[str, str] = {}
    for batch in list_journals(folder) if folder is not None else ():
        if (batch.hostname, batch.organization) != (hostname, organization):
            continue
        if batch.options.plan.refresh_only is not is_drift:
            continue
        for outcome in batch.outcomes.values():
            if outcome.succeeded:
                # The newest batch comes first.
                planned.setdefault(outcome.full_name, batch.started_at)
    return sorted(
        workspaces, key=lambda each: (planned.get(each.remote.name, ""), each.remote.name)
    )
