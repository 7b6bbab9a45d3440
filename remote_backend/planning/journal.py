"""The journal of a batch: what was asked for and what came of it, safe on disk as it happens."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
from anyio import to_thread
from attrs import define, evolve, field, fields, frozen

from remote_backend.errors import (
    NoBatches,
    RunOptionsError,
    SelectionError,
    VariablesDiffer,
)
from remote_backend.models.configuration import UploadMode
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.plan import Counts
from remote_backend.models.run import PlanOptions
from remote_backend.planning.journal_failures import dump_failure, load_failure
from remote_backend.planning.options import BatchOptions

__all__ = (
    "Begun",
    "Journal",
    "JournalStory",
    "list_journals",
    "read_journal",
    "require_same_batch",
    "short_id",
)

_SUFFIX = ".journal"
_ID_START = "batch-"
_SHORT_DIGITS = 4
# What comes of records that this version does not write, as of options that exclude each other.
_DAMAGES = (
    AttributeError,
    KeyError,
    RecursionError,
    RunOptionsError,
    TypeError,
    ValueError,
)


def short_id(id: str) -> str:
    """Return the beginning of an id that a person says and types."""
    return id.removeprefix(_ID_START)[:_SHORT_DIGITS]


@frozen(kw_only=True)
class Begun:
    """How far the plan of a workspace had come."""

    configuration_version_id: str
    run_id: str | None = None
    """None when a run was asked for and no answer is known."""

    is_foreign: bool = False
    """Whether the configuration version was made in another workspace."""


@define(kw_only=True)
class JournalStory:
    """The content of a journal; it never holds values of variables."""

    id: str
    directory: Path
    hostname: str
    organization: str
    started_at: str
    workspaces: dict[str, str]
    """Ids of the remote workspaces by short names."""

    options: BatchOptions
    """The wishes of the batch, as far as journals keep them; without variables."""

    variable_names: tuple[str, ...] = ()
    archives: dict[str, str] = field(factory=dict)
    """Digests of the archives by working directory; empty in journals of early versions."""

    begun: dict[str, Begun] = field(factory=dict)
    outcomes: dict[str, Outcome] = field(factory=dict)

    @property
    def ended(self) -> tuple[Outcome, ...]:
        """The outcomes so far, in the order of the workspaces."""
        return tuple(
            self.outcomes[name] for name in self.workspaces if name in self.outcomes
        )

    @property
    def unfinished(self) -> tuple[str, ...]:
        """The short names of workspaces without an outcome."""
        return tuple(name for name in self.workspaces if name not in self.outcomes)

    def options_to_resume(
        self, variables: tuple[tuple[str, str], ...], cache_folder: Path | None = None
    ) -> BatchOptions:
        """Return the options of the batch with the values of its variables, given again."""
        plan = evolve(self.options.plan, variables=variables)
        return evolve(self.options, plan=plan, cache_folder=cache_folder)


def require_same_batch(
    story: JournalStory, options: BatchOptions, *, hostname: str, organization: str
) -> None:
    """Raise `RunOptionsError` unless a batch can go on with these options on this server.

    Server, organization and options of the runs must be those of the batch. Of its variables
    the names are compared, because no journal keeps their values.
    """
    if (hostname, organization) != (story.hostname, story.organization):
        raise RunOptionsError(
            f"{story.id} was planned on {story.hostname} in {story.organization}, and the "
            f"configuration now names {hostname} and {organization}"
        )
    if evolve(options.plan, variables=()) != story.options.plan:
        raise RunOptionsError(
            f"{story.id} was planned with other options; resume it with those of its journal",
            parameters=("plan",),
        )
    names = [name for name, _ in options.plan.variables]
    if sorted(names) != sorted(story.variable_names):
        expected = ", ".join(story.variable_names) or "none"
        raise VariablesDiffer(
            f"{story.id} was planned with run variables ({expected}), whose values are not "
            "in the journal",
            advice="give the same variables again",
        )


def _ignore(text: str) -> None:
    return None


class Journal:
    """Appends records to a file; a record is on disk when its write returns.

    Where the file cannot be written, `warn` is called once, and what is missing is written with
    the next record for which there is room: a journal is insurance and never stops a batch.
    """

    def __init__(self, path: Path, warn: Callable[[str], None] = _ignore) -> None:
        self._path = path
        self._warn = warn
        self._has_warned = False
        self._waiting: list[bytes] = []
        self._written = 0
        self._asked = 0
        self._lock = anyio.Lock()
        self._unwritten = b""
        self._has_begun = False

    async def write(self, kind: str, **facts: Any) -> None:
        """Append a record; those that wait together share one trip to the disk."""
        line = json.dumps({"kind": kind, **facts}).encode() + b"\n"
        self._waiting.append(line)
        self._asked += 1
        mine = self._asked
        async with self._lock:
            if self._written >= mine:
                return
            lines, self._waiting = self._waiting, []
            try:
                await to_thread.run_sync(self._append, b"".join(lines))
            except OSError as error:
                self._report(error)
            self._written += len(lines)

    async def begin(self, options: PlanOptions, **facts: Any) -> None:
        """Append the options of the batch; values of variables may be secrets and are left out."""
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
            failure=dump_failure(outcome.failure),
            seconds=round(outcome.seconds, 3),
            phase=outcome.phase,
            run_id=outcome.run_id,
            plan_id=outcome.plan_id,
            run_url=outcome.run_url,
            counts=[counts.add, counts.change, counts.destroy, counts.imported]
            if counts
            else None,
        )

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
    def at(folder: Path, id: str, warn: Callable[[str], None] = _ignore) -> "Journal":
        """Return the journal of a batch; its folder is made with the first record."""
        return Journal(folder / f"{id}{_SUFFIX}", warn)


def _ends_within_a_line(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"
    except OSError:
        # There is no file yet, or it is empty.
        return False


def list_journals(
    folder: Path, skipped: Callable[[str], None] = _ignore
) -> tuple[JournalStory, ...]:
    """Return the content of the journals in a folder, the newest batch first.

    One that cannot be read, as of a later version, is left out, and `skipped` called with a
    sentence that names it.
    """
    found = []
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        try:
            story = _story(path)
        except OSError as error:
            skipped(f"{path} is left out, because it cannot be read: {error.strerror}")
        except _DAMAGES:
            skipped(f"{path} is left out: it is damaged, or written by a later version")
        else:
            found += [story] if story is not None else []
    return tuple(sorted(found, key=lambda story: story.started_at, reverse=True))


def read_journal(
    folder: Path, id: str | None, skipped: Callable[[str], None] = _ignore
) -> JournalStory:
    """Return the content of the journal of a batch, or of the newest batch.

    The beginning of an id is enough. Raises `SelectionError` when there is none or several.
    """
    stories = list_journals(folder, skipped)
    if id is None:
        if not stories:
            raise NoBatches("there is no batch yet")
        return stories[0]
    matching = [story for story in stories if story.id.startswith((id, f"{_ID_START}{id}"))]
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
            story = _begin(record, path.parent)
        elif story is not None and kind == "begun":
            story.begun[record["workspace"]] = Begun(**_known(Begun, record))
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


def _known(kind: type[Any], record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that this version knows; later ones may have added some."""
    names = {one.name for one in fields(kind)}
    return {name: value for name, value in record.items() if name in names}


def _require_kinds(record: Mapping[str, Any], **kinds: Any) -> None:
    for name, kind in kinds.items():
        if not isinstance(record[name], kind):
            raise ValueError(f"{name} is of another kind")


def _begin(record: dict[str, Any], folder: Path) -> JournalStory:
    _require_kinds(
        record, id=str, started_at=str, hostname=str, organization=str, workspaces=dict
    )
    plan = _known(PlanOptions, record["options"])
    for name in ("targets", "replace"):
        plan[name] = tuple(plan[name])
    return JournalStory(
        **{
            **_known(JournalStory, record),
            "directory": Path(record["directory"]),
            "variable_names": tuple(record["variable_names"]),
            "options": BatchOptions(
                plan=PlanOptions(**plan),
                upload=UploadMode(record.get("upload", UploadMode.AUTO.value)),
                journal_folder=folder,
            ),
            "archives": dict(record.get("archives", {})),
        }
    )


def _outcome(record: dict[str, Any]) -> Outcome:
    _require_kinds(record, workspace=str, full_name=str, seconds=int | float)
    counts = record["counts"]
    return Outcome(
        **{
            **_known(Outcome, record),
            "failure": load_failure(record),
            "result": Result(record["result"]),
            "counts": Counts(*counts) if counts else None,
        }
    )
