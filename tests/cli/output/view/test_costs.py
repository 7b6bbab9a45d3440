"""What plans cost, in the live view and at the end."""

from decimal import Decimal

from attrs import evolve

from remote_backend import events
from remote_backend.cli.output.summary import Ending, summary_lines
from remote_backend.cli.output.view.cells import terminal_text
from remote_backend.cli.output.view.layout import Controls, draw
from remote_backend.cli.output.view.rows import BatchRows
from remote_backend.cli.output.view.signs import UNICODE
from remote_backend.cli.output.view.theme import Theme
from remote_backend.models.cost import Cost
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.plan import Counts
from remote_backend.models.policy import CheckReport
from remote_backend.plans.groups import group_outcomes
from tests.support.batch_view import outcome_of


def costing(name: str, delta: str) -> Outcome:
    """Return the outcome of a plan that changes what a workspace costs."""
    cost = Cost(
        prior=Decimal("90"), proposed=Decimal("90") + Decimal(delta), delta=Decimal(delta)
    )
    check = CheckReport(kind="cost estimate", name="cost", status="finished", cost=cost)
    changed = outcome_of(name, Result.CHANGES, counts=Counts(1, 0, 0, 0))
    return evolve(changed, checks=(check,))


def test_a_wide_view_has_costs() -> None:
    """Each plan's own change, and the sum of all in the head."""
    batch = BatchRows(0.0)
    batch.take(events.BatchStarted(("a", "b")), 0.0)
    for name, delta in (("a", "21.40"), ("b", "-3.1")):
        batch.take(events.PlanFinished(costing(name, delta)), 1.0)
    theme = Theme(title="acme/net-*", signs=UNICODE)
    lines = draw(batch, Controls(), theme, (120, 24), 2.0)
    texts = [terminal_text(each, colors=False) for each in lines]
    assert texts[1].endswith("+2   +$18.30/month")
    assert any("a  " in text and "+$21.40/month" in text for text in texts)
    assert any("b  " in text and "-$3.10/month" in text for text in texts)
    narrow = draw(batch, Controls(), theme, (80, 24), 2.0)
    assert not any("$" in terminal_text(each, colors=False) for each in narrow)


def test_the_end_has_costs() -> None:
    """All that is paid and how it changes; on wide terminals for each group too."""
    outcomes = (costing("a", "21.40"), costing("b", "21.40"))
    ending = Ending(outcomes=outcomes, families=group_outcomes(outcomes))
    wide = [terminal_text(each, colors=False) for each in summary_lines(ending, 120)]
    assert "+2   $222.80/month (+$42.80)" in wide
    assert any(text.startswith("   2  +1") and "+$21.40" in text for text in wide)
