"""Webhooks of GitHub about pull requests: what is signed, and the few members that count.

All text in them was written by others. What is kept is a number and two commit ids of a strict form,
so that nothing else can reach git, a path or a report.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any

from attrs import frozen

__all__ = ("HookRefused", "PullRequest", "is_signed", "pull_request_of")

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_LARGEST_NUMBER = 1 << 53
_KINDS = {"opened": True, "reopened": True, "synchronize": True, "closed": False}


class HookRefused(Exception):
    """A webhook that is not what it should be; the text can be shown to its sender."""


@frozen(kw_only=True)
class PullRequest:
    """A pull request, and the commits of its branch and of the branch that it changes."""

    number: int
    head: str
    base: str
    is_open: bool


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """Return whether a body was signed with a secret, in a time that does not depend on the answer.

    The header `X-Hub-Signature-256` has `sha256=` and an HMAC in hexadecimal
    (https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries).
    """
    expected = f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"
    given = signature.encode("utf-8", "surrogateescape")
    return hmac.compare_digest(expected.encode(), given)


def pull_request_of(body: bytes, repository: str) -> PullRequest | None:
    """Return the pull request of a webhook; None where there is nothing to do.

    Branches of forks are left alone: anybody can push to a fork, and a plan runs what is pushed
    with the variables of the workspaces. `repository` is the full name, `acme/networking`.
    Raises `HookRefused` for a body that is not a webhook about pull requests of this repository.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise HookRefused("the body is not valid JSON") from None
    if _member(document, "repository", "full_name") != repository:
        raise HookRefused("the webhook is about another repository")
    action = _member(document, "action")
    if not isinstance(action, str) or action not in _KINDS:
        return None
    if _member(document, "pull_request", "head", "repo", "full_name") != repository:
        return None
    return PullRequest(
        number=_number(_member(document, "number")),
        head=_commit(_member(document, "pull_request", "head", "sha")),
        base=_commit(_member(document, "pull_request", "base", "sha")),
        is_open=_KINDS[action],
    )


def _member(document: Any, *names: str) -> Any:
    for name in names:
        document = document.get(name) if isinstance(document, Mapping) else None
    return document


def _number(value: Any) -> int:
    if type(value) is not int or not 0 < value < _LARGEST_NUMBER:
        raise HookRefused("the number of the pull request is not a number")
    return value


def _commit(value: Any) -> str:
    if not isinstance(value, str) or not _COMMIT.fullmatch(value):
        raise HookRefused("a commit of the pull request is not a full commit id")
    return value
