"""What GitHub Actions gets with the log: annotations, and outputs of the step."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from remote_backend.cli.output.ci_commands import escape_data, escape_property
from remote_backend.cli.output.screen import Screen
from remote_backend.formats.ansi import one_line, physical_lines
from remote_backend.models.failure import Failure, Place
from remote_backend.models.gates import GateResult
from remote_backend.models.outcome import Outcome, Result
from remote_backend.plans.first_failure import first_failure
from remote_backend.plans.groups import Family, group_outcomes
from remote_backend.plans.results import is_destructive, result_name
from remote_backend.plans.totals import totals_of
from remote_backend.plans.workspace_names import name_items, names_text
from remote_backend.reports.words import unseen_groups, unseen_text

__all__ = ("annotations", "write_outputs")

# GitHub keeps ten errors and ten warnings of a step:
# https://docs.github.com/rest/checks/runs
_MOST_ERRORS = 10
# One warning is left for workspaces that destroy or replace.
_MOST_UNSEEN = 9
_MOST_NAMES = 8
_RESULTS = ("failed", "canceled", "running", "changed", "unchanged")


def annotations(
    screen: Screen,
    outcomes: Sequence[Outcome],
    *,
    directory: Path,
    environ: Mapping[str, str],
    problem: str = "",
) -> Iterator[str]:
    """Give a line for each kind of error, and one for all workspaces that destroy or replace,
    and one for plans that do not see the same changes of outputs.

    An error has file and line where the file is in the checkout. `problem` is why nothing was
    planned.
    """
    if problem:
        yield _command(screen, "error", {"title": "Nothing was planned"}, problem)
    families = group_outcomes(outcomes)
    everyone = [outcome.workspace for outcome in outcomes]
    failed = [each for each in families if each.result in (Result.FAILED, Result.CANCELED)]
    for number, family in enumerate(failed[:_MOST_ERRORS], 1):
        more = len(failed) - _MOST_ERRORS if number == _MOST_ERRORS else 0
        failure = first_failure(family.shown)
        properties = {
            **_place_of(failure, directory, environ),
            "title": f"{_names(family.workspaces, everyone, 2)}: {family.title}",
        }
        names = _names(family.workspaces, everyone, _MOST_NAMES)
        text = _message(family, failure, names, more)
        yield _command(screen, "error", properties, text)
    destructive = [each.workspace for each in outcomes if is_destructive(each)]
    if destructive:
        noun = "workspace destroys" if len(destructive) == 1 else "workspaces destroy"
        title = f"{len(destructive)} {noun} or replace{'s' * (len(destructive) == 1)}"
        yield _command(
            screen, "warning", {"title": title}, _names(destructive, everyone, _MOST_NAMES)
        )
    for sources, readers in unseen_groups(outcomes)[:_MOST_UNSEEN]:
        listed = _names([each.workspace for each in readers], everyone, _MOST_NAMES)
        text = f"{listed} {unseen_text(sources, len(readers))}"
        yield _command(screen, "warning", {"title": "Outputs that are not seen yet"}, text)


def write_outputs(
    outcomes: Sequence[Outcome],
    *,
    batch_id: str,
    reports: Sequence[str],
    environ: Mapping[str, str],
    gates: Sequence[GateResult] = (),
    problem: str = "",
) -> str | None:
    """Add the outputs of the step to the file of its runner; return why that was not possible."""
    file_name = environ.get("GITHUB_OUTPUT")
    if not file_name:
        return None
    lines = (
        f"{name}={value}\n"
        for name, value in _outputs(outcomes, batch_id, reports, gates, problem)
    )
    try:
        with open(file_name, "a", encoding="utf-8", errors="replace") as file:
            file.write("".join(lines))
    except OSError as error:
        return f"GITHUB_OUTPUT cannot be written: {error.strerror}"
    return None


def _outputs(
    outcomes: Sequence[Outcome],
    batch_id: str,
    reports: Sequence[str],
    gates: Sequence[GateResult],
    problem: str,
) -> Iterator[tuple[str, object]]:
    totals = totals_of(outcomes)
    results = {result_name(outcome) for outcome in outcomes}
    # Without outcomes something was wrong before, or a change touches no workspace.
    otherwise = "failed" if problem else "unchanged"
    yield "result", next((name for name in _RESULTS if name in results), otherwise)
    yield "batch", batch_id
    yield "total", totals.workspaces
    for name in (
        *("failed", "canceled", "changed", "destructive", "unchanged"),
        *("add", "change", "destroy", "replace"),
    ):
        yield name, getattr(totals, name)
    yield "cost_delta", totals.cost.delta if totals.cost is not None else ""
    yield "report", Path(one_line(reports[0])).absolute() if reports else ""
    for name in ("failed", "changed"):
        chosen = [each.workspace for each in outcomes if result_name(each) == name]
        yield f"{name}_workspaces", json.dumps(chosen)
    destructive = [each.workspace for each in outcomes if is_destructive(each)]
    yield "destructive_workspaces", json.dumps(destructive)
    if gates:
        yield "gates", json.dumps([gate.rule.text for gate in gates if gate.failed])


def _message(family: Family, failure: Failure | None, names: str, more: int) -> str:
    parts = [failure.full_text if failure is not None else family.title]
    if len(family.workspaces) > 1:
        parts.append(f"In {names}")
    if more:
        parts.append(f"and {more} more {'kind' if more == 1 else 'kinds'} of errors")
    return "\n\n".join(parts)


def _names(workspaces: Sequence[str], everyone: Sequence[str], most: int) -> str:
    return names_text(name_items(workspaces, everyone), most)


def _place_of(
    failure: Failure | None, directory: Path, environ: Mapping[str, str]
) -> dict[str, str]:
    """Return file and line for GitHub, which shows them in the files of a pull request."""
    place = failure.place if failure is not None else None
    checkout = environ.get("GITHUB_WORKSPACE")
    path = _path_in(checkout, directory, place) if checkout and place else None
    if path is None or place is None:
        return {}
    line = {"line": str(place.line)} if place.line is not None else {}
    return {"file": path, **line}


def _path_in(checkout: str, directory: Path, place: Place) -> str | None:
    try:
        path = (directory / place.file).resolve()
        relative = path.relative_to(Path(checkout).resolve())
        is_there = path.is_file()
    except (OSError, ValueError):  # it lies elsewhere, or the name is odd
        return None
    return relative.as_posix() if is_there and ".terraform" not in relative.parts else None


def _command(screen: Screen, name: str, properties: Mapping[str, str], text: str) -> str:
    given = ",".join(
        f"{key}={escape_property(screen.plain(one_line(value)))}"
        for key, value in properties.items()
    )
    lines = map(screen.plain, physical_lines(text))
    return f"::{name} {given}::{escape_data(chr(10).join(lines))}\n"
