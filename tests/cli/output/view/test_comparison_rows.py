"""A comparison in the live view: one row for both runs of a workspace."""

from remote_backend import events
from remote_backend.cli.output.view.rows import BatchRows, Stage
from tests.support.comparison_builders import every_comparison


def watched(*seen: events.Event) -> BatchRows:
    """Return the rows after some events."""
    batch = BatchRows(0.0)
    for event in (events.BatchStarted(("a",)), events.PlanStarted("a"), *seen):
        batch.take(event, 1.0)
    return batch


def status(text: str) -> events.Event:
    """Return a new status of the run of the head."""
    return events.RunStatusChanged("a", "run-1", text)


def base(text: str) -> events.Event:
    """Return a new status of the run of the base."""
    return events.BaseStatusChanged("a", "run-2", text)


def test_the_base_is_shown_while_it_alone_still_runs() -> None:
    """`base` stands before the phase, and only behind the end of the head."""
    both = watched(status("planning"), base("planning"))
    base_alone = watched(
        status("planning"), base("planning"), status("planned_and_finished")
    )
    later = watched(status("planning"), status("planned_and_finished"), base("planning"))
    head_alone = watched(status("planning"), base("planned_and_finished"))

    assert both.rows["a"].phase == "planning"
    assert base_alone.rows["a"].phase == "base planning"
    assert later.rows["a"].phase == "base planning"
    assert head_alone.rows["a"].phase == "planning"


def test_a_workspace_that_has_ended_stays_ended() -> None:
    """A late status of the base changes nothing any more."""
    [outcome, *_] = every_comparison()
    batch = watched(status("planned_and_finished"), base("planning"))
    name = outcome.workspace
    batch.take(events.PlanFinished(outcome), 2.0)
    batch.take(events.BaseStatusChanged(name, "run-2", "planning"), 3.0)

    assert batch.rows[name].stage is Stage.ENDED
    assert "undoes aws_route.legacy" in batch.rows[name].title


def test_what_is_pending_anyway_is_counted() -> None:
    """Line 2 ends with the number of changes that no change causes, and of their workspaces."""
    batch = watched()
    for outcome in every_comparison():
        batch.take(events.PlanFinished(outcome), 2.0)

    assert (batch.pending_changes, batch.pending_workspaces) == (4, 4)
