"""Reports for comments of pull requests: short enough, and closed wherever they are cut."""

import re
from collections.abc import Iterator

from remote_backend.formats.ansi import one_line
from remote_backend.formats.ansi_html import plain_text
from remote_backend.models.changes import PlannedChanges, ResourceChange
from remote_backend.models.outcome import Outcome, Result
from remote_backend.plans.actions import OUTSIDE_WORDS, action_symbol
from remote_backend.plans.groups import Family
from remote_backend.plans.value_text import address_text, path_text, value_text
from remote_backend.reports.difference_rows import difference_rows
from remote_backend.reports.summary import Report, failed_checks_text

__all__ = ("MOST_CHARACTERS", "to_markdown")

MOST_CHARACTERS = 65_536
_NAMES_SHOWN = 20
_LEVELS = 4
_TITLE_CHARACTERS = 600
_NAMES_CHARACTERS = 4_000
_BACKTICKS = re.compile(r"`+")
_SPECIAL = re.compile(r"([\\`*_{}\[\]|~!])")
# People and issues must not be called by what a plan happens to say: a character of no width,
# which is named here so that no reader of the file has to look for it, ends the word.
_CALLS = re.compile(r"([@#])(?=\w)")
_NO_CALL = "\\1&ZeroWidthSpace;"
_PLAIN = ("create", "delete")
_ICONS = {
    Result.FAILED: "\u274c",
    Result.CANCELED: "\u23f9\ufe0f",
    Result.NOT_STARTED: "\u23f9\ufe0f",
    Result.CHANGES: "\u26a0\ufe0f",
    Result.NO_CHANGES: "\u2705",
}


def to_markdown(report: Report, *, most_characters: int = MOST_CHARACTERS) -> str:
    """Return a report as GitHub's Markdown of at most so many characters.

    What does not fit is left out, the least important first: logs, then values of attributes,
    then changes and names in large groups; a sentence at the end names what was left out.
    """
    marker = f"<!-- remote-backend {report.batch_id} -->\n"
    head = f"{marker}## {report.title}: {_plain(report.sentence)}\n\n"
    head += f"{_plain(report.organization)} on {_plain(report.hostname)}, {report.started_at}\n\n"
    for level in range(_LEVELS):
        groups = "".join(_group(report, group, level) for group in report.families)
        text = head + groups + _omissions(level, most_characters)
        if len(text) <= most_characters:
            return text
    return _cut(report, head, most_characters)


def _cut(report: Report, head: str, most_characters: int) -> str:
    """Return the groups that fit at the last level, and the names of those that do not."""
    end = _omissions(_LEVELS - 1, most_characters)
    names_room = min(_NAMES_CHARACTERS, most_characters // 4)
    room = most_characters - len(head) - len(end) - names_room
    kept = ""
    missing: list[str] = []
    for group in report.families:
        part = _group(report, group, _LEVELS - 1)
        if not missing and len(kept) + len(part) <= room:
            kept += part
        else:
            missing.extend(group.workspaces)
    return f"{head}{kept}\n{_missing(missing, names_room)}{end}"


def _missing(names: list[str], room: int) -> str:
    if not names:
        return ""
    listed = ""
    count = 0
    for name in names:
        item = f"{', ' if listed else ''}`{_code(name)}`"
        if len(listed) + len(item) > room - 100:
            break
        listed += item
        count += 1
    more = f" and {len(names) - count} more" if count < len(names) else ""
    noun = "workspace" if len(names) == 1 else "workspaces"
    return f"{len(names)} {noun} did not fit: {listed}{more}.\n\n"


def _omissions(level: int, most_characters: int) -> str:
    """Return a sentence that names what a level leaves out; empty where that is nothing."""
    omitted = ("logs", "values of attributes", "changes and checks")[:level]
    if not omitted:
        return ""
    *first, last = omitted
    names = f"{', '.join(first)} and {last}" if first else last
    return (
        f"_Left out, since this may have at most {most_characters} characters: {names}. "
        "The HTML and JSON reports have everything._\n"
    )


def _group(report: Report, group: Family, level: int) -> str:
    names = list(group.workspaces)
    most = len(names) if level < 2 else _NAMES_SHOWN
    listed = ", ".join(f"`{_code(name)}`" for name in names[:most])
    more = f" and {len(names) - most} more" if len(names) > most else ""
    noun = "workspace" if len(names) == 1 else "workspaces"
    if group.result is Result.NO_CHANGES and level:
        listed = ""
    words = _shortened(group.title) if level else group.title
    title = f"{_ICONS[group.result]} {len(names)} {noun}: {_plain(words)}"
    parts = [f"### {title}\n\n", f"{listed}{more}\n\n" if listed else ""]
    if level < 3:
        parts.append(_differences(group))
    shown = group.shown.changes if group.result is not Result.NO_CHANGES else None
    if shown is not None and level < 3:
        lines = "\n".join(_change_lines(shown, with_attributes=level < 2))
        if lines:
            parts.append(_details("Changes", _fenced(lines, "diff")))
    outcomes = _of(report, group)
    failed = failed_checks_text(outcomes[0])
    if failed and level < 3:
        parts.append(_details(f"Checks of {names[0]}", _fenced(failed)))
    if level == 0 and group.result is not Result.NO_CHANGES:
        log = plain_text(report.logs.get(names[0], ""))
        if log:
            parts.append(_details(f"Log of {names[0]}", _fenced(log[-6000:])))
    links = [outcome for outcome in outcomes if outcome.run_url][: 1 if level else 5]
    if links and group.result is not Result.NO_CHANGES:
        parts.append(
            " ".join(
                f"[{_plain(outcome.workspace)}]({_address(outcome)})" for outcome in links
            )
            + "\n\n"
        )
    return "".join(parts)


def _differences(family: Family) -> str:
    rows, more = difference_rows(family.differences)
    lines = []
    for row in rows:
        names = ", ".join(row.workspaces[:_NAMES_SHOWN])
        rest = len(row.workspaces) - _NAMES_SHOWN
        odd = " (odd)" if row.is_odd else ""
        lines.append(
            f"{_one_line(row.place)}: {_one_line(row.value)}{odd}"
            + (f"   {names}" if names else "")
            + (f" and {rest} more" if rest > 0 else "")
        )
    if more:
        lines.append(f"and {more} more")
    return _details("Values that differ", _fenced("\n".join(lines))) if lines else ""


def _shortened(title: str) -> str:
    cut = len(title) - _TITLE_CHARACTERS
    if cut <= 0:
        return title
    return f"{title[:_TITLE_CHARACTERS]} ... ({cut} more characters)"


def _of(report: Report, group: Family) -> list[Outcome]:
    names = set(group.workspaces)
    return [outcome for outcome in report.outcomes if outcome.workspace in names]


def _change_lines(changes: PlannedChanges, *, with_attributes: bool) -> Iterator[str]:
    for kind, changes_of_kind in (
        ("", changes.resources),
        ("drift: ", changes.drift),
        ("deferred: ", changes.deferred),
    ):
        for change in changes_of_kind:
            yield f"{_mark(change)} {kind}{address_text(change)}{_notes(change)}"
            for attribute in (
                change.attributes if with_attributes and change.action != "create" else ()
            ):
                path = path_text(attribute.path)
                before, after = value_text(attribute.before), value_text(attribute.after)
                forces = " # forces replacement" if attribute.replaces else ""
                yield f"      {path}: {before} -> {after}{forces}".replace("\n", " ")
    for diagnostic in changes.diagnostics:
        yield f"# {diagnostic.text}"
    for output in changes.outputs:
        yield f"{action_symbol(output.action)[:1]} output {output.name}: {value_text(output.before)} -> {value_text(output.after)}"


def _mark(change: ResourceChange) -> str:
    # What a diff colors: removed, added, changed.
    return {
        "create": "+",
        "delete": "-",
        "replace": "-",
        "replace_create_first": "-",
        "create_then_forget": "+",
        "forget": "-",
        "gone": "-",
    }.get(change.action, "!")


def _notes(change: ResourceChange) -> str:
    notes = (
        [f" ({OUTSIDE_WORDS.get(change.action, change.action)})"]
        if change.action not in _PLAIN
        else []
    )
    if change.previous_address:
        notes.append(f" (was {change.previous_address})")
    if change.imported_id:
        notes.append(f" (imported {change.imported_id})")
    return "".join(notes)


def _details(title: str, body: str) -> str:
    return (
        f"<details><summary>{_html(_one_line(title))}</summary>\n\n{body}\n</details>\n\n"
    )


def _fenced(text: str, language: str = "") -> str:
    text = plain_text(text)
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}\n"


def _plain(text: str) -> str:
    return _CALLS.sub(_NO_CALL, _SPECIAL.sub(r"\\\1", _html(_one_line(text))))


def _code(text: str) -> str:
    return _one_line(text).replace("`", "'")


def _one_line(text: str) -> str:
    return " ".join(plain_text(text).split())


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _address(outcome: Outcome) -> str:
    return one_line(outcome.run_url or "").replace(")", "%29").replace(" ", "%20")
