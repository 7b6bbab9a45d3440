"""Reports for comments of pull requests: what needs a person comes first and is never cut.

The first line is the same for all batches of a mapping, so that a comment can be found and updated in
place. What does not fit is left out in whole items, the least important first, and counted in its
group and at the end.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from remote_backend.formats.amounts import difference_text, duration, money, signed_numbers
from remote_backend.plans.comparison_words import comparison_texts
from remote_backend.plans.gates import gate_text
from remote_backend.plans.results import RESULT_SIGNS
from remote_backend.plans.totals import Totals
from remote_backend.reports.limits import MOST_CHARACTERS
from remote_backend.reports.markdown_budget import (
    Item,
    Rank,
    left_out_text,
    missing,
    select,
    text_of,
    written,
)
from remote_backend.reports.markdown_comparison import comparison_sections
from remote_backend.reports.markdown_configurations import configuration_sections
from remote_backend.reports.markdown_errors import (
    text_item,
    unseen_sections,
    warning_sections,
)
from remote_backend.reports.markdown_groups import group_sections
from remote_backend.reports.markdown_selection import selection_sections
from remote_backend.reports.markdown_table import table_item
from remote_backend.reports.markdown_text import comment, counted, escaped, plain_lines
from remote_backend.reports.summary import Report

__all__ = ("to_markdown",)

_COMMIT_DIGITS = 7
_DOT = " \u00b7 "


def to_markdown(report: Report, *, most_characters: int = MOST_CHARACTERS) -> str:
    """Return a report as GitHub's Markdown of at most so many characters.

    The limit should be 1,000 or more: the markers, the heading and the number of what is left out are
    always written.
    """
    root = Item(f"{_marker(report)}\n### {_heading(report)}\n\n")
    for item in _parts(report, most_characters):
        root.add(item)
    end = _end(report)
    text = text_of(root)
    if len(text) + len(end) <= most_characters:
        return f"{text}{end}"
    reserved = _left_out(written(root), most_characters)
    select(root, most_characters - len(end) - len(reserved))
    return f"{text_of(root)}{_left_out(missing(root), most_characters)}{end}"


def _marker(report: Report) -> str:
    """Return the line by which a comment is found again: no batch and no time stand in it."""
    kind = "drift" if report.is_drift else "plan"
    place = "/".join(filter(None, (report.hostname, report.organization, report.mapping)))
    label = f" {report.label}" if report.label else ""
    return comment(f"remote-backend {kind} {place}{label}")


def _heading(report: Report) -> str:
    """Return the numbers that matter most: `1 of 8 workspaces failed, 6 destroy or replace`."""
    what = "Terraform drift" if report.is_drift else "Terraform plan"
    if report.problem is not None:
        return f"{RESULT_SIGNS['failed']} {what}: no workspace was planned"
    results = list(_results(report.totals, is_drift=report.is_drift))
    if not results and report.selection is not None:
        return f"{RESULT_SIGNS['unchanged']} {what}: the change touches no workspace"
    if not results:
        return f"{RESULT_SIGNS['unchanged']} {what}: no workspaces"
    (sign, number, words), *others = results
    total = report.totals.workspaces
    workspaces = counted(total, "workspace")
    of_all = workspaces if number == total else f"{number:,} of {workspaces}"
    more = "".join(f", {number:,} {words}" for _, number, words in others)
    if report.failed_gates:
        noun = "gate" if len(report.failed_gates) == 1 else "gates"
        more += f", {len(report.failed_gates):,} {noun} failed"
        sign = RESULT_SIGNS["failed"]
    against = f" {escaped(report.against)}" if report.against else ""
    return f"{sign} {what}{against}: {of_all} {_verb(words, number)}{more}"


def _results(totals: Totals, *, is_drift: bool) -> Iterator[tuple[str, int, str]]:
    """Give sign, number and words of what happened, the most important first."""
    changed, unchanged = ("drifted", "no drift") if is_drift else ("changed", "unchanged")
    results = (
        (RESULT_SIGNS["failed"], totals.failed, "failed"),
        (RESULT_SIGNS["canceled"], totals.canceled, "canceled"),
        (RESULT_SIGNS["running"], totals.running, "still running"),
        (RESULT_SIGNS["destructive"], totals.destructive, "destroy or replace"),
        # Those that destroy change too.
        (RESULT_SIGNS["changed"], 0 if totals.destructive else totals.changed, changed),
    )
    news = [result for result in results if result[1]]
    if not news and totals.unchanged:
        news.append((RESULT_SIGNS["unchanged"], totals.unchanged, unchanged))
    yield from news


def _verb(words: str, number: int) -> str:
    is_single = number == 1 and words.startswith("destroy")
    return "destroys or replaces" if is_single else words


def _parts(report: Report, most_characters: int) -> Iterator[Item]:
    if report.problem is not None:
        lines = plain_lines(report.problem)
        yield text_item(lines, Rank.ERRORS, "error text", "error line")
        return
    if totals := _totals(report):
        yield Item(f"{totals}\n\n", Rank.HEAD)
    if report.failed_gates:
        texts = "".join(f"- {escaped(gate_text(gate))}\n" for gate in report.failed_gates)
        yield Item(f"**Gates that failed:**\n\n{texts}\n", Rank.HEAD)
    if report.outcomes:
        yield table_item(report)
    yield from group_sections(report, most_characters)
    yield from comparison_sections(report)
    yield from warning_sections(report)
    yield from unseen_sections(report)
    yield from configuration_sections(report)
    yield from selection_sections(report)


def _totals(report: Report) -> str:
    """Return the sums: `**+29 ~12 -9** (3 replaced) \u00b7 $310.40/month \u00b7 policies passed`."""
    totals = report.totals
    counts = signed_numbers(totals.add, totals.change, totals.destroy, separator=",")
    replaced = f" ({totals.replace:,} replaced)" if totals.replace else ""
    parts = [f"**{counts}**{replaced}"] if counts else []
    if totals.imported:
        parts.append(f"{totals.imported:,} imported")
    if (cost := totals.cost) is not None:
        difference = escaped(difference_text(cost.delta, cost.currency))
        changed = f" (**{difference}**)" if cost.delta else ""
        parts.append(f"{escaped(money(cost.proposed, cost.currency))}/month{changed}")
    if totals.policies_failed:
        parts.append(f"policies: {totals.policies_failed:,} failed")
    elif totals.policies_checked:
        parts.append("policies passed")
    parts += map(escaped, comparison_texts(report.outcomes))
    return _DOT.join(parts)


def _left_out(counts: Counter[str], most_characters: int) -> str:
    text = left_out_text(counts)
    if not text:
        return ""
    return (
        f"Left out at the limit of {most_characters:,} characters: {text}. "
        "All: in the HTML and JSON reports.\n\n"
    )


def _end(report: Report) -> str:
    """Return the last lines: which batch it was, and when."""
    parts = [f"batch {report.short_id}"] if report.batch_id else []
    if report.seconds is not None:
        parts.append(duration(report.seconds))
    if started := _time(report.started_at):
        parts.append(started)
    if report.commit:
        parts.append(f"commit {escaped(report.commit[:_COMMIT_DIGITS])}")
    lines = f"<sub>{_DOT.join(parts)}</sub>\n" if parts else ""
    marker = comment(f"remote-backend batch {report.batch_id}") if report.batch_id else ""
    return f"{lines}{marker}\n" if marker else lines


def _time(text: str) -> str:
    try:
        return datetime.fromisoformat(text).astimezone(UTC).strftime("%H:%M UTC")
    except ValueError:
        return ""
