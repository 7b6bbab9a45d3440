"""Ids and times as the API writes them."""

import secrets
import string
from datetime import UTC, datetime, timedelta

__all__ = ("make_id", "now_text", "text_after")

_LETTERS = string.ascii_letters + string.digits


def make_id(prefix: str) -> str:
    """Return a new id of a kind, such as `run-` and sixteen letters."""
    return f"{prefix}-" + "".join(secrets.choice(_LETTERS) for _ in range(16))


def text_after(text: str, seconds: float) -> str:
    """Return the text of a moment some seconds after that of another text."""
    moment = datetime.fromisoformat(text) + timedelta(seconds=seconds)
    return _text_of(moment)


def now_text(*, seconds_ago: float = 0.0) -> str:
    """Return the present moment, or an earlier one, in UTC with milliseconds."""
    moment = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    return _text_of(moment)


def _text_of(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
