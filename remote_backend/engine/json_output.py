"""JSON documents among other lines that an engine writes to the same stream."""

import json
import re
from typing import Any

from attrs import field, frozen

__all__ = ("JsonOutput", "find_json")

# OpenTofu writes problems of its CLI configuration to standard output, in front of the JSON
# (seen with 1.10.6), and wrappers of engines print banners there, perhaps with colors.
_BEGINNING = re.compile(r"^(?:\x1b\[[0-9;]*m|[ \t\ufeff])*(?=\{)", re.MULTILINE)


@frozen
class JsonOutput:
    """A JSON object as it was written, and its content."""

    data: bytes = field(repr=False)
    content: dict[str, Any] = field(repr=False)


def find_json(output: bytes, member: str) -> JsonOutput | None:
    """Return the first JSON object that begins a line and has a member; None without one."""
    # Plans can be large, and mostly nothing else is written.
    try:
        content = json.loads(output)
    except (ValueError, RecursionError):
        return _find_among_lines(output, member)
    if isinstance(content, dict) and member in content:
        return JsonOutput(output, content)
    return None


def _find_among_lines(output: bytes, member: str) -> JsonOutput | None:
    text = output.decode("utf-8", "replace")
    decoder = json.JSONDecoder()
    for match in _BEGINNING.finditer(text):
        try:
            content, end = decoder.raw_decode(text, match.end())
        except (ValueError, RecursionError):
            continue
        if member in content:
            return JsonOutput(text[match.end() : end].encode(), content)
    return None
