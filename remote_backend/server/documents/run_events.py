"""Comments on runs and events of runs, as a server answers them."""

from collections.abc import Sequence

from attrs import frozen

from remote_backend.server.documents.documents import Resource, resource_of, to_one
from remote_backend.server.records import CommentRecord, RunRecord

__all__ = ("RunEvent", "dump_comment", "dump_run_event", "event_ids", "events_of")


@frozen(kw_only=True)
class RunEvent:
    """Something that happened to a run."""

    id: str
    run_id: str
    action: str
    created_at: str
    actor_id: str | None = None
    comment_id: str | None = None


def events_of(run: RunRecord, comments: Sequence[CommentRecord] = ()) -> list[RunEvent]:
    """Return the events of a run in order: its creation, its statuses, and comments on it."""
    times = {"created": run.created_at, **run.times}
    stopped = dict.fromkeys(("canceled", "discarded"), run.canceled_by)
    actors = {"created": run.created_by, **stopped}
    events = [
        RunEvent(
            id=id,
            run_id=run.id,
            action=action,
            created_at=times[action],
            actor_id=actors.get(action) or None,
        )
        for id, action in zip(event_ids(run), times, strict=True)
    ]
    events += [
        RunEvent(
            id=f"re-{run.id.removeprefix('run-')}.{comment.id}",
            run_id=run.id,
            action="commented",
            created_at=comment.created_at,
            actor_id=comment.created_by,
            comment_id=comment.id,
        )
        for comment in comments
    ]
    return sorted(events, key=lambda event: event.created_at)


def event_ids(run: RunRecord) -> list[str]:
    """Return the ids of the events of a run without those of comments."""
    actions = ("created", *run.times)
    return [f"re-{run.id.removeprefix('run-')}.{action}" for action in actions]


def dump_run_event(event: RunEvent) -> Resource:
    """Return an event as a resource."""
    return resource_of(
        "run-events",
        event.id,
        {"action": event.action, "description": None, "created-at": event.created_at},
        relationships={
            "run": to_one("runs", event.run_id),
            "actor": to_one("users", event.actor_id),
            "comment": to_one("comments", event.comment_id),
        },
        links={"self": f"/api/v2/run-events/{event.id}"},
    )


def dump_comment(comment: CommentRecord) -> Resource:
    """Return a comment as a resource."""
    event_id = f"re-{comment.run_id.removeprefix('run-')}.{comment.id}"
    return resource_of(
        "comments",
        comment.id,
        {"body": comment.body},
        relationships={"run-event": to_one("run-events", event_id)},
        links={"self": f"/api/v2/comments/{comment.id}"},
    )
