"""The first error in the log of a plan, as text for people or as structured messages.

Terraform sorts errors by file and line when it prints them for people, but not in structured logs,
and two errors of one place come in the order in which resources happened to be visited. Therefore
all errors are read, and the first one by place and words is taken: workspaces with the same errors
then fail for the same reason.
"""

import json
import re
from collections.abc import Iterator

from attrs import evolve

from remote_backend.formats.ansi import SGR, physical_lines
from remote_backend.formats.structured_messages import parse_message
from remote_backend.models.failure import Failure, FailureKind, Place
from remote_backend.plans.structured_log import load_failure

__all__ = ("first_error", "start_of_error")

_COLOR = rb"(?:\x1b\[[0-9;]*m)*"
_FRAME = "\u2502"
# Since 0.15 a frame stands before each line of an error, and colors stand around `Error: `
# (`internal/command/format/diagnostic.go` of Terraform 1.11). Values of a plan are indented.
_ERROR_LINE = re.compile(
    rb"(?<=[\r\n])" + _COLOR + rb"(?:" + _FRAME.encode() + _COLOR + b" " + _COLOR + rb")?Error: "
    rb'|(?<=[\r\n])\{[^\r\n]{0,400}?"@message": ?"Error: '
)  # fmt: skip
_FRAMED_ERROR = re.compile(rf"^{_FRAME} Error: .*(?:\n{_FRAME}.*)*", re.MULTILINE)
_BARE_ERROR = re.compile(
    r"^Error: .*(?:\n(?!Error: |Warning: |Operation failed: |Setup failed: |-{12} |exit status).*)*",
    re.MULTILINE,
)
_FRAME_OF_LINE = re.compile(rf"^{_FRAME} ?", re.MULTILINE)
# A provider goes on reading while the first error is printed.
_PROGRESS_LINE = re.compile(
    r"^\S+: (?:Refreshing state\.\.\.|(?:Still r|R)eading\.\.\.|Read complete after).*\n?",
    re.MULTILINE,
)
# The values below a line of source have a frame of their own.
_INNER_FRAME = re.compile(rf"^ +\u251c\u2500+\n|(?<=^    ){_FRAME}", re.MULTILINE)
_PLACE = re.compile(r"^  on (.+?)(?: line (\d{1,9}))?(?:, in .*)?:?$", re.MULTILINE)
_ADDRESS = re.compile(r"  with (.+?),?(?:\n|$)")
_MESSAGE = re.compile(r'"@message": ?"Error: ((?:[^"\\]|\\["\\/bfnrt])+)"')


def start_of_error(log: bytes) -> int | None:
    """Return where the line of the first error begins; a line end must stand before it."""
    if b"Error: " not in log:
        return None
    match = _ERROR_LINE.search(log)
    return match.start() if match is not None else None


def first_error(log: bytes) -> Failure | None:
    """Return the first error in a log that begins with one, or None where there is none."""
    text = "\n".join(physical_lines(SGR.sub("", log.decode("utf-8", "replace"))))
    is_structured = text.startswith("{")
    errors = list(_structured_errors(text) if is_structured else _plain_errors(text))
    if not errors:
        return _cut_message(text) if is_structured else None
    return evolve(min(errors, key=_rank), further_errors=len(errors) - 1)


def _rank(error: Failure) -> tuple[str, int, str, str]:
    place = error.place or Place(file="")
    return (place.file, place.line or 0, error.title, error.detail)


def _structured_errors(text: str) -> Iterator[Failure]:
    for message in map(parse_message, text.split("\n")):
        diagnostic = message.get("diagnostic") if message is not None else None
        if isinstance(diagnostic, dict) and diagnostic.get("severity") == "error":
            yield load_failure(diagnostic)


def _cut_message(text: str) -> Failure | None:
    """Return an error without details, whose message was too long to be kept whole."""
    match = _MESSAGE.search(text)
    if match is None:
        return None
    return Failure(
        kind=FailureKind.TERRAFORM, title=json.loads(f'"{match[1]}"', strict=False)
    )


def _plain_errors(text: str) -> Iterator[Failure]:
    pattern = _FRAMED_ERROR if text.startswith(_FRAME) else _BARE_ERROR
    return filter(None, map(_parse_error, pattern.findall(text)))


def _parse_error(block: str) -> Failure | None:
    lines = _PROGRESS_LINE.sub("", _FRAME_OF_LINE.sub("", block))
    summary, _, body = lines.removeprefix("Error: ").partition("\n")
    source, detail = _split_body(body.strip("\n"))
    title = summary.strip() or detail.partition("\n")[0]
    if not title:
        return None
    place, address = _PLACE.search(source), _ADDRESS.match(source)
    return Failure(
        kind=FailureKind.TERRAFORM,
        title=title,
        text=_joined(f"Error: {title}", source, detail),
        detail=detail,
        place=_load_place(place) if place is not None else None,
        address=address[1] if address is not None else None,
    )


def _split_body(body: str) -> tuple[str, str]:
    """Return the source lines of an error, if it has any, and its explanation."""
    if not body.startswith(("  with ", "  on ")):
        return "", body.rstrip()
    source, _, detail = body.partition("\n\n")
    return _INNER_FRAME.sub("", source), detail.strip("\n").rstrip()


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def _load_place(match: re.Match[str]) -> Place:
    return Place(file=match[1], line=int(match[2]) if match[2] else None)
