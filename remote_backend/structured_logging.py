"""Log events for programs that have configured structlog, and warnings for all others.

Without a configuration structlog prints every event to standard output, which belongs to the
program. There events go to `logging`, as the logger `remote_backend`; unless that is configured,
too, warnings and worse appear on standard error.
"""

import logging
import sys
from contextvars import ContextVar

__all__ = ("Log", "bind_facts", "is_silent", "resume", "silence")

_LOGGER = logging.getLogger("remote_backend")

_is_silent = False
_bound: ContextVar[dict[str, object] | None] = ContextVar("bound facts", default=None)


def bind_facts(**facts: object) -> None:
    """Add facts to every event of this task, and of the tasks that it starts from now on."""
    _bound.set({**(_bound.get() or {}), **facts})


class Log:
    """A logger that never imports structlog: who configures it has done so, and it takes 60 ms."""

    @property
    def reports_steps(self) -> bool:
        """Whether `debug` reports anything, so that callers can skip collecting facts."""
        return not _is_silent and _structlog_is_configured()

    def debug(self, event: str, **facts: object) -> None:
        """Report a single step to programs that have configured structlog."""
        if self.reports_steps:
            self._report("debug", event, facts)

    def info(self, event: str, **facts: object) -> None:
        """Report an event that may explain something afterwards."""
        self._report("info", event, facts)

    def warning(self, event: str, **facts: object) -> None:
        """Report an event that users should know about."""
        self._report("warning", event, facts)

    def exception(self, event: str, **facts: object) -> None:
        """Report the error that is being handled, with its traceback."""
        self._report("exception", event, facts)

    def _report(self, level: str, event: str, facts: dict[str, object]) -> None:
        if _is_silent:
            return
        # Its own facts come first, and are right where a bound one has the same name.
        facts = {**facts, **(_bound.get() or {}), **facts}
        if _structlog_is_configured():
            getattr(sys.modules["structlog"].get_logger(), level)(event, **facts)
        else:
            # The representation of a text of others has no control characters.
            texts = (f"{name}={value!r}" for name, value in facts.items())
            getattr(_LOGGER, level)("%s", " ".join((event, *texts)))


def _structlog_is_configured() -> bool:
    structlog = sys.modules.get("structlog")
    return structlog is not None and structlog.is_configured()


def silence() -> None:
    """Report nothing in this process from now on; only the command line may call this."""
    global _is_silent
    _is_silent = True


def is_silent() -> bool:
    """Return whether events are dropped in this process."""
    return _is_silent


def resume() -> None:
    """Report events again, after a command has found out that it needs them."""
    global _is_silent
    _is_silent = False
