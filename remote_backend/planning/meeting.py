"""A point at which the two plans of a comparison wait for each other.

The runs of head and base should begin with the same state, so they are created back to back. But one
configuration can be uploaded sooner than the other one, and then all its runs would be queued first.
"""

import anyio

__all__ = ("Meeting",)


class Meeting:
    """Lets the first of two plans wait until the other one has come as far, or has ended."""

    def __init__(self, expected: int = 2) -> None:
        self._expected = expected
        self._complete = anyio.Event()

    async def attend(self, *, waits: bool) -> None:
        """Come to the meeting, and wait for the other one if `waits`."""
        self.leave()
        if waits:
            await self._complete.wait()

    def leave(self) -> None:
        """Let the other one no longer wait for this one."""
        self._expected -= 1
        if self._expected <= 0:
            self._complete.set()
