"""Servers as fixtures."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

__all__ = ("hosted",)

Value = TypeVar("Value")


@asynccontextmanager
async def hosted(manager: AbstractAsyncContextManager[Value]) -> AsyncIterator[Value]:
    """Enter and leave a context manager in one task of its own.

    pytest-asyncio tears a fixture down in another task than it was set up in, and task
    groups must be left by the task that entered them.
    """
    entered: asyncio.Future[Value] = asyncio.get_running_loop().create_future()
    leave = asyncio.Event()

    async def host() -> None:
        try:
            async with manager as value:
                entered.set_result(value)
                await leave.wait()
        except BaseException as error:
            if entered.done():
                raise
            entered.set_exception(error)

    task = asyncio.create_task(host())
    try:
        yield await entered
    finally:
        leave.set()
        await task
