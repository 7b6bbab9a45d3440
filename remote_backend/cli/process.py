"""Load the system's CA certificates in a thread while other modules are imported."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ("preload_certificates",)

_METHOD = "set_default_verify_paths"


@contextmanager
def preload_certificates() -> Iterator[None]:
    """Import aiohttp, and load its CA certificates while the block imports the rest.

    aiohttp makes two contexts when it is imported and reads all authorities of the system for
    each, a tenth of what a short command takes. That needs nothing of Python, so a thread can do
    it; the context that trusts everybody needs none. When the block is left they are complete.
    """
    unread: list[ssl.SSLContext] = []
    setattr(ssl.SSLContext, _METHOD, lambda context: unread.append(context))
    try:
        # Before all else, so that there is enough beside which to read.
        import aiohttp  # noqa: F401
    finally:
        # The method itself is inherited.
        delattr(ssl.SSLContext, _METHOD)
    thread = threading.Thread(target=_read, args=(unread,), name="read authorities")
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _read(unread: list[ssl.SSLContext]) -> None:
    for context in unread:
        if context.verify_mode is not ssl.CERT_NONE:
            context.set_default_verify_paths()
