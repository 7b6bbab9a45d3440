"""Plans that read the state of another workspace of their batch, whose outputs are about to change.

A plan changes no state, so such a plan is made with the outputs of the last apply, and will
differ once the other workspace has been applied. Which states a configuration reads is taken from
its text: the JSON of a plan, redacted as most tokens get it, does not have it.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from attrs import evolve, field, frozen

from remote_backend.config.state_references import (
    StateExpression,
    StateReference,
    read_state_references,
)
from remote_backend.models.outcome import Outcome
from remote_backend.planning.batch_context import BatchContext
from remote_backend.structured_logging import Log

__all__ = ("StateReaders", "find_state_readers")

log = Log()

_Place = tuple[str, str, str]
"""Host, organization and name of a workspace."""


@frozen
class StateReaders:
    """Which states the configurations of a batch read."""

    contexts: Mapping[str, BatchContext] = field(repr=False)
    """Where the configurations are, by their names."""

    expressions: Mapping[str, tuple[StateExpression, ...]] = field(repr=False)

    def judge(self, outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
        """Return outcomes with the workspaces whose changed outputs their plans do not see."""
        outcomes = tuple(outcomes)
        changing = {
            self._place(each, StateReference(each.full_name, None, None)): each.workspace
            for each in outcomes
            if each.outputs_change
        }
        if not changing:
            return outcomes
        return tuple(
            evolve(each, unseen_outputs=tuple(self._unseen(each, changing)))
            for each in outcomes
        )

    def _unseen(self, outcome: Outcome, changing: Mapping[_Place, str]) -> Iterator[str]:
        seen = {outcome.workspace}
        for expression in self.expressions.get(outcome.configuration, ()):
            reference = _reference(expression, outcome)
            if reference is None:
                continue
            name = changing.get(self._place(outcome, reference))
            if name is not None and name not in seen:
                seen.add(name)
                yield name

    def _place(self, outcome: Outcome, reference: StateReference) -> _Place:
        context = self.contexts.get(outcome.configuration)
        own = (context.hostname, context.organization) if context is not None else ("", "")
        return (
            reference.hostname or own[0],
            reference.organization or own[1],
            reference.workspace,
        )


def find_state_readers(contexts: Mapping[str, BatchContext]) -> StateReaders:
    """Read the configurations of a batch; one that cannot be read has no references."""
    expressions = {name: _read(each.directory) for name, each in contexts.items()}
    return StateReaders(contexts, expressions)


def _read(directory: Path) -> tuple[StateExpression, ...]:
    try:
        return read_state_references(directory)
    except Exception as error:
        # Any error costs the hint about unseen outputs; it must not end the batch.
        log.debug("state_references.unread", problem=type(error).__name__)
        return ()


def _reference(expression: StateExpression, outcome: Outcome) -> StateReference | None:
    try:
        return expression.reference_for(outcome.full_name)
    except Exception as error:
        # As in `_read`: a lost hint, not a lost batch.
        log.debug("state_reference.unknown", problem=type(error).__name__)
        return None
