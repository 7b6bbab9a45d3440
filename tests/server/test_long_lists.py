"""Lists of a thousand: as many statements as a list of ten, in one transaction."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from attrs import define, field

from remote_backend.server import store
from remote_backend.server.embedded import serve
from remote_backend.server.records import (
    ConfigurationVersionRecord,
    RunRecord,
    StateVersionRecord,
    WorkspaceRecord,
    new_variable,
)
from remote_backend.server.store import Records, open_store
from tests.support.raw_client import RawClient, settings_in
from tests.support.servers import hosted

TIME = "2026-01-01T00:00:00.000Z"
WORKSPACES = "/api/v2/organizations/acme/workspaces?page%5Bsize%5D=100"
WORKSPACE_MEMBERS = (
    "project,organization,locked_by,vars,current_state_version,outputs,"
    "current_configuration_version,effective_tag_bindings"
)
RUNS = "/api/v2/organizations/acme/runs?filter%5Boperation%5D=plan_only&page%5Bsize%5D=100"
PATHS = (
    WORKSPACES,
    f"{WORKSPACES}&include={WORKSPACE_MEMBERS}",
    f"{RUNS}&include=plan,workspace,created_by,configuration_version",
    "/api/v2/organizations/acme/projects",
    "/api/v2/organizations/acme/tags",
)


@define
class Statements:
    """Counts transactions and their statements."""

    transactions: int = 0
    statements: int = 0
    on: bool = field(default=False)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count from zero inside the block."""
        self.transactions = self.statements = 0
        self.on = True
        yield
        self.on = False


class CountedConnection:
    """A connection that counts what is executed on it."""

    def __init__(self, connection: sqlite3.Connection, counts: Statements) -> None:
        self._connection, self._counts = connection, counts
        counts.transactions += counts.on

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Execute a statement and count it."""
        self._counts.statements += self._counts.on
        return self._connection.execute(sql, *values)


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Statements:
    """Count the statements of all transactions."""
    counts = Statements()

    def counted_records(connection: sqlite3.Connection) -> Records:
        return Records(CountedConnection(connection, counts))  # type: ignore[arg-type]

    monkeypatch.setattr(store, "Records", counted_records)
    return counts


def fill(records: Records, number: int) -> None:
    """Add workspaces, each with a variable, a configuration version, a run and a state."""
    for n in range(number):
        owner = f"ws-{n}"
        records.put(
            WorkspaceRecord(id=owner, name=f"w-{n:04}", created_at=TIME, tag_names=("net",))
        )
        records.put(new_variable(owner, "key"))
        records.put(
            ConfigurationVersionRecord(id=f"cv-{n}", workspace_id=owner, created_at=TIME)
        )
        records.put(
            RunRecord(
                id=f"run-{n}",
                workspace_id=owner,
                configuration_version_id=f"cv-{n}",
                created_at=TIME,
                created_by="",
                status="planned_and_finished",
            )
        )
        records.put(
            StateVersionRecord(
                id=f"sv-{n}",
                workspace_id=owner,
                serial=1,
                md5="",
                created_at=TIME,
                created_by="",
                status="finalized",
                output_names=("vpc",),
            )
        )


async def counts_of_lists(
    folder: Path, counts: Statements, number: int
) -> list[tuple[int, int, int]]:
    """Return length of the page, transactions and statements of each list."""
    (folder / "data").mkdir(parents=True)
    async with open_store(folder / "data" / "records.sqlite") as opened:
        await opened.write(lambda records: fill(records, number))
    found = []
    async with (
        hosted(serve(settings_in(folder), {})) as server,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        raw_client = RawClient(server, session, folder)
        for path in PATHS:
            with counts.counted():
                answer = await raw_client("GET", path)
            assert answer.status == 200, path
            found.append((len(answer.data), counts.transactions, counts.statements))
    return found


async def test_long_lists_take_no_more_statements(
    tmp_path: Path, counts: Statements
) -> None:
    """One transaction finds the token and one reads the list, whatever is included."""
    short = await counts_of_lists(tmp_path / "short", counts, 10)
    long = await counts_of_lists(tmp_path / "long", counts, 1000)

    assert [items for items, _, _ in long] == [100, 100, 100, 1, 1]
    assert [transactions for _, transactions, _ in long] == [2] * len(PATHS)
    assert [part[1:] for part in long] == [part[1:] for part in short]
    assert max(statements for _, _, statements in long) < 20
