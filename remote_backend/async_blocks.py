"""Functions that open something for the length of an `async with` block."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import wraps
from types import TracebackType
from typing import TYPE_CHECKING, Generic, NoReturn, ParamSpec, TypeVar

from remote_backend.errors import NotEntered

__all__ = ("AsyncBlock", "async_block")

Value_co = TypeVar("Value_co", covariant=True)
Parameters = ParamSpec("Parameters")


class AsyncBlock(AbstractAsyncContextManager[Value_co], Generic[Value_co]):
    """A value that exists within an `async with` block; any other use raises `NotEntered`."""

    def __init__(self, manager: AbstractAsyncContextManager[Value_co], usage: str) -> None:
        self._manager = manager
        self._usage = usage

    async def __aenter__(self) -> Value_co:
        return await self._manager.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return await self._manager.__aexit__(kind, error, traceback)

    def __repr__(self) -> str:
        return f"<AsyncBlock, to be used as: {self._usage}>"

    # Type checkers report these uses by themselves.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("_"):
                # Debuggers, `copy` and `inspect` try such names on every object.
                raise AttributeError(name)
            raise NotEntered(self._usage, name)

        def __await__(self) -> NoReturn:
            raise NotEntered(self._usage, "await")

        def __aiter__(self) -> NoReturn:
            raise NotEntered(self._usage, "async for")

        def __enter__(self) -> NoReturn:
            raise NotEntered(self._usage, "with")

        def __exit__(self, *error: object) -> None:
            """Exist, since Python looks for both methods before it calls the first."""


def async_block(
    usage: str,
) -> Callable[
    [Callable[Parameters, AsyncIterator[Value_co]]],
    Callable[Parameters, AsyncBlock[Value_co]],
]:
    """Make an async generator function return an `AsyncBlock`; errors show its right usage."""

    def decorate(
        function: Callable[Parameters, AsyncIterator[Value_co]],
    ) -> Callable[Parameters, AsyncBlock[Value_co]]:
        manage = asynccontextmanager(function)

        @wraps(function)
        def opened(
            *args: Parameters.args, **kwargs: Parameters.kwargs
        ) -> AsyncBlock[Value_co]:
            return AsyncBlock(manage(*args, **kwargs), usage)

        return opened

    return decorate
