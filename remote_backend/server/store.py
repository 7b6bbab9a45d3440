"""Records in SQLite: one writer at a time, readers on connections of their own."""

import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import cattrs
from attrs import frozen

from remote_backend.server.organization_records import (
    AgentPoolRecord,
    OrganizationRecord,
    ProjectRecord,
    SSHKeyRecord,
    VariableSetRecord,
)
from remote_backend.server.records import (
    CommentRecord,
    ConfigurationVersionRecord,
    RunRecord,
    RunTriggerRecord,
    StateVersionRecord,
    UserRecord,
    VariableRecord,
    WorkspaceRecord,
)
from remote_backend.server.store_migrations import migrate
from remote_backend.server.transaction_queue import TransactionQueue

__all__ = ("Record", "Records", "Store", "open_store")

Value = TypeVar("Value")
Record = TypeVar(
    "Record",
    UserRecord,
    OrganizationRecord,
    ProjectRecord,
    WorkspaceRecord,
    VariableRecord,
    VariableSetRecord,
    AgentPoolRecord,
    SSHKeyRecord,
    RunTriggerRecord,
    ConfigurationVersionRecord,
    RunRecord,
    CommentRecord,
    StateVersionRecord,
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
create index if not exists record_by_owner on record (owner);
create index if not exists record_of_batch on record (kind, json_extract(body, '$.batch_id'));
"""


@frozen
class _Kind:
    """How the records of one class are stored."""

    name: str
    """Stored with each record, so it stays when a class is renamed."""

    owner_field: str | None = None
    """The field that holds the id of the record that it belongs to."""

    name_field: str | None = None
    """The field whose value is unique among the records of one owner."""


_KINDS: dict[type, _Kind] = {
    UserRecord: _Kind("user", name_field="token_digest"),
    OrganizationRecord: _Kind("organization", name_field="name"),
    ProjectRecord: _Kind("project", owner_field="organization_id", name_field="name"),
    WorkspaceRecord: _Kind("workspace", owner_field="organization_id", name_field="name"),
    VariableRecord: _Kind("variable", owner_field="owner_id"),
    VariableSetRecord: _Kind(
        "variable-set", owner_field="organization_id", name_field="name"
    ),
    AgentPoolRecord: _Kind("agent-pool", owner_field="organization_id", name_field="name"),
    SSHKeyRecord: _Kind("ssh-key", owner_field="organization_id"),
    RunTriggerRecord: _Kind(
        "run-trigger", owner_field="workspace_id", name_field="source_id"
    ),
    ConfigurationVersionRecord: _Kind("configuration-version", owner_field="workspace_id"),
    RunRecord: _Kind("run", owner_field="workspace_id"),
    CommentRecord: _Kind("comment", owner_field="run_id"),
    StateVersionRecord: _Kind("state-version", owner_field="workspace_id"),
}


class Records:
    """Records inside one transaction; values go in and come out.

    Each method is one statement of SQL, so lists use `find_many` and `newest_of` instead of
    a statement for each of their items. A record that a list has read is not read again for
    what the list includes, such as the plans of its runs.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._read: dict[str, Any] = {}

    def find(self, kind: type[Record], id: str) -> Record | None:
        """Return the record of an id, or None."""
        return self._find_one(kind, "id = ?", id)

    def find_many(self, kind: type[Record], ids: Iterable[str]) -> dict[str, Record]:
        """Return the records of ids that exist, by id."""
        unique = list(dict.fromkeys(ids))
        missing = [id for id in unique if id not in self._read]
        if missing:
            sql = (
                "select body from record where kind = ? "
                "and id in (select value from json_each(?))"
            )
            self._load_all(kind, sql, (_KINDS[kind].name, json.dumps(missing)))
        records = {id: self._read.get(id) for id in unique}
        return {id: record for id, record in records.items() if isinstance(record, kind)}

    def find_named(self, kind: type[Record], name: str, owner: str = "") -> Record | None:
        """Return the record of an owner that has a name of its own, or None."""
        return self._find_one(kind, "owner = ? and name = ?", owner, name)

    def newest(self, kind: type[Record], owner: str) -> Record | None:
        """Return the record that was added last for an owner, or None."""
        return self._find_one(kind, "owner = ? order by number desc limit 1", owner)

    def newest_of(
        self, kind: type[Record], owners: Iterable[str], **members: str | bool
    ) -> dict[str, Record]:
        """Return the record that was added last for each owner, by owner.

        With members, only records that have these values count.
        """
        rows = self._newest("owner, body", kind, owners, members)
        return {owner: _load(kind, body) for owner, body in rows}

    def newest_ids_of(
        self, kind: type[Record], owners: Iterable[str], **members: str | bool
    ) -> dict[str, str]:
        """Return the ids of the records that `newest_of` returns."""
        return dict(self._newest("owner, id", kind, owners, members))

    def ids_of(self, kind: type[Record], owners: Iterable[str]) -> dict[str, list[str]]:
        """Return the ids of the records of owners, oldest first, by owner."""
        sql = (
            "select owner, id from record where kind = ? "
            "and owner in (select value from json_each(?)) order by number"
        )
        ids_by_owner: dict[str, list[str]] = {}
        values = (_KINDS[kind].name, json.dumps(list(owners)))
        for owner, id in self._connection.execute(sql, values):
            ids_by_owner.setdefault(owner, []).append(id)
        return ids_by_owner

    def all(self, kind: type[Record], owner: str | None = None) -> list[Record]:
        """Return all records of a kind, or those of one owner, oldest first."""
        sql = "select body from record where kind = ?"
        values = [_KINDS[kind].name]
        if owner is not None:
            sql += " and owner = ?"
            values.append(owner)
        return self._load_all(kind, sql + " order by number", values)

    def all_of(self, kind: type[Record], owners: Iterable[str]) -> list[Record]:
        """Return all records of several owners, oldest first."""
        sql = (
            "select body from record where kind = ? "
            "and owner in (select value from json_each(?)) order by number"
        )
        return self._load_all(kind, sql, (_KINDS[kind].name, json.dumps(list(owners))))

    def all_without(
        self, kind: type[Record], member: str, values: Iterable[str]
    ) -> list[Record]:
        """Return all records of a kind whose member has none of some values, oldest first."""
        sql = (
            f"select body from record where kind = ? and json_extract(body, '$.{member}') "
            "not in (select value from json_each(?)) order by number"
        )
        arguments = (_KINDS[kind].name, json.dumps(list(values)))
        return [_load(kind, body) for (body,) in self._connection.execute(sql, arguments)]

    def all_with(self, kind: type[Record], member: str, value: str) -> list[Record]:
        """Return all records of a kind whose member has a value, oldest first."""
        sql = (
            f"select body from record where kind = ? "
            f"and json_extract(body, '$.{member}') = ? order by number"
        )
        return self._load_all(kind, sql, (_KINDS[kind].name, value))

    def newest_values(
        self, kind: type[Record], member: str, *, limit: int, **members: str
    ) -> list[tuple[str, int]]:
        """Return the texts that a member has, the last one that was added first.

        Each comes with the number of records that have it; empty texts are left out. With
        members, only records that have these values count.
        """
        value = f"json_extract(body, '$.{member}')"
        sql = (
            f"select {value}, count(*) from record where kind = ? and {value} > ''"
            f"{_conditions(members)} group by {value} order by max(number) desc limit ?"
        )
        rows = self._connection.execute(sql, (_KINDS[kind].name, *members.values(), limit))
        return [(str(text), int(count)) for text, count in rows]

    def put(self, value: Record) -> Record:
        """Add a record, or replace the one of the same id, and return it."""
        kind = _KINDS[type(value)]
        row = (
            kind.name,
            value.id,
            getattr(value, kind.owner_field) if kind.owner_field else "",
            getattr(value, kind.name_field) if kind.name_field else None,
            json.dumps(cattrs.unstructure(value)),
        )
        self._connection.execute(
            "insert into record (kind, id, owner, name, body) values (?, ?, ?, ?, ?) "
            "on conflict (id) do update set name = excluded.name, body = excluded.body",
            row,
        )
        self._read[value.id] = value
        return value

    def delete(self, id: str) -> None:
        """Remove a record and all that belongs to it, over all levels."""
        self._connection.execute(
            "with recursive doomed (id) as (select ? union "
            "select record.id from record join doomed on record.owner = doomed.id) "
            "delete from record where id in (select id from doomed)",
            (id,),
        )
        self._read.clear()

    def _newest(
        self,
        columns: str,
        kind: type[Record],
        owners: Iterable[str],
        members: Mapping[str, str | bool],
    ) -> sqlite3.Cursor:
        sql = (
            f"select {columns} from record where number in (select max(number) from record "
            "where kind = ? and owner in (select value from json_each(?))"
            f"{_conditions(members)} group by owner)"
        )
        values = (_KINDS[kind].name, json.dumps(list(owners)), *members.values())
        return self._connection.execute(sql, values)

    def _load_all(
        self, kind: type[Record], sql: str, values: Sequence[str]
    ) -> list[Record]:
        rows = self._connection.execute(sql, values)
        records = [_load(kind, body) for (body,) in rows]
        self._read.update((record.id, record) for record in records)
        return records

    def _find_one(self, kind: type[Record], where: str, *values: str) -> Record | None:
        sql = f"select body from record where kind = ? and {where}"
        row = self._connection.execute(sql, (_KINDS[kind].name, *values)).fetchone()
        return _load(kind, row[0]) if row else None


class Store:
    """The records of a server; transactions run in threads, never in the event loop."""

    def __init__(
        self, writer: sqlite3.Connection, readers: list[sqlite3.Connection]
    ) -> None:
        self._writing = TransactionQueue([writer], "begin immediate")
        self._reading = TransactionQueue(readers, "begin")

    async def read(self, work: Callable[[Records], Value]) -> Value:
        """Run a function on one consistent view of the records."""
        return await self._reading.run(lambda connection: work(Records(connection)))

    async def write(self, work: Callable[[Records], Value]) -> Value:
        """Run a function that changes records; all its changes happen, or none."""
        return await self._writing.run(lambda connection: work(Records(connection)))


@asynccontextmanager
async def open_store(path: Path) -> AsyncIterator[Store]:
    """Open the records in a file, which is made when it is not there."""
    connections: list[sqlite3.Connection] = []
    try:
        writer = _connect(path, connections)
        writer.executescript(_SCHEMA)
        migrate(writer)
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


def _conditions(names: Iterable[str]) -> str:
    return "".join(f" and json_extract(body, '$.{name}') = ?" for name in names)


def _load(kind: type[Record], body: str) -> Record:
    members: dict[str, Any] = json.loads(body)
    return cattrs.structure(members, kind)
