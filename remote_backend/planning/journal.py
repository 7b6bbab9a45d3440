"""The journal of a batch: its requests and their results, on disk as they happen."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
from anyio import to_thread

from remote_backend.formats.times import utc_now
from remote_backend.models.outcome import Outcome
from remote_backend.models.run import PlanOptions
from remote_backend.planning.journal_checks import dump_checks
from remote_backend.planning.journal_failures import dump_failure

__all__ = ("JOURNAL_SUFFIX", "Journal")

JOURNAL_SUFFIX = ".journal"


class Journal:
    """Appends records to a file; a record is on disk when its write returns.

    When the file cannot be written, `warn` is called once, and the missing bytes are written with
    the next record for which there is room: a journal is insurance and never stops a batch.
    """

    def __init__(
        self, path: Path, warn: Callable[[str], None] = lambda problem: None
    ) -> None:
        self._path = path
        self._warn = warn
        self._has_warned = False
        self._waiting: list[bytes] = []
        self._written = 0
        self._requested = 0
        self._lock = anyio.Lock()
        self._unwritten = b""
        self._has_begun = False

    async def write(self, kind: str, **facts: Any) -> None:
        """Append a record; records that wait together are written at once."""
        line = json.dumps({"kind": kind, **facts}).encode() + b"\n"
        self._waiting.append(line)
        self._requested += 1
        own_number = self._requested
        async with self._lock:
            if self._written >= own_number:
                return
            lines, self._waiting = self._waiting, []
            try:
                await to_thread.run_sync(self._append, b"".join(lines))
            except OSError as error:
                self._report(error)
            self._written += len(lines)

    async def begin(self, options: PlanOptions, **facts: Any) -> None:
        """Append the options of the batch; values of variables may be secrets and are left out."""
        facts.setdefault("started_at", utc_now())
        await self.write(
            "batch",
            **facts,
            options={
                "targets": options.targets,
                "replace": options.replace,
                "refresh": options.refresh,
                "refresh_only": options.refresh_only,
                "destroy": options.destroy,
                "message": options.message,
                "terraform_version": options.terraform_version,
                "generate_config": options.generate_config,
            },
            variable_names=[name for name, _ in options.variables],
        )

    async def outcome(self, outcome: Outcome) -> None:
        """Append the outcome of a workspace."""
        counts = outcome.counts
        await self.write(
            "outcome",
            workspace=outcome.workspace,
            full_name=outcome.full_name,
            **({"configuration": outcome.configuration} if outcome.configuration else {}),
            **_notes_on_outputs(outcome),
            result=outcome.result.value,
            status=outcome.status,
            failure=dump_failure(outcome.failure),
            seconds=round(outcome.seconds, 3),
            phase=outcome.phase,
            run_id=outcome.run_id,
            plan_id=outcome.plan_id,
            run_url=outcome.run_url,
            counts=[counts.add, counts.change, counts.destroy, counts.imported]
            if counts
            else None,
            times=outcome.times,
            checks=dump_checks(outcome.checks),
        )

    async def end(self) -> None:
        """Append that nothing more can come of any workspace."""
        await self.write("ended", ended_at=utc_now())

    def _append(self, data: bytes) -> None:
        self._unwritten += data
        if not self._has_begun:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if _ends_within_a_line(self._path):
                # A process that was killed has left half a line.
                self._unwritten = b"\n" + self._unwritten
            self._has_begun = True
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        descriptor = os.open(self._path, flags, 0o600)
        try:
            while self._unwritten:
                # A disk that gets full takes the first part of the data.
                count = os.write(descriptor, self._unwritten)
                self._unwritten = self._unwritten[count:]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _report(self, error: OSError) -> None:
        if not self._has_warned:
            self._has_warned = True
            self._warn(
                f"the journal {self._path} cannot be written, so the batch cannot be resumed: "
                f"{error.strerror}"
            )

    @staticmethod
    def at(
        folder: Path, id: str, warn: Callable[[str], None] = lambda problem: None
    ) -> "Journal":
        """Return the journal of a batch; its folder is made with the first record."""
        return Journal(folder / f"{id}{JOURNAL_SUFFIX}", warn)


def _notes_on_outputs(outcome: Outcome) -> dict[str, Any]:
    """Return what most outcomes do not have."""
    facts = {
        "outputs_change": outcome.outputs_change,
        "unseen_outputs": outcome.unseen_outputs,
    }
    return {name: value for name, value in facts.items() if value}


def _ends_within_a_line(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"
    except OSError:
        # There is no file yet, or it is empty.
        return False
