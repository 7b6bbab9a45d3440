"""Tokens of runs: each reads states and workspaces while its run is planned, and does nothing else.

They exist in memory only, so a server that was killed leaves none behind.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from attrs import define, field

from remote_backend.server.auth import digest_of, make_token

__all__ = ("RunTokens", "may_request")

_ORGANIZATION = "/api/v2/organizations/{organization}"
_WORKSPACE = "/api/v2/workspaces/{workspace_id}"
_STATE_VERSION = "/api/v2/state-versions/{state_version_id}"
# What `terraform_remote_state`, `tfe_outputs` and data sources of workspaces read. None of it
# shows variables or logs.
_READABLE = frozenset(
    {
        _ORGANIZATION,
        f"{_ORGANIZATION}/entitlement-set",
        f"{_ORGANIZATION}/workspaces",
        f"{_ORGANIZATION}/workspaces/{{workspace_name}}",
        _WORKSPACE,
        f"{_WORKSPACE}/current-state-version",
        f"{_WORKSPACE}/current-state-version-outputs",
        f"{_WORKSPACE}/relationships/remote-state-consumers",
        "/api/v2/state-versions",
        _STATE_VERSION,
        f"{_STATE_VERSION}/download",
        f"{_STATE_VERSION}/outputs",
        "/api/v2/state-version-outputs/{output_id}",
    }
)


@define
class RunTokens:
    """The tokens of the runs that are being planned."""

    _organization_ids: dict[str, str] = field(factory=dict, repr=False)
    """Ids of the organizations in which they read, by the digest of the token."""

    @contextmanager
    def issued(self, organization_id: str) -> Iterator[str]:
        """Make a token that is valid until the block is left."""
        token = make_token()
        digest = digest_of(token)
        self._organization_ids[digest] = organization_id
        try:
            yield token
        finally:
            del self._organization_ids[digest]

    def organization_id_of(self, digest: str) -> str | None:
        """Return in which organization a token reads, by its digest; None for other tokens."""
        return self._organization_ids.get(digest)


def may_request(method: str, route: str) -> bool:
    """Say whether the token of a run opens a route, which is named by its template."""
    return method in ("GET", "HEAD") and route.rstrip("/") in _READABLE
