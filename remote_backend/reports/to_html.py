"""Reports as one page that needs nothing else: search, filter, groups, plans, a time line."""

from html import escape
from importlib import resources

from remote_backend.formats.ansi_html import ansi_to_html, plain_text
from remote_backend.formats.page_style import page_style
from remote_backend.models.changes import PlannedChanges, ResourceChange
from remote_backend.models.outcome import ENDED_WITHOUT_PLAN, Outcome, Result
from remote_backend.plans.actions import OUTSIDE_WORDS, action_symbol
from remote_backend.plans.groups import Family
from remote_backend.plans.value_text import address_text, path_text, value_text
from remote_backend.reports.difference_rows import difference_rows
from remote_backend.reports.summary import Report, check_text, word_for

__all__ = ("to_html",)

# Nothing that a server says may become a link to a script.
_LINKS = ("https://", "http://")
_LONGEST_LOG = 200_000
_KIND = {
    Result.FAILED: "failed",
    Result.CANCELED: "canceled",
    Result.NOT_STARTED: "canceled",
    Result.CHANGES: "changes",
    Result.NO_CHANGES: "same",
}


def to_html(report: Report) -> str:
    """Return a report as one page of HTML, readable without its script."""
    longest = max((outcome.seconds for outcome in report.outcomes), default=0.0) or 1.0
    by_name = {outcome.workspace: outcome for outcome in report.outcomes}
    groups = "".join(_group(report, family, by_name) for family in report.families)
    bars = "".join(_bar(outcome, longest) for outcome in report.outcomes)
    counts = "".join(_filter(report, result) for result in _KIND)
    folder = resources.files("remote_backend.reports")
    style = page_style() + folder.joinpath("report.css").read_text(encoding="utf-8")
    script = folder.joinpath("report.js").read_text(encoding="utf-8")
    title = _text(f"{report.title}: {report.organization}")
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{title}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>\n{style}</style>\n<header>\n<h1>{_text(report.title)}</h1>\n"
        f'<p>{_text(report.sentence)}</p>\n<p class="quiet">{_text(report.organization)} on '
        f"{_text(report.hostname)}, {_text(report.started_at)}, {_text(report.batch_id)}</p>\n"
        '<p id="tools" hidden><label>Search <input id="search" type="search" '
        f'placeholder="workspace or address"></label> {counts}</p>\n</header>\n'
        f"<main>\n{groups}</main>\n<section>\n<h2>Time line</h2>\n"
        f'<p class="quiet">0 to {longest:.1f} s; light: waiting, dark: planning</p>\n'
        f'<div class="bars">\n{bars}</div>\n</section>\n<script>\n{script}</script>\n</html>\n'
    )


def _text(text: str) -> str:
    return escape(plain_text(text))


def _filter(report: Report, result: Result) -> str:
    count = sum(outcome.result is result for outcome in report.outcomes)
    if not count:
        return ""
    kind = _KIND[result]
    return (
        f'<label class="{kind}"><input type="checkbox" data-filter="{kind}" checked> '
        f"{count} {_text(word_for(result, is_drift=report.is_drift))}</label> "
    )


def _group(report: Report, group: Family, by_name: dict[str, Outcome]) -> str:
    kind = _KIND[group.result]
    noun = "workspace" if len(group.workspaces) == 1 else "workspaces"
    opened = " open" if group.result in ENDED_WITHOUT_PLAN else ""
    near = _differences(group)
    shown = group.shown.changes if group.result is not Result.NO_CHANGES else None
    changes = _changes(shown) if shown is not None else ""
    members = "".join(_workspace(report, by_name[name]) for name in group.workspaces)
    return (
        f'<details class="group {kind}" data-kind="{kind}"{opened}>\n<summary>'
        f"<b>{len(group.workspaces)} {noun}</b> {_text(group.title)}</summary>\n"
        f"{near}{changes}<div>\n{members}</div>\n</details>\n"
    )


def _differences(family: Family) -> str:
    rows, more = difference_rows(family.differences)
    if not rows:
        return ""
    body = "".join(
        f"<tr><td>{_text(row.place)}</td><td>{_text(row.value)}</td>"
        f"<td>{_text(', '.join(row.workspaces))}</td></tr>\n"
        for row in rows
    )
    rest = f"<p>and {more} more</p>\n" if more else ""
    return f"<p>Values that differ</p>\n<table>{body}</table>\n{rest}"


def _workspace(report: Report, outcome: Outcome) -> str:
    log = report.logs.get(outcome.workspace, "")
    cut = "... the beginning is left out ...\n" if len(log) > _LONGEST_LOG else ""
    body = f"<pre>{cut}{ansi_to_html(log[-_LONGEST_LOG:])}</pre>" if log else ""
    link = outcome.run_url or ""
    address = f' <a href="{_text(link)}">run</a>' if link.startswith(_LINKS) else ""
    numbers = ""
    # What has happened outside is not counted by the server.
    if outcome.counts is not None and not report.is_drift:
        counts = outcome.counts
        numbers = f" +{counts.add} ~{counts.change} -{counts.destroy}"
    reason = f"<p>{_text(outcome.reason)}</p>" if outcome.reason else ""
    checks = "".join(f"<pre>{_text(check_text(check))}</pre>" for check in outcome.checks)
    return (
        f'<details class="workspace" data-name="{_text(outcome.workspace)}"><summary>'
        f'{_text(outcome.workspace)}<span class="quiet">{_text(numbers)} '
        f"{outcome.seconds:.1f} s</span>{address}</summary>{reason}{checks}{body}</details>\n"
    )


def _changes(changes: PlannedChanges) -> str:
    rows = []
    for kind, changes_of_kind in (
        ("", changes.resources),
        ("drift ", changes.drift),
        ("deferred ", changes.deferred),
    ):
        rows += [_resource(kind, change) for change in changes_of_kind]
    for output in changes.outputs:
        rows.append(
            f'<li><span class="sign">{_text(action_symbol(output.action))}</span> output '
            f"<code>{_text(output.name)}</code> {_text(value_text(output.before))} &rarr; "
            f"{_text(value_text(output.after))}</li>\n"
        )
    for diagnostic in changes.diagnostics:
        rows.append(
            f'<li class="{_text(diagnostic.severity)}">{_text(diagnostic.text)}</li>\n'
        )
    return f'<ul class="changes">\n{"".join(rows)}</ul>\n' if rows else ""


def _resource(kind: str, change: ResourceChange) -> str:
    outside = OUTSIDE_WORDS.get(change.action)
    notes = f" ({outside})" if outside else ""
    if change.previous_address:
        notes += f" (was {change.previous_address})"
    if change.imported_id:
        notes += f" (imported {change.imported_id})"
    attributes = "".join(
        f"<tr><td>{_text(path_text(attribute.path))}{' (forces replacement)' if attribute.replaces else ''}</td>"
        f"<td>{_text(value_text(attribute.before))}</td><td>{_text(value_text(attribute.after))}</td></tr>\n"
        for attribute in change.attributes
    )
    table = f"<table>{attributes}</table>" if attributes else ""
    return (
        f'<li class="{_text(change.action)}"><span class="sign">{_text(action_symbol(change.action))}</span> '
        f"{kind}<code>{_text(address_text(change))}</code>{_text(notes)}{table}</li>\n"
    )


def _bar(outcome: Outcome, longest: float) -> str:
    times = dict(outcome.times)
    began = min(times.get("planning", times.get("pending", 0.0)), outcome.seconds)
    waiting, planning = 100 * began / longest, 100 * (outcome.seconds - began) / longest
    return (
        f'<div class="bar {_KIND[outcome.result]}"><span>{_text(outcome.workspace)}</span>'
        f'<i style="width:{waiting:.2f}%"></i><b style="width:{planning:.2f}%"></b></div>\n'
    )
