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
    """Say whether a body was signed with a secret: HMAC with SHA-512, as hexadecimal digits."""
    right = hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()
    return hmac.compare_digest(right.encode(), signature.strip().lower().encode())


def load_notifications(body: bytes) -> tuple[Notification, ...]:
    """Turn the body of a post into notifications; raise `UnexpectedAnswer` for anything else."""
    if len(body) > _MOST_BYTES:
        raise UnexpectedAnswer("a notification is larger than 1 MiB")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise UnexpectedAnswer("a notification is not valid JSON") from None
    if not isinstance(document, Mapping):
        raise UnexpectedAnswer("a notification is not an object")
    listed = document.get("notifications")
    if not isinstance(listed, list):
        raise UnexpectedAnswer("a notification lists no notifications")
    return tuple(
        Notification(
            trigger=_text(one, "trigger") or "",
            run_id=_text(document, "run_id"),
            run_status=_text(one, "run_status"),
            workspace_name=_text(document, "workspace_name"),
            organization_name=_text(document, "organization_name"),
            message=_text(one, "message") or "",
        )
        for one in listed
        if isinstance(one, Mapping)
    )


def _text(members: Mapping[str, object], name: str) -> str | None:
    value = members.get(name)
    return value if isinstance(value, str) and value else None
