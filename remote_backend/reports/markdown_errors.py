"""The sections of a report for workspaces without a usable plan, and for policies that warn."""

from collections.abc import Iterator, Sequence

from remote_backend.formats.structured_messages import render_structured
from remote_backend.models.failure import Failure, FailureKind
from remote_backend.models.outcome import Outcome
from remote_backend.plans.first_failure import first_failure
from remote_backend.plans.groups import Family
from remote_backend.reports.markdown_budget import Item, Rank
from remote_backend.reports.markdown_text import (
    code_span,
    counted,
    escaped,
    fence_for,
    plain_lines,
    shortened,
)
from remote_backend.reports.markdown_words import names_code
from remote_backend.reports.summary import Report
from remote_backend.reports.words import (
    failed_checks_text,
    unseen_groups,
    unseen_text,
    warnings_of,
)

__all__ = ("error_items", "text_item", "unseen_sections", "warning_sections")

_FIRST_LINES = 15
_LINES_TOGETHER = 50
_NAMES = 3


def error_items(report: Report, family: Family) -> Iterator[Item]:
    """Give the text of the error that the workspaces of a family have in common."""
    failure = first_failure(family.shown)
    if failure is None:
        return
    lines = _error_lines(report, family.shown, failure)
    if lines:
        yield text_item(lines, Rank.ERRORS, "error text", "error line")
    notes = []
    if failure.further_errors:
        notes.append(f"and {counted(failure.further_errors, 'more error')}")
    if others := _other_texts(family, failure):
        name = code_span(family.shown.workspace)
        notes.append(f"the words are those of {name}, they differ in {others:,} others")
    if notes:
        text = "; ".join(notes)
        yield Item(f"{text[0].upper()}{text[1:]}.\n\n", Rank.ERRORS)


def _error_lines(report: Report, outcome: Outcome, failure: Failure) -> list[str]:
    """Return the text of an error; without one, that of its checks or the end of its log."""
    if text := failure.text or failed_checks_text(outcome):
        lines = plain_lines(text)
        return lines if lines != [failure.title] else []
    log = report.logs.get(outcome.workspace, "")
    if failure.kind is not FailureKind.TERRAFORM or not log.strip():
        return []
    return plain_lines("".join(map(render_structured, log.splitlines(keepends=True))))[
        -_FIRST_LINES:
    ]


def _other_texts(family: Family, failure: Failure) -> int:
    """Return how many workspaces have the same kind of error in other words."""
    failures = [first_failure(outcome) for outcome in family.outcomes]
    return sum(other is not None and other.text != failure.text for other in failures)


def text_item(lines: Sequence[str], rank: Rank, noun: str, noun_of_rest: str) -> Item:
    """Return lines in a fence; the first 15 are one item, the others come when all else has room."""
    fence = fence_for(lines)
    block = Item(f"{fence}text\n", end=f"{fence}\n\n", is_ordered=True)
    first = "".join(f"{line}\n" for line in lines[:_FIRST_LINES])
    block.add(Item(first, rank, noun))
    for start in range(_FIRST_LINES, len(lines), _LINES_TOGETHER):
        together = lines[start : start + _LINES_TOGETHER]
        block.add(
            Item(
                "".join(f"{line}\n" for line in together),
                max(rank, Rank.REST_OF_ERRORS),
                noun_of_rest,
                len(together),
                instead=f"\u2026 {counted(len(lines) - start, 'more line')}\n",
            )
        )
    return block


def warning_sections(report: Report) -> Iterator[Item]:
    """Give a section for each policy or task that failed although the plan is finished (P29)."""
    by_title: dict[str, list[Outcome]] = {}
    for outcome in report.outcomes:
        for title in warnings_of(outcome):
            by_title.setdefault(title, []).append(outcome)
    everyone = [outcome.workspace for outcome in report.outcomes]
    for title, outcomes in by_title.items():
        names = names_code([outcome.workspace for outcome in outcomes], everyone, _NAMES)
        heading = f"#### Warning: {escaped(shortened(title))}: {names}\n\n"
        section = Item(heading, Rank.ERRORS, "warning", has_note=True)
        if lines := _warning_lines(outcomes[0], title):
            section.add(text_item(lines, Rank.ERRORS, "policy text", "policy line"))
        yield section


def unseen_sections(report: Report) -> Iterator[Item]:
    """Give the section of plans that do not see which outputs others will change."""
    groups = unseen_groups(report.outcomes)
    if not groups:
        return
    everyone = [outcome.workspace for outcome in report.outcomes]
    section = Item("#### Not seen yet\n\n", Rank.ERRORS, end="\n", has_note=True)
    for producers, outcomes in groups:
        names = names_code([outcome.workspace for outcome in outcomes], everyone, _NAMES)
        text = escaped(unseen_text(producers, len(outcomes)))
        section.add(Item(f"- {names}: {text}\n", Rank.ERRORS, "warning"))
    yield section


def _warning_lines(outcome: Outcome, title: str) -> list[str]:
    for check in outcome.checks:
        titles = [f"{failed} failed" for failed in check.failure_titles]
        if title not in titles:
            continue
        policies = check.failed_policies
        text = policies[titles.index(title)].text if policies else check.text
        return plain_lines(text) if text.strip() else []
    return []
