"""The organizations of a server, which almost each request names: they are kept in memory.

One process uses a data directory, so its memory is right: it is read again in the transaction
of each change. Only what makes records of an organization reads it from the store, because it
may have been deleted meanwhile.
"""

from collections.abc import Callable
from typing import TypeVar

from attrs import define, field

from remote_backend.errors import NotFound
from remote_backend.server.organization_records import (
    HOME_ORGANIZATION_ID,
    OrganizationRecord,
)
from remote_backend.server.store import Records, Store

__all__ = ("Organizations",)

Value = TypeVar("Value")


@define(eq=False)
class Organizations:
    """All organizations, by id and by name."""

    _by_id: dict[str, OrganizationRecord] = field(factory=dict)

    @property
    def home(self) -> OrganizationRecord:
        """The organization of the settings of the server."""
        return self._by_id[HOME_ORGANIZATION_ID]

    def all(self) -> list[OrganizationRecord]:
        """Return all of them, oldest first."""
        return list(self._by_id.values())

    def of_id(self, id: str) -> OrganizationRecord:
        """Return the organization of an id; raises `NotFound` when it was deleted."""
        if id not in self._by_id:
            raise NotFound(404, "", "", ("the organization does not exist",))
        return self._by_id[id]

    def named(self, name: str) -> OrganizationRecord:
        """Return the organization of a name; raises `NotFound`."""
        for organization in self._by_id.values():
            if organization.name == name:
                return organization
        raise NotFound(404, "", "", (f"organization {name} does not exist",))

    async def change(self, store: Store, work: Callable[[Records], Value]) -> Value:
        """Change organizations in one transaction, and keep what is there after it."""

        def change(records: Records) -> tuple[Value, list[OrganizationRecord]]:
            return work(records), records.all(OrganizationRecord)

        value, organizations = await store.write(change)
        self._by_id = {organization.id: organization for organization in organizations}
        return value
