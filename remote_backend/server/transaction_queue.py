"""Functions that run in transactions of SQLite, several in each while all connections are busy."""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import anyio
from anyio import to_thread
from attrs import define, field

__all__ = ("TransactionQueue",)

Value = TypeVar("Value")


@define(eq=False)
class _Job:
    """A function that waits for its turn; then its value or its error."""

    work: Callable[[sqlite3.Connection], Any]
    ended: anyio.Event = field(factory=anyio.Event)
    value: Any = None
    error: Exception | None = None

    def carry_out(self, connection: sqlite3.Connection) -> None:
        """Run the function; what it changed is undone when it fails."""
        connection.execute("savepoint job")
        try:
            self.value = self.work(connection)
        except Exception as error:
            self.error = error
            connection.execute("rollback to job")
        connection.execute("release job")


@define(eq=False)
class TransactionQueue:
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

    async def run(self, work: Callable[[sqlite3.Connection], Value]) -> Value:
        """Run a function in its turn and return what it returns."""
        job = _Job(work)
        self._waiting.append(job)
        try:
            async with self._turns:
                if job in self._waiting:
                    jobs, self._waiting = self._waiting, []
                    # Canceling one caller must not undo the jobs of the others.
                    with anyio.CancelScope(shield=True):
                        try:
                            await to_thread.run_sync(self._transaction, jobs)
                        finally:
                            for ended_job in jobs:
                                ended_job.ended.set()
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
                # Keep the job's own error: it may have aborted the transaction.
                job.error = job.error or error
        finally:
            self.connections.append(connection)
