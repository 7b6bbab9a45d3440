"""What a batch came to, put together once for all forms of reports."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from attrs import field, frozen

from remote_backend.models.comparison import ComparedWith
from remote_backend.models.gates import GateResult
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.plan import Counts
from remote_backend.models.planned_place import ConfigurationPlace
from remote_backend.models.policy import CheckReport
from remote_backend.models.run import PlanOptions
from remote_backend.models.selection import Selection
from remote_backend.planning.batch_id import short_id
from remote_backend.plans.groups import Family, group_outcomes, is_destructive
from remote_backend.plans.totals import Totals, totals_of

__all__ = (
    "Report",
    "against_text",
    "check_text",
    "counts_text",
    "failed_checks_text",
    "make_report",
    "sentence_of",
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


@frozen(kw_only=True)
class Report:
    """A batch as a person wants to read it."""

    title: str
    batch_id: str
    hostname: str
    organization: str
    started_at: str
    outcomes: tuple[Outcome, ...]
    families: tuple[Family, ...]
    """In the order of importance."""

    totals: Totals
    mapping: str = ""
    """Which remote workspaces the configuration names, as `net-*`; empty where it is not known."""

    configurations: tuple[ConfigurationPlace, ...] = ()
    """Those of a batch of several, whose `mapping` are the arguments; else empty."""

    label: str = ""
    """A text that differs between reports of the same mapping; empty where nobody gave one."""

    commit: str = ""
    """The commit of the configuration; empty where it is not known."""

    ended_at: str | None = None
    """When the batch ended (ISO 8601, UTC); None where it is not known, as in earlier journals."""

    seconds: float | None = None
    """How long the batch took."""

    options: PlanOptions | None = field(default=None, repr=False)
    """With what options it planned; None when no plan was begun."""

    logs: Mapping[str, str] = field(factory=dict, repr=False)
    """The log of each workspace, by short name, where it is known."""

    log_command: str | None = None
    """A command that prints a whole log if a name is added; None where logs are not kept."""

    is_drift: bool = False
    """Whether only what has changed outside was looked for."""

    compared_with: ComparedWith | None = None
    """What the plans were compared with; None without a comparison."""

    problem: str | None = None
    """Why no plan was begun at all; None when they were."""

    selection: Selection | None = None
    """Why these workspaces were planned, where a change had selected them."""

    gates: tuple[GateResult, ...] = ()
    """What came of the rules of the batch; empty where it had none."""

    @property
    def failed_gates(self) -> tuple[GateResult, ...]:
        """The rules by which the batch must not pass."""
        return tuple(gate for gate in self.gates if gate.failed)

    @property
    def short_id(self) -> str:
        """The beginning of the batch's id that people say and type."""
        return short_id(self.batch_id)

    @property
    def against(self) -> str:
        """What the plans were compared with, for a heading; empty without a comparison."""
        return against_text(self.compared_with)

    @property
    def sentence(self) -> str:
        """Say how many workspaces ended how."""
        if self.problem is not None:
            return f"no workspace was planned: {self.problem}"
        if self.selection is not None and not self.outcomes:
            return self.selection.sentence
        sentence = sentence_of(self.outcomes, is_drift=self.is_drift)
        return sentence if self.outcomes else f"{sentence}none"


def against_text(compared_with: ComparedWith | None) -> str:
    """Return what plans were compared with, for a heading: `against main, 1a2b3c4`."""
    if compared_with is None:
        return ""
    # Plans that were stored are no second runs, and a reader should know that.
    is_stored = compared_with.kind == "report"
    return f"{'compared with' if is_stored else 'against'} {compared_with.name}"


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


def make_report(
    outcomes: Sequence[Outcome],
    *,
    batch_id: str,
    hostname: str,
    organization: str,
    started_at: str,
    mapping: str = "",
    configurations: Sequence[ConfigurationPlace] = (),
    label: str = "",
    commit: str = "",
    ended_at: str | None = None,
    seconds: float | None = None,
    options: PlanOptions | None = None,
    logs: Mapping[str, str] | None = None,
    log_command: str | None = None,
    is_drift: bool = False,
    compared_with: ComparedWith | None = None,
    problem: str | None = None,
    gates: Sequence[GateResult] = (),
    selection: Selection | None = None,
) -> Report:
    """Put a report together; families come in the order of importance."""
    return Report(
        title="Drift report" if is_drift else "Plan report",
        batch_id=batch_id,
        hostname=hostname,
        organization=organization,
        started_at=started_at,
        outcomes=tuple(outcomes),
        families=group_outcomes(outcomes),
        totals=totals_of(outcomes),
        mapping=mapping,
        configurations=tuple(configurations),
        label=label,
        commit=commit,
        ended_at=ended_at,
        seconds=seconds,
        options=options,
        logs=logs or {},
        log_command=log_command,
        is_drift=is_drift,
        compared_with=compared_with,
        problem=problem,
        gates=tuple(gates),
        selection=selection,
    )


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
