"""The wishes of a batch, as one value from the flags of a command, or from a program, to its runs."""

from collections.abc import Iterable
from os import PathLike
from pathlib import Path

from attrs import Attribute, field, frozen

from remote_backend.errors import RunOptionsError
from remote_backend.models.configuration import UploadMode
from remote_backend.models.run import PlanOptions, WaitLimits
from remote_backend.models.workspace_filters import conditions_of, tags_of
from remote_backend.planning.base_choice import BaseChoice

__all__ = ("BatchOptions",)


def _patterns(patterns: Iterable[str]) -> tuple[str, ...]:
    # A text is a list of letters too, and each letter would be a pattern.
    if isinstance(patterns, str):
        raise RunOptionsError(
            f"select and exclude take lists of patterns, not the text {patterns!r}",
            parameters=("select", "exclude"),
        )
    return tuple(patterns)


def _tags(tags: Iterable[str]) -> tuple[str, ...]:
    texts = _list("select_tags", tags)
    tags_of(texts)
    return texts


def _conditions(conditions: Iterable[str]) -> tuple[str, ...]:
    texts = _list("where", conditions)
    conditions_of(texts)
    return texts


def _list(name: str, texts: Iterable[str]) -> tuple[str, ...]:
    if isinstance(texts, str):
        raise RunOptionsError(
            f"{name} takes a list of texts, not the text {texts!r}", parameters=(name,)
        )
    return tuple(texts)


def _paths(paths: Iterable[str | PathLike[str]]) -> tuple[Path, ...]:
    return tuple(map(Path, paths))


def _drift_patterns(patterns: Iterable[str]) -> tuple[str, ...]:
    if isinstance(patterns, str):
        raise RunOptionsError(
            f"ignore_drift takes a list of patterns, not the text {patterns!r}",
            parameters=("ignore_drift",),
        )
    return tuple(patterns)


def _require_some(
    options: "BatchOptions", attribute: "Attribute[int | None]", count: int | None
) -> None:
    if count is not None and count < 1:
        raise RunOptionsError(
            f"{attribute.name}={count} is not at least 1", parameters=(attribute.name,)
        )


def _require_one_at_least(
    options: "BatchOptions", attribute: "Attribute[int]", count: int
) -> None:
    if count < 1:
        raise RunOptionsError(
            f"{attribute.name}={count} is not at least 1",
            parameters=(attribute.name,),
        )


def _require_upload_mode(
    options: "BatchOptions", attribute: "Attribute[UploadMode]", mode: object
) -> None:
    # A text such as "each" would be taken for a mode of its own.
    if not isinstance(mode, UploadMode):
        modes = ", ".join(f"UploadMode.{mode.name}" for mode in UploadMode)
        raise RunOptionsError(
            f"upload must be one of {modes}, not {mode!r}", parameters=(attribute.name,)
        )


@frozen(kw_only=True)
class BatchOptions:
    """What a plan of one workspace, or a batch of many, is to do.

    It is made once, by the caller, and every part of the batch reads this same value. Raises
    `RunOptionsError` for a member that makes no sense.
    """

    plan: PlanOptions = PlanOptions()
    """The options of every run."""

    select: tuple[str, ...] = field(default=(), converter=_patterns)
    """Patterns (of `fnmatch`) for the local names of workspaces to plan; all without any."""

    exclude: tuple[str, ...] = field(default=(), converter=_patterns)
    """Patterns for the local names of workspaces to leave out."""

    select_tags: tuple[str, ...] = field(default=(), converter=_tags)
    """Tags, `KEY` or `KEY=VALUE`, all of which the planned workspaces have; the server knows them."""

    project: str | None = None
    """The name of the project of the planned workspaces."""

    where: tuple[str, ...] = field(default=(), converter=_conditions)
    """Conditions `version=PATTERN` and `mode=PATTERN` (of `fnmatch`), and with Explorer of the
    server `module=PATTERN` and `provider=PATTERN`, which match names and sources. Of conditions
    with the same key one must hold, of different keys each."""

    changed_since: str | None = None
    """A git reference: only workspaces that the change since its merge base touches are planned.
    A full id stands for exactly that commit; an empty text for the base that a CI job or
    `origin/HEAD` names. The change may touch no workspace; then none is planned."""

    variable_files: tuple[Path, ...] = field(default=(), converter=_paths)
    """Files whose values are among the variables of the runs; a change of one touches them all."""

    max_concurrency: int = field(default=1000, validator=_require_one_at_least)
    """How many workspaces are in flight at the same time."""

    upload: UploadMode = field(default=UploadMode.AUTO, validator=_require_upload_mode)
    """Whether workspaces share one upload."""

    limits: WaitLimits = WaitLimits()
    """How long to wait for what, before a workspace fails."""

    details: bool = False
    """Whether outcomes hold what each plan would change, for one more request each."""

    details_of_unchanged: bool = False
    """Whether those of plans without changes are read, too, which may have found drift."""

    ignore_drift: tuple[str, ...] = field(default=(), converter=_drift_patterns)
    """Patterns for drift that is left out: address and path of attributes, in which `*` is any
    text, or the address of a deleted object. They need `details`."""

    oldest: int | None = field(default=None, validator=_require_some)
    """Plan only so many of the selected workspaces, those whose last plan is the longest ago by the
    journals of `journal_folder`; those without a plan come first. None for all."""

    base: BaseChoice | None = None
    """What each plan is compared with; outcomes then have the result of what the change causes, and
    the whole plan in their comparison. A comparison needs `details`, and has them anyway."""

    journal_folder: Path | None = None
    """Where the batch keeps its journal, by which it can be resumed; None for no journal."""

    cache_folder: Path | None = None
    """Where batches remember whether a server takes one upload for all workspaces. Without it,
    one run of each batch tries that before the others are made."""

    @property
    def selects(self) -> bool:
        """Whether a part of the workspaces is selected in any way."""
        by_name = self.select or self.exclude
        by_server = self.select_tags or self.project is not None or self.where
        by_history = self.changed_since is not None or self.oldest is not None
        return bool(by_name or by_server or by_history)

    @property
    def needs_details(self) -> bool:
        """Whether the changes of each plan are read."""
        return self.details or self.base is not None
