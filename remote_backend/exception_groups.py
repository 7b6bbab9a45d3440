"""What task groups throw, as callers want to catch it, and work that a cancellation must not cut."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import anyio

__all__ = ("finished", "raise_lone_exception")

Value = TypeVar("Value")


@contextmanager
def raise_lone_exception() -> Iterator[None]:
    """Let a lone exception leave a task group as itself, so that callers can name it."""
    try:
        yield
    except BaseExceptionGroup as group:
        lone: BaseException = group
        while isinstance(lone, BaseExceptionGroup) and len(lone.exceptions) == 1:
            lone = lone.exceptions[0]
        raise lone from None


async def finished(work: Callable[[], Awaitable[Value]], *, grace_seconds: float) -> Value:
    """Do some work to its end, also when the caller is canceled meanwhile.

    The cancellation goes on when the work has ended, or after `grace_seconds`, which cuts the
    work off; then nothing is returned, so the work itself must keep what came of it. An error
    of the work takes the place of the cancellation.
    """
    shield = anyio.CancelScope(shield=True)
    done = anyio.Event()
    results: list[Value] = []
    errors: list[Exception] = []

    async def carry_out() -> None:
        with shield:
            try:
                results.append(await work())
            except Exception as error:
                errors.append(error)
            finally:
                done.set()

    async with anyio.create_task_group() as group:
        group.start_soon(carry_out)
        try:
            await done.wait()
        except anyio.get_cancelled_exc_class():
            shield.deadline = anyio.current_time() + grace_seconds
            with anyio.CancelScope(shield=True):
                await done.wait()
            if errors:
                # It may say that something stays undone.
                raise errors[0] from None
            raise
    if errors:
        raise errors[0]
    return results[0]
