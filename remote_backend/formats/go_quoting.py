"""Texts in quotes as programs in Go write them."""

import re

__all__ = ("go_quote", "html_safe")

_SHORT = {
    "\a": r"\a",
    "\b": r"\b",
    "\f": r"\f",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
    "\v": r"\v",
    "\\": r"\\",
    '"': r"\"",
}
_HTML = {
    "<": r"\u003c",
    ">": r"\u003e",
    "&": r"\u0026",
    "\u2028": r"\u2028",
    "\u2029": r"\u2029",
}
_UNSAFE = re.compile("[<>&\u2028\u2029]")


def go_quote(text: str) -> str:
    """Return a text in double quotes; printable characters stay, others become escapes."""
    return f'"{"".join(map(_escaped, text))}"'


def html_safe(json_text: str) -> str:
    """Return JSON in which the characters that Go's encoder escapes for HTML are escaped."""
    return _UNSAFE.sub(lambda match: _HTML[match[0]], json_text)


def _escaped(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
