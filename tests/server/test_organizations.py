"""Organizations: made, changed and deleted, and what is in one is not in another."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import pytest
from attrs import evolve

from remote_backend.errors import SettingsError
from remote_backend.server.embedded import serve
from tests.support.browser import Browser
from tests.support.raw_client import RawClient, settings_in
from tests.support.servers import hosted

ORGANIZATIONS = "/api/v2/organizations"
OTHER = f"{ORGANIZATIONS}/other"


def body(kind: str, related: dict[str, Any] | None = None, **attributes: Any) -> Any:
    """Return the body of a request about a resource."""
    named = {name.replace("_", "-"): value for name, value in attributes.items()}
    linked = {
        name.replace("_", "-"): {"data": data} for name, data in (related or {}).items()
    }
    return {"data": {"type": kind, "attributes": named, "relationships": linked}}


async def made_organization(client: RawClient, name: str = "other", **more: Any) -> Any:
    """Make an organization and return its resource."""
    attributes = {"name": name, "email": "ops@other.test", **more}
    made = await client("POST", ORGANIZATIONS, body("organizations", **attributes))
    assert made.status == 201
    return made.data


async def made_in(client: RawClient, path: str, kind: str, **attributes: Any) -> str:
    """Make a resource in an organization and return its id."""
    made = await client("POST", path, body(kind, **attributes))
    assert made.status == 201
    return str(made.data["id"])


async def test_an_organization_is_made_changed_and_deleted(raw_client: RawClient) -> None:
    """Under its name, which may change and is free again afterwards; settings are kept."""
    settings: dict[str, Any] = {"cost-estimation-enabled": True, "session-timeout": 60}
    made = await made_organization(raw_client, "other", **settings)
    read = await raw_client("GET", f"{OTHER}?include=default_project,entitlement_set")
    names = [each["id"] for each in (await raw_client("GET", ORGANIZATIONS)).data]
    searched = await raw_client("GET", f"{ORGANIZATIONS}?q=ops@other")
    changes: dict[str, Any] = {"name": "renamed", "allow_force_delete_workspaces": True}
    renamed = await raw_client("PATCH", OTHER, body("organizations", None, **changes))
    gone = await raw_client("GET", OTHER)
    deleted = await raw_client("DELETE", f"{ORGANIZATIONS}/renamed")
    again = await made_organization(raw_client, "renamed")

    assert read.data == made and settings.items() <= made["attributes"].items()
    assert made["attributes"]["permissions"]["can-destroy"] is True
    included = {each["type"]: each for each in read.json["included"]}
    assert included["projects"]["attributes"]["name"] == "Default Project"
    assert included["entitlement-sets"]["id"] == made["attributes"]["external-id"]
    assert names == ["acme", "other"]
    assert [each["id"] for each in searched.data] == ["other"]
    assert renamed.data["attributes"]["external-id"] == made["attributes"]["external-id"]
    assert renamed.data["attributes"]["allow-force-delete-workspaces"] is True
    assert (gone.status, deleted.status) == (404, 204)
    assert again["attributes"]["external-id"] != made["attributes"]["external-id"]


@pytest.mark.parametrize(
    ("method", "path", "attributes", "status"),
    [
        ("POST", ORGANIZATIONS, {"name": "acme", "email": "a@b"}, 422),
        ("POST", ORGANIZATIONS, {"name": "a b", "email": "a@b"}, 422),
        ("POST", ORGANIZATIONS, {"name": "new"}, 422),
        ("POST", ORGANIZATIONS, {"name": "new", "email": "nobody"}, 422),
        ("PATCH", OTHER, {"name": "acme"}, 422),
        ("PATCH", OTHER, {"default-execution-mode": "agent"}, 422),
        ("PATCH", OTHER, {"session-timeout": "long"}, 422),
        ("PATCH", OTHER, {"user-tokens-enabled": False}, 422),
        # The settings of the server name it.
        ("PATCH", f"{ORGANIZATIONS}/acme", {"name": "new"}, 422),
        ("PATCH", f"{ORGANIZATIONS}/acme", {"session-timeout": 60}, 200),
        ("PATCH", f"{ORGANIZATIONS}/acme", {"email": "nobody"}, 422),
        ("PATCH", f"{ORGANIZATIONS}/acme", {"email": "ops@acme.test"}, 200),
        ("DELETE", f"{ORGANIZATIONS}/acme", {}, 409),
        ("DELETE", f"{ORGANIZATIONS}/nobody", {}, 404),
    ],
)
async def test_requests_that_cannot_be_are_refused(
    raw_client: RawClient, method: str, path: str, attributes: dict[str, Any], status: int
) -> None:
    """Names that are taken, members that are wrong, and the organization of the settings."""
    await made_organization(raw_client)

    answer = await raw_client(method, path, body("organizations", **attributes))

    assert answer.status == status


async def test_workspaces_inherit_the_mode_of_their_organization(
    raw_client: RawClient,
) -> None:
    """Without one of their own and of their project; such a run is not planned here."""
    await made_organization(raw_client, default_execution_mode="local")
    id = await made_in(raw_client, f"{OTHER}/workspaces", "workspaces", name="dev")
    project = await made_in(raw_client, f"{OTHER}/projects", "projects", name="net")
    run = await raw_client.run(id, await raw_client.uploaded(id))
    changed = body("organizations", default_execution_mode="remote")

    async def modes() -> tuple[str, str]:
        workspace = await raw_client("GET", f"/api/v2/workspaces/{id}")
        read = await raw_client("GET", f"/api/v2/projects/{project}")
        return (
            workspace.data["attributes"]["execution-mode"],
            read.data["attributes"]["default-execution-mode"],
        )

    assert await modes() == ("local", "local")
    assert run.status == 422
    await raw_client("PATCH", OTHER, changed)
    assert await modes() == ("remote", "remote")


async def test_an_organization_turns_cost_estimates_on(raw_client: RawClient) -> None:
    """Simulated plans have one that knows no price; a seed may know more."""
    changes = body("organizations", None, **{"cost-estimation-enabled": True})
    workspace = await raw_client.workspace()
    version = await raw_client.uploaded(workspace)
    costs = []
    for _ in range(2):
        run = (await raw_client.run(workspace, version)).data["id"]
        ended = await raw_client.until(run, "planned_and_finished")
        costs.append(ended["relationships"]["cost-estimate"]["data"])
        await raw_client("PATCH", f"{ORGANIZATIONS}/acme", changes)
    estimate = await raw_client("GET", f"/api/v2/cost-estimates/{costs[1]['id']}")

    assert costs[0] is None
    attributes = estimate.data["attributes"]
    assert (attributes["status"], attributes["proposed-monthly-cost"]) == (
        "finished",
        "0.0",
    )
    assert (attributes["resources-count"], attributes["unmatched-resources-count"]) == (
        3,
        3,
    )


async def test_lists_are_those_of_one_organization(raw_client: RawClient) -> None:
    """One name may be in both; each path, filter and count stays in its own."""
    await made_organization(raw_client)
    id = await made_in(
        raw_client, f"{OTHER}/workspaces", "workspaces", name="networking-dev"
    )
    tags = {"data": [{"type": "tags", "attributes": {"name": "theirs"}}]}
    await raw_client("POST", f"/api/v2/workspaces/{id}/relationships/tags", tags)
    await made_in(raw_client, f"{OTHER}/projects", "projects", name="net")
    await made_in(raw_client, f"{OTHER}/varsets", "varsets", name="all", **{"global": True})
    run = (await raw_client.run(id, await raw_client.uploaded(id))).data["id"]
    await raw_client.until(run, "planned_and_finished")

    async def ids(path: str) -> list[str]:
        return [each["id"] for each in (await raw_client("GET", path)).data]

    plan_only = "runs?filter%5Boperation%5D=plan_only"
    explorer = "explorer?type=workspaces"
    of_both = {
        name: (await ids(f"{ORGANIZATIONS}/acme/{name}"), await ids(f"{OTHER}/{name}"))
        for name in ("workspaces", "projects", "varsets", "tags", plan_only, explorer)
    }
    own = await raw_client.workspace()
    read = await raw_client("GET", f"{OTHER}/workspaces/networking-dev")

    assert {name: (len(ours), len(theirs)) for name, (ours, theirs) in of_both.items()} == {
        "workspaces": (3, 1),
        "projects": (1, 2),
        "varsets": (0, 1),
        "tags": (0, 1),
        plan_only: (0, 1),
        explorer: (3, 1),
    }
    assert (read.data["id"], own != id) == (id, True)
    assert read.data["relationships"]["organization"]["data"]["id"] == "other"
    assert await ids(f"/api/v2/workspaces/{own}/varsets") == []
    assert len(await ids(f"/api/v2/workspaces/{id}/varsets")) == 1


async def test_nothing_leads_from_one_organization_into_another(
    raw_client: RawClient,
) -> None:
    """Projects, sets, consumers, tags and configuration versions of another one do not exist."""
    await made_organization(raw_client)
    there = await made_in(raw_client, f"{OTHER}/workspaces", "workspaces", name="dev")
    project = await made_in(raw_client, f"{OTHER}/projects", "projects", name="net")
    varset = await made_in(raw_client, f"{OTHER}/varsets", "varsets", name="all")
    here = await raw_client.workspace()
    tags = {"data": [{"type": "tags", "attributes": {"name": "ours"}}]}
    await raw_client("POST", f"/api/v2/workspaces/{here}/relationships/tags", tags)
    (tag,) = (await raw_client("GET", f"{ORGANIZATIONS}/acme/tags")).data
    workspaces = {"data": [{"type": "workspaces", "id": here}]}
    into = body("workspaces", {"project": {"type": "projects", "id": project}}, name="new")
    consumers = f"/api/v2/workspaces/{there}/relationships/remote-state-consumers"
    tagged = {"data": [{"type": "workspaces", "id": there}]}

    refused = [
        await raw_client("POST", f"{ORGANIZATIONS}/acme/workspaces", into),
        await raw_client("PATCH", f"/api/v2/workspaces/{here}", into),
        await raw_client(
            "POST", f"/api/v2/projects/{project}/relationships/workspaces", workspaces
        ),
        await raw_client(
            "POST", f"/api/v2/varsets/{varset}/relationships/workspaces", workspaces
        ),
        await raw_client("POST", consumers, workspaces),
        await raw_client(
            "POST", f"/api/v2/tags/{tag['id']}/relationships/workspaces", tagged
        ),
        await raw_client.run(here, await raw_client.uploaded(there)),
    ]

    assert [answer.status for answer in refused] == [404] * len(refused)


async def test_an_organization_takes_with_it_what_belongs_to_it(
    raw_client: RawClient, tmp_path: Path
) -> None:
    """Records of all levels and their files; a run that is being planned is canceled."""
    await made_organization(raw_client)
    id = await made_in(
        raw_client, f"{OTHER}/workspaces", "workspaces", name="networking-slow"
    )
    version = await raw_client.uploaded(id)
    run = (await raw_client.run(id, version)).data["id"]
    comment = await made_in(
        raw_client, f"/api/v2/runs/{run}/comments", "comments", body="x"
    )
    varset = await made_in(raw_client, f"{OTHER}/varsets", "varsets", name="all")
    await raw_client.until(run, "planning")
    files = [path for path in (tmp_path / "data").rglob("*") if version in path.name]

    deleted = await raw_client("DELETE", OTHER)
    left = [
        (await raw_client("GET", f"/api/v2/{path}")).status
        for path in (
            *("organizations/other", "organizations/other/workspaces"),
            *(f"workspaces/{id}", f"runs/{run}", f"comments/{comment}"),
            *(f"configuration-versions/{version}", f"varsets/{varset}"),
        )
    ]
    capacity = await raw_client("GET", f"{ORGANIZATIONS}/acme/capacity")

    assert (deleted.status, left) == (204, [404] * len(left))
    assert files and not any(path.exists() for path in files)
    assert capacity.data["attributes"] == {"pending": 0, "running": 0}
    assert await raw_client.workspace()


async def test_nothing_is_made_in_an_organization_that_is_being_deleted(
    raw_client: RawClient, tmp_path: Path
) -> None:
    """Requests that race its end are carried out before it, or find it gone."""
    made = await made_organization(raw_client)
    paths = [
        f"{OTHER}/{kind}" for kind in ("workspaces", "projects", "varsets", "ssh-keys")
    ]
    statuses: list[int] = []

    async def make(path: str, number: int) -> None:
        sent = body("things", name=f"name-{number}", value="key")
        statuses.append((await raw_client("POST", path, sent)).status)

    async with anyio.create_task_group() as group:
        for number in range(10):
            for path in paths:
                group.start_soon(make, path, number)
            if number == 5:
                group.start_soon(raw_client, "DELETE", OTHER)

    with closing(sqlite3.connect(tmp_path / "data" / "records.sqlite")) as connection:
        query = "select count(*) from record where owner = ?"
        (left,) = connection.execute(query, [made["attributes"]["external-id"]]).fetchone()
    assert set(statuses) <= {201, 404}
    assert (await raw_client("GET", OTHER)).status == 404
    assert left == 0


async def test_organizations_survive_a_restart(tmp_path: Path) -> None:
    """The name of the settings may be another one each time, but not that of another one."""
    settings = settings_in(tmp_path)
    async with (
        hosted(serve(settings, {})) as server,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        client = RawClient(server, session, tmp_path)
        before = await made_organization(client)
        await made_in(client, f"{OTHER}/workspaces", "workspaces", name="dev")
    renamed = evolve(settings, organization="renamed")
    async with (
        hosted(serve(renamed, {})) as server,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        client = RawClient(server, session, tmp_path)
        listed = (await client("GET", ORGANIZATIONS)).data
        workspaces = [
            len((await client("GET", f"{ORGANIZATIONS}/{name}/workspaces")).data)
            for name in ("renamed", "other")
        ]
    with pytest.raises(SettingsError, match="another organization other"):
        async with serve(evolve(settings, organization="other"), {}):
            pass

    assert [each["id"] for each in listed] == ["other", "renamed"]
    assert listed[0] == before
    assert workspaces == [3, 1]


async def test_pages_are_those_of_one_organization(browser: Browser) -> None:
    """Home leads to the others; an unknown one is a page about an error, with ways back."""
    await browser.plan("dev")
    await browser.log_in(browser.server.token)
    await browser.request(
        "POST", "organizations", body("organizations", name="other", email="a@other.test")
    )
    await browser.request(
        "POST", "organizations/other/workspaces", body("workspaces", name="theirs")
    )
    _, home = await browser.get("/app")
    _, listed = await browser.get("/app/other/workspaces")
    _, batches = await browser.get("/app/other/batches")
    _, own = await browser.get("/app/acme/workspaces")
    status, unknown = await browser.get("/app/nobody/workspaces")
    wrong, near = await browser.get("/app/other/workspaces/net-dev")

    assert 'href="/app/other/workspaces"' in home
    assert "theirs" in listed and "net-dev" not in listed
    assert 'href="/app/other/batches"' in listed and "\u00b7 other</title>" in listed
    assert "There is no batch yet" in batches
    assert "net-dev" in own and "theirs" not in own
    assert (status, wrong) == (404, 404)
    assert "Workspaces with such a name" not in near
    assert "nobody does not exist" in unknown and 'href="/app/acme/workspaces"' in unknown
