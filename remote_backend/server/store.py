"""Records in SQLite: one writer at a time, readers beside it on their own connections."""

import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import anyio
import cattrs
from anyio import to_thread
from attrs import define, field

from remote_backend.server.records import (
    ServedConfiguration,
    ServedRun,
    ServedStateVersion,
    ServedUser,
    ServedVariable,
    ServedWorkspace,
)

__all__ = ("Records", "Store", "open_store")

Value = TypeVar("Value")
Served = TypeVar(
    "Served",
    ServedUser,
    ServedWorkspace,
    ServedVariable,
    ServedConfiguration,
    ServedRun,
    ServedStateVersion,
)

_READERS = 4
_BUSY_SECONDS = 30.0
_SCHEMA = """
create table if not exists record (
    number integer primary key autoincrement,
    kind text not null,
    id text not null unique,
    owner text not null,
    name text,
    body text not null,
    unique (kind, owner, name)
);
create index if not exists record_of_owner on record (kind, owner, number);
"""
# The member that says whom a record belongs to, and the one that is unique there.
_OWNER_AND_NAME: dict[type, tuple[str | None, str | None]] = {
    ServedUser: (None, "token_digest"),
    ServedWorkspace: (None, "name"),
    ServedVariable: ("workspace_id", None),
    ServedConfiguration: ("workspace_id", None),
    ServedRun: ("workspace_id", None),
    ServedStateVersion: ("workspace_id", None),
}


class Records:
    """Records inside one transaction; values go in and come out."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(self, kind: type[Served], id: str) -> Served | None:
        """Return the record of an id, or None."""
        return self._one(kind, "id = ?", id)

    def find_named(self, kind: type[Served], name: str) -> Served | None:
        """Return the record that has a name of its own, or None."""
        return self._one(kind, "name = ?", name)

    def newest(self, kind: type[Served], owner: str) -> Served | None:
        """Return the record that was added last for an owner, or None."""
        return self._one(kind, "owner = ? order by number desc limit 1", owner)

    def all(self, kind: type[Served], owner: str | None = None) -> list[Served]:
        """Return all records of a kind, or those of one owner, oldest first."""
        sql = "select body from record where kind = ?"
        values = [kind.__name__]
        if owner is not None:
            sql += " and owner = ?"
            values.append(owner)
        rows = self._connection.execute(sql + " order by number", values)
        return [_load(kind, body) for (body,) in rows]

    def put(self, value: Served) -> Served:
        """Add a record, or replace the one of the same id, and return it."""
        owner, name = _OWNER_AND_NAME[type(value)]
        row = (
            type(value).__name__,
            value.id,
            getattr(value, owner) if owner else "",
            getattr(value, name) if name else None,
            json.dumps(cattrs.unstructure(value)),
        )
        self._connection.execute(
            "insert into record (kind, id, owner, name, body) values (?, ?, ?, ?, ?) "
            "on conflict (id) do update set name = excluded.name, body = excluded.body",
            row,
        )
        return value

    def delete(self, id: str) -> None:
        """Remove a record and everything that belongs to it."""
        self._connection.execute("delete from record where id = ? or owner = ?", (id, id))

    def _one(self, kind: type[Served], where: str, value: str) -> Served | None:
        sql = f"select body from record where kind = ? and {where}"
        row = self._connection.execute(sql, (kind.__name__, value)).fetchone()
        return _load(kind, row[0]) if row else None


@define(eq=False)
class _Job:
    """A function that waits for its turn, and what became of it."""

    work: Callable[[Records], Any]
    ended: anyio.Event = field(factory=anyio.Event)
    value: Any = None
    error: Exception | None = None

    def carry_out(self, connection: sqlite3.Connection) -> None:
        """Run the function; what it changed is undone when it fails."""
        connection.execute("savepoint job")
        try:
            self.value = self.work(Records(connection))
        except Exception as error:
            self.error = error
            connection.execute("rollback to job")
        connection.execute("release job")


@define(eq=False)
class _Lane:
    """Runs functions in transactions, in threads.

    Those that come while all connections are busy go together into the next transaction: handing
    work to a thread and back takes several times as long as most of the work does.
    """

    connections: list[sqlite3.Connection]
    begin: str
    _waiting: list[_Job] = field(factory=list)
    _turns: anyio.Semaphore = field(init=False)

    @_turns.default
    def _a_turn_for_each(self) -> anyio.Semaphore:
        return anyio.Semaphore(len(self.connections))

    async def run(self, work: Callable[[Records], Value]) -> Value:
        """Run a function in its turn and return what it returns."""
        job = _Job(work)
        self._waiting.append(job)
        try:
            async with self._turns:
                if job in self._waiting:
                    jobs, self._waiting = self._waiting, []
                    # The others in it did not ask for an end.
                    with anyio.CancelScope(shield=True):
                        try:
                            await to_thread.run_sync(self._transaction, jobs)
                        finally:
                            for one in jobs:
                                one.ended.set()
            await job.ended.wait()
        finally:
            if job in self._waiting:
                self._waiting.remove(job)
        if job.error is not None:
            raise job.error
        value: Value = job.value
        return value

    def _transaction(self, jobs: list[_Job]) -> None:
        connection = self.connections.pop()
        try:
            if connection.in_transaction:
                # An earlier rollback failed; without this no later transaction could begin.
                connection.rollback()
            connection.execute(self.begin)
            for job in jobs:
                job.carry_out(connection)
            connection.commit()
        except Exception as error:
            # A disk that is full or broken may have ended the transaction already.
            with suppress(sqlite3.Error):
                connection.rollback()
            for job in jobs:
                # What went wrong first may have been what ended the transaction.
                job.error = job.error or error
        finally:
            self.connections.append(connection)


class Store:
    """The records of a server; transactions run in threads, never in the event loop."""

    def __init__(
        self, writer: sqlite3.Connection, readers: list[sqlite3.Connection]
    ) -> None:
        self._writing = _Lane([writer], "begin immediate")
        self._reading = _Lane(readers, "begin")

    async def read(self, work: Callable[[Records], Value]) -> Value:
        """Run a function on one consistent view of the records."""
        return await self._reading.run(work)

    async def write(self, work: Callable[[Records], Value]) -> Value:
        """Run a function that changes records; all its changes happen, or none."""
        return await self._writing.run(work)


@asynccontextmanager
async def open_store(path: Path) -> AsyncIterator[Store]:
    """Open the records in a file, which is made when it is not there."""
    connections: list[sqlite3.Connection] = []
    try:
        writer = _connect(path, connections)
        writer.executescript(_SCHEMA)
        readers = [_connect(path, connections) for _ in range(_READERS)]
        yield Store(writer, readers)
    finally:
        for connection in connections:
            connection.close()


def _connect(path: Path, connections: list[sqlite3.Connection]) -> sqlite3.Connection:
    # Limiters keep a connection to one thread at a time, so the check is not needed.
    connection = sqlite3.connect(
        path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    connections.append(connection)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = normal")
    return connection


def _load(kind: type[Served], body: str) -> Served:
    members: dict[str, Any] = json.loads(body)
    return cattrs.structure(members, kind)
