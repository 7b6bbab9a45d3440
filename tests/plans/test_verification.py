"""Whether plans are those of a report."""

from attrs import evolve

from remote_backend.plans.compared_outcome import compare_outcomes
from remote_backend.plans.verification import verification_of
from tests.support.report_builders import outcome


def test_a_workspace_that_was_not_planned_differs() -> None:
    """Local names may differ from the report's, and a name is missed once for each organization."""
    planned = outcome("dev")
    planned = compare_outcomes(planned, planned)
    renamed = evolve(planned, workspace="net:dev", configuration="net")
    reported = (
        evolve(planned, workspace="net:dev", configuration="net"),
        evolve(planned, workspace="other:dev", configuration="other"),
    )

    assert verification_of([planned], [renamed]).count == 0
    assert verification_of([planned], reported).workspaces == ("other:dev",)
    assert verification_of([planned, renamed], reported).count == 0
    assert verification_of([renamed], reported[::-1]).workspaces == ("other:dev",)
