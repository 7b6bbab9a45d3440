"""What happened to a run, and what people say about it."""

from typing import Any

from tests.support.raw_client import RawClient


def comment(body: Any) -> dict[str, Any]:
    """Return the body of a request for a comment."""
    return {"data": {"type": "comments", "attributes": {"body": body}}}


async def test_a_run_has_events(ask: RawClient) -> None:
    """From its creation by a user to its end; each can be read alone."""
    workspace = await ask.workspace()
    made = await ask.run(workspace, await ask.uploaded(workspace))
    id = made.data["id"]
    await ask.until(id, "planned_and_finished")

    listed = await ask("GET", f"/api/v2/runs/{id}/run-events?include=actor")
    read = await ask("GET", f"/api/v2/run-events/{listed.data[0]['id']}")
    included = await ask("GET", f"/api/v2/runs/{id}?include=run_events")
    nothing = await ask("GET", "/api/v2/run-events/re-none.created")

    actions = [event["attributes"]["action"] for event in listed.data]
    assert actions == ["created", "plan_queueable", "planning", "planned_and_finished"]
    assert [user["attributes"]["username"] for user in listed.json["included"]] == ["owner"]
    assert read.data == listed.data[0]
    assert included.json["included"] == listed.data
    assert made.data["relationships"]["run-events"]["data"]
    assert nothing.status == 404


async def test_a_run_has_comments(ask: RawClient) -> None:
    """They are listed, read, and events of the run, and go with its workspace."""
    workspace = await ask.workspace()
    id = (await ask.run(workspace, await ask.uploaded(workspace))).data["id"]
    path = f"/api/v2/runs/{id}/comments"

    made = await ask("POST", path, comment("why?"))
    empty = await ask("POST", path, comment(""))
    listed = await ask("GET", path)
    read = await ask("GET", f"/api/v2/comments/{made.data['id']}")
    events = await ask("GET", f"/api/v2/runs/{id}/run-events?include=actor,comment")
    await ask("DELETE", f"/api/v2/workspaces/{workspace}")
    gone = await ask("GET", f"/api/v2/comments/{made.data['id']}")

    assert (made.status, empty.status, gone.status) == (201, 422, 404)
    assert listed.data == [made.data]
    assert read.data["attributes"]["body"] == "why?"
    (event,) = (e for e in events.data if e["attributes"]["action"] == "commented")
    assert event["relationships"]["comment"]["data"]["id"] == made.data["id"]
    assert event["id"] == made.data["relationships"]["run-event"]["data"]["id"]
    assert made.data in events.json["included"]


async def test_attributes_of_runs_are_kept(ask: RawClient) -> None:
    """Those that concern applies change nothing, and are answered as they were sent."""
    workspace = await ask.workspace()
    version = await ask.uploaded(workspace)
    body = {"data": {"attributes": {"auto-apply": True}}}
    await ask("PATCH", f"/api/v2/workspaces/{workspace}", body)

    plain = await ask.run(workspace, version)
    kept = await ask.run(
        workspace, version, allow_empty_apply=True, save_plan=True, auto_apply=False
    )

    names = ("auto-apply", "allow-empty-apply", "save-plan")
    assert [plain.data["attributes"][name] for name in names] == [True, False, False]
    assert [kept.data["attributes"][name] for name in names] == [False, True, True]
    assert plain.data["attributes"]["variables"] is None
    assert plain.data["attributes"]["status-timestamps"]["plan-queueable-at"]
