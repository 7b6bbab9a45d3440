"""Events of runs, and comments on runs."""

from collections.abc import Sequence

from aiohttp import web

from remote_backend.server.context import USER, not_found, read_request_document
from remote_backend.server.documents.request_documents import invalid
from remote_backend.server.documents.run_events import (
    RunEvent,
    dump_comment,
    dump_run_event,
    events_of,
)
from remote_backend.server.dumping import each
from remote_backend.server.ids import make_id, now_text
from remote_backend.server.lists import respond_with_list, respond_with_one
from remote_backend.server.query_parameters import accepts
from remote_backend.server.records import CommentRecord
from remote_backend.server.run_lists import run_of
from remote_backend.server.store import Records

__all__ = ("routes",)

routes = web.RouteTableDef()

_COMMENTS = "/api/v2/runs/{run_id}/comments"
# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/run#run-events
_MEMBERS = ("actor", "comment")
_LONGEST_COMMENT = 10_000


@routes.get("/api/v2/runs/{run_id}/run-events")
@accepts(include=_MEMBERS)
async def list_events(request: web.Request) -> web.Response:
    """Return what happened to a run, oldest first."""
    id = request.match_info["run_id"]
    return await respond_with_list(
        request, lambda records: _events(records, id), each(dump_run_event)
    )


@routes.get("/api/v2/run-events/{run_event_id}")
@accepts(include=_MEMBERS)
async def read_event(request: web.Request) -> web.Response:
    """Return one event."""
    id = request.match_info["run_event_id"]
    run_id = f"run-{id.removeprefix('re-').partition('.')[0]}"

    def find(records: Records) -> RunEvent:
        for event in _events(records, run_id):
            if event.id == id:
                return event
        raise not_found(f"run event {id}")

    return await respond_with_one(request, find, each(dump_run_event))


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/comments
@routes.get(_COMMENTS)
async def list_comments(request: web.Request) -> web.Response:
    """Return the comments on a run, oldest first."""
    id = request.match_info["run_id"]
    return await respond_with_list(
        request,
        lambda records: records.all(CommentRecord, run_of(records, id).id),
        each(dump_comment),
    )


@routes.post(_COMMENTS)
async def create_comment(request: web.Request) -> web.Response:
    """Add a comment to a run."""
    id, user = request.match_info["run_id"], request[USER]
    body = (await read_request_document(request)).text("body") or ""
    if not 0 < len(body) <= _LONGEST_COMMENT:
        raise invalid("body", f"1 to {_LONGEST_COMMENT} characters long")

    def create(records: Records) -> CommentRecord:
        comment = CommentRecord(
            id=make_id("wsc"),
            run_id=run_of(records, id).id,
            body=body,
            created_at=now_text(),
            created_by=user.id,
        )
        return records.put(comment)

    return await respond_with_one(
        request, create, each(dump_comment), writes=True, status=201
    )


@routes.get("/api/v2/comments/{comment_id}")
async def read_comment(request: web.Request) -> web.Response:
    """Return one comment."""
    id = request.match_info["comment_id"]

    def find(records: Records) -> CommentRecord:
        comment = records.find(CommentRecord, id)
        if comment is None:
            raise not_found(f"comment {id}")
        return comment

    return await respond_with_one(request, find, each(dump_comment))


def _events(records: Records, run_id: str) -> Sequence[RunEvent]:
    run = run_of(records, run_id)
    return events_of(run, records.all(CommentRecord, run.id))
