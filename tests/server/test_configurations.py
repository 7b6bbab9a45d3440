"""Configuration versions: which one a run gets, downloads, and archiving."""

from typing import Any

from tests.support.raw_client import RawClient, run_body, slug


def run_without_version(workspace: str) -> dict[str, Any]:
    """Return the body of a request for a plan-only run that names no version."""
    body = run_body(workspace, "", plan_only=True)
    del body["data"]["relationships"]["configuration-version"]
    return body


async def test_a_run_takes_the_newest_usable_version(raw_client: RawClient) -> None:
    """Those that are pending, errored, provisional or of another workspace do not count (S9)."""
    workspace, other = await raw_client.workspace(), await raw_client.workspace("other")
    none_yet = await raw_client("POST", "/api/v2/runs", run_without_version(workspace))
    await raw_client.uploaded(workspace)
    newest = await raw_client.uploaded(workspace)
    await raw_client.uploaded(workspace, b"not an archive")
    await raw_client.uploaded(other)
    path = f"/api/v2/workspaces/{workspace}/configuration-versions"
    await raw_client("POST", path)
    provisional = await raw_client(
        "POST", path, {"data": {"attributes": {"provisional": True}}}
    )
    url = provisional.data["attributes"]["upload-url"]
    await raw_client("PUT", url, slug(), token=None)

    run = await raw_client("POST", "/api/v2/runs", run_without_version(workspace))

    assert none_yet.status == 422
    assert "upload one" in none_yet.json["errors"][0]["detail"]
    assert run.status == 201
    linked = run.data["relationships"]["configuration-version"]["data"]["id"]
    assert linked == newest


async def test_a_version_of_another_workspace_is_accepted(raw_client: RawClient) -> None:
    """As the documentation of the service allows, and batches rely on."""
    version = await raw_client.uploaded(await raw_client.workspace())

    run = await raw_client.run(await raw_client.workspace("other"), version)

    assert run.status == 201
    assert await raw_client.until(run.data["id"], "planned_and_finished")


async def test_the_current_version_of_a_workspace(raw_client: RawClient) -> None:
    """The newest one that is not provisional, uploaded or not."""
    workspace = await raw_client.workspace()
    path = f"/api/v2/workspaces/{workspace}"
    made = await raw_client("POST", f"{path}/configuration-versions")
    await raw_client(
        "POST",
        f"{path}/configuration-versions",
        {"data": {"attributes": {"provisional": True}}},
    )

    read = await raw_client("GET", f"{path}?include=current_configuration_version")

    (included,) = read.json["included"]
    assert included["id"] == made.data["id"]


async def test_an_archive_is_downloaded_as_it_was_uploaded(raw_client: RawClient) -> None:
    """By a signed address, from the version or from a run; there is none before the upload."""
    workspace = await raw_client.workspace()
    archive = slug("main.tf", "other.tf")
    version = await raw_client.uploaded(workspace, archive)
    run = (await raw_client.run(workspace, version)).data["id"]
    made = await raw_client(
        "POST", f"/api/v2/workspaces/{workspace}/configuration-versions"
    )

    redirects = [
        await raw_client("GET", f"/api/v2/configuration-versions/{version}/download"),
        await raw_client("GET", f"/api/v2/runs/{run}/configuration-version/download"),
    ]
    early = await raw_client(
        "GET", f"/api/v2/configuration-versions/{made.data['id']}/download"
    )

    for redirect in redirects:
        assert redirect.status == 302
        sent = await raw_client("GET", redirect.headers["Location"], token=None)
        assert (sent.status, sent.body) == (200, archive)
    assert early.status == 404


async def test_an_archived_version_loses_its_files(raw_client: RawClient) -> None:
    """Unless it is the current one, or a run still needs it; no run can use it afterwards."""
    workspace, slow = (
        await raw_client.workspace(),
        await raw_client.workspace("networking-slow"),
    )
    old, new = await raw_client.uploaded(workspace), await raw_client.uploaded(workspace)
    path = f"/api/v2/configuration-versions/{old}"
    run = (await raw_client.run(slow, old)).data["id"]
    needed = await raw_client("POST", f"{path}/actions/archive")
    await raw_client("POST", f"/api/v2/runs/{run}/actions/cancel")
    await raw_client.until(run, "canceled")

    current = await raw_client(
        "POST", f"/api/v2/configuration-versions/{new}/actions/archive"
    )
    archived = await raw_client("POST", f"{path}/actions/archive")
    again = await raw_client("POST", f"{path}/actions/archive")
    read = await raw_client("GET", path)
    download = await raw_client("GET", f"{path}/download")
    refused = await raw_client.run(workspace, old)

    assert (needed.status, current.status, archived.status) == (409, 409, 202)
    assert "because it is current" in current.json["errors"][0]["detail"]
    assert read.data["attributes"]["status"] == "archived"
    assert "archived-at" in read.data["attributes"]["status-timestamps"]
    assert (again.status, download.status, refused.status) == (409, 404, 422)
    assert not list((raw_client.folder / "data" / "configurations").glob(old))
