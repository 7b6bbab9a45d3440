"""What the commands about earlier batches share: finding one, and reporting how it stands."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from remote_backend.cli.commands.plan_request import journal_folder_of
from remote_backend.cli.output.kept_logs import kept_plans_of
from remote_backend.cli.output.screen import echo
from remote_backend.config.environment import process_environ
from remote_backend.errors import SelectionError, SettingsError
from remote_backend.formats.times import seconds_between
from remote_backend.models.planned_place import configurations_text
from remote_backend.planning.configuration_names import is_meant
from remote_backend.planning.recorded_batch import (
    RecordedBatch,
    list_journals,
    read_journal,
)
from remote_backend.reports.stored_plans import StoredPlans, read_stored_plans
from remote_backend.reports.words import sentence_of
from remote_backend.workspaces import shown_names

__all__ = (
    "age_of",
    "all_batches",
    "find_batch",
    "kept_comparison",
    "folder",
    "mapping_of",
    "matching_names",
    "result_of",
    "took_seconds",
    "warn",
)


def folder() -> Path:
    """Return the folder with the journals of this user."""
    return journal_folder_of(process_environ())


def warn(text: str) -> None:
    """Write a warning to standard error."""
    echo(f"Warning: {text}", err=True)


def find_batch(id: str | None) -> RecordedBatch:
    """Return a batch by the beginning of its id, or the newest without one, or by `last`.

    Raises `SelectionError` when there is none or several.
    """
    return read_journal(folder(), None if id == "last" else id, warn)


def kept_comparison(recorded: RecordedBatch) -> StoredPlans | None:
    """Return the report that a batch kept at its end, if it has compared.

    Neither journal nor server know what came of a comparison, so a warning names what is missing.
    """
    if not recorded.compared_with:
        return None
    try:
        return read_stored_plans(kept_plans_of(folder(), recorded.id))
    except SettingsError as error:
        warn(f"the comparison with {recorded.compared_with} is left out: {error}")
        return None


def all_batches() -> tuple[RecordedBatch, ...]:
    """Return all batches, the newest first."""
    return list_journals(folder(), warn)


def matching_names(recorded: RecordedBatch, patterns: Iterable[str]) -> tuple[str, ...]:
    """Return the workspaces of a batch whose names match; raises `SelectionError` for none.

    In a batch of several configurations these are `DIR:WORKSPACE`, or the workspace alone.
    """
    configurations = {name: recorded.configuration_of(name) for name in recorded.workspaces}
    names: dict[str, None] = {}
    for pattern in patterns:
        matching = [
            name
            for name, configuration in configurations.items()
            if is_meant(name, configuration, pattern)
        ]
        if not matching:
            raise SelectionError(
                f"{pattern} matches no workspace of the batch; it has "
                f"{shown_names(tuple(recorded.workspaces))}"
            )
        names.update(dict.fromkeys(matching))
    return tuple(names)


def mapping_of(recorded: RecordedBatch) -> str:
    """Return what was planned, as `acme/net-*`; of early journals what the outcomes show.

    Of several configurations these are their number and the arguments.
    """
    if recorded.configurations:
        return f"{configurations_text(len(recorded.places))}: {recorded.mapping}"
    if recorded.mapping:
        return f"{recorded.organization}/{recorded.mapping}"
    for outcome in recorded.outcomes.values():
        if outcome.full_name.endswith(outcome.workspace):
            prefix = outcome.full_name.removesuffix(outcome.workspace)
            return f"{recorded.organization}/{prefix}*"
        return f"{recorded.organization}/{outcome.full_name}"
    return recorded.organization


def result_of(recorded: RecordedBatch) -> str:
    """Return how many workspaces are where: `32 still running, 8 unchanged`."""
    begun = sum(name in recorded.begun for name in recorded.unfinished)
    parts = Counter(
        {"still running": begun, "not started": len(recorded.unfinished) - begun}
    )
    texts = [f"{number} {word}" for word, number in parts.items() if number]
    if recorded.ended:
        is_drift = recorded.options.plan.refresh_only
        said = sentence_of(recorded.ended, is_drift=is_drift).partition(": ")[2]
        results = said.split(", ")
        # Unchanged plans need no attention, so they are left out where other results stand.
        quiet = [part for part in results if part.endswith((" unchanged", " no drift"))]
        texts += [part for part in results if part not in quiet or len(results) == 1]
    return ", ".join(texts) or "nothing begun"


def took_seconds(recorded: RecordedBatch) -> float | None:
    """Return how long a batch took, at least its slowest workspace; None before its end."""
    if recorded.ended_at is not None:
        return seconds_between(recorded.started_at, recorded.ended_at)
    if recorded.unfinished or not recorded.ended:
        return None
    return max(outcome.seconds for outcome in recorded.ended)


def age_of(recorded: RecordedBatch, now: datetime | None = None) -> str:
    """Return when a batch began, in local time: `today 14:02`, `yesterday`, `Nov 24`."""
    try:
        started = datetime.fromisoformat(recorded.started_at).astimezone()
    except ValueError:
        return recorded.started_at
    today = (now or datetime.now(UTC)).astimezone()
    days = (today.date() - started.date()).days
    if days == 0:
        return f"today {started:%H:%M}"
    if days == 1:
        return "yesterday"
    return f"{started:%b} {started.day}" if days < 300 else f"{started:%Y-%m-%d}"
