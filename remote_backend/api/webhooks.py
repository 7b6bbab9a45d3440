"""Notifications that a server posts about runs, in place of asking for them."""

from collections.abc import Mapping

from remote_backend.api.wire.notifications import (
    SIGNATURE_HEADER,
    is_signed,
    load_notifications,
)
from remote_backend.errors import NotificationRefused
from remote_backend.models.notification import Notification

__all__ = ("read_notifications",)


def read_notifications(
    body: bytes, headers: Mapping[str, str], secret: str
) -> tuple[Notification, ...]:
    """Return what a post of a notification configuration says, once its sender is known.

    HCP Terraform and Terraform Enterprise post none for speculative plans, which plan-only runs
    are (their documentation of notification configurations), so no wait may depend on one.
    `secret` is the token of the notification configuration. Raises `NotificationRefused` for
    a body that was not signed with it, and `UnexpectedAnswer` for one that is not a notification.
    """
    if not secret:
        raise NotificationRefused("a notification needs a secret that it is checked with")
    given = {name.lower(): value for name, value in headers.items()}
    if not is_signed(body, given.get(SIGNATURE_HEADER, ""), secret):
        raise NotificationRefused(
            "the signature of a notification is missing or wrong; "
            "is the token of its configuration the one that is used here?"
        )
    return load_notifications(body)
