"""Small things that stand in for large ones."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from remote_backend.api.messages import Request, Response
from remote_backend.models.addresses import SignedUrl
from remote_backend.planning.batch_context import BatchContext
from remote_backend.planning.batch_id import new_batch_id
from remote_backend.planning.polling import PollSettings
from remote_backend.planning.recorded_batch import RecordedBatch

__all__ = ("Recorder", "ScriptedTransport", "answer", "batch_context")

Answer = Response | Exception


class ScriptedTransport:
    """Answers requests by method and path from a script, and remembers them.

    A path with several answers gives them in order and then repeats the last one.
    """

    def __init__(self, script: Mapping[str, Answer | Iterable[Answer]]) -> None:
        self.requests: list[Request] = []
        self._script = {
            key: [value] if isinstance(value, Response | Exception) else list(value)
            for key, value in script.items()
        }

    async def send(self, request: Request) -> Response:
        """Remember the request and give the next answer of its path."""
        self.requests.append(request)
        signed = isinstance(request.target, SignedUrl)
        path = (
            request.target.address
            if isinstance(request.target, SignedUrl)
            else request.where
        )
        key = f"{request.method} {path}"
        if key not in self._script:
            raise AssertionError(f"nobody expected {key} (signed: {signed})")
        answers = self._script[key]
        following = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(following, Exception):
            raise following
        return following

    def sent(self) -> list[str]:
        """Return method and target of each request so far."""
        return [f"{request.method} {request.where}" for request in self.requests]


class Recorder:
    """A clock and a sleep that never wait, and remember how long they would have."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Remember a wait."""
        self.slept.append(seconds)


def answer(status: int = 200, body: Any = b"", **headers: str) -> Response:
    """Return an answer; a dictionary becomes JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status=status, headers=names, body=raw)


def batch_context(
    directory: Path,
    *,
    earlier: RecordedBatch | None = None,
    polling: PollSettings | None = None,
) -> BatchContext:
    """Return the surroundings of a batch in a directory, as `Backend` makes them."""
    return BatchContext(
        directory=directory,
        hostname="tfe.test",
        organization="acme",
        run_url=lambda workspace, run_id: f"https://tfe.test/{workspace}/{run_id}",
        earlier=earlier,
        id=earlier.id if earlier is not None else new_batch_id(),
        polling=polling or PollSettings(),
    )
