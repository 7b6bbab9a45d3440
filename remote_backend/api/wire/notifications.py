"""Notifications that a server posts to an address of ours."""

import hashlib
import hmac
import json
from collections.abc import Mapping

from remote_backend.errors import UnexpectedAnswer
from remote_backend.models.notification import Notification

__all__ = ("SIGNATURE_HEADER", "is_signed", "load_notifications")

SIGNATURE_HEADER = "x-tfe-notification-signature"
_MOST_BYTES = 1 << 20


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """Return whether a body was signed with a secret: HMAC with SHA-512, in hexadecimal."""
    expected = hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.strip().lower().encode())


def load_notifications(body: bytes) -> tuple[Notification, ...]:
    """Load the notifications of a request body; raise `UnexpectedAnswer` for anything else."""
    if len(body) > _MOST_BYTES:
        raise UnexpectedAnswer("a notification is larger than 1 MiB")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise UnexpectedAnswer("a notification is not valid JSON") from None
    if not isinstance(document, Mapping):
        raise UnexpectedAnswer("a notification is not an object")
    items = document.get("notifications")
    if not isinstance(items, list):
        raise UnexpectedAnswer("a notification lists no notifications")
    return tuple(
        Notification(
            trigger=_text(item, "trigger") or "",
            run_id=_text(document, "run_id"),
            run_status=_text(item, "run_status"),
            workspace_name=_text(document, "workspace_name"),
            organization_name=_text(document, "organization_name"),
            message=_text(item, "message") or "",
        )
        for item in items
        if isinstance(item, Mapping)
    )


def _text(members: Mapping[str, object], name: str) -> str | None:
    value = members.get(name)
    return value if isinstance(value, str) and value else None
