"""The journal of a batch: what was asked for and what came of it, safe on disk as it happens."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
from anyio import to_thread
from attrs import define, field, frozen

from remote_backend.errors import SelectionError
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.plan import Counts
from remote_backend.models.run import PlanOptions

__all__ = ("Begun", "Journal", "JournalStory", "list_journals", "read_journal")

_SUFFIX = ".journal"


@frozen(kw_only=True)
class Begun:
    """How far the plan of a workspace had come."""

    configuration_version_id: str
    run_id: str | None = None
    """None when a run was asked for and no answer is known."""


@define(kw_only=True)
class JournalStory:
    """What a journal tells; it never holds values of variables."""

    id: str
    directory: Path
    hostname: str
    organization: str
    started_at: str
    workspaces: dict[str, str]
    """Ids of the remote workspaces by short names."""

    options: PlanOptions
    variable_names: tuple[str, ...] = ()
    begun: dict[str, Begun] = field(factory=dict)
    outcomes: dict[str, Outcome] = field(factory=dict)

    @property
    def unfinished(self) -> tuple[str, ...]:
        """The short names of workspaces without an outcome."""
        return tuple(name for name in self.workspaces if name not in self.outcomes)


class Journal:
    """Appends records to a file; a record is on disk when its write returns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: list[bytes] = []
        self._written = 0
        self._asked = 0
        self._lock = anyio.Lock()

    async def write(self, kind: str, **facts: Any) -> None:
        """Append a record; those that wait together share one trip to the disk."""
        line = json.dumps({"kind": kind, **facts}, ensure_ascii=False).encode() + b"\n"
        self._waiting.append(line)
        self._asked += 1
        mine = self._asked
        async with self._lock:
            if self._written >= mine:
                return
            lines, self._waiting = self._waiting, []
            await to_thread.run_sync(self._append, b"".join(lines))
            self._written += len(lines)

    async def begin(self, options: PlanOptions, **facts: Any) -> None:
        """Append what the batch shall do; values of variables may be secrets, and stay out."""
        await self.write(
            "batch",
            **facts,
            started_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            options={
                "targets": options.targets,
                "replace": options.replace,
                "refresh": options.refresh,
                "refresh_only": options.refresh_only,
                "destroy": options.destroy,
                "message": options.message,
            },
            variable_names=[name for name, _ in options.variables],
        )

    async def outcome(self, outcome: Outcome) -> None:
        """Append how a workspace ended."""
        counts = outcome.counts
        await self.write(
            "outcome",
            workspace=outcome.workspace,
            full_name=outcome.full_name,
            result=outcome.result.value,
            status=outcome.status,
            reason=outcome.reason,
            seconds=round(outcome.seconds, 3),
            run_id=outcome.run_id,
            run_url=outcome.run_url,
            counts=[counts.add, counts.change, counts.destroy, counts.imported]
            if counts
            else None,
        )

    def _append(self, data: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        descriptor = os.open(self._path, flags, 0o600)
        try:
            os.write(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @staticmethod
    def at(folder: Path, id: str) -> "Journal":
        """Return the journal of a batch; its folder is made when it is not there."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Journal(folder / f"{id}{_SUFFIX}")


def list_journals(folder: Path) -> tuple[JournalStory, ...]:
    """Return what the journals of a folder tell, the newest batch first."""
    stories = [_story(path) for path in folder.glob(f"*{_SUFFIX}")]
    found = [story for story in stories if story is not None]
    return tuple(sorted(found, key=lambda story: story.started_at, reverse=True))


def read_journal(folder: Path, id: str | None) -> JournalStory:
    """Return what the journal of a batch tells, or that of the newest one.

    The beginning of an id is enough. Raises `SelectionError` when there is none or several.
    """
    stories = list_journals(folder)
    if id is None:
        if not stories:
            raise SelectionError(
                "there is no batch yet; `remote-backend plan -all` makes one"
            )
        return stories[0]
    matching = [story for story in stories if story.id.startswith(id)]
    if len(matching) != 1:
        known = ", ".join(story.id for story in stories[:5]) or "none"
        what = "several batches begin" if matching else "no batch begins"
        raise SelectionError(f"{what} with {id}; the newest are {known}")
    return matching[0]


def _story(path: Path) -> JournalStory | None:
    story: JournalStory | None = None
    for record in _records(path):
        kind = record.pop("kind", None)
        if kind == "batch":
            story = _begin(record)
        elif story is not None and kind == "begun":
            workspace = record.pop("workspace")
            story.begun[workspace] = Begun(**record)
        elif story is not None and kind == "outcome":
            outcome = _outcome(record)
            story.outcomes[outcome.workspace] = outcome
    return story


def _records(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_bytes().split(b"\n"):
        try:
            record = json.loads(line)
        except ValueError:
            # A process that was killed may have left half a line.
            continue
        if isinstance(record, dict):
            yield record


def _begin(record: dict[str, Any]) -> JournalStory:
    options = record.pop("options")
    for name in ("targets", "replace"):
        options[name] = tuple(options[name])
    return JournalStory(
        **{
            **record,
            "directory": Path(record["directory"]),
            "variable_names": tuple(record["variable_names"]),
            "options": PlanOptions(**options),
        }
    )


def _outcome(record: dict[str, Any]) -> Outcome:
    counts = record.pop("counts")
    return Outcome(
        **{
            **record,
            "result": Result(record["result"]),
            "counts": Counts(*counts) if counts else None,
        }
    )
