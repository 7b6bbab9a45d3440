"""Files go when nothing needs them: with their records, after some days, or at a start."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from attrs import frozen

from remote_backend.server.files import FOLDERS, Files
from remote_backend.server.records import (
    ConfigurationVersionRecord,
    RunRecord,
    StateVersionRecord,
    WorkspaceRecord,
)
from remote_backend.server.retention import Retention
from remote_backend.server.store import Store, open_store
from tests.support.raw_client import RawClient
from tests.support.stored_states import state_body, state_of

DAY = 24 * 3600.0
NOW = 1_800_000_000.0


def names_in(data: Path) -> set[str]:
    """Return the names of all files that a server keeps for its records."""
    return {path.name for kind in FOLDERS for path in (data / kind).glob("*")}


async def test_all_of_a_workspace_goes_with_it(raw_client: RawClient) -> None:
    """Its logs, plans, states and archives, and the signed addresses end with them (S12)."""
    workspace = await raw_client.workspace()
    run = await raw_client.run(workspace, await raw_client.uploaded(workspace))
    await raw_client.until(run.data["id"], "planned_and_finished")
    path = f"/api/v2/workspaces/{workspace}"
    await raw_client("POST", f"{path}/actions/lock")
    state = await raw_client("POST", f"{path}/state-versions", state_body(state_of()))
    plan = await raw_client("GET", f"/api/v2/runs/{run.data['id']}/plan")
    json_plan = await raw_client("GET", f"/api/v2/runs/{run.data['id']}/plan/json-output")
    addresses = (
        plan.data["attributes"]["log-read-url"],
        state.data["attributes"]["hosted-state-download-url"],
        json_plan.headers["Location"],
    )
    before = [(await raw_client("GET", url, token=None)).status for url in addresses]

    await raw_client("DELETE", path)

    after = [(await raw_client("GET", url, token=None)).status for url in addresses]
    assert (before, after) == ([200] * 3, [404] * 3)
    assert names_in(raw_client.folder / "data") == set()


async def test_a_run_of_another_workspace_keeps_its_archive(raw_client: RawClient) -> None:
    """Batches share one configuration version; the workspace that owns it may go earlier."""
    owner, slow = (
        await raw_client.workspace(),
        await raw_client.workspace("networking-slow"),
    )
    version = await raw_client.uploaded(owner)
    run = await raw_client.run(slow, version)
    await raw_client.until(run.data["id"], "planning")

    await raw_client("DELETE", f"/api/v2/workspaces/{owner}")

    assert f"{version}.tar.gz" in names_in(raw_client.folder / "data")


async def test_a_run_that_is_planned_when_its_workspace_goes_leaves_no_file(
    raw_client: RawClient,
) -> None:
    """Its log is written until the end of the run, which is after the deletion."""
    workspace = await raw_client.workspace("networking-slow")
    run = await raw_client.run(workspace, await raw_client.uploaded(workspace))
    await raw_client.until(run.data["id"], "planning")

    await raw_client("DELETE", f"/api/v2/workspaces/{workspace}")

    data = raw_client.folder / "data"
    with anyio.fail_after(10):
        while any(run.data["id"] in name for name in names_in(data)):
            await raw_client("GET", "/api/v2/ping")


@frozen
class Bench:
    """A store with files, and what removes them."""

    store: Store
    files: Files
    retention: Retention

    async def add(self, *records: object) -> None:
        """Store records."""
        await self.store.write(
            lambda stored: [stored.put(record) for record in records]  # type: ignore[type-var]
        )

    def write(self, *paths: Path, days_old: float = 0) -> None:
        """Write files that were changed some days ago."""
        for path in paths:
            path.write_bytes(b"x")
            os.utime(path, (NOW - days_old * DAY,) * 2)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """Open an empty store whose files are kept for ten days."""
    async with open_store(tmp_path / "records.sqlite") as store:
        files = Files(tmp_path)
        yield Bench(
            store,
            files,
            Retention(store=store, files=files, keep_days=10, clock=lambda: NOW),
        )


def run_of(id: str, version: str, status: str) -> RunRecord:
    """Return a run of the workspace ws-1."""
    return RunRecord(
        id=id,
        workspace_id="ws-1",
        configuration_version_id=version,
        created_at="now",
        created_by="",
        status=status,
    )


def version_of(id: str) -> ConfigurationVersionRecord:
    """Return an uploaded configuration version of the workspace ws-1."""
    return ConfigurationVersionRecord(
        id=id, workspace_id="ws-1", created_at="now", status="uploaded"
    )


async def test_logs_and_plans_go_after_some_days(bench: Bench) -> None:
    """Those of runs that have not ended stay, however old they are."""
    over, waiting = "run-over", "run-waiting"
    await bench.add(
        run_of(over, "cv", "planned_and_finished"),
        run_of("run-new", "cv", "errored"),
        run_of(waiting, "cv", "pending"),
    )
    files = bench.files
    old = [files.log_path(over), files.json_plan_path(over), files.log_path(waiting)]
    bench.write(*old, days_old=11)
    bench.write(files.log_path("run-new"), days_old=9)

    await bench.retention.sweep()

    assert names_in(files.data) == {"run-new.log", "run-waiting.log"}


async def test_superseded_archives_go_after_some_days(bench: Bench) -> None:
    """The newest usable one of a workspace stays, and those that runs still need."""
    workspace = WorkspaceRecord(id="ws-1", name="a", created_at="now")
    ids = ("cv-old", "cv-needed", "cv-newest")
    await bench.add(
        workspace, *map(version_of, ids), run_of("run-1", "cv-needed", "pending")
    )
    bench.write(*map(bench.files.archive_path, ids), days_old=11)

    await bench.retention.sweep()

    kept = await bench.store.read(
        lambda records: records.find_many(ConfigurationVersionRecord, ids)
    )
    assert names_in(bench.files.data) == {"cv-needed.tar.gz", "cv-newest.tar.gz"}
    assert [kept[id].status for id in ids] == ["archived", "uploaded", "uploaded"]


async def test_files_without_records_go(bench: Bench) -> None:
    """A server that was killed left them; states with records are kept for ever."""
    files = bench.files
    await bench.add(
        StateVersionRecord(
            id="sv-1",
            workspace_id="ws-1",
            serial=1,
            md5="",
            created_at="now",
            created_by="",
        )
    )
    bench.write(files.state_path("sv-1"), days_old=4000)
    bench.write(files.state_path("sv-none"), files.log_path("run-none"))
    bench.write(files.json_plan_path("run-none"), files.archive_path("cv-none"))
    files.configuration_folder("cv-none").mkdir()
    upload = files.new_upload("cv-none", "upload-1")
    bench.write(upload.archive)

    await bench.retention.sweep()
    after_sweep = names_in(files.data)
    await bench.retention.start()

    assert after_sweep == {"sv-1.tfstate", upload.archive.name}
    assert names_in(files.data) == {"sv-1.tfstate"}


async def test_a_start_removes_folders_of_runs(bench: Bench) -> None:
    """Also those in which nobody may write, as unpacked archives may hold them."""
    folder = bench.files.run_folder("run-1") / "closed"
    folder.mkdir(parents=True)
    (folder / "main.tf").write_text("")
    folder.chmod(0o500)

    await bench.retention.start()

    assert names_in(bench.files.data) == set()


async def test_a_sweep_that_fails_does_not_end_the_next_one(bench: Bench) -> None:
    """A disk may be broken for some time."""
    logs = bench.files.log_path("run-none").parent
    logs.rmdir()
    logs.write_bytes(b"")
    sleeps: list[float] = []

    async def sleep(seconds: float) -> None:
        sleeps.append(seconds)
        if len(sleeps) == 2:
            logs.unlink()
            bench.write(bench.files.log_path("run-none"))
        if len(sleeps) == 3:
            raise InterruptedError

    retention = Retention(
        store=bench.store, files=bench.files, keep_days=10, clock=lambda: NOW, sleep=sleep
    )
    with pytest.raises(InterruptedError):
        await retention.sweep_regularly()

    assert names_in(bench.files.data) == set()


async def test_a_run_gets_its_configuration_from_an_older_server(bench: Bench) -> None:
    """Servers up to 0.1.0 kept unpacked configurations and no archives."""
    tree = bench.files.configuration_folder("cv-1")
    tree.mkdir()
    (tree / "main.tf").write_text("# kept")

    folder = bench.files.prepare_run_folder("cv-1", "run-1")

    assert (folder / "main.tf").read_text() == "# kept"
    assert folder != tree
