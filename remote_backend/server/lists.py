"""How routes answer with resources: one of them, a page of a list, or a list without pages.

All that a response needs is read in one transaction, in the thread of that transaction.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from aiohttp import web

from remote_backend.server.context import context_of, respond
from remote_backend.server.documents.documents import dump_document
from remote_backend.server.documents.pages import dump_page, select_page
from remote_backend.server.dumping import Dump
from remote_backend.server.included import included_resources
from remote_backend.server.store import Records

__all__ = (
    "respond_with_all",
    "respond_with_list",
    "respond_with_nothing",
    "respond_with_one",
)

Item = TypeVar("Item")


async def respond_with_nothing(
    request: web.Request, change: Callable[[Records], None]
) -> web.Response:
    """Change records and return a response without a body."""
    await context_of(request).store.write(change)
    return respond(status=204)


async def respond_with_one(
    request: web.Request,
    find: Callable[[Records], Item],
    dump: Dump[Item],
    *,
    writes: bool = False,
    status: int = 200,
) -> web.Response:
    """Return one resource and what the request includes; `find` may write."""

    def describe(records: Records) -> bytes:
        resources = dump(records, request, [find(records)])
        included = included_resources(records, request, resources)
        return dump_document(resources[0], included)

    store = context_of(request).store
    return respond(await (store.write if writes else store.read)(describe), status)


async def respond_with_list(
    request: web.Request,
    find: Callable[[Records], Sequence[Item]],
    dump: Dump[Item],
) -> web.Response:
    """Return the requested page of a list and what the request includes.

    Only the items on the page are dumped.
    """

    def describe(records: Records) -> bytes:
        page = select_page(find(records), request.query)
        resources = dump(records, request, page.items)
        included = included_resources(records, request, resources)
        return dump_page(page, resources, included, request.query, request.path)

    return respond(await context_of(request).store.read(describe))


async def respond_with_all(
    request: web.Request,
    find: Callable[[Records], Sequence[Item]],
    dump: Dump[Item],
    *,
    writes: bool = False,
) -> web.Response:
    """Return a whole list, as the service does where lists have no pages."""

    def describe(records: Records) -> bytes:
        resources = dump(records, request, find(records))
        return dump_document(resources, included_resources(records, request, resources))

    store = context_of(request).store
    return respond(await (store.write if writes else store.read)(describe))
