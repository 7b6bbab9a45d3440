"""Errors of responses, whatever form the server gives them."""

import json
from typing import Any

from remote_backend.api.messages import Request, Response
from remote_backend.errors import ApiError, Conflict, NotAuthorized, NotFound, Rejected

__all__ = ("error_of", "problems_of")

_LONGEST_TEXT = 300
_LONGEST_ID = 100
_PROXY_PASSWORD_REQUIRED = (
    "the proxy on the way requires a name and a password; put them into its address: "
    "http://NAME:PASSWORD@HOST:PORT"
)


def error_of(request: Request, response: Response) -> ApiError:
    """Return the error of a response that is not a success."""
    kind = _KINDS.get(response.status, ApiError)
    return kind(
        response.status,
        request.method,
        request.where,
        problems_of(response),
        _request_id(response),
    )


def _request_id(response: Response) -> str | None:
    """Return the id by which HCP Terraform and most proxies name a request in their logs."""
    return response.headers.get("x-request-id", "")[:_LONGEST_ID] or None


def problems_of(response: Response) -> tuple[str, ...]:
    """Return the problems of an error response in order, each as one text.

    A response can have JSON:API errors, a list of texts, plain text, HTML, or no body.
    """
    if response.status == 407:
        return (_PROXY_PASSWORD_REQUIRED,)
    try:
        errors = json.loads(response.body)["errors"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return _plain_problems(response)
    if not isinstance(errors, list):
        return _plain_problems(response)
    texts = (_text_of(error) for error in errors)
    return tuple(text for text in texts if text)


def _text_of(error: Any) -> str:
    if isinstance(error, str):
        return error.strip()
    if not isinstance(error, dict):
        return ""
    texts = [error.get("title"), error.get("detail")]
    readable = (part for part in texts if part and isinstance(part, str | int | float))
    text = ": ".join(str(part).strip() for part in readable)
    source = error.get("source")
    pointer = source.get("pointer") if isinstance(source, dict) else None
    return f"{text} ({pointer})" if pointer and isinstance(pointer, str) else text


def _plain_problems(response: Response) -> tuple[str, ...]:
    media_type = response.headers.get("content-type", "")
    text = response.body[: 4 * _LONGEST_TEXT].decode("utf-8", "replace").strip()
    if not text:
        return ()
    # The source text of a page, which a proxy sent, does not help a person.
    if "html" in media_type or text.startswith("<"):
        return ("a web page instead of a response of the API; is a proxy in between?",)
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
