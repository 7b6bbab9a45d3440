"""What task groups throw, as callers want to catch it."""

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ("unwrapped",)


@contextmanager
def unwrapped() -> Iterator[None]:
    """Let a lone exception leave a task group as itself, so that callers can name it."""
    try:
        yield
    except BaseExceptionGroup as group:
        lone: BaseException = group
        while isinstance(lone, BaseExceptionGroup) and len(lone.exceptions) == 1:
            lone = lone.exceptions[0]
        raise lone from None
