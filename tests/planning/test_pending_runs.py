"""A person who waits for a run that is pending hears who holds its workspace."""

import anyio
import pytest

from remote_backend.api.client import Client
from remote_backend.api.messages import Request, Response
from remote_backend.models.run import Run
from remote_backend.models.workspace import Workspace
from remote_backend.notices import Notice, Notices
from remote_backend.planning.pending_runs import explains_pending, report_pending
from remote_backend.planning.polling import RunPoller
from tests.support.fakes import answer
from tests.support.servers import run_virtually

RUN = Run(id="run-1", status="pending")
LOCKED = Workspace(id="ws-1", name="net-a", locked=True, locked_reason="at work")


class Service:
    """Keeps a run pending for so many polls; the workspace is locked by somebody."""

    def __init__(self, polls: int, holder: Response) -> None:
        self.polls = polls
        self.holder = holder
        self.asked: list[str] = []

    async def send(self, request: Request) -> Response:
        """Answer a request."""
        self.asked.append(request.where)
        if request.where != "runs/run-1":
            return self.holder
        self.polls -= 1
        status = "pending" if self.polls > 0 else "planned_and_finished"
        return answer(200, {"data": {"id": "run-1", "attributes": {"status": status}}})


def told_by(service: Service, workspace: Workspace, *, is_alone: bool) -> list[str]:
    """Return what a person hears until the run is not pending any more."""
    heard: list[Notice] = []

    async def wait() -> None:
        client = Client(service, "acme", Notices(heard.append))
        watch = RunPoller(client, RUN)

        async with anyio.create_task_group() as group:
            group.start_soon(follow, watch)
            await report_pending(client, workspace, watch, is_alone=is_alone)

    run_virtually(wait)
    return list(map(str, heard))


async def follow(watch: RunPoller) -> None:
    """Poll a run until it ends."""
    async for _ in watch.snapshots():
        pass


def holder(**attributes: object) -> Response:
    """Return a workspace that user ann has locked."""
    return answer(
        200,
        {
            "data": {
                "id": "ws-1",
                "attributes": {"name": "net-a", **attributes},
                "relationships": {"locked-by": {"data": {"type": "users", "id": "user-1"}}},
            },
            "included": [
                {"type": "users", "id": "user-1", "attributes": {"username": "ann"}}
            ],
        },
    )


def test_the_holder_of_the_lock_and_its_reason_are_named() -> None:
    """Asked once, after some seconds, and no place in a queue is guessed (P24, P27)."""
    service = Service(20, holder(locked=True, **{"locked-reason": "at work"}))

    heard = told_by(service, Workspace(id="ws-1", name="net-a"), is_alone=True)

    assert heard[0].startswith(
        "Waiting for net-a, where the run is pending; "
        "the workspace is locked by user ann (at work), 5 s so far"
    )
    assert service.asked.count("organizations/acme/workspaces/net-a") == 1


@pytest.mark.parametrize("odd", [answer(404), answer(200, b"<html>"), answer(500)])
def test_a_holder_that_cannot_be_read_changes_nothing(odd: Response) -> None:
    """A plan does not depend on it."""
    heard = told_by(Service(20, odd), Workspace(id="ws-1", name="net-a"), is_alone=True)

    assert heard[0].startswith("Waiting for net-a, where the run is pending, 5 s so far")


def test_a_batch_asks_nothing_for_it() -> None:
    """What the list of workspaces said is enough, and only for those that were locked."""
    service = Service(20, answer(404))

    heard = told_by(service, LOCKED, is_alone=False)

    assert "locked by someone else (at work)" in heard[0]
    assert set(service.asked) == {"runs/run-1"}
    assert not explains_pending(RUN, Workspace(id="ws-2", name="net-b"), is_alone=False)


def test_a_short_wait_is_not_explained() -> None:
    """Most runs are pending for a moment."""
    service = Service(3, holder(locked=True))

    heard = told_by(service, LOCKED, is_alone=True)

    assert heard == []
    assert set(service.asked) == {"runs/run-1"}
