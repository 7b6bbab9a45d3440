"""The socket of a server, its certificate, and the application behind both."""

import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from aiohttp import web

from remote_backend.errors import SettingsError
from remote_backend.server.app import make_app
from remote_backend.server.connection_log import connection_logger
from remote_backend.server.context import ServerContext
from remote_backend.server.silent_connections import SilentConnections

__all__ = ("accepting", "is_loopback", "make_tls", "open_listener")


def open_listener(host: str, port: int) -> socket.socket:
    """Return a socket on which connections wait until they are accepted.

    Raises `SettingsError` for an address that cannot be had.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {host}:{port}: {error.strerror or error}"
        ) from None


def is_loopback(host: str) -> bool:
    """Say whether only programs on this machine reach a host."""
    try:
        addresses = {entry[4][0] for entry in socket.getaddrinfo(host, None)}
    except OSError:
        # Listening there fails too, with a better error.
        return True
    return all(
        ipaddress.ip_address(str(address).partition("%")[0]).is_loopback
        for address in addresses
    )


def make_tls(data: Path, host: str) -> tuple[ssl.SSLContext, Path]:
    """Make a certificate; return a context with it, and the file of its authority."""
    try:
        from remote_backend.server.certificate import make_certificate
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"HTTPS needs a certificate, and the package {error.name} that makes it is not "
            "installed; run: pip install cryptography"
        ) from None
    hosts = dict.fromkeys(("localhost", "127.0.0.1", "::1", host))
    certificate = make_certificate(data, hosts)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.file, certificate.key_file)
    return context, certificate.authority_file


@asynccontextmanager
async def accepting(
    context: ServerContext, listener: socket.socket, tls: ssl.SSLContext | None
) -> AsyncIterator[None]:
    """Answer the requests that come to a socket, until the block is left."""
    silent_connections = SilentConnections()
    runner = web.AppRunner(
        make_app(context, silent_connections),
        access_log=None,
        logger=connection_logger(),
        shutdown_timeout=2.0,
    )
    await runner.setup()
    try:
        await web.SockSite(runner, listener, ssl_context=tls).start()
        async with anyio.create_task_group() as group:
            group.start_soon(silent_connections.watch, lambda: _connections(runner))
            yield
            group.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await runner.cleanup()


def _connections(runner: web.AppRunner) -> list[web.RequestHandler]:
    return runner.server.connections if runner.server is not None else []
