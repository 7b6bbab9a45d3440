"""Odd responses: nested without end, or of wrong types."""

import sys

import pytest

from remote_backend.api.client import Client
from remote_backend.api.messages import Response
from remote_backend.errors import Rejected, UnexpectedAnswer
from tests.support.fakes import ScriptedTransport, answer

DEEP = b"[" * 100_000


def deep_attribute(depth: int, *, list_: bool = False) -> Response:
    """Return a run with an attribute that is nested so deeply."""
    inner = "[" * depth + "]" * depth if list_ else '{"a":' * depth + "1" + "}" * depth
    return answer(
        200,
        b'{"data": {"id": "run-1", "type": "runs", "attributes": '
        b'{"status": "planning", "actions": ' + inner.encode() + b"}}}",
    )


@pytest.mark.parametrize("depth", [300, 900, 5000, 100_000])
@pytest.mark.parametrize("list_", [False, True])
async def test_deep_responses_are_unexpected_ones(depth: int, list_: bool) -> None:
    """However deep a response is, the error is one of this package (M4)."""
    response = deep_attribute(depth, list_=list_)
    client = Client(ScriptedTransport({"GET runs/run-1": response}), "acme")

    try:
        await client.read_run("run-1")
    except UnexpectedAnswer as error:
        assert "GET runs/run-1 was answered with" in str(error)
    else:
        # From Python 3.12 on more levels can be read.
        assert depth == 300 or (depth == 900 and sys.version_info >= (3, 12))


async def test_a_document_without_end_is_named() -> None:
    """A hundred thousand brackets end in a readable error (M4)."""
    client = Client(ScriptedTransport({"GET runs/run-1": answer(200, DEEP)}), "acme")
    with pytest.raises(UnexpectedAnswer, match="nested too deeply"):
        await client.read_run("run-1")


@pytest.mark.parametrize(
    "body",
    [
        DEEP,
        b'{"errors": ' + DEEP,
        b'{"errors": [{"title": ' + b"[" * 900 + b"]" * 900 + b"}]}",
    ],
)
async def test_deep_error_responses_keep_their_status(body: bytes) -> None:
    """Only the reason of such an error is lost, not its status (M4)."""
    client = Client(ScriptedTransport({"GET runs/run-1": answer(422, body)}), "acme")
    with pytest.raises(Rejected):
        await client.read_run("run-1")


@pytest.mark.parametrize(
    ("linkage", "included"),
    [
        ({"type": "plans"}, [{"type": "plans"}]),
        ({"type": "plans", "id": 5}, [{"type": "plans", "id": 5}]),
        ({"type": ["x"], "id": "plan-1"}, [{"type": {}, "id": "plan-1"}, 5, None]),
    ],
)
async def test_an_included_resource_without_id_is_left_out(
    linkage: object, included: object
) -> None:
    """The run is read, and its plan can be read alone (L2)."""
    document = {
        "data": {
            "id": "run-1",
            "attributes": {"status": "planning"},
            "relationships": {"workspace": {"data": None}, "plan": {"data": linkage}},
        },
        "included": included,
    }
    client = Client(ScriptedTransport({"GET runs/run-1": answer(200, document)}), "acme")

    try:
        run, plan = await client.read_run("run-1")
    except UnexpectedAnswer as error:
        assert "plan_id" in str(error)
    else:
        assert run.status == "planning" and plan is None
