"""Lone exceptions of task groups, and work that a cancellation must not interrupt."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import anyio

__all__ = ("run_shielded", "raise_lone_exception")

Value = TypeVar("Value")


@contextmanager
def raise_lone_exception() -> Iterator[None]:
    """Unwrap a lone exception of a task group, so that callers can catch it by its type."""
    try:
        yield
    except BaseExceptionGroup as group:
        exception: BaseException = group
        while isinstance(exception, BaseExceptionGroup) and len(exception.exceptions) == 1:
            exception = exception.exceptions[0]
        # Its cause may hold the advice that helps; the group says nothing.
        raise exception from exception.__cause__


async def run_shielded(
    work: Callable[[], Awaitable[Value]], *, grace_seconds: float
) -> Value:
    """Finish some work even when the caller is canceled meanwhile, and return its result.

    The cancellation continues when the work has ended. After `grace_seconds` it interrupts the
    work. Either way a canceled caller gets no result, so the work itself must keep what it did.
    An error of the work replaces the cancellation.
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
                # The error may report something that was left undone.
                raise errors[0] from None
            raise
    if errors:
        raise errors[0]
    return results[0]
