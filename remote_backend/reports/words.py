"""The words and sentences about outcomes that terminal and reports share."""

from collections import Counter
from collections.abc import Iterable, Sequence

from remote_backend.models.comparison import ComparedWith
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.plan import Counts
from remote_backend.models.policy import CheckReport
from remote_backend.plans.results import is_destructive
from remote_backend.plans.workspace_names import NameItem, names_text

__all__ = (
    "against_text",
    "check_text",
    "counts_text",
    "failed_checks_text",
    "sentence_of",
    "unseen_groups",
    "unseen_text",
    "warnings_of",
    "word_for",
    "word_of",
)

_ORDER = (
    "failed",
    "canceled",
    "still running",
    "changed",
    "drifted",
    "unchanged",
    "no drift",
)


def against_text(compared_with: ComparedWith | None) -> str:
    """Return what plans were compared with, for a heading: `against main, 1a2b3c4`.

    Two versions are both named: `against Terraform 1.11.4, with Terraform 1.15.5`.
    """
    if compared_with is None:
        return ""
    # Plans that were stored are no second runs, and a reader should know that.
    is_stored = compared_with.kind == "report"
    base = f"{'compared with' if is_stored else 'against'} {compared_with.name}"
    return f"{base}, with {compared_with.head}" if compared_with.head else base


def sentence_of(outcomes: Iterable[Outcome], *, is_drift: bool = False) -> str:
    """Say how many workspaces ended how: `8 workspaces: 1 failed, 7 changed (6 destroy)`."""
    outcomes = tuple(outcomes)
    words = Counter(word_of(outcome, is_drift=is_drift) for outcome in outcomes)
    destructive = sum(map(is_destructive, outcomes))
    parts = []
    for word, number in sorted(words.items(), key=lambda item: _ORDER.index(item[0])):
        is_changed = word in ("changed", "drifted")
        destroy = f" ({destructive} destroy)" if is_changed and destructive else ""
        parts.append(f"{number} {word}{destroy}")
    noun = "workspace" if len(outcomes) == 1 else "workspaces"
    return f"{len(outcomes)} {noun}: {', '.join(parts)}"


def word_of(outcome: Outcome, *, is_drift: bool = False) -> str:
    """Return the word for how a workspace ended: `changed`, `no drift`, `still running`."""
    if outcome.still_running:
        return "still running"
    return word_for(outcome.result, is_drift=is_drift)


def word_for(result: Result, *, is_drift: bool = False) -> str:
    """Return the word for a result."""
    if result is Result.NOT_STARTED:
        return Result.CANCELED.value
    drift = {Result.CHANGES: "drifted", Result.NO_CHANGES: "no drift"}
    if is_drift and result in drift:
        return drift[result]
    word: str = result.value
    return word


def counts_text(counts: Counts | None, *, is_drift: bool = False) -> str:
    """Return the numbers of a plan in one short text."""
    # What has happened outside is not counted by the server.
    if counts is None or is_drift:
        return "-"
    text = f"+{counts.add} ~{counts.change} -{counts.destroy}"
    return f"{text} ({counts.imported} imported)" if counts.imported else text


def check_text(report: CheckReport) -> str:
    """Return what a policy, a task or a cost estimate says, behind a line that names it."""
    head = f"{report.kind} {report.name}: {report.status}"
    return f"{head}\n{report.text}" if report.text else head


def failed_checks_text(outcome: Outcome) -> str:
    """Return what those say that are a reason for a plan to fail, or nothing."""
    return "\n".join(check_text(check) for check in outcome.checks if check.failed)


def warnings_of(outcome: Outcome) -> tuple[str, ...]:
    """Return the policies and tasks that failed although the server finished the plan."""
    if not outcome.succeeded:
        return ()
    titles = (title for check in outcome.checks for title in check.failure_titles)
    return tuple(f"{title} failed" for title in titles)


def unseen_groups(
    outcomes: Iterable[Outcome],
) -> list[tuple[tuple[str, ...], list[Outcome]]]:
    """Return plans that do not see what others will change, by the names of these; the most first."""
    readers: dict[tuple[str, ...], list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.unseen_outputs:
            readers.setdefault(outcome.unseen_outputs, []).append(outcome)
    return sorted(readers.items(), key=lambda item: -len(item[1]))


def unseen_text(names: Sequence[str], count: int = 1) -> str:
    """Say that so many plans do not see what others will change in states that they read."""
    listed = names_text([NameItem(name) for name in names])
    verb, whose = ("reads", "its plan does") if count == 1 else ("read", "their plans do")
    return f"{verb} outputs of {listed}, which change; {whose} not see this yet"
