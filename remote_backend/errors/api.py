"""Errors of requests to a server, and of its responses."""

from remote_backend.errors.root import RemoteBackendError

__all__ = (
    "ApiError",
    "Conflict",
    "DiscoveryError",
    "FINAL_STATUSES",
    "NotAuthorized",
    "NotFound",
    "PlainHttp",
    "Rejected",
    "TransportError",
    "UnexpectedAnswer",
    "may_have_happened",
)

# 5xx that say that the server will never do this: not implemented, wrong version of HTTP, and
# the page of a network that wants a login first (RFC 9110, section 15.6, and RFC 6585).
FINAL_STATUSES = frozenset({501, 505, 511})


class DiscoveryError(RemoteBackendError):
    """A host does not publish the address of its API."""

    def __init__(self, hostname: str, problem: str) -> None:
        self.hostname = hostname
        super().__init__(f"{hostname}: {problem}")


class TransportError(RemoteBackendError):
    """A request was not sent, or its response was lost.

    `may_have_happened` is False when nothing was sent; `is_permanent` is True when another
    attempt would fail in the same way.
    """

    def __init__(
        self,
        method: str,
        where: str,
        problem: str,
        *,
        may_have_happened: bool,
        is_permanent: bool = False,
    ) -> None:
        self.method = method
        self.where = where
        self.problem = problem
        self.may_have_happened = may_have_happened
        self.is_permanent = is_permanent
        super().__init__(f"{method} {where}: {problem}")


class PlainHttp(TransportError):
    """The server speaks HTTP where HTTPS was expected."""


class ApiError(RemoteBackendError):
    """The server responded with an error; the text holds all its problems."""

    def __init__(
        self,
        status: int,
        method: str,
        where: str,
        problems: tuple[str, ...],
        request_id: str | None = None,
    ) -> None:
        self.status = status
        self.method = method
        self.where = where
        self.problems = problems
        self.request_id = request_id
        """The id of the request in the logs of the server, when a header has it."""

        reasons = "; ".join(problems) if problems else "the response gives no reason"
        id = f" (request {request_id})" if request_id else ""
        super().__init__(f"{method} {where} was answered with {status}{id}: {reasons}")


class NotAuthorized(ApiError):
    """401: the token is missing, malformed, expired or revoked."""

    login_host: str | None = None
    """The host for which another login would replace the token."""

    def describe(self, text: str, *, advice: str, login_host: str | None) -> None:
        """Replace the text of the server by one that names where the token comes from."""
        RemoteBackendError.__init__(self, text, advice=advice)
        self.login_host = login_host


class NotFound(ApiError):
    """404 (or 403): the object does not exist, or the token may not see it."""


class Conflict(ApiError):
    """409 or 412: the object is in another state than the request needs."""


class Rejected(ApiError):
    """400, 413 or 422: the request itself is not acceptable."""


class UnexpectedAnswer(RemoteBackendError):
    """The response is not a document of this API."""


def may_have_happened(error: Exception) -> bool:
    """Return whether an error is ambiguous: the request may have had its effect all the same."""
    if isinstance(error, TransportError):
        return error.may_have_happened
    if isinstance(error, UnexpectedAnswer):
        return True
    if not isinstance(error, ApiError) or error.status in FINAL_STATUSES:
        return False
    return error.status >= 500 or error.status in (408, 425)
