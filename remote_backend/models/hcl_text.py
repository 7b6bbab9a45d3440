"""Values as HCL source text."""

import json
from typing import Any

__all__ = ("hcl_of", "quote_hcl")

# HCL knows fewer short escapes than JSON.
_LONG_ESCAPES = {"\\b": "\\u0008", "\\f": "\\u000c"}


def quote_hcl(text: str) -> str:
    """Return HCL source that means exactly a text; nothing in it is a template."""
    quoted = "".join(_escape(character) for character in text)
    return f'"{quoted}"'.replace("${", "$${").replace("%{", "%%{")


def hcl_of(value: Any) -> str:
    """Return HCL source of a value that came from JSON."""
    if isinstance(value, str):
        return quote_hcl(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(hcl_of, value)) + "]"
    if isinstance(value, dict):
        members = (f"{quote_hcl(key)} = {hcl_of(inner)}" for key, inner in value.items())
        return "{" + ", ".join(members) + "}"
    return json.dumps(value)


def _escape(character: str) -> str:
    escaped = json.dumps(character, ensure_ascii=False)[1:-1]
    return _LONG_ESCAPES.get(escaped, escaped)
