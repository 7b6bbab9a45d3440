"""Records: transactions of many, together and apart."""

import json
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from functools import partial
from pathlib import Path

import anyio
import pytest
from attrs import evolve

from remote_backend.server.records import RunRecord, WorkspaceRecord
from remote_backend.server.store import Records, Store, open_store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """Open an empty store."""
    async with open_store(tmp_path / "records.sqlite") as opened:
        yield opened


def workspace(number: int) -> WorkspaceRecord:
    """Return a workspace."""
    return WorkspaceRecord(
        id=f"ws-{number}", name=f"net-{number}", created_at="2026-01-01T00:00:00Z"
    )


async def test_one_that_fails_takes_nobody_along(store: Store) -> None:
    """Of writes that come together each happens whole or not at all, and tells its own error."""
    failures: list[str] = []

    async def add(number: int) -> None:
        def work(records: Records) -> None:
            records.put(workspace(number))
            if number % 3 == 0:
                raise LookupError(f"number {number}")

        try:
            await store.write(work)
        except LookupError as error:
            failures.append(str(error))

    async with anyio.create_task_group() as group:
        for number in range(30):
            group.start_soon(add, number)

    found = await store.read(lambda records: records.all(WorkspaceRecord))
    assert sorted(one.id for one in found) == sorted(
        f"ws-{number}" for number in range(30) if number % 3
    )
    assert sorted(failures) == sorted(f"number {number}" for number in range(0, 30, 3))


async def test_each_gets_its_own_answer(store: Store) -> None:
    """However many read and write at the same time."""
    answers: dict[int, str] = {}

    async def add_and_read(number: int) -> None:
        written = await store.write(lambda records: records.put(workspace(number)))
        read = await store.read(lambda records: records.find(WorkspaceRecord, written.id))
        assert read is not None
        answers[number] = read.name

    async with anyio.create_task_group() as group:
        for number in range(50):
            group.start_soon(add_and_read, number)

    assert answers == {number: f"net-{number}" for number in range(50)}


async def test_leaving_while_waiting_leaves_the_others(store: Store) -> None:
    """Whoever stops waiting for a turn changes nothing, and nobody else is stopped."""
    begun, goes_on = threading.Event(), threading.Event()

    def slow(records: Records) -> None:
        begun.set()
        goes_on.wait(20)
        records.put(workspace(1))

    async with anyio.create_task_group() as group:
        group.start_soon(store.write, slow)
        await anyio.to_thread.run_sync(begun.wait, 20)
        with anyio.move_on_after(0):
            await store.write(lambda records: records.put(workspace(2)))
        group.start_soon(store.write, lambda records: records.put(workspace(3)))
        await anyio.wait_all_tasks_blocked()
        goes_on.set()

    found = await store.read(lambda records: records.all(WorkspaceRecord))
    assert [one.id for one in found] == ["ws-1", "ws-3"]


async def test_records_of_an_earlier_version_are_found(tmp_path: Path) -> None:
    """0.1.0 named the kinds of records after classes, which have other names now."""
    path = tmp_path / "records.sqlite"
    async with open_store(path) as opened:
        await opened.write(lambda records: records.put(workspace(1)))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("update record set kind = 'ServedWorkspace'")
        connection.execute("pragma user_version = 0")

    async with open_store(path) as opened:
        found = await opened.read(lambda records: records.all(WorkspaceRecord))

    assert found == [workspace(1)]


async def test_what_was_read_is_up_to_date(store: Store) -> None:
    """A record that is read again in one transaction shows what was written there."""

    def change(records: Records) -> list[str]:
        records.put(workspace(1))
        before = records.find_many(WorkspaceRecord, ["ws-1", "ws-2", "ws-1"])
        records.put(evolve(workspace(1), name="renamed"))
        after = records.find_many(WorkspaceRecord, ["ws-1"])
        other_kind = records.find_many(RunRecord, ["ws-1"])
        records.delete("ws-1")
        gone = records.find_many(WorkspaceRecord, ["ws-1"])
        assert (list(before), other_kind, gone) == (["ws-1"], {}, {})
        return [before["ws-1"].name, after["ws-1"].name]

    assert await store.write(change) == ["net-1", "renamed"]


async def test_the_newest_records_of_many_owners(store: Store) -> None:
    """As records and as ids, with a condition on a member; owners without one are left out."""

    def fill(records: Records) -> None:
        for number, owner, status in ((1, "a", "x"), (2, "a", "y"), (3, "b", "x")):
            run = RunRecord(
                id=f"run-{number}",
                workspace_id=owner,
                configuration_version_id="",
                created_at="",
                created_by="",
                status=status,
            )
            records.put(run)

    await store.write(fill)
    owners = ["a", "b", "c"]

    def read(records: Records) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
        newest = records.newest_of(RunRecord, owners)
        return (
            {owner: run.id for owner, run in newest.items()},
            records.newest_ids_of(RunRecord, owners),
            records.newest_ids_of(RunRecord, owners, status="x"),
        )

    newest, ids, with_status = await store.read(read)
    assert newest == ids == {"a": "run-2", "b": "run-3"}
    assert with_status == {"a": "run-1", "b": "run-3"}


def run_of_batch(number: int, batch_id: str) -> RunRecord:
    """Return a run that belongs to a batch."""
    return RunRecord(
        id=f"run-{number}",
        workspace_id="ws-1",
        configuration_version_id="cv-1",
        created_at="2026-01-01T00:00:00Z",
        created_by="user-1",
        batch_id=batch_id,
    )


async def test_runs_are_found_by_their_batch(store: Store) -> None:
    """Batches come the newest first with their sizes; runs of none are left out."""
    batch_ids = ("batch-a", "", "batch-b", "batch-a", "batch-c")
    for number, batch_id in enumerate(batch_ids):
        run = run_of_batch(number, batch_id)
        await store.write(partial(Records.put, value=run))

    newest = await store.read(
        lambda records: records.newest_values(RunRecord, "batch_id", limit=2)
    )
    runs = await store.read(
        lambda records: records.all_with(RunRecord, "batch_id", "batch-a")
    )

    assert newest == [("batch-c", 1), ("batch-a", 2)]
    assert [run.id for run in runs] == ["run-0", "run-3"]


async def test_earlier_runs_get_the_batch_of_their_message(tmp_path: Path) -> None:
    """Versions before this one kept it in the message only."""
    path, batch_id = tmp_path / "records.sqlite", f"batch-{'4a' * 8}"
    async with open_store(path):
        pass
    body = {"id": "run-1", "message": f"Planned (batch-no) ({batch_id}), alice"}
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "insert into record (kind, id, owner, body) values ('run', 'run-1', 'ws-1', ?)",
            (json.dumps(body),),
        )
        connection.execute("pragma user_version = 2")
        connection.commit()

    async with open_store(path) as store:
        newest = await store.read(
            lambda records: records.newest_values(RunRecord, "batch_id", limit=9)
        )

    assert newest == [(batch_id, 1)]
