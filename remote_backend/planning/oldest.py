"""Which workspaces were planned the longest ago, by the journals of earlier batches."""

from collections.abc import Callable, Sequence

from anyio import to_thread

from remote_backend.planning.options import BatchOptions
from remote_backend.planning.recorded_batch import Place, list_journals
from remote_backend.workspaces import LocalWorkspace

__all__ = ("select_oldest",)


async def select_oldest(
    workspaces: Sequence[LocalWorkspace],
    options: BatchOptions,
    place_of: Callable[[LocalWorkspace], Place],
) -> tuple[LocalWorkspace, ...]:
    """Return as many workspaces as the options allow, those whose last plan is the longest ago.

    Those without a plan come first. Plans that only refresh have an order of their own. A plan that failed does
    not count, so that it is tried again. `place_of` returns the server and organization of a
    workspace.
    """
    if options.oldest is None:
        return tuple(workspaces)
    planned = await to_thread.run_sync(_last_plans, options)
    order = sorted(
        workspaces,
        key=lambda each: (
            planned.get((place_of(each), each.full_name), ""),
            each.full_name,
        ),
    )
    oldest = {each.name for each in order[: options.oldest]}
    return tuple(each for each in workspaces if each.name in oldest)


def _last_plans(options: BatchOptions) -> dict[tuple[Place, str], str]:
    """Return when each remote workspace was planned last in this way."""
    planned: dict[tuple[Place, str], str] = {}
    folder = options.journal_folder
    for batch in list_journals(folder) if folder is not None else ():
        if batch.options.plan.refresh_only is not options.plan.refresh_only:
            continue
        for outcome in batch.outcomes.values():
            if outcome.succeeded:
                # The newest batch comes first.
                key = batch.place_of(outcome), outcome.full_name
                planned.setdefault(key, batch.started_at)
    return planned
