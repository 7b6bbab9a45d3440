"""The proxy for requests to an address, by the usual variables."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from remote_backend.errors import SettingsError

__all__ = ("proxies_of",)

_SOCKS = frozenset({"socks", "socks4", "socks4a", "socks5", "socks5h"})
_HOST = re.compile(r"[\w.:%-]+")


def proxies_of(environ: Mapping[str, str]) -> Callable[[str], str | None]:
    """Return a function from an address to its proxy, or to None for a direct connection.

    HTTPS_PROXY, HTTP_PROXY and NO_PROXY count in both cases, the lower one first; NO_PROXY
    holds names with their subdomains, addresses, networks, and `*`, each with an optional
    port. Requests to this machine never use a proxy.

    The result raises `SettingsError` for an address whose proxy cannot be used. It names the
    variable and never shows its value, which can hold a password.
    """
    proxies = {scheme: _name_of(environ, f"{scheme}_proxy") for scheme in ("http", "https")}
    exceptions = [
        entry.strip().lower()
        for entry in environ.get(_name_of(environ, "no_proxy") or "", "").split(",")
        if entry.strip()
    ]

    def proxy_of(address: str) -> str | None:
        parts = urlsplit(address)
        variable = proxies.get(parts.scheme)
        host = (parts.hostname or "").lower()
        if variable is None or _is_this_machine(host):
            return None
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if any(_matches(entry, host, port) for entry in exceptions):
            return None
        return _usable(variable, environ[variable])

    return proxy_of


def _name_of(environ: Mapping[str, str], name: str) -> str | None:
    """Return the spelling of a variable that is set and not empty."""
    return next(
        (spelling for spelling in (name, name.upper()) if environ.get(spelling)), None
    )


def _usable(variable: str, value: str) -> str:
    text = value.strip()
    address = text if "://" in text else f"http://{text}"
    if (problem := _problem(address)) is not None:
        raise SettingsError(
            f"the variable {variable} names a proxy that cannot be used: {problem}"
        )
    return address


def _problem(address: str) -> str | None:
    scheme = address.partition("://")[0].lower()
    if scheme in _SOCKS:
        return f"{scheme} is not supported; give the address of an HTTP proxy, http://HOST:PORT"
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if scheme not in ("http", "https") or host is None or not _HOST.fullmatch(host):
        return (
            "it is not an address like http://HOST:PORT or http://NAME:PASSWORD@HOST:PORT, "
            "without quotes, and with %XX for special characters of the password"
        )
    return None


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _matches(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    name, colon, wanted_port = entry.rpartition(":")
    if colon and wanted_port.isdigit() and ":" not in name:
        if int(wanted_port) != port:
            return False
        entry = name
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        suffix = entry.removeprefix("*").removeprefix(".")
        # An entry that begins with a dot means the subdomains alone.
        if host == suffix:
            return not entry.startswith((".", "*."))
        return host.endswith(f".{suffix}")
