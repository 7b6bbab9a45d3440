"""Groups of workspaces as HTML: what happens in words, the names, and the changes once for all."""

from collections import defaultdict
from functools import reduce
from operator import add

from remote_backend.formats.amounts import difference_text
from remote_backend.formats.ansi_html import ansi_to_html
from remote_backend.models.outcome import Outcome, Result
from remote_backend.plans.comparison import undone_of
from remote_backend.plans.first_failure import first_failure
from remote_backend.plans.groups import Family
from remote_backend.plans.workspace_names import name_items, names_text
from remote_backend.reports.difference_rows import difference_rows
from remote_backend.reports.html_changes import changes_html, messages_html, undone_html
from remote_backend.reports.html_kinds import Kind, heading, sign
from remote_backend.reports.html_text import (
    breakable,
    count_of,
    counts_html,
    html_text,
    names_html,
)
from remote_backend.reports.html_workspaces import workspace_items
from remote_backend.reports.summary import Report
from remote_backend.reports.words import warnings_of

__all__ = ("group_section",)

_MOST_LOG_LINES = 200
_OPEN = (Kind.FAILED, Kind.CANCELED, Kind.DESTROY)


def group_section(report: Report, kind: Kind, families: list[Family]) -> str:
    """Return the section of all groups of one kind."""
    count = sum(len(family.workspaces) for family in families)
    groups = "".join(_group(report, kind, family) for family in families)
    hint = ""
    if kind is Kind.FAILED and report.log_command is not None:
        hint = (
            f"<p>Whole logs: <code>{html_text(report.log_command)} WORKSPACE</code></p>\n"
        )
    title = heading(kind, is_drift=report.is_drift)
    return f'<section id="{kind.value}">\n<h2>{title} ({count:,})</h2>\n{groups}{hint}</section>\n'


def _group(report: Report, kind: Kind, family: Family) -> str:
    is_open = " open" if kind in _OPEN else ""
    return (
        f'<details class="group {kind.value}" id="g{family.number}" '
        f'data-kind="{kind.value}"{is_open}>\n{_summary(report, kind, family)}\n'
        f'<ul class="names">\n{workspace_items(family)}</ul>\n'
        f"{_error(family)}{_warnings(family)}{_plans(family)}"
        f"{_differences(family)}{_logs(report, family)}</details>\n"
    )


def _summary(report: Report, kind: Kind, family: Family) -> str:
    names = family.workspaces
    who = breakable(names[0]) if len(names) == 1 else count_of(len(names), "workspace")
    lines = [f'<span class="title">{html_text(family.title)}</span></h3>']
    if len(names) > 1:
        everyone = tuple(outcome.workspace for outcome in report.outcomes)
        items = name_items(names, everyone)
        # Of an open group the names follow, so that only a pattern says more.
        kept = " pattern" if any(item.count > 1 for item in items) else ""
        lines.append(f'<span class="who{kept}">{breakable(names_text(items))}</span>')
    if facts := _facts(report, family):
        lines.append(f'<span class="facts-line">{facts}</span>')
    return (
        f'<summary><h3><span class="sign">{sign(kind)}</span> <b>{who}</b>: '
        f"{' '.join(lines)}</summary>"
    )


def _facts(report: Report, family: Family) -> str:
    costs = [outcome.cost for outcome in family.outcomes if outcome.cost is not None]
    deltas = reduce(add, costs) if costs else None
    parts = [_counts(report, family)]
    if deltas is not None and deltas.delta:
        together = " together" if len(family.workspaces) > 1 else ""
        parts.append(f"{difference_text(deltas.delta, deltas.currency)} a month{together}")
    return ", ".join(filter(None, parts))


def _counts(report: Report, family: Family) -> str:
    counts = {outcome.counts for outcome in family.outcomes}
    if report.is_drift or len(counts) != 1:
        return ""
    [same] = counts
    text = counts_html(same) if same is not None else ""
    return f"{text} each" if text and len(family.workspaces) > 1 else text


def _error(family: Family) -> str:
    """Return the whole error, where the title does not say all."""
    failure = first_failure(family.shown)
    if failure is None:
        return ""
    parts = []
    if failure.text:
        box = '<pre class="error" tabindex="0" role="group" aria-label="Error">'
        parts.append(f"{box}{html_text(failure.text)}</pre>\n")
    if failure.further_errors:
        parts.append(f"<p>and {count_of(failure.further_errors, 'more error')}</p>\n")
    return "".join(parts)


def _warnings(family: Family) -> str:
    names: dict[str, list[str]] = defaultdict(list)
    for outcome in family.outcomes:
        for warning in warnings_of(outcome):
            names[warning].append(outcome.workspace)
    return "".join(
        f'<p class="yellow">Warning: {html_text(warning)}: {names_html(workspaces)}</p>\n'
        for warning, workspaces in names.items()
    )


def _plans(family: Family) -> str:
    """Return the changes of a group: once, or each different plan of those that were refused."""
    if family.result is Result.CHANGES:
        return _changes_of(family.shown) + undone_html(undone_of(family.shown))
    names: dict[str, list[str]] = defaultdict(list)
    for outcome in family.outcomes:
        if text := _changes_of(outcome):
            names[text].append(outcome.workspace)
    return "".join(
        f'<div class="plan">\n<h4>Plan of {_whose(workspaces, family)}</h4>\n{text}</div>\n'
        for text, workspaces in names.items()
    )


def _whose(workspaces: list[str], family: Family) -> str:
    if len(workspaces) == len(family.workspaces) > 1:
        return f"all {len(workspaces):,}"
    return names_html(workspaces)


def _changes_of(outcome: Outcome) -> str:
    changes = outcome.changes
    if changes is None:
        return ""
    if outcome.result is Result.NO_CHANGES:
        return messages_html(changes)
    # Where a plan failed, its first error is above already.
    return changes_html(changes) if outcome.succeeded or not changes.is_empty else ""


def _differences(family: Family) -> str:
    rows, more = difference_rows(family.differences)
    if not rows:
        return ""
    body = "".join(
        f'<tr><td class="value"><code>{breakable(row.place)}</code></td>'
        f'<td class="value">{html_text(row.value)}{" <b>odd</b>" if row.is_odd else ""}</td>'
        f"<td>{names_html(row.workspaces)}</td></tr>\n"
        for row in rows
    )
    rest = f"<p>and {count_of(more, 'more value')}</p>\n" if more else ""
    return (
        '<table class="differences">\n<caption>Values that differ</caption>\n'
        '<thead><tr><th scope="col">Where</th><th scope="col">Value</th>'
        f'<th scope="col">Workspaces</th></tr></thead>\n<tbody>\n{body}</tbody></table>\n{rest}'
    )


def _logs(report: Report, family: Family) -> str:
    logs = "".join(_log(report, outcome) for outcome in family.outcomes)
    return f'<div class="logs">\n{logs}</div>\n' if logs else ""


def _log(report: Report, outcome: Outcome) -> str:
    log = report.logs.get(outcome.workspace)
    if not log:
        return ""
    lines = log.rstrip("\n").split("\n")
    left_out = len(lines) - _MOST_LOG_LINES
    tail = ansi_to_html("\n".join(lines[-_MOST_LOG_LINES:]))
    cut = (
        f"<p>{count_of(left_out, 'line')} before these left out</p>" if left_out > 0 else ""
    )
    name = html_text(outcome.workspace)
    return (
        f"<details><summary>Log of {breakable(outcome.workspace)} "
        f"({count_of(len(lines), 'line')})</summary>{cut}"
        f'<pre tabindex="0" role="group" aria-label="Log of {name}">{tail}</pre></details>\n'
    )
