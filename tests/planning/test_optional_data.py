"""Plans as JSON and texts of policies on servers that fail, hang, or send odd answers."""

from collections import Counter

import anyio
import pytest

from remote_backend.api.client import Client
from remote_backend.api.messages import Request, Response
from remote_backend.api.transport.retry import RetryingTransport
from remote_backend.models.outcome import Result
from remote_backend.models.plan import Plan
from remote_backend.models.run import PlanOptions, Run
from remote_backend.planning.polling import RunSnapshot
from remote_backend.planning.run_result import (
    OptionalData,
    read_optional_data,
    result_of,
    seconds_for_optional_data,
)
from tests.support.fakes import answer
from tests.support.servers import run_virtually

SNAPSHOT = RunSnapshot(
    Run(
        id="run-1",
        status="planned_and_finished",
        has_changes=True,
        policy_check_ids=("polchk-1",),
        task_stage_ids=("ts-1",),
        cost_estimate_id="ce-1",
    ),
    Plan(id="plan-1", status="finished", has_changes=True),
)
PATHS = {
    "task-stages/ts-1",
    "policy-checks/polchk-1",
    "cost-estimates/ce-1",
    "plans/plan-1/json-output-redacted",
    "plans/plan-1/json-output",
}


class Odd:
    """Answers everything in one way: with a status, an exception, or never."""

    def __init__(self, reaction: Response | Exception | None) -> None:
        self.reaction = reaction
        self.requests: Counter[str] = Counter()

    async def send(self, request: Request) -> Response:
        """Answer a request."""
        self.requests[request.where] += 1
        if self.reaction is None:
            await anyio.sleep_forever()
        if isinstance(self.reaction, Exception):
            raise self.reaction
        assert self.reaction is not None
        return self.reaction


def read(server: Odd) -> tuple[OptionalData, float]:
    """Read all optional data; return them, and the seconds that it took."""

    async def work() -> tuple[OptionalData, float]:
        begun = anyio.current_time()
        client = Client(RetryingTransport(server), "acme")
        optional = await read_optional_data(client, SNAPSHOT, PlanOptions())
        return optional, anyio.current_time() - begun

    return run_virtually(work)


@pytest.mark.parametrize(("status", "most"), [(500, 5), (501, 1), (404, 1), (503, 5)])
def test_a_server_without_them_is_asked_a_few_times(status: int, most: int) -> None:
    """Ten attempts for each cost minutes for data that a plan can do without (N28, P32)."""
    server = Odd(answer(status))

    optional, took = read(server)

    assert (optional.checks, optional.changes) == ([], None)
    assert set(server.requests) == PATHS
    assert max(server.requests.values()) <= most
    assert took <= seconds_for_optional_data(1, float("inf"))


def test_a_server_that_is_silent_costs_a_limited_time() -> None:
    """And it is known that something may be missing (P32)."""
    optional, took = read(Odd(None))

    assert took == seconds_for_optional_data(1, float("inf"))
    assert not optional.is_complete


@pytest.mark.parametrize("error", [TypeError("odd"), RecursionError(), OSError(5, "odd")])
def test_an_odd_answer_changes_no_verdict(error: Exception) -> None:
    """The run's own status decides, whatever the details lead to (N28)."""
    optional, _ = read(Odd(error))

    assert not optional.is_complete
    assert result_of(SNAPSHOT) is Result.CHANGES
