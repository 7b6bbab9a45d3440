"""The events of a batch as lines of JSON, for programs; described by `events.schema.json`.

Each line has a type, a time, the batch and a number, so that a reader sees what it has missed.
Most lines are one event each. From the events the stream also derives what every reader would
have to: the phase of each workspace, costs and policies one by one, and the totals so far.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from attrs import define, field

from remote_backend import events
from remote_backend.formats.ansi import escape_unseen
from remote_backend.formats.exact_json import dump_exact
from remote_backend.models.gates import GateResult
from remote_backend.models.outcome import Outcome
from remote_backend.models.run import Phase, phase_of
from remote_backend.models.run_phases import PHASES
from remote_backend.plans.totals import totals_of
from remote_backend.reports.documents import (
    cost_document,
    gate_document,
    members_of,
    selection_members,
    totals_document,
    workspace_document,
)

__all__ = ("EventStream",)

_WORD = re.compile(r"(?<!^)(?=[A-Z])")


@define(kw_only=True)
class EventStream:
    """Writes the events of one batch as lines of JSON, each without its line end."""

    batch_id: str | None
    """None when no batch was begun."""

    now: Callable[[], datetime] = partial(datetime.now, UTC)

    exit_code: Callable[[tuple[Outcome, ...]], int | None] = lambda outcomes: None
    """The exit code of the command for these outcomes; None where there is no command."""

    judge: Callable[[tuple[Outcome, ...]], tuple[GateResult, ...]] = lambda outcomes: ()
    """What comes of the gates of the command; nothing where it has none."""

    is_over: bool = False
    """Whether the last event was written."""

    _sequence: int = 0
    _workspaces: tuple[str, ...] = ()
    _phases: dict[str, str] = field(factory=dict)
    """Of the workspaces that have begun and not ended."""

    _outcomes: dict[str, Outcome] = field(factory=dict)

    def lines(self, event: events.Event) -> Iterator[str]:
        """Give the lines of an event, and of what follows from it."""
        yield self._line(_type_of(type(event).__name__), **self._members(event))
        match event:
            case events.BatchStarted():
                self._workspaces = event.workspaces
            case events.PlanStarted():
                yield from self._phase(event.workspace, "preparing")
            case events.UploadProgressed():
                yield from self._phase(event.workspace, "uploading")
            case events.RunQueued():
                yield from self._phase(event.workspace, "waiting")
            case events.RunStatusChanged():
                yield from self._status(event.workspace, event.status)
            case events.CheckReported():
                yield from self._judgement(event)
            case events.PlanFinished():
                self._phases.pop(event.outcome.workspace, None)
                self._outcomes[event.outcome.workspace] = event.outcome
            case events.BatchFinished() | events.BatchFailed():
                self.is_over = True
            case _:
                pass

    def progress(self) -> Iterator[str]:
        """Give a line that says how far the batch has come; none once it is over."""
        if self.is_over or not self._workspaces:
            return
        unfinished = self._unfinished()
        at_work = sum(phase != "waiting" for phase in self._phases.values())
        yield self._line(
            "progress",
            workspaces=len(self._workspaces),
            ended=len(self._workspaces) - len(unfinished),
            at_work=at_work,
            waiting=len(unfinished) - at_work,
            totals=totals_document(totals_of(self._outcomes.values())),
        )

    def interrupted(self, answer: str) -> Iterator[str]:
        """Give a line that says what becomes of the runs after a signal: `cancel` or `detach`."""
        yield self._line("interrupted", answer=answer, unfinished=self._unfinished())
        if answer == "cancel":
            for workspace in tuple(self._phases):
                yield from self._phase(workspace, "canceling")

    def _unfinished(self) -> list[str]:
        return [name for name in self._workspaces if name not in self._outcomes]

    def _members(self, event: events.Event) -> dict[str, Any]:
        match event:
            case events.LogChunkRead():
                # Parts end where the server's did, so a character can be cut in two.
                text = event.data.decode("utf-8", "replace")
                return {**_names_of(event), "text": text}
            case events.WorkspacesSelected():
                reasons = event.selection.reasons.items()
                return {
                    **selection_members(event.selection),
                    "reasons": {name: list(texts) for name, texts in reasons},
                }
            case events.PlanFinished():
                return {"outcome": workspace_document(event.outcome)}
            case events.BatchFinished():
                gates = list(map(gate_document, self.judge(event.outcomes)))
                return {
                    **({"gates": gates} if gates else {}),
                    "exit_code": self.exit_code(event.outcomes),
                    "totals": totals_document(totals_of(event.outcomes)),
                    "outcomes": list(map(workspace_document, event.outcomes)),
                }
            case _:
                return members_of(event)

    def _status(self, workspace: str, status: str) -> Iterator[str]:
        # Behind a final status comes the result. An unknown one is shown as it is.
        if phase_of(status) not in (Phase.SUCCEEDED, Phase.FAILED):
            yield from self._phase(workspace, PHASES.get(status, status))

    def _phase(self, workspace: str, phase: str) -> Iterator[str]:
        if self._phases.get(workspace) not in (phase, "canceling"):
            self._phases[workspace] = phase
            yield self._line("plan_phase_changed", workspace=workspace, phase=phase)

    def _judgement(self, event: events.CheckReported) -> Iterator[str]:
        workspace, check = event.workspace, event.report
        if check.cost is not None:
            cost = cost_document(check.cost)
            yield self._line("cost_estimated", workspace=workspace, cost=cost)
        for policy in check.policy_results:
            members = members_of(policy)
            yield self._line("policy_evaluated", workspace=workspace, policy=members)

    def _line(self, type: str, **members: Any) -> str:
        self._sequence += 1
        head = {
            "type": type,
            "time": _utc(self.now()),
            "batch": self.batch_id,
            "sequence": self._sequence,
        }
        text = dump_exact({**head, **members}, ensure_ascii=False, separators=(",", ":"))
        return escape_unseen(text)


def _names_of(event: events.LogChunkRead) -> dict[str, str]:
    configuration = {"configuration": event.configuration} if event.configuration else {}
    return {"workspace": event.workspace, **configuration}


@cache
def _type_of(name: str) -> str:
    """Return the type of an event in JSON: `run_queued` for `RunQueued`."""
    return _WORD.sub("_", name).lower()


def _utc(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
