"""Paths and values of plans as text for people, in the notation of Terraform."""

import json
import re
from decimal import Decimal

from remote_backend.models.changes import ResourceChange
from remote_backend.models.values import Json, Path, Value, ValueKind

__all__ = ("address_text", "json_text", "path_text", "plain_json", "value_text")

_WORDS = {
    ValueKind.ABSENT: "(none)",
    ValueKind.UNKNOWN: "(known after apply)",
    ValueKind.SENSITIVE: "(sensitive value)",
}
_IDENTIFIER = re.compile(r"[^\W\d][\w-]*")
# A number with a huge exponent would be written with millions of zeros.
_MOST_ZEROS = 40


def address_text(change: ResourceChange) -> str:
    """Return an address with the key of a deposed object, as Terraform writes it."""
    deposed = f" (deposed object {change.deposed})" if change.deposed else ""
    return f"{change.address}{deposed}"


def path_text(path: Path) -> str:
    """Return a path as one would write it in a configuration: `tags["a.b"][0]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _IDENTIFIER.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step, ensure_ascii=False)}]"
    return text


def value_text(value: Value, *, longest: int | None = None) -> str:
    """Return a value in one line; a longer text is cut, and says how long it was."""
    text = _WORDS.get(value.kind) or json_text(value.value)
    if longest is None or len(text) <= longest:
        return text
    return f"{text[:longest]}... ({len(text):,} characters)"


def json_text(value: Json) -> str:
    """Return a JSON value in one line, with `key = value` in maps as in HCL."""
    if isinstance(value, Value):
        return value_text(value)
    if isinstance(value, dict):
        members = ", ".join(
            f"{_key_text(key)} = {json_text(item)}" for key, item in sorted(value.items())
        )
        return f"{{ {members} }}" if members else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(json_text, value))}]"
    if isinstance(value, Decimal):
        return _number_text(value)
    return json.dumps(value, ensure_ascii=False)


def plain_json(value: Json) -> Json:
    """Return a JSON value in which the hidden parts are words."""
    if isinstance(value, Value):
        return (
            plain_json(value.value) if value.kind is ValueKind.VALUE else _WORDS[value.kind]
        )
    if isinstance(value, dict):
        return {key: plain_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain_json(item) for item in value]
    return value


def _key_text(key: str) -> str:
    return key if _IDENTIFIER.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def _number_text(number: Decimal) -> str:
    if not number.is_finite() or abs(number.adjusted()) > _MOST_ZEROS:
        return str(number)
    text = format(number, "f")
    return text.rstrip("0").removesuffix(".") if "." in text else text
