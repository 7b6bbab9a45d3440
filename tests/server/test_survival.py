"""What one run, one upload or one disk does never ends the server, nor halves anything."""

import errno
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import anyio
import pytest
from attrs import frozen

from remote_backend.engine.plan import EngineInputs, EngineResult, PlanEngine, WriteLog
from remote_backend.server.fault_rules import Faults, FaultSettings
from remote_backend.server.files import Files
from remote_backend.server.records import RunRecord, WorkspaceRecord
from remote_backend.server.run_queue import RunQueue
from remote_backend.server.store import Store, open_store
from tests.support.raw_client import RawClient, slug

MANY_FILES = [f"folder-{number % 7}/file-{number}.tf" for number in range(700)]


@frozen
class ScriptedEngine:
    """An engine that does something to the server while it plans."""

    acts: Callable[[], object]
    reads_configuration: ClassVar[bool] = False
    versions: ClassVar[tuple[str, ...]] = ()

    async def plan(self, inputs: EngineInputs, write: WriteLog) -> EngineResult:
        """Act, and succeed."""
        self.acts()
        return EngineResult(succeeded=True)


@frozen
class Bench:
    """A store with workspaces that each have one run, and what carries runs out."""

    store: Store
    files: Files

    async def add(self, name: str) -> str:
        """Add a workspace with a run; return the id of the run."""
        workspace = WorkspaceRecord(id=f"ws-{name}", name=name, created_at="now")
        run = RunRecord(
            id=f"run-{name}",
            workspace_id=workspace.id,
            configuration_version_id="cv-1",
            created_at="now",
            created_by="",
            message="",
        )
        await self.store.write(lambda records: (records.put(workspace), records.put(run)))
        return run.id

    async def run(self, run_id: str) -> RunRecord | None:
        """Return a run as it is stored."""
        return await self.store.read(lambda records: records.find(RunRecord, run_id))

    @asynccontextmanager
    async def working(self, work: RunQueue) -> AsyncIterator[None]:
        """Carry runs out for a block."""
        async with anyio.create_task_group() as group:
            await group.start(work.process_runs)
            yield
            group.cancel_scope.cancel()

    async def until_over(self, run_id: str) -> RunRecord:
        """Wait until a run has ended."""
        with anyio.fail_after(10):
            while True:
                run = await self.run(run_id)
                if run is not None and run.is_over:
                    return run


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """Open an empty store."""
    async with open_store(tmp_path / "records.sqlite") as store:
        yield Bench(store, Files(tmp_path))


def work_of(bench: Bench, engine: PlanEngine, **more: Any) -> RunQueue:
    """Return what carries out the runs of a store."""
    return RunQueue(
        bench.store,
        bench.files,
        engine,
        environ={},
        workers=1,
        faults=Faults(FaultSettings()),
        **more,
    )


async def test_a_workspace_deleted_while_its_run_ends_ends_that_run_alone(
    bench: Bench,
) -> None:
    """Its record is gone, which is not an error; the next run is planned (S1a)."""
    gone, next_one = await bench.add("gone"), await bench.add("next")
    deleted: list[bool] = []

    def delete() -> None:
        if not deleted:
            deleted.append(True)
            connection = bench.store._writing.connections[0]
            connection.execute("delete from record where id = ?", (gone,))

    work = work_of(bench, ScriptedEngine(delete))
    async with bench.working(work):
        run = await bench.until_over(next_one)

    assert run.status == "planned_and_finished"
    assert await bench.run(gone) is None


async def test_a_disk_that_refuses_a_log_makes_that_run_errored(bench: Bench) -> None:
    """The end of the run is stored as soon as the disk takes it; others go on (S1b)."""
    broken, next_one = await bench.add("broken"), await bench.add("next")
    logs = bench.files.log_path(broken).parent
    saved = logs.with_name("saved")
    waits: list[float] = []

    def break_disk() -> None:
        if not saved.exists():
            logs.rename(saved)
            logs.write_bytes(b"")

    async def mend_disk(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            logs.unlink()
            saved.rename(logs)
        await anyio.lowlevel.checkpoint()

    work = work_of(bench, ScriptedEngine(break_disk), sleep=mend_disk)
    async with bench.working(work):
        run = await bench.until_over(broken)
        after = await bench.until_over(next_one)

    assert (run.status, run.plan_status) == ("errored", "errored")
    assert waits == sorted(waits) and len(waits) == 3
    assert after.is_over


async def test_a_folder_that_cannot_be_removed_does_not_change_the_run(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine's child may still write there; the plan counts all the same (S1c)."""
    run_id = await bench.add("busy")
    bench.files.configuration_folder("cv-1").mkdir(parents=True)

    def put_a_file_in_its_place() -> None:
        bench.files.run_folder(run_id).rmdir()
        bench.files.run_folder(run_id).write_bytes(b"")

    monkeypatch.setattr(ScriptedEngine, "reads_configuration", True)
    async with bench.working(work_of(bench, ScriptedEngine(put_a_file_in_its_place))):
        run = await bench.until_over(run_id)

    assert run.status == "planned_and_finished"


async def pending_version(raw_client: RawClient) -> tuple[str, str]:
    """Make a configuration version; return its id and where its archive goes."""
    made = await raw_client(
        "POST",
        f"/api/v2/workspaces/{await raw_client.workspace()}/configuration-versions",
        {
            "data": {
                "type": "configuration-versions",
                "attributes": {"auto-queue-runs": False, "speculative": True},
            }
        },
    )
    return str(made.data["id"]), str(made.data["attributes"]["upload-url"])


def files_of(raw_client: RawClient, version_id: str) -> int:
    """Return how many files a run gets from a configuration version."""
    files = Files(raw_client.folder / "data")
    tree = files.prepare_run_folder(version_id, "run-of-the-test")
    count = sum(path.is_file() for path in tree.rglob("*"))
    files.remove_run_folder("run-of-the-test")
    return count


def remains(raw_client: RawClient) -> list[str]:
    """Return what stands beside whole configuration versions."""
    folder = raw_client.folder / "data" / "configurations"
    return [path.name for path in folder.iterdir() if "." in path.name]


async def test_uploads_of_one_archive_at_the_same_time_leave_it_whole(
    raw_client: RawClient,
) -> None:
    """Each answers 200, and every file of the archive is there (S2)."""
    version_id, address = await pending_version(raw_client)
    archive = slug(*MANY_FILES)
    statuses: list[int] = []

    async def upload() -> None:
        statuses.append((await raw_client("PUT", address, archive, token=None)).status)

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(upload)

    version = await raw_client("GET", f"/api/v2/configuration-versions/{version_id}")
    assert statuses == [200] * 4
    assert version.data["attributes"]["status"] == "uploaded"
    assert files_of(raw_client, version_id) == len(MANY_FILES)
    assert remains(raw_client) == []


async def test_an_upload_that_breaks_off_leaves_nothing_and_can_be_repeated(
    raw_client: RawClient,
) -> None:
    """The half that came is dropped, and the next upload is taken whole (S2)."""
    version_id, address = await pending_version(raw_client)
    archive = slug(*MANY_FILES)
    await anyio.to_thread.run_sync(send_half, address, archive)

    repeated = await raw_client("PUT", address, archive, token=None)

    version = await raw_client("GET", f"/api/v2/configuration-versions/{version_id}")
    assert repeated.status == 200
    assert version.data["attributes"]["status"] == "uploaded"
    assert files_of(raw_client, version_id) == len(MANY_FILES)
    assert remains(raw_client) == []


def send_half(address: str, archive: bytes) -> None:
    """Send one half of an upload and close the connection."""
    url = urlsplit(address)
    with socket.create_connection((url.hostname, url.port)) as connection:
        head = (
            f"PUT {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\n"
            f"Content-Length: {len(archive)}\r\n\r\n"
        )
        connection.sendall(head.encode() + archive[: len(archive) // 2])


async def test_a_disk_that_is_full_while_unpacking_is_no_fault_of_the_archive(
    raw_client: RawClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is 507, and the same archive is taken once there is space again (S1b, S16)."""
    version_id, address = await pending_version(raw_client)
    archive = slug(*MANY_FILES)

    def fill_disk(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(os, "open", fill_disk)
        refused = await raw_client("PUT", address, archive, token=None)
    repeated = await raw_client("PUT", address, archive, token=None)

    assert (refused.status, repeated.status) == (507, 200)
    assert files_of(raw_client, version_id) == len(MANY_FILES)
