"""Batches of earlier commands, as their journals have recorded them."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

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
from remote_backend.models.planned_place import ConfigurationPlace
from remote_backend.models.run import PlanOptions
from remote_backend.models.selection import Selection
from remote_backend.planning.batch_id import is_id_of_batch
from remote_backend.planning.journal import JOURNAL_SUFFIX
from remote_backend.planning.journal_bases import load_base, load_base_file
from remote_backend.planning.journal_checks import load_checks
from remote_backend.planning.journal_failures import load_failure
from remote_backend.planning.options import BatchOptions

__all__ = (
    "Begun",
    "Place",
    "RecordedBatch",
    "RecordedConfiguration",
    "list_journals",
    "read_journal",
    "require_same_batch",
)

Place: TypeAlias = tuple[str, str]
"""A server and an organization."""

# What comes of records that this version does not write, as of options that exclude each other.
_DAMAGES = (
    AttributeError,
    KeyError,
    RecursionError,
    RunOptionsError,
    TypeError,
    ValueError,
)


@frozen(kw_only=True)
class Begun:
    """How far the plan of a workspace had come."""

    configuration_version_id: str
    run_id: str | None = None
    """None when a run was requested and no response is known."""

    is_foreign: bool = False
    """Whether the configuration version was made in another workspace."""


@frozen(kw_only=True)
class RecordedConfiguration:
    """One of the configurations of a batch of several."""

    name: str
    directory: Path
    hostname: str
    organization: str
    mapping: str
    archives: dict[str, str]
    workspaces: tuple[str, ...]
    """The names of its workspaces in the batch."""


@define(kw_only=True)
class RecordedBatch:
    """The content of a journal; it never holds values of variables.

    It has as many attributes as the first record of a journal has members.
    """

    id: str
    directory: Path
    hostname: str
    organization: str
    started_at: str
    workspaces: dict[str, str]
    """Ids of the remote workspaces by local names."""

    options: BatchOptions
    """The wishes of the batch, as far as journals keep them; without variables."""

    mapping: str = ""
    """Which remote workspaces the configuration named: `net-*`; empty in journals of 0.1.0."""

    selection: Selection | None = None
    """Why these workspaces were planned, where a change had selected them."""

    compared_with: str = ""
    """What its plans were compared with, for people; empty without a comparison."""

    base_file: Path | None = None
    """The report whose plans it was compared with; None where `options.base` is the base."""

    variable_names: tuple[str, ...] = ()
    archives: dict[str, str] = field(factory=dict)
    """Digests of the archives by working directory; empty in journals of early versions."""

    begun: dict[str, Begun] = field(factory=dict)
    base_begun: dict[str, Begun] = field(factory=dict)
    """The same of the runs of the base; empty without a comparison, and in older journals."""

    outcomes: dict[str, Outcome] = field(factory=dict)
    configurations: tuple[RecordedConfiguration, ...] = ()
    """Those of a batch of several; empty for the one of all other batches."""

    ended_at: str | None = None
    """When nothing more could come of any workspace; None before, and in journals of 0.1.0."""

    @property
    def ended(self) -> tuple[Outcome, ...]:
        """The outcomes so far, in the order of the workspaces."""
        return tuple(
            self.outcomes[name] for name in self.workspaces if name in self.outcomes
        )

    @property
    def unfinished(self) -> tuple[str, ...]:
        """The local names of workspaces without an outcome."""
        return tuple(name for name in self.workspaces if name not in self.outcomes)

    @property
    def places(self) -> tuple[ConfigurationPlace, ...]:
        """Where the workspaces of its configurations are; empty for a batch of one."""
        names = {one.name for one in self.configurations}
        unreadable = dict.fromkeys(
            each.configuration
            for each in self.outcomes.values()
            if self.configurations and each.configuration not in names
        )
        return (
            *(
                ConfigurationPlace(
                    name=one.name,
                    hostname=one.hostname,
                    organization=one.organization,
                    mapping=one.mapping,
                )
                for one in self.configurations
            ),
            *(ConfigurationPlace(name=name) for name in unreadable),
        )

    def place_of(self, outcome: Outcome) -> Place:
        """Return the server and the organization of a workspace."""
        for one in self.configurations:
            if one.name == outcome.configuration:
                return one.hostname, one.organization
        return self.hostname, self.organization

    def configuration_of(self, workspace: str) -> str:
        """Return the configuration of a workspace in a batch of several; else an empty text."""
        names = (one.name for one in self.configurations if workspace in one.workspaces)
        return next(names, "")

    def of(self, configuration: RecordedConfiguration) -> "RecordedBatch":
        """Return the part of the batch that belongs to one of its configurations."""
        return evolve(
            self,
            directory=configuration.directory,
            hostname=configuration.hostname,
            organization=configuration.organization,
            mapping=configuration.mapping,
            archives=configuration.archives,
            workspaces={name: self.workspaces[name] for name in configuration.workspaces},
        )

    def options_to_resume(
        self,
        variables: Mapping[str, Any] | Iterable[tuple[str, str]],
        cache_folder: Path | None = None,
    ) -> BatchOptions:
        """Return the options of the batch with the values of its variables, given again.

        They are given as in `PlanOptions`, and raise its errors.
        """
        plan = evolve(self.options.plan, variables=variables)
        return evolve(self.options, plan=plan, cache_folder=cache_folder)


def require_same_batch(
    batch: RecordedBatch, options: BatchOptions, *, hostname: str, organization: str
) -> None:
    """Raise `RunOptionsError` unless a batch can go on with these options on this server.

    Server, organization and options of the runs must be those of the batch. Of its variables
    the names are compared, because no journal keeps their values.
    """
    if (hostname, organization) != (batch.hostname, batch.organization):
        raise RunOptionsError(
            f"{batch.id} was planned on {batch.hostname} in {batch.organization}, and the "
            f"configuration now names {hostname} and {organization}"
        )
    if evolve(options.plan, variables=()) != batch.options.plan:
        raise RunOptionsError(
            f"{batch.id} was planned with other options; resume it with those of its journal",
            parameters=("plan",),
        )
    names = [name for name, _ in options.plan.variables]
    if sorted(names) != sorted(batch.variable_names):
        expected = ", ".join(batch.variable_names) or "none"
        raise VariablesDiffer(
            f"{batch.id} was planned with run variables ({expected}), whose values are not "
            "in the journal",
            advice="give the same variables again",
        )


def list_journals(
    folder: Path, skipped: Callable[[str], None] = lambda problem: None
) -> tuple[RecordedBatch, ...]:
    """Return the content of the journals in a folder, the newest batch first.

    A journal that cannot be read, as one of a later version, is left out, and `skipped` is called
    with a sentence that names it.
    """
    batches = []
    for path in sorted(folder.glob(f"*{JOURNAL_SUFFIX}")):
        try:
            batch = _read_batch(path)
        except OSError as error:
            skipped(f"{path} is left out, because it cannot be read: {error.strerror}")
        except _DAMAGES:
            skipped(f"{path} is left out: it is damaged, or written by a later version")
        else:
            batches += [batch] if batch is not None else []
    return tuple(sorted(batches, key=lambda batch: batch.started_at, reverse=True))


def read_journal(
    folder: Path, id: str | None, skipped: Callable[[str], None] = lambda problem: None
) -> RecordedBatch:
    """Return the content of the journal of a batch, or of the newest batch.

    The beginning of an id is enough. Raises `SelectionError` when no batch or several begin so.
    """
    batches = list_journals(folder, skipped)
    if not batches:
        start = f"no batch begins with {id}: " if id is not None else ""
        raise NoBatches(f"{start}there is no batch yet")
    if id is None:
        return batches[0]
    matching = [batch for batch in batches if is_id_of_batch(id, batch.id)]
    if len(matching) != 1:
        known = ", ".join(batch.id for batch in batches[:5])
        what = "several batches begin" if matching else "no batch begins"
        raise SelectionError(f"{what} with {id}; the newest are {known}")
    return matching[0]


def _read_batch(path: Path) -> RecordedBatch | None:
    batch: RecordedBatch | None = None
    for record in _records(path):
        kind = record.pop("kind", None)
        if kind == "batch":
            batch = _load_batch(record, path.parent)
        elif batch is not None and kind == "begun":
            batch.begun[record["workspace"]] = Begun(**_known_members(Begun, record))
        elif batch is not None and kind == "base_begun":
            batch.base_begun[record["workspace"]] = Begun(**_known_members(Begun, record))
        elif batch is not None and kind == "outcome":
            outcome = _load_outcome(record)
            batch.outcomes[outcome.workspace] = outcome
        elif batch is not None and kind == "ended":
            batch.ended_at = str(record["ended_at"])
    return batch


def _records(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_bytes().split(b"\n"):
        try:
            record = json.loads(line)
        except ValueError:
            # A process that was killed may have left half a line.
            continue
        if isinstance(record, dict):
            yield record


def _known_members(kind: type[Any], record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that this version knows; later ones may have added some."""
    names = {attribute.name for attribute in fields(kind)}
    return {name: value for name, value in record.items() if name in names}


def _require_types(record: Mapping[str, Any], **types: Any) -> None:
    for name, type_ in types.items():
        if not isinstance(record[name], type_):
            raise ValueError(f"{name} has another type")


def _load_batch(record: dict[str, Any], folder: Path) -> RecordedBatch:
    _require_types(
        record, id=str, started_at=str, hostname=str, organization=str, workspaces=dict
    )
    # Without them, a plan would be of more resources than its batch.
    _require_types(record["options"], targets=list, replace=list)
    plan = PlanOptions(**_known_members(PlanOptions, record["options"]))
    return RecordedBatch(
        **{
            **_known_members(RecordedBatch, record),
            "directory": Path(record["directory"]),
            "mapping": str(record.get("mapping", "")),
            "compared_with": str(record.get("compared_with", "")),
            "variable_names": tuple(record["variable_names"]),
            "options": BatchOptions(
                plan=plan,
                upload=UploadMode(record.get("upload", UploadMode.AUTO.value)),
                journal_folder=folder,
                base=load_base(record.get("base")),
            ),
            "base_file": load_base_file(record.get("base")),
            "archives": dict(record.get("archives", {})),
            "selection": _load_selection(record.get("selection")),
            "configurations": tuple(
                map(_load_configuration, record.get("configurations", ()))
            ),
        }
    )


def _load_configuration(record: dict[str, Any]) -> RecordedConfiguration:
    _require_types(record, name=str, directory=str, hostname=str, organization=str)
    return RecordedConfiguration(
        name=record["name"],
        directory=Path(record["directory"]),
        hostname=record["hostname"],
        organization=record["organization"],
        mapping=str(record["mapping"]),
        archives=dict(record["archives"]),
        workspaces=tuple(record["workspaces"]),
    )


def _load_selection(record: Any) -> Selection | None:
    """Return why the workspaces were planned; an odd record costs the batch no more than that."""
    try:
        return Selection(
            base=str(record["base"]),
            reasons={
                str(name): tuple(map(str, reasons))
                for name, reasons in record["reasons"].items()
            },
            not_touched=tuple(map(str, record["not_touched"])),
            deleted=tuple(map(str, record["deleted"])),
        )
    except (AttributeError, KeyError, TypeError):
        return None


def _load_outcome(record: dict[str, Any]) -> Outcome:
    _require_types(record, workspace=str, full_name=str, seconds=int | float)
    counts = record["counts"]
    return Outcome(
        **{
            **_known_members(Outcome, record),
            "failure": load_failure(record),
            "result": Result(record["result"]),
            "counts": Counts(*counts) if counts else None,
            "checks": load_checks(record),
            "outputs_change": record.get("outputs_change") is True,
            "unseen_outputs": _load_names(record.get("unseen_outputs")),
            "times": _load_times(record.get("times", ())),
        }
    )


def _load_names(names: Any) -> tuple[str, ...]:
    return tuple(map(str, names)) if isinstance(names, list) else ()


def _load_times(times: Any) -> tuple[tuple[str, float], ...]:
    """Return when each status was seen; odd values cost the outcome its times only."""
    try:
        return tuple((str(status), float(seconds)) for status, seconds in times)
    except (TypeError, ValueError):
        return ()
