"""Applies, which never come here, as a server answers them."""

from remote_backend.server.documents.documents import Resource, resource_of, to_many
from remote_backend.server.records import RunRecord

__all__ = ("dump_apply",)


def dump_apply(run: RunRecord) -> Resource:
    """Return the apply of a run: it is unreachable, as after a plan-only run of the service."""
    return resource_of(
        "applies",
        run.apply_id,
        {
            "status": "unreachable",
            "status-timestamps": {},
            "log-read-url": None,
            "resource-additions": None,
            "resource-changes": None,
            "resource-destructions": None,
            "resource-imports": None,
            "execution-details": {"mode": "remote"},
        },
        relationships={"state-versions": to_many("state-versions")},
        links={"self": f"/api/v2/applies/{run.apply_id}"},
    )
