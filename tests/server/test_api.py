"""The API, request by literal request."""

import hashlib
import json
from typing import Any

import anyio
import pytest

from tests.support.raw_client import RawClient, run_body, slug
from tests.support.stored_states import state_body, state_of

WORKSPACES = "/api/v2/organizations/acme/workspaces"


async def test_discovery_and_ping(raw_client: RawClient) -> None:
    """Services are told without a token, as JSON of the exact type; ping is headers alone."""
    found = await raw_client("GET", "/.well-known/terraform.json", token=None)
    ping = await raw_client("GET", "/api/v2/ping", token=None)
    base = await raw_client("GET", "/api/v2/", token=None)

    assert found.headers["Content-Type"].split(";")[0] == "application/json"
    assert found.json == {
        **dict.fromkeys(("tfe.v2", "tfe.v2.1", "tfe.v2.2", "state.v2"), "/api/v2/"),
        "modules.v1": "/api/registry/v1/modules/",
        "providers.v1": "/api/registry/v1/providers/",
    }
    assert (ping.status, ping.body, base.status) == (204, b"", 204)
    assert ping.headers["TFP-API-Version"] == "2.6"
    assert ping.headers["TFP-AppName"] != "HCP Terraform"
    assert "X-RateLimit-Limit" not in ping.headers


async def test_the_organization(raw_client: RawClient) -> None:
    """Its id is its name; plans run here and states are stored; the queue can be asked."""
    organization = await raw_client("GET", "/api/v2/organizations/acme")
    entitlements = await raw_client("GET", "/api/v2/organizations/acme/entitlement-set")
    capacity = await raw_client("GET", "/api/v2/organizations/acme/capacity")
    queue = await raw_client("GET", "/api/v2/organizations/acme/runs/queue")
    other = await raw_client("GET", "/api/v2/organizations/nobody/entitlement-set")

    assert organization.data["id"] == "acme"
    assert entitlements.data["attributes"]["operations"] is True
    assert entitlements.data["attributes"]["state-storage"] is True
    assert capacity.data["attributes"] == {"pending": 0, "running": 0}
    assert queue.data == []
    assert other.status == 404


@pytest.mark.parametrize("token", [None, "wrong", ""])
async def test_without_a_valid_token_there_is_nothing(
    raw_client: RawClient, token: str | None
) -> None:
    """401 for each path of the API, with an error document."""
    for path in (WORKSPACES, "/api/v2/runs/run-1", "/api/v2/organizations/acme"):
        found = await raw_client("GET", path, token=token)
        assert found.status == 401
        assert found.json["errors"][0] == {"status": "401", "title": "unauthorized"}


async def test_workspaces_are_listed_by_pages(raw_client: RawClient) -> None:
    """The search is a part of the name in any case; a page past the end is empty."""
    found = await raw_client(
        "GET", f"{WORKSPACES}?search%5Bname%5D=NETWORKING-&page%5Bsize%5D=1"
    )
    past = await raw_client("GET", f"{WORKSPACES}?page%5Bnumber%5D=9")

    assert [one["attributes"]["name"] for one in found.data] == ["networking-dev"]
    assert found.json["meta"]["pagination"] == {
        "current-page": 1,
        "page-size": 1,
        "prev-page": None,
        "next-page": 2,
        "total-pages": 2,
        "total-count": 2,
    }
    assert past.data == []
    assert past.json["meta"]["pagination"]["current-page"] == 9


async def test_a_workspace_is_made_changed_and_deleted(raw_client: RawClient) -> None:
    """By name and by id; names are unique and of few characters."""

    def body(**attributes: Any) -> dict[str, Any]:
        return {"data": {"type": "workspaces", "attributes": attributes}}

    made = await raw_client(
        "POST", WORKSPACES, body(name="new", **{"terraform-version": "1.9.8"})
    )
    again = await raw_client("POST", WORKSPACES, body(name="new"))
    bad = await raw_client("POST", WORKSPACES, body(name="a b"))
    long = await raw_client("POST", WORKSPACES, body(name="x" * 91))
    id = made.data["id"]
    moved = await raw_client(
        "PATCH", f"/api/v2/workspaces/{id}", body(**{"working-directory": "stacks/net"})
    )
    out = await raw_client(
        "PATCH", f"/api/v2/workspaces/{id}", body(**{"working-directory": "../x"})
    )
    read = await raw_client("GET", f"{WORKSPACES}/new")
    gone = await raw_client("DELETE", f"{WORKSPACES}/new")

    assert made.status == 201
    assert made.data["attributes"]["terraform-version"] == "1.9.8"
    assert (again.status, bad.status, long.status, out.status) == (422, 422, 422, 422)
    assert again.json["errors"][0]["detail"] == "Name has already been taken"
    assert moved.data["attributes"]["working-directory"] == "stacks/net"
    assert read.data["attributes"]["permissions"]["can-queue-run"] is True
    assert read.data["attributes"]["permissions"]["can-queue-apply"] is False
    assert gone.status == 204
    assert (await raw_client("GET", f"/api/v2/workspaces/{id}")).status == 404


@pytest.mark.parametrize(
    "body",
    [
        None,
        {"reason": "why"},
        {"data": {"type": "", "attributes": {"reason": "why"}}},
        {"comment": 1},
    ],
)
async def test_locks_take_bodies_of_any_shape(raw_client: RawClient, body: Any) -> None:
    """A lock is held once, given back by its holder, and taken away by force."""
    path = f"/api/v2/workspaces/{await raw_client.workspace()}/actions"

    locked = await raw_client("POST", f"{path}/lock", body)
    twice = await raw_client("POST", f"{path}/lock", body)
    unlocked = await raw_client("POST", f"{path}/unlock")
    again = await raw_client("POST", f"{path}/unlock")
    forced = await raw_client("POST", f"{path}/force-unlock")

    assert (locked.status, locked.data["attributes"]["locked"]) == (200, True)
    assert (twice.status, again.status, forced.status) == (409, 409, 409)
    assert (unlocked.status, unlocked.data["attributes"]["locked"]) == (200, False)


async def test_variables_that_are_sensitive_can_only_be_written(
    raw_client: RawClient,
) -> None:
    """Their values are in no answer, and they stay sensitive."""
    path = f"/api/v2/workspaces/{await raw_client.workspace()}/vars"

    def body(**attributes: Any) -> dict[str, Any]:
        return {"data": {"type": "vars", "attributes": attributes}}

    listed = await raw_client("GET", path)
    values = {one["attributes"]["key"]: one["attributes"]["value"] for one in listed.data}
    secret = next(one for one in listed.data if one["attributes"]["sensitive"])
    opened = await raw_client("PATCH", f"{path}/{secret['id']}", body(sensitive=False))
    made = await raw_client(
        "POST", path, body(key="x", value="[1]", category="terraform", hcl=True)
    )
    twice = await raw_client("POST", path, body(key="x", value="", category="terraform"))
    bad = await raw_client(
        "POST", path, body(key="a = b\nc", value="", category="terraform")
    )
    gone = await raw_client("DELETE", f"{path}/{made.data['id']}")

    assert values == {"region": "eu", "KEY": None}
    assert b"hush" not in listed.body
    assert (opened.status, twice.status, bad.status) == (422, 422, 422)
    assert (made.status, made.data["attributes"]["hcl"], gone.status) == (201, True, 204)


async def test_the_upload_address_is_told_once(raw_client: RawClient) -> None:
    """Only the answer to the creation has it; the archive may come twice, with a token or not."""
    workspace = await raw_client.workspace()
    made = await raw_client(
        "POST", f"/api/v2/workspaces/{workspace}/configuration-versions"
    )
    url = made.data["attributes"]["upload-url"]
    before = await raw_client("GET", f"/api/v2/configuration-versions/{made.data['id']}")
    first = await raw_client("PUT", url, slug(), token="any")
    second = await raw_client("PUT", url, slug(), token=None)
    after = await raw_client("GET", f"/api/v2/configuration-versions/{made.data['id']}")

    assert made.data["attributes"]["auto-queue-runs"] is True
    assert "upload-url" not in before.data["attributes"]
    assert (first.status, second.status) == (200, 200)
    assert after.data["attributes"]["status"] == "uploaded"


@pytest.mark.parametrize("change", ["signature", "kind", "id", "until"])
async def test_a_signed_address_cannot_be_changed(
    raw_client: RawClient, change: str
) -> None:
    """Each part of it is signed, and another method opens nothing."""
    workspace = await raw_client.workspace()
    made = await raw_client(
        "POST", f"/api/v2/workspaces/{workspace}/configuration-versions"
    )
    parts = made.data["attributes"]["upload-url"].split("/")
    place = {"kind": -4, "id": -3, "until": -2, "signature": -1}[change]
    parts[place] = {"kind": "log", "id": "cv-other", "until": "99999999999"}.get(
        change, "0"
    )

    assert (await raw_client("PUT", "/".join(parts), slug(), token=None)).status == 404
    assert (
        await raw_client("GET", made.data["attributes"]["upload-url"], token=None)
    ).status == 404


@pytest.mark.parametrize(
    "archive",
    [b"", b"no archive", slug()[:-5], slug("../out"), slug("/abs")],
    ids=["empty", "text", "cut", "parent", "absolute"],
)
async def test_an_archive_that_cannot_be_used_is_told(
    raw_client: RawClient, archive: bytes
) -> None:
    """The configuration version is errored with a message, and no run is made from it."""
    workspace = await raw_client.workspace()
    version = await raw_client.uploaded(workspace, archive)

    found = await raw_client("GET", f"/api/v2/configuration-versions/{version}")
    run = await raw_client.run(workspace, version)

    assert found.data["attributes"]["status"] == "errored"
    assert "the archive" in found.data["attributes"]["error-message"]
    assert run.status == 422


async def test_a_run_from_its_creation_to_its_end(raw_client: RawClient) -> None:
    """Status, plan, numbers, log and JSON plan of a run that goes well."""
    workspace = await raw_client.workspace()
    version = await raw_client.uploaded(workspace)
    made = await raw_client.run(
        workspace,
        version,
        message="why",
        refresh=False,
        target_addrs=["a.b"],
        replace_addrs=["c.d"],
        variables=[{"key": "x", "value": '"y"'}],
    )
    attributes = made.data["attributes"]
    run = await raw_client.until(made.data["id"], "planned_and_finished")
    with_plan = await raw_client("GET", f"/api/v2/runs/{run['id']}?include=plan")
    (plan,) = with_plan.json["included"]
    url = plan["attributes"]["log-read-url"]
    log = await raw_client("GET", f"{url}?limit=65536&offset=0", token=None)
    redirect = await raw_client("GET", f"/api/v2/plans/{plan['id']}/json-output")
    json_plan = await raw_client("GET", redirect.headers["Location"], token=None)

    assert made.status == 201
    assert (attributes["status"], attributes["plan-only"]) == ("pending", True)
    assert attributes["target-addrs"] == ["a.b"] and attributes["replace-addrs"] == ["c.d"]
    assert (attributes["message"], attributes["refresh"]) == ("why", False)
    assert attributes["variables"] == [{"key": "x", "value": '"y"'}]
    assert made.data["relationships"]["plan"]["data"]["id"] == plan["id"]
    assert run["attributes"]["has-changes"] is True
    assert {"planning-at", "planned-and-finished-at"} <= set(
        run["attributes"]["status-timestamps"]
    )
    assert plan["attributes"]["status"] == "finished"
    assert plan["attributes"]["resource-additions"] == 2
    assert plan["attributes"]["structured-run-output-enabled"] is False
    assert "?" not in url
    assert log.body[:1] == b"\x02" and log.body[-1:] == b"\x03"
    assert b"simulated" in log.body and log.body.endswith(b"hello\n\x03")
    assert redirect.status == 307
    assert (json_plan.status, json.loads(json_plan.body)["format_version"]) == (200, "1.2")


@pytest.mark.parametrize("limit", [1, 7, 4096])
async def test_a_log_is_read_by_offset_and_limit(raw_client: RawClient, limit: int) -> None:
    """Bytes are counted with the frame, and past the end there is nothing."""
    workspace = await raw_client.workspace()
    made = await raw_client.run(workspace, await raw_client.uploaded(workspace))
    await raw_client.until(made.data["id"], "planned_and_finished")
    plan = await raw_client("GET", f"/api/v2/runs/{made.data['id']}/plan")
    url = plan.data["attributes"]["log-read-url"]
    whole = (await raw_client("GET", url, token=None)).body

    read = b""
    while part := (
        await raw_client("GET", f"{url}?limit={limit}&offset={len(read)}", token=None)
    ).body:
        assert len(part) <= limit
        read += part

    assert read == whole


async def test_only_plans_are_made(raw_client: RawClient) -> None:
    """A run that could be applied is refused, and so is applying one."""
    workspace = await raw_client.workspace()
    version = await raw_client.uploaded(workspace)
    refused = await raw_client.run(workspace, version, **{"plan-only": False})
    made = await raw_client.run(workspace, version)
    await raw_client.until(made.data["id"], "planned_and_finished")
    apply = await raw_client("POST", f"/api/v2/runs/{made.data['id']}/actions/apply")
    cancel = await raw_client("POST", f"/api/v2/runs/{made.data['id']}/actions/cancel")
    nowhere = await raw_client("POST", "/api/v2/runs", run_body("ws-none", version))

    assert (refused.status, apply.status, cancel.status) == (422, 409, 409)
    assert "only plans" in refused.json["errors"][0]["detail"]
    assert nowhere.status == 404


async def test_runs_that_only_plan_hide_from_lists(raw_client: RawClient) -> None:
    """They are listed when they are asked for, newest first, by text and with their plans."""
    workspace = await raw_client.workspace()
    version = await raw_client.uploaded(workspace)
    for message in ("first token-1", "second token-1", "third"):
        await raw_client.run(workspace, version, message=message)
    path = f"/api/v2/workspaces/{workspace}/runs"

    hidden = await raw_client("GET", path)
    shown = await raw_client(
        "GET", f"{path}?filter%5Boperation%5D=plan_only,plan_and_apply"
    )
    searched = await raw_client(
        "GET",
        "/api/v2/organizations/acme/runs?filter%5Boperation%5D=plan_only"
        "&search%5Bbasic%5D=token-1&include=plan",
    )

    assert hidden.data == []
    messages = [one["attributes"]["message"] for one in shown.data]
    assert messages == ["third", "second token-1", "first token-1"]
    assert len(searched.data) == len(searched.json["included"]) == 2


async def test_a_running_plan_is_canceled(raw_client: RawClient) -> None:
    """Its log gets an end, and its status comes after that."""
    workspace = await raw_client.workspace("networking-slow")
    made = await raw_client.run(workspace, await raw_client.uploaded(workspace))
    id = made.data["id"]
    await raw_client.until(id, "planning")
    canceled = await raw_client(
        "POST", f"/api/v2/runs/{id}/actions/cancel", {"comment": "why"}
    )
    run = await raw_client.until(id, "canceled")
    plan = await raw_client("GET", f"/api/v2/runs/{id}/plan")
    log = await raw_client("GET", plan.data["attributes"]["log-read-url"], token=None)

    assert (canceled.status, canceled.body) == (202, b"")
    attributes = run["attributes"]
    assert attributes["canceled-at"] < attributes["force-cancel-available-at"]
    assert attributes["actions"]["is-force-cancelable"] is False
    assert plan.data["attributes"]["status"] == "canceled"
    assert log.body.endswith(b"canceled.\n\x03")


async def test_a_waiting_run_is_canceled_or_discarded_before_its_plan(
    raw_client: RawClient,
) -> None:
    """Two workers are busy; the third run waits, and its plan becomes unreachable."""
    workspace = await raw_client.workspace("networking-slow")
    version = await raw_client.uploaded(workspace)
    runs = [(await raw_client.run(workspace, version)).data["id"] for _ in range(4)]
    await raw_client.until(runs[1], "planning")
    capacity = await raw_client("GET", "/api/v2/organizations/acme/capacity")
    queue = await raw_client("GET", "/api/v2/organizations/acme/runs/queue")
    await raw_client("POST", f"/api/v2/runs/{runs[2]}/actions/cancel")
    await raw_client("POST", f"/api/v2/runs/{runs[3]}/actions/discard")
    await raw_client.until(runs[2], "canceled")
    discarded = await raw_client.until(runs[3], "canceled", "discarded")
    plan = await raw_client("GET", f"/api/v2/runs/{runs[2]}/plan")
    log = await raw_client("GET", plan.data["attributes"]["log-read-url"], token=None)

    assert capacity.data["attributes"] == {"pending": 2, "running": 2}
    assert discarded["attributes"]["status"] == "discarded"
    assert discarded["attributes"]["canceled-at"] is None
    assert [one["id"] for one in queue.data] == runs[2:]
    assert [one["attributes"]["position-in-queue"] for one in queue.data] == [1, 2]
    assert plan.data["attributes"]["status"] == "unreachable"
    assert log.body == b""


async def test_a_state_needs_the_lock(raw_client: RawClient) -> None:
    """Without it nothing is stored; with it serials rise and lineages stay."""
    workspace = await raw_client.workspace()
    path = f"/api/v2/workspaces/{workspace}/state-versions"
    unlocked = await raw_client("POST", path, state_body(state_of()))
    await raw_client("POST", f"/api/v2/workspaces/{workspace}/actions/lock")
    first = await raw_client("POST", path, state_body(state_of(5)))
    statuses = [
        (await raw_client("POST", path, body)).status
        for body in (
            state_body(state_of(5)),
            state_body(state_of(5, x={"value": 1, "type": "number"})),
            state_body(state_of(4)),
            state_body(state_of(6, "other")),
            state_body(state_of(6), md5="0" * 32),
            state_body(state_of(6), serial=None),
            state_body(state_of(6), state="no base64!"),
            state_body(state_of(4, "other"), force=True),
        )
    ]

    assert unlocked.status == 409
    assert (first.status, first.data["attributes"]["status"]) == (201, "finalized")
    assert statuses == [201, 409, 409, 409, 422, 422, 422, 201]


async def test_a_state_is_uploaded_and_read(raw_client: RawClient) -> None:
    """Announced, uploaded, finalized, downloaded; unlocking waits for it, and not with 409."""
    workspace = await raw_client.workspace()
    path = f"/api/v2/workspaces/{workspace}"
    outputs: dict[str, Any] = {
        "open": {"value": ["a"], "type": ["list", "string"]},
        "closed": {"value": "hush", "type": "string", "sensitive": True},
    }
    state = state_of(**outputs)
    await raw_client("POST", f"{path}/actions/lock")
    made = await raw_client(
        "POST", f"{path}/state-versions", state_body(state, inline=False)
    )
    early = await raw_client("GET", f"{path}/current-state-version")
    unlock = await raw_client("POST", f"{path}/actions/unlock")
    url = made.data["attributes"]["hosted-state-upload-url"]
    wrong = await raw_client("PUT", url, b"{}", token=None)
    sent = await raw_client("PUT", url, state, token=None)
    current = await raw_client("GET", f"{path}/current-state-version")
    download = current.data["attributes"]["hosted-state-download-url"]
    listed = await raw_client("GET", f"{path}/current-state-version-outputs")
    closed = next(one for one in listed.data if one["attributes"]["name"] == "closed")
    shown = await raw_client("GET", f"/api/v2/state-version-outputs/{closed['id']}")

    assert (made.status, made.data["attributes"]["status"]) == (201, "pending")
    assert (early.status, unlock.status, wrong.status, sent.status) == (404, 422, 422, 200)
    assert "still pending" in unlock.json["errors"][0]["detail"]
    assert (await raw_client("GET", download, token=None)).body == state
    assert b"hush" not in listed.body
    assert shown.data["attributes"]["value"] == "hush"
    assert (await raw_client("POST", f"{path}/actions/unlock")).status == 200
    # It holds outputs alone, and those are no resources that would be forgotten.
    deleted = await raw_client("POST", f"{WORKSPACES}/networking-dev/actions/safe-delete")
    assert deleted.status == 204


async def test_a_run_names_the_state_that_its_plan_began_with(
    raw_client: RawClient,
) -> None:
    """Equal ids prove that two plans began with the same state."""
    workspace = await raw_client.workspace()
    version = await raw_client.uploaded(workspace)

    async def input_state() -> Any:
        made = await raw_client.run(workspace, version)
        run = await raw_client.until(made.data["id"], "planned_and_finished")
        return run["relationships"]["input-state-version"]["data"]

    before = await input_state()
    path = f"/api/v2/workspaces/{workspace}"
    await raw_client("POST", f"{path}/actions/lock")
    stored = await raw_client("POST", f"{path}/state-versions", state_body(state_of(1)))
    await raw_client("POST", f"{path}/actions/unlock")

    assert before is None
    assert await input_state() == {"type": "state-versions", "id": stored.data["id"]}


async def test_an_earlier_state_becomes_the_newest(raw_client: RawClient) -> None:
    """With the next serial and its outputs, under the lock, and only one of the workspace."""
    workspace = await raw_client.workspace()
    path = f"/api/v2/workspaces/{workspace}"
    await raw_client("POST", f"{path}/actions/lock")
    states = (state_of(3, x={"value": 1, "type": "number"}), state_of(7))
    versions = [
        await raw_client("POST", f"{path}/state-versions", state_body(state))
        for state in states
    ]

    def body(id: str) -> dict[str, Any]:
        linkage = {"data": {"type": "state-versions", "id": id}}
        return {"data": {"relationships": {"rollback-state-version": linkage}}}

    first = body(versions[0].data["id"])
    rolled = await raw_client("PATCH", f"{path}/state-versions", first)
    current = await raw_client("GET", f"{path}/current-state-version?include=outputs")
    url = current.data["attributes"]["hosted-state-download-url"]
    stored = await raw_client("GET", url, token=None)
    unknown = await raw_client("PATCH", f"{path}/state-versions", body("sv-none"))
    other = await raw_client.workspace("other")
    await raw_client("POST", f"/api/v2/workspaces/{other}/actions/lock")
    foreign = await raw_client("PATCH", f"/api/v2/workspaces/{other}/state-versions", first)
    await raw_client("POST", f"{path}/actions/unlock")
    unlocked = await raw_client("PATCH", f"{path}/state-versions", first)

    assert (rolled.status, rolled.data["attributes"]["serial"]) == (201, 8)
    assert current.data["id"] == rolled.data["id"]
    assert current.json["included"][0]["attributes"]["value"] == 1
    assert stored.json == json.loads(state_of(8, x={"value": 1, "type": "number"}))
    assert hashlib.md5(stored.body).hexdigest() == current.data["attributes"]["md5"]
    assert (unknown.status, foreign.status, unlocked.status) == (404, 404, 409)


async def test_nonsense_is_refused_with_a_document(raw_client: RawClient) -> None:
    """Bodies that are no JSON, wrong types, unknown paths: an error document each time."""
    for method, path, body, status in (
        ("POST", WORKSPACES, b"{", 400),
        ("POST", WORKSPACES, {"data": {"attributes": {"name": 1}}}, 422),
        ("GET", "/api/v2/nothing", None, 404),
        ("GET", "/api/v2/runs/run-none", None, 404),
        ("PUT", WORKSPACES, None, 405),
    ):
        found = await raw_client(method, path, body)
        assert found.status == status
        assert found.json["errors"][0]["status"] == str(status)


async def test_an_upload_may_queue_its_run_itself(raw_client: RawClient) -> None:
    """With auto-queue-runs, which is the default, a plan-only run follows the upload."""
    workspace = await raw_client.workspace()
    made = await raw_client(
        "POST", f"/api/v2/workspaces/{workspace}/configuration-versions"
    )
    await raw_client("PUT", made.data["attributes"]["upload-url"], slug(), token=None)

    with anyio.fail_after(10):
        listed = await raw_client(
            "GET", f"/api/v2/workspaces/{workspace}/runs?filter%5Boperation%5D=plan_only"
        )
    (run,) = listed.data
    linked = run["relationships"]["configuration-version"]["data"]["id"]
    assert linked == made.data["id"]
