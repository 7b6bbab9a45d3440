"""Configuration versions: which one a run gets, downloads, and archiving."""

from typing import Any

from tests.support.raw_client import RawClient, run_body, slug


def run_without_version(workspace: str) -> dict[str, Any]:
    """Return the body of a request for a plan-only run that names no version."""
    body = run_body(workspace, "", plan_only=True)
    del body["data"]["relationships"]["configuration-version"]
    return body


async def test_a_run_takes_the_newest_usable_version(ask: RawClient) -> None:
    """Those that are pending, errored, provisional or of another workspace do not count (S9)."""
    workspace, other = await ask.workspace(), await ask.workspace("other")
    none_yet = await ask("POST", "/api/v2/runs", run_without_version(workspace))
    await ask.uploaded(workspace)
    newest = await ask.uploaded(workspace)
    await ask.uploaded(workspace, b"not an archive")
    await ask.uploaded(other)
    path = f"/api/v2/workspaces/{workspace}/configuration-versions"
    await ask("POST", path)
    provisional = await ask("POST", path, {"data": {"attributes": {"provisional": True}}})
    url = provisional.data["attributes"]["upload-url"]
    await ask("PUT", url, slug(), token=None)

    run = await ask("POST", "/api/v2/runs", run_without_version(workspace))

    assert none_yet.status == 422
    assert "upload one" in none_yet.json["errors"][0]["detail"]
    assert run.status == 201
    linked = run.data["relationships"]["configuration-version"]["data"]["id"]
    assert linked == newest


async def test_a_version_of_another_workspace_is_accepted(ask: RawClient) -> None:
    """As the documentation of the service allows, and batches rely on."""
    version = await ask.uploaded(await ask.workspace())

    run = await ask.run(await ask.workspace("other"), version)

    assert run.status == 201
    assert await ask.until(run.data["id"], "planned_and_finished")


async def test_the_current_version_of_a_workspace(ask: RawClient) -> None:
    """The newest one that is not provisional, uploaded or not."""
    workspace = await ask.workspace()
    path = f"/api/v2/workspaces/{workspace}"
    made = await ask("POST", f"{path}/configuration-versions")
    await ask(
        "POST",
        f"{path}/configuration-versions",
        {"data": {"attributes": {"provisional": True}}},
    )

    read = await ask("GET", f"{path}?include=current_configuration_version")

    (included,) = read.json["included"]
    assert included["id"] == made.data["id"]


async def test_an_archive_is_downloaded_as_it_was_uploaded(ask: RawClient) -> None:
    """By a signed address, from the version or from a run; there is none before the upload."""
    workspace = await ask.workspace()
    archive = slug("main.tf", "other.tf")
    version = await ask.uploaded(workspace, archive)
    run = (await ask.run(workspace, version)).data["id"]
    made = await ask("POST", f"/api/v2/workspaces/{workspace}/configuration-versions")

    redirects = [
        await ask("GET", f"/api/v2/configuration-versions/{version}/download"),
        await ask("GET", f"/api/v2/runs/{run}/configuration-version/download"),
    ]
    early = await ask("GET", f"/api/v2/configuration-versions/{made.data['id']}/download")

    for redirect in redirects:
        assert redirect.status == 302
        sent = await ask("GET", redirect.headers["Location"], token=None)
        assert (sent.status, sent.body) == (200, archive)
    assert early.status == 404


async def test_an_archived_version_loses_its_files(ask: RawClient) -> None:
    """Unless it is the current one, or a run still needs it; no run can use it afterwards."""
    workspace, slow = await ask.workspace(), await ask.workspace("networking-slow")
    old, new = await ask.uploaded(workspace), await ask.uploaded(workspace)
    path = f"/api/v2/configuration-versions/{old}"
    run = (await ask.run(slow, old)).data["id"]
    needed = await ask("POST", f"{path}/actions/archive")
    await ask("POST", f"/api/v2/runs/{run}/actions/cancel")
    await ask.until(run, "canceled")

    current = await ask("POST", f"/api/v2/configuration-versions/{new}/actions/archive")
    archived = await ask("POST", f"{path}/actions/archive")
    again = await ask("POST", f"{path}/actions/archive")
    read = await ask("GET", path)
    download = await ask("GET", f"{path}/download")
    refused = await ask.run(workspace, old)

    assert (needed.status, current.status, archived.status) == (409, 409, 202)
    assert "because it is current" in current.json["errors"][0]["detail"]
    assert read.data["attributes"]["status"] == "archived"
    assert "archived-at" in read.data["attributes"]["status-timestamps"]
    assert (again.status, download.status, refused.status) == (409, 404, 422)
    assert not list((ask.folder / "data" / "configurations").glob(old))
