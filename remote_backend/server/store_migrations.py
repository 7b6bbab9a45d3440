"""Steps from the records of earlier versions to those of this one."""

import json
import sqlite3
from collections.abc import Callable

from remote_backend.planning.batch_id import batch_id_in
from remote_backend.server.organization_records import HOME_ORGANIZATION_ID

__all__ = ("migrate",)

# 0.1.0 named the kinds after classes.
_OLD_KINDS = {
    "ServedUser": "user",
    "ServedWorkspace": "workspace",
    "ServedVariable": "variable",
    "ServedConfiguration": "configuration-version",
    "ServedRun": "run",
    "ServedStateVersion": "state-version",
}


def migrate(connection: sqlite3.Connection) -> None:
    """Bring records to the present form, in one transaction; new members have defaults."""
    connection.execute("begin immediate")
    try:
        (version,) = connection.execute("pragma user_version").fetchone()
        for migration in _MIGRATIONS[version:]:
            migration(connection)
        connection.execute(f"pragma user_version = {max(version, len(_MIGRATIONS))}")
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise


def _name_kinds_after_nouns(connection: sqlite3.Connection) -> None:
    connection.executemany(
        "update record set kind = ? where kind = ?",
        [(new, old) for old, new in _OLD_KINDS.items()],
    )


def _name_owners_of_variables(connection: sqlite3.Connection) -> None:
    """Variables belonged to workspaces only; now they belong to variable sets too."""
    rows = connection.execute("select number, body from record where kind = 'variable'")
    for number, body in rows.fetchall():
        members = json.loads(body)
        members["owner_id"] = members.pop("workspace_id", "")
        connection.execute(
            "update record set body = ? where number = ?", (json.dumps(members), number)
        )


def _name_batches_of_runs(connection: sqlite3.Connection) -> None:
    """The batch of a run was a part of its message only."""
    rows = connection.execute(
        "select number, body from record where kind = 'run' and body like '%(batch-%'"
    )
    for number, body in rows.fetchall():
        members = json.loads(body)
        members["batch_id"] = batch_id_in(members.get("message", ""))
        connection.execute(
            "update record set body = ? where number = ?", (json.dumps(members), number)
        )


def _name_organizations_of_records(connection: sqlite3.Connection) -> None:
    """There was one organization, to which everything belonged."""
    connection.execute(
        "update record set owner = ? where kind in ('project', 'workspace', 'variable-set')",
        (HOME_ORGANIZATION_ID,),
    )
    connection.execute(
        "update record set body = json_set(body, '$.organization_id', ?) where kind = 'run'",
        (HOME_ORGANIZATION_ID,),
    )


_MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    _name_kinds_after_nouns,
    _name_owners_of_variables,
    _name_batches_of_runs,
    _name_organizations_of_records,
)
"""The number of those that a file has been through is its `user_version`."""
