"""Whom the contexts of aiohttp trust, read beside other imports."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ("read_beside",)

_METHOD = "set_default_verify_paths"


@contextmanager
def read_beside() -> Iterator[None]:
    """Import aiohttp; what its contexts trust is read while the block imports the rest.

    aiohttp makes two contexts when it is imported and reads all authorities of the system for
    each, a tenth of what a short command takes. Nothing else of Python can run meanwhile, unless a
    thread reads them. When the block is left they are complete.
    """
    unread: list[ssl.SSLContext] = []
    setattr(ssl.SSLContext, _METHOD, lambda context: unread.append(context))
    try:
        import aiohttp  # noqa: F401
    finally:
        delattr(ssl.SSLContext, _METHOD)
    thread = threading.Thread(target=_read, args=(unread,), name="read authorities")
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _read(unread: list[ssl.SSLContext]) -> None:
    for context in unread:
        context.set_default_verify_paths()
