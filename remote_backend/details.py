"""What a plan would change, asked of the server after the plan has ended."""

import structlog

from remote_backend.client import Client
from remote_backend.errors import RemoteBackendError
from remote_backend.models.changes import PlannedChanges
from remote_backend.plans.json_plan import parse_json_plan

__all__ = ("read_changes",)

log = structlog.get_logger()


async def read_changes(client: Client, plan_id: str) -> PlannedChanges | None:
    """Return the changes of a finished plan, or None where the server does not tell them.

    The redacted form is asked for first; the full one is for tokens that may read secrets, and
    its secrets are masked here. Details never decide about a plan, so nothing is raised.
    """
    for redacted in (True, False):
        try:
            data = await client.read_json_plan(plan_id, redacted=redacted)
        except RemoteBackendError as error:
            log.info("plan.details_missing", plan_id=plan_id, problem=str(error))
            continue
        changes = parse_json_plan(data) if data else None
        if changes is not None:
            return changes
    return None
