"""Notifications about runs that a server posts, so that polls can be fewer."""

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
    """Verify the signature of a request and return its notifications.

    HCP Terraform and Terraform Enterprise post nothing about speculative plans, and plan-only
    runs are such plans
    (https://developer.hashicorp.com/terraform/cloud-docs/api-docs/notification-configurations),
    so no wait may depend on a notification. `secret` is the token of the notification
    configuration. Raises `NotificationRefused` for a body that was not signed with it, and
    `UnexpectedAnswer` for a body that is not a notification.
    """
    if not secret:
        raise NotificationRefused("a notification cannot be verified without a secret")
    lower_headers = {name.lower(): value for name, value in headers.items()}
    if not is_signed(body, lower_headers.get(SIGNATURE_HEADER, ""), secret):
        raise NotificationRefused(
            "the signature of a notification is missing or wrong; "
            "is the secret the token of its notification configuration?"
        )
    return load_notifications(body)
