"""From the bytes of a log to lines that are fit for a terminal or a file."""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any

__all__ = ("LogLines", "clean_line", "disarm", "render_structured")

_COLOR = re.compile(r"\x1b\[[0-9;:]*m")
_ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_].*?(?:\x07|\x1b\\|$)|[ -/]*[0-~]|$)|\x9b[0-?]*[ -/]*[@-~]"
)
_FRAME_BYTES = re.compile("[\x02\x03]")
_RUNNER_COMMAND = re.compile(r"^(\s*):(?=:)|##(?=\[|vso\[)")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]")


class LogLines:
    """Cuts a log that comes in chunks of any size into lines.

    Bytes that are no UTF-8 are replaced, `\\r\\n` becomes `\\n`, and a lone `\\r`, which
    would overwrite what stands before it, ends a line too.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def feed(self, chunk: bytes) -> Iterator[str]:
        """Take the next bytes; give the lines that are complete, each with its end."""
        self._rest += self._decoder.decode(chunk)
        # A final \r is kept back: the \n that makes it one line end may follow.
        *lines, self._rest = re.split(r"\r\n|\n|\r(?!\n|\Z)", self._rest)
        for line in lines:
            yield f"{line}\n"

    def finish(self) -> Iterator[str]:
        """Give the last line when it has no end."""
        rest = self._rest + self._decoder.decode(b"", final=True)
        self._rest = ""
        if rest.endswith("\r"):
            yield f"{rest[:-1]}\n"
        elif rest:
            yield rest


def clean_line(line: str, *, colors: bool, terminal: bool) -> str:
    """Remove what does not belong: colors where unwanted, on terminals all that steers them."""
    end = "\n" if line.endswith("\n") else ""
    text = _FRAME_BYTES.sub("", line.removesuffix("\n"))
    if not colors:
        text = _ESCAPE.sub("", text)
    elif terminal:
        text = _ESCAPE.sub(_only_color, text)
    if terminal:
        text = _CONTROLS.sub("", text)
    return text + end


def disarm(line: str) -> str:
    """Break what runners of CI services would take for a command to them.

    GitHub reads `::name::` at the beginning of a line, and `##[name]` anywhere, as Azure reads
    `##vso[name]`; a blank ends that and leaves the text readable.
    """
    return _RUNNER_COMMAND.sub(lambda found: f"{found[0]} ", line)


def render_structured(line: str) -> str:
    """Turn a line of Terraform's JSON output into text for people; leave others alone."""
    if not line.startswith("{"):
        return line
    try:
        message = json.loads(line)
    except ValueError:
        return line
    if not isinstance(message, dict) or "@level" not in message:
        return line
    return _render(message)


def _only_color(match: re.Match[str]) -> str:
    return match.group() if _COLOR.fullmatch(match.group()) else ""


def _render(message: dict[str, Any]) -> str:
    text = str(message.get("@message", ""))
    kind = message.get("type")
    if kind == "diagnostic" and isinstance(message.get("diagnostic"), dict):
        return _render_diagnostic(message["diagnostic"])
    if kind == "outputs" and isinstance(message.get("outputs"), dict):
        return text + "\n" + _render_outputs(message["outputs"])
    if kind == "change_summary":
        return f"\n{text}\n"
    return f"{text}\n"


def _render_outputs(outputs: dict[str, Any]) -> str:
    lines = []
    for name, output in outputs.items():
        if not isinstance(output, dict):
            continue
        if output.get("sensitive"):
            shown = "(sensitive value)"
        elif "value" in output:
            shown = json.dumps(output["value"], ensure_ascii=False)
        else:
            shown = f"({output.get('action', 'unknown')})"
        lines.append(f"  {name} = {shown}\n")
    return "".join(lines)


def _render_diagnostic(diagnostic: dict[str, Any]) -> str:
    severity = str(diagnostic.get("severity", "error")).capitalize()
    lines = ["", f"{severity}: {diagnostic.get('summary', '')}"]
    place = _place_of(diagnostic)
    if place:
        lines += ["", f"  {place}"]
    lines += _snippet_of(diagnostic)
    detail = diagnostic.get("detail")
    if detail:
        lines += ["", str(detail)]
    return "\n".join(lines) + "\n"


def _place_of(diagnostic: dict[str, Any]) -> str:
    range_ = diagnostic.get("range")
    if not isinstance(range_, dict):
        return f"with {diagnostic['address']}" if diagnostic.get("address") else ""
    start = range_.get("start")
    line = start.get("line") if isinstance(start, dict) else None
    place = f"on {range_.get('filename')}" + (f" line {line}" if line else "")
    snippet = diagnostic.get("snippet")
    context = snippet.get("context") if isinstance(snippet, dict) else None
    return f"{place}, in {context}:" if context else f"{place}:"


def _snippet_of(diagnostic: dict[str, Any]) -> list[str]:
    snippet = diagnostic.get("snippet")
    if not isinstance(snippet, dict) or "code" not in snippet:
        return []
    first = snippet.get("start_line")
    number = first if isinstance(first, int) else 1
    return [
        f"  {number + offset:>4}: {code}"
        for offset, code in enumerate(str(snippet["code"]).split("\n"))
    ]
