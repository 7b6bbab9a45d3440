"""Connections whose clients stop sending, which would stay open for ever.

aiohttp closes a connection that is idle between two requests, and waits without a limit for the
first request and for the rest of a body. So a check runs every half minute: a connection that was
open at the previous check and has still not sent a whole head is closed, and so is one whose body
has not grown since then. Responses may take as long as they like.
"""

from collections.abc import Awaitable, Callable, Iterable

import anyio
from aiohttp import web
from aiohttp.typedefs import Middleware
from attrs import define, field

from remote_backend.structured_logging import Log

__all__ = ("SilentConnections",)

log = Log()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_CHECK_SECONDS = 30.0


@define(eq=False)
class _Body:
    """The body of a request that is being handled."""

    request: web.Request
    size_bytes: int = -1
    """How many bytes had come at the last check."""

    def close_if_silent(self) -> None:
        """Close the connection when no byte came since the last check and more must come."""
        content = self.request.content
        before, self.size_bytes = self.size_bytes, content.total_bytes
        is_silent = content.total_bytes == before and not content.is_eof()
        if is_silent and self.request.transport is not None:
            log.info("request.silent", method=self.request.method)
            # An orderly end would wait for the rest of the body.
            self.request.transport.abort()


@define
class SilentConnections:
    """Finds and closes connections whose clients stop sending."""

    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    _known: set[web.RequestHandler] = field(factory=set)
    """Connections that had not sent a whole head at the last check."""

    _heard: set[web.RequestHandler] = field(factory=set)
    """Connections that have sent a whole head, after which aiohttp watches the idle time."""

    _bodies: set["_Body"] = field(factory=set)

    @property
    def middleware(self) -> Middleware:
        """The middleware that notes which connections send."""

        @web.middleware
        async def note_request(
            request: web.Request, handler: Handler
        ) -> web.StreamResponse:
            self._heard.add(request.protocol)
            if not request.body_exists:
                return await handler(request)
            body = _Body(request)
            self._bodies.add(body)
            try:
                return await handler(request)
            finally:
                self._bodies.discard(body)

        return note_request

    async def watch(self, connections: Callable[[], Iterable[web.RequestHandler]]) -> None:
        """Check connections every half minute, until canceled."""
        while True:
            await self.sleep(_CHECK_SECONDS)
            self.close_silent(connections())

    def close_silent(self, connections: Iterable[web.RequestHandler]) -> None:
        """Close the connections that were silent since the previous call."""
        still_open = set(connections)
        self._heard &= still_open
        silent = still_open - self._heard
        for connection in silent & self._known:
            log.info("connection.silent")
            connection.force_close()
        self._known = silent
        for body in tuple(self._bodies):
            body.close_if_silent()
