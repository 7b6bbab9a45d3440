"""Plans of an earlier batch, read from its report as JSON.

A report holds no sensitive values, so a comparison cannot decide about them. Parts of a value
that are hidden or unknown are words in it, and become what they stand for.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from attrs import evolve, field, fields, frozen

from remote_backend.decoding import read_text
from remote_backend.errors import SettingsError
from remote_backend.formats.exact_json import load_exact
from remote_backend.models.changes import (
    ActionInvocation,
    AttributeChange,
    Diagnostic,
    OutputChange,
    PlannedChanges,
    ResourceChange,
)
from remote_backend.models.comparison import (
    EFFECTIVE,
    AnyChange,
    ChangeClass,
    ComparedChange,
    ComparedWith,
    Comparison,
    ComparisonResult,
    Section,
)
from remote_backend.models.failure import Failure, FailureKind, Place
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.planned_place import ConfigurationPlace
from remote_backend.models.policy import PolicyResult
from remote_backend.models.values import ABSENT, SENSITIVE, UNKNOWN, Json, Value, ValueKind
from remote_backend.plans.change_match import Matcher
from remote_backend.plans.comparison import effect_of
from remote_backend.reports.to_json import SCHEMA_VERSION

__all__ = ("StoredPlans", "read_stored_plans", "with_stored_comparison")

Model = TypeVar("Model")

_RESULTS = {
    "failed": Result.FAILED,
    "canceled": Result.CANCELED,
    "running": Result.CANCELED,
    "changed": Result.CHANGES,
    "unchanged": Result.NO_CHANGES,
}
_HIDDEN = {"(sensitive value)": SENSITIVE, "(known after apply)": UNKNOWN}
_VALUES = ("before", "after", "base", "configuration", "imported_identity")
# What comes of documents that are not such reports, or were changed by hand.
_DAMAGES = (AttributeError, KeyError, RecursionError, TypeError, ValueError)


@frozen(kw_only=True)
class StoredPlans:
    """The outcomes of an earlier batch, with what each plan would have changed."""

    outcomes: Mapping[str, Outcome]
    """By local names."""

    batch_id: str
    hostname: str
    organization: str
    mapping: str
    started_at: str
    is_drift: bool
    configurations: tuple[ConfigurationPlace, ...] = ()
    """Where the workspaces of several configurations are; empty for plans of one."""

    compared_with: ComparedWith | None = None
    """What the plans were compared with; None without a comparison."""

    comparisons: Mapping[str, Comparison] = field(factory=dict, repr=False)
    """What came of that, by local names."""

    @property
    def has_plans(self) -> bool:
        """Whether the changes of any plan are in the report."""
        return any(
            outcome.changes is not None or outcome.result is Result.NO_CHANGES
            for outcome in self.outcomes.values()
        )


def read_stored_plans(path: Path) -> StoredPlans:
    """Return the plans in a report; raises `SettingsError` for a file that is not one."""
    text = read_text(path)
    try:
        document = load_exact(text)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path} is not valid JSON: {error}") from None
    if not _is_report(document):
        raise SettingsError(
            f"{path} is not a report of this program: it has no schema_version "
            f"{SCHEMA_VERSION!r} and kind plan or drift"
        )
    try:
        return _load(document)
    except _DAMAGES as error:
        raise SettingsError(
            f"{path} cannot be used: {type(error).__name__} while its plans were read; it is "
            "damaged, or written by a later version"
        ) from None


def _is_report(document: object) -> bool:
    return (
        isinstance(document, dict)
        and document.get("schema_version") == SCHEMA_VERSION
        and document.get("kind") in ("plan", "drift")
    )


def _load(document: Mapping[str, Any]) -> StoredPlans:
    batch = document["batch"]
    outcomes = [_outcome(workspace) for workspace in document["workspaces"]]
    return StoredPlans(
        outcomes={outcome.workspace: outcome for outcome in outcomes},
        batch_id=str(batch["id"]),
        hostname=str(batch["hostname"]),
        organization=str(batch["organization"]),
        mapping=str(batch.get("mapping") or ""),
        started_at=str(batch["started_at"]),
        is_drift=document.get("kind") == "drift",
        configurations=_each(
            lambda place: _model(ConfigurationPlace, place), batch.get("configurations", ())
        ),
        compared_with=_compared_with(document.get("compared_with")),
        comparisons={
            outcome.workspace: _comparison(workspace, outcome.changes)
            for workspace, outcome in zip(document["workspaces"], outcomes, strict=True)
            if "comparison" in workspace
        },
    )


def with_stored_comparison(outcome: Outcome, stored: StoredPlans) -> Outcome:
    """Return an outcome of a journal with what its report says of the comparison."""
    comparison = stored.comparisons.get(outcome.workspace)
    if comparison is None:
        return outcome
    changes = comparison.plan
    if changes is not None and comparison.result is ComparisonResult.COMPARED:
        effective = comparison.of_class(*EFFECTIVE)
        changes = effect_of(changes, PlannedChanges(), effective)
    return evolve(outcome, changes=changes, comparison=comparison)


def _compared_with(document: Mapping[str, Any] | None) -> ComparedWith | None:
    return None if document is None else _model(ComparedWith, document)


def _comparison(workspace: Mapping[str, Any], plan: PlannedChanges | None) -> Comparison:
    document = workspace["comparison"]
    run = document["base"]["run"] or {}
    classified = _classified(workspace.get("changes"), plan) if plan is not None else ()
    return Comparison(
        result=ComparisonResult(document["result"]),
        changes=(*classified, *map(_only_in_base, document["undone"])),
        plan=plan,
        state_changed=bool(document["state_changed"]),
        base_failure=_failure(document["base"]["failure"]),
        base_run_id=run.get("id"),
        base_run_url=run.get("url"),
    )


def _classified(
    changes: Mapping[str, Any] | None, plan: PlannedChanges
) -> Iterator[ComparedChange]:
    matcher = Matcher()
    for section in Section:
        documents = (changes or {})[section.value]
        for document, head in zip(documents, getattr(plan, section.value), strict=True):
            if "class" not in document:
                continue
            base = document.get("base")
            other = _LOADERS[section](base) if base else None
            yield ComparedChange(
                change_class=ChangeClass(document["class"]),
                section=section,
                head=head,
                base=other,
                shown=matcher.match(head, other)[1] if other is not None else head,
                partner=document.get("partner"),
            )


def _only_in_base(document: Mapping[str, Any]) -> ComparedChange:
    section = Section(document["section"])
    base = _LOADERS[section](document["change"])
    change_class = ChangeClass(document["class"])
    return ComparedChange(change_class=change_class, section=section, base=base, shown=base)


def _outcome(workspace: Mapping[str, Any]) -> Outcome:
    run = workspace.get("run") or {}
    changes = _changes(workspace.get("changes"))
    result = _RESULTS[workspace["result"]]
    if "comparison" in workspace and changes is not None and result in _PLANNED:
        # In a comparison the result is that of the change, and the plan is whole.
        result = Result.NO_CHANGES if changes.is_empty else Result.CHANGES
    return Outcome(
        workspace=str(workspace["name"]),
        full_name=str(workspace["remote_name"]),
        configuration=str(workspace.get("configuration", "")),
        result=result,
        failure=_failure(workspace.get("failure")),
        run_id=run.get("id"),
        run_url=run.get("url"),
        changes=changes,
    )


_PLANNED = (Result.CHANGES, Result.NO_CHANGES)


def _failure(failure: Mapping[str, Any] | None) -> Failure | None:
    if failure is None:
        return None
    place = failure.get("place")
    return Failure(
        kind=FailureKind(failure["kind"]),
        title=str(failure["title"]),
        text=str(failure.get("text", "")),
        detail=str(failure.get("detail", "")),
        place=Place(**_known(Place, place)) if place else None,
        address=failure.get("address"),
        policies=tuple(_model(PolicyResult, one) for one in failure.get("policies", ())),
        further_errors=int(failure.get("further_errors", 0)),
    )


def _changes(changes: Mapping[str, Any] | None) -> PlannedChanges | None:
    if changes is None:
        return None
    return PlannedChanges(
        resources=_each(_resource, changes["resources"]),
        outputs=_each(_output, changes["outputs"]),
        drift=_each(_resource, changes["drift"]),
        deferred=_each(_resource, changes["deferred"]),
        actions=_each(_invocation, changes["actions"]),
        diagnostics=_each(lambda one: _model(Diagnostic, one), changes["diagnostics"]),
        not_understood=tuple(map(str, changes["not_understood"])),
        timestamp=changes.get("timestamp"),
    )


def _each(
    load: Callable[[Mapping[str, Any]], Model], items: Iterable[Mapping[str, Any]]
) -> tuple[Model, ...]:
    return tuple(map(load, items))


def _resource(resource: Mapping[str, Any]) -> ResourceChange:
    return _with_attributes(ResourceChange, resource)


def _output(output: Mapping[str, Any]) -> OutputChange:
    return _with_attributes(OutputChange, output)


def _with_attributes(kind: type[Model], change: Mapping[str, Any]) -> Model:
    attributes = tuple(map(_attribute, change["attributes"]))
    return _model(kind, {**change, "attributes": attributes})


def _invocation(action: Mapping[str, Any]) -> ActionInvocation:
    return _model(ActionInvocation, action)


_LOADERS: Mapping[Section, Callable[[Mapping[str, Any]], AnyChange]] = {
    Section.RESOURCES: _resource,
    Section.OUTPUTS: _output,
    Section.DRIFT: _resource,
    Section.DEFERRED: _resource,
    Section.ACTIONS: _invocation,
}


def _attribute(attribute: Mapping[str, Any]) -> AttributeChange:
    path = tuple(attribute["path_steps"])
    return _model(AttributeChange, {**attribute, "path": path})


def _model(kind: type[Model], members: Mapping[str, Any]) -> Model:
    """Return a model from its document; a `Value` has two members there."""
    known = _known(kind, members)
    for name in _VALUES:
        if name in known and f"{name}_is" in members:
            known[name] = _value(known[name], members[f"{name}_is"])
    return kind(**known)


def _known(kind: type[Any], members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that this version knows; later ones may have added some."""
    names = {attribute.name for attribute in fields(kind)}
    return {name: value for name, value in members.items() if name in names}


def _value(value: Json, kind: str) -> Value:
    if ValueKind(kind) is ValueKind.VALUE:
        return Value(value=_with_hidden(value))
    return {"absent": ABSENT, "unknown": UNKNOWN, "sensitive": SENSITIVE}[kind]


def _with_hidden(value: Json, *, is_inner: bool = False) -> Json:
    """Return a JSON value with a `Value` in the place of each word that stands for one."""
    if isinstance(value, dict):
        return {key: _with_hidden(item, is_inner=True) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_hidden(item, is_inner=True) for item in value]
    if is_inner and isinstance(value, str):
        return _HIDDEN.get(value, value)
    return value
