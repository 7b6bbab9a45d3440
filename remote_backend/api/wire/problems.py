"""Errors in answers: what the server says went wrong, whatever shape it says it in."""

import json
from typing import Any

from remote_backend.api.messages import Request, Response
from remote_backend.errors import ApiError, Conflict, NotAuthorized, NotFound, Rejected

__all__ = ("error_of", "problems_of")

_LONGEST_TEXT = 300
_LONGEST_ID = 100
_PROXY_WANTS_PASSWORD = (
    "the proxy on the way wants a name and a password; they belong into its address: "
    "http://NAME:PASSWORD@HOST:PORT"
)


def error_of(request: Request, response: Response) -> ApiError:
    """Make the error of an answer that is not a success."""
    kind = _KINDS.get(response.status, ApiError)
    return kind(
        response.status,
        request.method,
        request.where,
        problems_of(response),
        _request_id(response),
    )


def _request_id(response: Response) -> str | None:
    """Return what HCP Terraform, GitHub and most proxies name a request by, in their logs."""
    return response.headers.get("x-request-id", "")[:_LONGEST_ID] or None


def problems_of(response: Response) -> tuple[str, ...]:
    """Return every problem of an error answer as one text, in order.

    Understands JSON:API errors, plain lists of text, plain text, HTML and nothing at all.
    """
    if response.status == 407:
        return (_PROXY_WANTS_PASSWORD,)
    try:
        errors = json.loads(response.body)["errors"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return _plain(response)
    if not isinstance(errors, list):
        return _plain(response)
    found = tuple(_text_of(error) for error in errors)
    return tuple(text for text in found if text)


def _text_of(error: Any) -> str:
    if isinstance(error, str):
        return error.strip()
    if not isinstance(error, dict):
        return ""
    texts = [error.get("title"), error.get("detail")]
    told = (part for part in texts if part and isinstance(part, str | int | float))
    text = ": ".join(str(part).strip() for part in told)
    source = error.get("source")
    pointer = source.get("pointer") if isinstance(source, dict) else None
    return f"{text} ({pointer})" if pointer and isinstance(pointer, str) else text


def _plain(response: Response) -> tuple[str, ...]:
    media_type = response.headers.get("content-type", "")
    text = response.body[: 4 * _LONGEST_TEXT].decode("utf-8", "replace").strip()
    if not text:
        return ()
    # A page of a proxy says nothing to a person who reads it as source text.
    if "html" in media_type or text.startswith("<"):
        return ("a web page instead of an answer of the API; is a proxy in between?",)
    return (text[:_LONGEST_TEXT],)


_KINDS: dict[int, type[ApiError]] = {
    400: Rejected,
    401: NotAuthorized,
    403: NotFound,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    413: Rejected,
    422: Rejected,
}
