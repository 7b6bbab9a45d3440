"""Tag bindings of what can have them: a workspace or a project, read and changed in one way."""

from collections.abc import Callable
from typing import TypeVar

from aiohttp import web
from attrs import evolve

from remote_backend.server.context import read_request_items
from remote_backend.server.documents.documents import Resource
from remote_backend.server.documents.tags import dump_bindings, parse_bindings
from remote_backend.server.dumping import as_they_are
from remote_backend.server.lists import respond_with_all
from remote_backend.server.organization_records import ProjectRecord
from remote_backend.server.records import WorkspaceRecord
from remote_backend.server.store import Records

__all__ = ("add_bindings_of", "list_bindings_of")

Owner = TypeVar("Owner", WorkspaceRecord, ProjectRecord)


async def list_bindings_of(
    request: web.Request, find_owner: Callable[[Records], Owner]
) -> web.Response:
    """Return the tag bindings of the owner itself."""

    def find(records: Records) -> list[Resource]:
        owner = find_owner(records)
        return dump_bindings(owner.id, owner.tag_bindings)

    return await respond_with_all(request, find, as_they_are)


async def add_bindings_of(
    request: web.Request, find_owner: Callable[[Records], Owner]
) -> web.Response:
    """Add tag bindings to the owner, or change the values of those that it has."""
    documents = await read_request_items(request)

    def add(records: Records) -> list[Resource]:
        owner = find_owner(records)
        bindings = parse_bindings(documents, owner.tag_bindings)
        records.put(evolve(owner, tag_bindings=bindings))
        return dump_bindings(owner.id, bindings)

    return await respond_with_all(request, add, as_they_are, writes=True)
