"""Responses of the API as values and errors."""

import pytest

from remote_backend.api.client import Client
from remote_backend.api.messages import Response
from remote_backend.errors import ApiError
from tests.support.fakes import ScriptedTransport, answer


@pytest.mark.parametrize(
    ("response", "problem"),
    [
        (answer(422, {"errors": [{"title": "invalid", "detail": "why"}]}), "invalid: why"),
        (answer(404, {"errors": ["one", "two"]}), "one; two"),
        (answer(429, {"errors": [{"status": 429, "title": "Too many"}]}), "Too many"),
        (answer(409, b"", content_type="text/plain"), "the response gives no reason"),
        (answer(502, b"<html>x</html>", content_type="text/html"), "a web page instead"),
        (answer(500, b"plain words"), "plain words"),
    ],
)
async def test_errors_of_all_shapes_are_told(response: Response, problem: str) -> None:
    """JSON:API, lists of texts, numbers, nothing, HTML, plain text (P58)."""
    client = Client(ScriptedTransport({"GET runs/run-1": response}), "acme")

    with pytest.raises(ApiError, match=problem):
        await client.read_run("run-1")
