"""Which failures are the same error, whatever is particular to one workspace or one run.

The key of an error of Terraform is its title, file, line and explanation; of policies it is the
set of those that failed; of every other failure it is the kind and the message. Names of the
workspace, identifiers, times and long numbers are replaced by marks in the key alone, so that two
hundred workspaces that fail alike are one group. What is shown is always the text itself.
"""

import re
from collections.abc import Iterable

from remote_backend.models.failure import Failure, FailureKind

__all__ = ("error_key",)

# A name of one letter would be found in words by chance.
_SHORTEST_NAME = 2
_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
# In this order: an ARN holds numbers, and an identifier can look like a time.
_PARTICULARS = (
    ("<arn>", re.compile(r"\barn:[\w-]+:[^\s\"',;)\]]+")),
    # The word stays, its value goes: `RequestID: 8GX2`, `x-request-id="f0"`.
    (
        r"\1<id>",
        re.compile(r"(?i)((?:request|host|trace|correlation)[ _-]?id\b\W{1,4})[\w/+=-]+"),
    ),
    ("<id>", re.compile(r"(?i)\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")),
    (
        "<time>",
        re.compile(
            r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?\b"
            rf"|\b\d{{1,2}} (?:{_MONTHS}) \d{{4}}\b"
            rf"|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? (?=\d|{_MONTHS})"
            rf"|\b(?:{_MONTHS}) {{1,2}}\d{{1,2}}\b"
            r"|\b\d\d:\d\d:\d\d(?:\.\d+)?\b"
            r"|\b(?:\d+h)?(?:\d+m)?\d+(?:\.\d+)?(?:ms|s)\b"
        ),
    ),
    # Identifiers of clouds (`vpc-0a1b2c3d`) and of the API (`run-CKuwsxMGgMd4W7Ui`).
    ("<id>", re.compile(r"\b[a-z]+-(?=[a-z]*[0-9A-Z])[0-9A-Za-z]{16,17}\b")),
    ("<id>", re.compile(r"\b[a-z]+-(?=[a-f]*\d)[0-9a-f]{8}\b")),
    ("<id>", re.compile(r"\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{12,}\b")),
    ("<number>", re.compile(r"\d{6,}")),
)


def error_key(failure: Failure, names: Iterable[str]) -> tuple[str, ...]:
    """Return a key that is equal for failures that a person would call the same error.

    `names` are those of the workspace: whole words that equal one do not separate failures.
    """
    kind = failure.kind.value
    if failure.policies:
        return (kind, *sorted({policy.title for policy in failure.policies}))
    words = _names_pattern(names)
    title = _general(failure.title, words)
    if failure.kind is not FailureKind.TERRAFORM:
        return (kind, title, _general(failure.text, words))
    place = failure.place
    file = _general(place.file, words) if place is not None else ""
    line = str(place.line) if place is not None else ""
    return (kind, title, file, line, _general(failure.detail or failure.text, words))


def _names_pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    # The longer name first, because it may contain a shorter one.
    long_enough = {name for name in names if len(name) >= _SHORTEST_NAME}
    ordered = sorted(long_enough, key=len, reverse=True)
    if not ordered:
        return None
    any_name = "|".join(map(re.escape, ordered))
    return re.compile(rf"(?<![A-Za-z0-9])(?:{any_name})(?![A-Za-z0-9])")


def _general(text: str, names: re.Pattern[str] | None) -> str:
    """Return a text in which marks stand for all that is particular."""
    if names is not None:
        text = names.sub("<name>", text)
    for mark, particular in _PARTICULARS:
        text = particular.sub(mark, text)
    # Terraform wraps explanations, but not in structured logs.
    return " ".join(text.split())
