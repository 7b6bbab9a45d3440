"""What a batch came to, put together once for all forms of reports."""

from collections.abc import Mapping, Sequence

from attrs import field, frozen

from remote_backend.models.comparison import ComparedWith
from remote_backend.models.gates import GateResult
from remote_backend.models.outcome import Outcome
from remote_backend.models.planned_place import ConfigurationPlace
from remote_backend.models.run import PlanOptions
from remote_backend.models.selection import Selection
from remote_backend.planning.batch_id import short_id
from remote_backend.plans.groups import Family, group_outcomes
from remote_backend.plans.totals import Totals, totals_of
from remote_backend.reports.words import against_text, sentence_of

__all__ = ("Report", "make_report")


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
