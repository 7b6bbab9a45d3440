"""Log events on standard error: all of them for -debug, problems alone for a server."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

from remote_backend.cli.output.screen import process_screen

__all__ = ("write_log_events",)

# The problem is a whole sentence for the person who starts a server.
_SENTENCES = ("cli_configuration.not_used",)


def write_log_events(level: int = logging.DEBUG, *, as_json: bool = False) -> None:
    """Write events of a level and above to standard error, with the tracebacks of errors."""
    import structlog  # takes longer than all else that a small command needs

    render = _render if level == logging.DEBUG else _render_for_person
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=str) if as_json else render,
        ],
    )


def _render(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    """Return an event as one line, and a traceback as lines below it."""
    traceback = event.pop("exception", None)
    first = [(name, event.pop(name)) for name in ("timestamp", "level", "event")]
    line = " ".join(f"{name}={value!r}" for name, value in (*first, *event.items()))
    return process_screen().clean_lines(
        line if traceback is None else f"{line}\n{traceback}"
    )


def _render_for_person(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    """Return a warning as a sentence, where it has one."""
    if event["event"] in _SENTENCES:
        return process_screen().clean_lines(f"Warning: {event['problem']}")
    return _render(logger, method, event)
