"""What is used without its `async with` block says how to use it."""

import copy
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

import remote_backend
from remote_backend.async_blocks import AsyncBlock, async_block


@async_block("async with numbers() as number:")
async def numbers(first: int) -> AsyncIterator[int]:
    """Give a number."""
    yield first


async def awaited(block: Any) -> None:
    """Await a block."""
    await block


async def iterated(block: Any) -> None:
    """Read a block as events are read."""
    async for _ in block:
        pass


async def entered_without_async(block: Any) -> None:
    """Enter a block as a plain context manager."""
    with block:
        pass


async def asked_for_a_method(block: Any) -> None:
    """Call a method of what the block gives."""
    block.plan_all()


@pytest.mark.parametrize(
    ("use", "attempt"),
    [
        (awaited, "await"),
        (iterated, "async for"),
        (entered_without_async, "with"),
        (asked_for_a_method, "plan_all"),
    ],
)
async def test_a_forgotten_async_with_is_explained(
    use: Callable[[Any], Any], attempt: str
) -> None:
    """The error names what was tried and the line to write."""
    for block in (numbers(1), remote_backend.open_backend()):
        with pytest.raises(remote_backend.NotEntered) as info:
            await use(block)
        assert info.value.attempt == attempt
        assert "write `async with " in str(info.value)


async def test_a_block_gives_its_value() -> None:
    """Used as it is meant, it is an ordinary context manager."""
    async with numbers(7) as number:
        assert number == 7


async def test_an_error_passes_through_a_block() -> None:
    """What is raised within leaves as itself, and the function behind it is ended."""
    ended = []

    @async_block("async with ending():")
    async def ending() -> AsyncIterator[None]:
        try:
            yield
        finally:
            ended.append(True)

    with pytest.raises(ZeroDivisionError):
        async with ending():
            raise ZeroDivisionError
    assert ended == [True]


def test_tools_may_probe_a_block() -> None:
    """`hasattr` and `copy` work, and its repr shows the right use."""
    block = numbers(1)
    assert isinstance(block, AsyncBlock)
    assert not hasattr(block, "plan_all")
    assert isinstance(copy.copy(block), AsyncBlock)
    assert "async with numbers() as number:" in repr(block)
    assert numbers.__doc__ == "Give a number."
