"""Small things that stand in for large ones."""

import asyncio
import json
import selectors
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar

from remote_backend.messages import Request, Response, SignedUrl

__all__ = ("Recorder", "ScriptedTransport", "answer", "in_virtual_time")

Answer = Response | Exception
Value = TypeVar("Value")


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


def in_virtual_time(function: Callable[..., Awaitable[Value]], *arguments: Any) -> Value:
    """Run an async function in an event loop whose clock jumps to the next timer.

    Hours of waiting cost nothing and every interval is exact. Real connections and threads do
    not work in it.
    """

    async def call() -> Value:
        return await function(*arguments)

    with asyncio.Runner(loop_factory=_VirtualLoop) as runner:
        return runner.run(call())


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._seconds = 0.0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        return self._seconds

    def jump(self, seconds: float) -> None:
        self._seconds += seconds


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, loop: _VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("everything waits for something that never comes")
        self._loop.jump(max(0.0, timeout))
        return super().select(0)
