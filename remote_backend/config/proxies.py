"""Which proxy an address is asked through, by the usual variables."""

import ipaddress
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

__all__ = ("proxies_of",)


def proxies_of(environ: Mapping[str, str]) -> Callable[[str], str | None]:
    """Return what tells the proxy for an address, or None for a direct connection.

    HTTPS_PROXY, HTTP_PROXY and NO_PROXY count in both cases, the lower one first; NO_PROXY
    holds names with their subdomains, addresses, networks, and `*`, each with an optional
    port. This machine itself is never asked through a proxy.
    """
    proxies = {
        scheme: _variable(environ, f"{scheme}_proxy") for scheme in ("http", "https")
    }
    exceptions = [
        entry.strip().lower()
        for entry in (_variable(environ, "no_proxy") or "").split(",")
        if entry.strip()
    ]

    def proxy_of(address: str) -> str | None:
        parts = urlsplit(address)
        proxy = proxies.get(parts.scheme)
        host = (parts.hostname or "").lower()
        if proxy is None or _is_this_machine(host):
            return None
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if any(_matches(entry, host, port) for entry in exceptions):
            return None
        return proxy if "://" in proxy else f"http://{proxy}"

    return proxy_of


def _variable(environ: Mapping[str, str], name: str) -> str | None:
    return environ.get(name) or environ.get(name.upper()) or None


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
