"""What a plan is compared with: the flags of `plan` about comparisons.

A base that is `last`, `batch:ID` or a file that ends with `.json` is stored plans; `version:X` is another
version of Terraform; any other word is a git reference, also one that looks like the id of a batch.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from remote_backend.cli.commands.plan_request import (
    journal_folder_of,
    selects_many,
    selects_some,
)
from remote_backend.cli.output.kept_logs import kept_plans_of
from remote_backend.cli.output.screen import Screen
from remote_backend.cli.terraform_flags import RelativePath, optional_value, value
from remote_backend.config.environment import process_environ
from remote_backend.errors import RunOptionsError, SelectionError
from remote_backend.models.outcome import Outcome
from remote_backend.planning.base_choice import (
    BaseChoice,
    ReferenceBase,
    StoredBase,
    VersionBase,
)
from remote_backend.planning.batch_id import short_id
from remote_backend.planning.recorded_batch import (
    RecordedBatch,
    list_journals,
    read_journal,
)

if TYPE_CHECKING:
    from remote_backend.reports.stored_plans import StoredPlans

__all__ = (
    "base_choice_of",
    "base_to_resume",
    "comparison_flags",
    "refuse_impossible_comparisons",
    "verified_outcomes",
)

Function = TypeVar("Function", bound=Callable[..., Any])

_VERSION, _BATCH, _LAST, _JSON = "version:", "batch:", "last", ".json"
_OTHER_REPORTS = (".md", ".html", ".xml")


class _Base(RelativePath):
    """A base, of which files alone have a path."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the base as it is, or the path of its file."""
        text = str(value)
        return super().convert(text, param, ctx) if text.endswith(_JSON) else text


_FLAGS = (
    optional_value(
        "compare",
        "Show what the change causes, apart from what was pending anyway: against the merge base "
        "with a git reference, version:X, batch:ID, last, or FILE.json. Alone, it finds the "
        "base of a pull request.",
        type=_Base(),
        metavar="BASE",
    ),
    value(
        "verify",
        "Exit with 3 unless each workspace would still do what this report as JSON says.",
        type=RelativePath(),
        metavar="FILE",
    ),
    value(
        "terraform-version",
        "Plan with this exact version of Terraform, such as 1.14.2.",
        metavar="X",
    ),
)


def comparison_flags(function: Function) -> Function:
    """Declare the flags about comparisons, in the order in which help lists them."""
    # Decorators apply from the last to the first.
    return reduce(lambda command, declare: declare(command), reversed(_FLAGS), function)


def refuse_impossible_comparisons(flags: Mapping[str, Any]) -> None:
    """Raise `RunOptionsError` for flags that make no sense together."""
    given = [name for name in ("compare", "verify") if flags[name] is not None]
    for name in given:
        if not selects_many(flags):
            raise RunOptionsError(f"-{name} is for batches; add -all or -select")
        if flags["detach"]:
            raise RunOptionsError(
                f"-detach and -{name} exclude each other: a comparison needs the results of "
                "the runs"
            )
    if len(given) > 1:
        raise RunOptionsError("-compare and -verify exclude each other; choose one")


def base_choice_of(
    flags: Mapping[str, Any], directories: Sequence[Path], screen: Screen
) -> BaseChoice | None:
    """Return what the flags name as the base; None without a comparison.

    `directories` are those of the configurations that are planned.
    """
    if flags["verify"] is not None:
        return _stored_in_file(Path(flags["verify"]), flags)
    base = flags["compare"]
    if base is None:
        return None
    if base.startswith(_VERSION):
        return VersionBase(base.removeprefix(_VERSION) or None)
    if base.endswith(_JSON):
        return _stored_in_file(Path(base), flags)
    if base.startswith(_BATCH):
        return _stored_batch(base.removeprefix(_BATCH), flags, screen)
    if base == _LAST:
        return _last_batch(flags, directories, screen)
    if base.endswith(_OTHER_REPORTS) and Path(base).is_file():
        raise RunOptionsError(
            f"-compare={base} is a file, and only a report as JSON can be compared with; write one "
            "with -report=FILE.json"
        )
    return ReferenceBase(base or None)


def verified_outcomes(
    flags: Mapping[str, Any], base: BaseChoice | None
) -> tuple[Outcome, ...] | None:
    """Return the plans of a report that all must be made again; None without -verify."""
    if flags["verify"] is None or not isinstance(base, StoredBase):
        return None
    # Where some workspaces are selected, the others are not expected.
    return () if selects_some(flags) else tuple(base.outcomes.values())


def base_to_resume(recorded: RecordedBatch) -> BaseChoice | None:
    """Return what a resumed batch compares with; None where it never did, or its report is lost.

    Raises `SettingsError` and `RunOptionsError` where the report cannot be read any more.
    """
    if recorded.base_file is None:
        return recorded.options.base
    is_drift = recorded.options.plan.refresh_only
    return _stored_in_file(recorded.base_file, {"refresh_only": is_drift})


def _stored_in_file(path: Path, flags: Mapping[str, Any]) -> StoredBase:
    from remote_backend.reports.stored_plans import read_stored_plans

    return _stored_base(read_stored_plans(path), path, flags)


def _stored_batch(id: str, flags: Mapping[str, Any], screen: Screen) -> StoredBase:
    folder = journal_folder_of(process_environ())
    recorded = read_journal(folder, id or None, _warning_to(screen))
    path = kept_plans_of(folder, recorded.id)
    if not path.exists():
        raise SelectionError(
            f"batch {short_id(recorded.id)} kept no plans: they are kept where they are read, as "
            "with -report=FILE or -compare, and only as long as its logs"
        )
    return _stored_in_file(path, flags)


def _last_batch(
    flags: Mapping[str, Any], directories: Sequence[Path], screen: Screen
) -> StoredBase:
    """Return the newest batch of the same kind that kept its plans, of most of the directories."""
    folder = journal_folder_of(process_environ())
    kept = [
        batch
        for batch in list_journals(folder, _warning_to(screen))
        if kept_plans_of(folder, batch.id).exists()
        and batch.options.plan.refresh_only == flags["refresh_only"]
    ]
    if not kept:
        screen.note("No earlier batch has kept its plans, so all of it is new.")
        return StoredBase(outcomes={}, name="nothing earlier")
    # They are sorted, the newest first, and of several `max` returns the first.
    newest = max(kept, key=lambda batch: _count_of(batch, directories))
    return _stored_in_file(kept_plans_of(folder, newest.id), flags)


def _count_of(batch: RecordedBatch, directories: Iterable[Path]) -> int:
    """Return how many of some directories a batch has planned."""
    planned = {one.directory for one in batch.configurations} or {batch.directory}
    return len(planned.intersection(path.absolute() for path in directories))


def _stored_base(plans: "StoredPlans", path: Path, flags: Mapping[str, Any]) -> StoredBase:
    if plans.is_drift is not bool(flags["refresh_only"]):
        kind, other, advice = (
            (
                "drift",
                "plans",
                "add -refresh-only, or give a report that was made without it",
            )
            if plans.is_drift
            else ("plans", "drift", "give a report that was made with -refresh-only, too")
        )
        raise RunOptionsError(
            f"{path} is a report of {kind}, and this command looks for {other}; {advice}"
        )
    if not plans.has_plans:
        raise RunOptionsError(f"{path} has no plan to compare with")
    time = plans.started_at[:16].replace("T", " ")
    return StoredBase(
        outcomes=plans.outcomes,
        name=f"a report of {time} UTC",
        time=plans.started_at,
        hostname=plans.hostname,
        organization=plans.organization,
        mapping=plans.mapping,
        configurations=plans.configurations,
        file=path,
    )


def _warning_to(screen: Screen) -> Callable[[str], None]:
    return lambda text: screen.note(f"Warning: {text}")
