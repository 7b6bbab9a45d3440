"""Data directories that earlier versions of the server wrote."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from remote_backend.server.embedded import serve
from tests.support.paths import REPOSITORY
from tests.support.raw_client import RawClient, settings_in
from tests.support.servers import hosted

SAMPLES = sorted((REPOSITORY / "tests" / "samples" / "server").glob("records-*.sql"))
OUTPUTS = {"vpc_id": {"value": "vpc-77", "type": "string"}}
STATE = {"version": 4, "serial": 1, "lineage": "line", "outputs": OUTPUTS, "resources": []}


def write_old_data(sample: Path, data: Path) -> None:
    """Write a data directory as an earlier version left it."""
    data.mkdir()
    script = sample.read_text(encoding="utf-8")
    with closing(sqlite3.connect(data / "records.sqlite")) as connection:
        connection.executescript(script)
        query = "select id from record where kind like '%tate%ersion'"
        (state_id,) = connection.execute(query).fetchone()
    states = data / "states"
    states.mkdir()
    (states / f"{state_id}.tfstate").write_text(json.dumps(STATE))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
async def test_an_old_data_directory_opens(sample: Path, tmp_path: Path) -> None:
    """Workspaces, variables, runs, states and outputs are there, twice in a row."""
    assert len(SAMPLES) == 3
    write_old_data(sample, tmp_path / "data")
    for _ in range(2):
        async with (
            hosted(serve(settings_in(tmp_path), {})) as server,
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
        ):
            await expect_everything(RawClient(server, session, tmp_path))


async def test_what_was_there_belongs_to_the_first_organization(tmp_path: Path) -> None:
    """Projects, variable sets and runs from before there were several are in its lists."""
    sample = (
        REPOSITORY / "tests" / "samples" / "server" / "records-before-organizations.sql"
    )
    write_old_data(sample, tmp_path / "data")
    async with (
        hosted(serve(settings_in(tmp_path), {})) as server,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        client = RawClient(server, session, tmp_path)
        organization = "/api/v2/organizations/acme"
        projects = (await client("GET", f"{organization}/projects")).data
        (varset,) = (await client("GET", f"{organization}/varsets")).data
        runs = await client("GET", f"{organization}/runs?filter%5Boperation%5D=plan_only")
        taken = await client(
            "POST", f"{organization}/projects", {"data": {"attributes": {"name": "net"}}}
        )
        workspace = await client.workspace()
        applied = await client("GET", f"/api/v2/workspaces/{workspace}/varsets")

    names = [project["attributes"]["name"] for project in projects]
    assert names == ["Default Project", "net"]
    assert [run["attributes"]["message"] for run in runs.data] == ["of before"]
    assert taken.status == 422
    assert [each["id"] for each in applied.data] == [varset["id"]]


async def expect_everything(raw_client: RawClient) -> None:
    """Read what the old data directory holds."""
    workspace = await raw_client(
        "GET", "/api/v2/organizations/acme/workspaces/networking-dev"
    )
    path = f"/api/v2/workspaces/{workspace.data['id']}"
    variables = await raw_client("GET", f"{path}/vars")
    runs = await raw_client("GET", f"{path}/runs?filter%5Boperation%5D=plan_only")
    state = await raw_client("GET", f"{path}/current-state-version?include=outputs")
    project = workspace.data["relationships"]["project"]["data"]
    found_project = await raw_client("GET", f"/api/v2/projects/{project['id']}")

    keys = {variable["attributes"]["key"] for variable in variables.data}
    assert keys == {"region", "KEY"}
    configurable = variables.data[0]["relationships"]["configurable"]["data"]["id"]
    assert configurable == workspace.data["id"]
    assert [run["attributes"]["message"] for run in runs.data] == ["of before"]
    assert [output["attributes"]["value"] for output in state.json["included"]] == [
        "vpc-77"
    ]
    assert found_project.data["attributes"]["name"] == "Default Project"
