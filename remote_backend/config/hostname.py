"""Host names with an optional port, as people write them and as they are compared."""

import re

import idna

from remote_backend.errors import BadHostname

__all__ = ("display_hostname", "normalize_hostname")

_PORT = re.compile(r"[0-9]+", re.ASCII)


def normalize_hostname(text: str) -> str:
    """Return the form of a host name that is compared and put into addresses.

    It is ASCII in lower case, without the port 443. Labels in the `xn--` form are refused,
    as Terraform does: write the name as people read it.
    """
    if "/" in text or "@" in text:
        raise BadHostname(text, "give the name alone, without https:// and path")
    if "[" in text or text.count(":") > 1:
        raise BadHostname(text, "IPv6 addresses cannot be used; give a name")
    name, colon, port = text.partition(":")
    labels = re.split(r"[.\u3002\uff0e\uff61]", name)
    if any(label.lower().startswith("xn--") for label in labels):
        raise BadHostname(text, "write the name in its own letters, not in the xn-- form")
    if not all(labels):
        raise BadHostname(text, "nothing stands before, between or after its dots")
    return _encoded(name, text) + (_port_part(port, text) if colon else "")


def display_hostname(hostname: str) -> str:
    """Return the form of a normalized or `xn--` host name that people read."""
    name, colon, port = hostname.partition(":")
    try:
        return idna.decode(name) + colon + port
    except (idna.IDNAError, UnicodeError):
        return hostname


def _encoded(name: str, text: str) -> str:
    try:
        encoded = idna.encode(name, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise BadHostname(
            text, "letters, digits, hyphens and dots make a name; a port may follow a colon"
        ) from None
    return encoded.lower()


def _port_part(port: str, text: str) -> str:
    if not _PORT.fullmatch(port) or len(port) > 9 or int(port) > 65535:
        raise BadHostname(text, "the port is not a number from 0 to 65535")
    return "" if int(port) == 443 else f":{int(port)}"
