"""Reporting that a run which a task follows cannot be read, or does not come to an end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from remote_backend.notices import Notices, Wait

__all__ = ("LongWait",)


class LongWait:
    """At most one wait for a run, reported only while a task follows the run."""

    def __init__(self, notices: Notices) -> None:
        self._notices = notices
        self._wait: Wait | None = None
        self._is_followed = False

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Report waits within this block."""
        self._is_followed = True
        try:
            yield
        finally:
            self._is_followed = False
            self.end()

    def begin(self, what: str, detail: Callable[[], str], limit_seconds: float) -> None:
        """Begin a wait, unless the same one goes on; it replaces another one."""
        if not self._is_followed or (self._wait is not None and self._wait.what == what):
            return
        self.end()
        self._wait = self._notices.waiting(what, detail=detail, limit_seconds=limit_seconds)
        self._notices.begin(self._wait)

    def end(self) -> None:
        """End the wait, if there is one."""
        if self._wait is not None:
            self._notices.end(self._wait)
            self._wait = None
