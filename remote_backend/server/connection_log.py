"""What aiohttp logs about connections: noise of scanners, or faults of the server."""

import logging

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from remote_backend.structured_logging import Log

__all__ = ("CLIENT_FAULTS", "connection_logger")

log = Log()

CLIENT_FAULTS = (HttpProcessingError, web.RequestPayloadError)
"""Errors of aiohttp about bytes that are not what they should be."""


class _Forward(logging.Handler):
    """Passes records on as events; bytes that are not HTTP are nobody's fault here."""

    def emit(self, record: logging.LogRecord) -> None:
        """Report a record, with its traceback unless a client caused it."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, CLIENT_FAULTS):
            log.info("request.unreadable", problem=type(error).__name__)
        else:
            log.warning("connection.broke", problem=record.getMessage(), exc_info=error)


def connection_logger() -> logging.Logger:
    """Return a logger for aiohttp that prints nothing itself."""
    logger = logging.Logger("remote_backend.server.connections")
    logger.addHandler(_Forward())
    return logger
