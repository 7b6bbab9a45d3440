"""What happened to a run, and what people say about it."""

from typing import Any

from remote_backend.server.named_tokens import create_token
from tests.support.raw_client import RawClient


def comment(body: Any) -> dict[str, Any]:
    """Return the body of a request for a comment."""
    return {"data": {"type": "comments", "attributes": {"body": body}}}


async def test_a_run_has_events(raw_client: RawClient) -> None:
    """From its creation by a user to its end; each can be read alone."""
    workspace = await raw_client.workspace()
    made = await raw_client.run(workspace, await raw_client.uploaded(workspace))
    id = made.data["id"]
    await raw_client.until(id, "planned_and_finished")

    listed = await raw_client("GET", f"/api/v2/runs/{id}/run-events?include=actor")
    read = await raw_client("GET", f"/api/v2/run-events/{listed.data[0]['id']}")
    included = await raw_client("GET", f"/api/v2/runs/{id}?include=run_events")
    nothing = await raw_client("GET", "/api/v2/run-events/re-none.created")

    actions = [event["attributes"]["action"] for event in listed.data]
    assert actions == ["created", "plan_queueable", "planning", "planned_and_finished"]
    assert [user["attributes"]["username"] for user in listed.json["included"]] == ["owner"]
    assert read.data == listed.data[0]
    assert included.json["included"] == listed.data
    assert made.data["relationships"]["run-events"]["data"]
    assert nothing.status == 404


async def test_a_run_has_comments(raw_client: RawClient) -> None:
    """They are listed, read, and events of the run, and go with its workspace."""
    workspace = await raw_client.workspace()
    id = (await raw_client.run(workspace, await raw_client.uploaded(workspace))).data["id"]
    path = f"/api/v2/runs/{id}/comments"

    made = await raw_client("POST", path, comment("why?"))
    empty = await raw_client("POST", path, comment(""))
    listed = await raw_client("GET", path)
    read = await raw_client("GET", f"/api/v2/comments/{made.data['id']}")
    events = await raw_client("GET", f"/api/v2/runs/{id}/run-events?include=actor,comment")
    await raw_client("DELETE", f"/api/v2/workspaces/{workspace}")
    gone = await raw_client("GET", f"/api/v2/comments/{made.data['id']}")

    assert (made.status, empty.status, gone.status) == (201, 422, 404)
    assert listed.data == [made.data]
    assert read.data["attributes"]["body"] == "why?"
    (event,) = (e for e in events.data if e["attributes"]["action"] == "commented")
    assert event["relationships"]["comment"]["data"]["id"] == made.data["id"]
    assert event["id"] == made.data["relationships"]["run-event"]["data"]["id"]
    assert made.data in events.json["included"]


async def test_attributes_of_runs_are_kept(raw_client: RawClient) -> None:
    """Those that concern applies change nothing, and are answered as they were sent."""
    workspace = await raw_client.workspace()
    version = await raw_client.uploaded(workspace)
    body = {"data": {"attributes": {"auto-apply": True}}}
    await raw_client("PATCH", f"/api/v2/workspaces/{workspace}", body)

    plain = await raw_client.run(workspace, version)
    kept = await raw_client.run(
        workspace, version, allow_empty_apply=True, save_plan=True, auto_apply=False
    )

    names = ("auto-apply", "allow-empty-apply", "save-plan")
    assert [plain.data["attributes"][name] for name in names] == [True, False, False]
    assert [kept.data["attributes"][name] for name in names] == [False, True, True]
    assert plain.data["attributes"]["variables"] is None
    assert plain.data["attributes"]["status-timestamps"]["plan-queueable-at"]


async def test_a_canceled_run_says_who_canceled_it(raw_client: RawClient) -> None:
    """Its event names the user of that token, not the one who made the run."""
    token = await create_token(raw_client.folder / "data", "bob")
    workspace = await raw_client.workspace("networking-slow")
    id = (await raw_client.run(workspace, await raw_client.uploaded(workspace))).data["id"]
    cancel = f"/api/v2/runs/{id}/actions/cancel"

    canceled = await raw_client("POST", cancel, token=token)
    await raw_client.until(id, "canceled")
    events = await raw_client("GET", f"/api/v2/runs/{id}/run-events?include=actor")

    assert canceled.status == 202
    actors = {
        event["attributes"]["action"]: event["relationships"]["actor"]["data"]
        for event in events.data
    }
    names = {user["id"]: user["attributes"]["username"] for user in events.json["included"]}
    assert names[actors["created"]["id"]] == "owner"
    assert names[actors["canceled"]["id"]] == "bob"
