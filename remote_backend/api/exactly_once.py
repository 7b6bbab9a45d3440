"""Creating something on a server exactly once, even when responses are lost.

A POST is never retried blindly, because the server may have created the object before its
response was lost. An attempt can end in three ways:

- a refusal (4xx): nothing was created, and the error is final;
- an ambiguous failure (a broken connection, a timeout, 408, 425, 5xx, a success without a
  readable document), and the object exists: it is adopted;
- an ambiguous failure, and the server shows that the object does not exist: POST again.

If the search for the object fails too, the ambiguous failure itself is raised.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from remote_backend.errors import RemoteBackendError, may_have_happened
from remote_backend.structured_logging import Log

__all__ = ("create_once", "find_repeatedly")

log = Log()

Value = TypeVar("Value")

_ATTEMPTS = 5
_FIRST_WAIT_SECONDS = 0.25
_SEARCHES = 3
_SEARCH_INTERVAL_SECONDS = 2.0


async def create_once(
    create: Callable[[], Awaitable[Value]],
    find: Callable[[], Awaitable[Value | None]],
    *,
    missing: Callable[[], None] = lambda: None,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
) -> Value:
    """Return the object that `create` returned, or `find` after an ambiguous failure.

    `missing` is called each time when it is certain that nothing was created. Raises the error
    of `create` when it is a refusal, when `find` fails too, and after five attempts.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return await create()
        except RemoteBackendError as error:
            if not may_have_happened(error):
                raise
            log.info("create.ambiguous", problem=str(error))
            existing = await _search(find, error)
            if existing is not None:
                log.info("create.adopted")
                return existing
            missing()
            if attempt == _ATTEMPTS:
                raise
        await sleep(_FIRST_WAIT_SECONDS * 2**attempt)
    raise AssertionError("the last attempt returns or raises")


async def _search(
    find: Callable[[], Awaitable[Value | None]], ambiguous: RemoteBackendError
) -> Value | None:
    try:
        return await find()
    except RemoteBackendError as error:
        log.info("create.unknown", problem=str(error))
        raise ambiguous from error


async def find_repeatedly(
    find: Callable[[], Awaitable[Value | None]],
    *,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
) -> Value | None:
    """Search three times within four seconds, because servers may show a new object late."""
    for search in range(_SEARCHES):
        if search:
            await sleep(_SEARCH_INTERVAL_SECONDS)
        existing = await find()
        if existing is not None:
            return existing
    return None
