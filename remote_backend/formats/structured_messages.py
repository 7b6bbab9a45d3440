"""Lines of Terraform's machine-readable output, as text for people.

Each line is a JSON object with `@level` and `@message`:
https://developer.hashicorp.com/terraform/internals/machine-readable-ui. Lines of other forms, as
those of a setup or a crash, stand between them.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ("parse_message", "render_diagnostic", "render_structured")


def parse_message(line: str) -> dict[str, Any] | None:
    """Return the message that a line holds, or None for a line of another form."""
    if not line.startswith("{"):
        return None
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) and "@level" in message else None


def render_structured(line: str) -> str:
    """Turn a line of Terraform's JSON output into text for people; leave others alone."""
    message = parse_message(line)
    try:
        return line if message is None else _render(message)
    except (ValueError, RecursionError):
        return line


def _render(message: dict[str, Any]) -> str:
    text = str(message.get("@message", ""))
    kind = message.get("type")
    if kind == "diagnostic" and isinstance(message.get("diagnostic"), dict):
        return f"\n{render_diagnostic(message['diagnostic'])}"
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
            value = "(sensitive value)"
        elif "value" in output:
            value = json.dumps(output["value"], ensure_ascii=False)
        else:
            value = f"({output.get('action', 'unknown')})"
        lines.append(f"  {name} = {value}\n")
    return "".join(lines)


def render_diagnostic(diagnostic: Mapping[str, Any]) -> str:
    """Return an error or a warning as Terraform writes it for people, without frames."""
    severity = str(diagnostic.get("severity", "error")).capitalize()
    lines = [f"{severity}: {diagnostic.get('summary', '')}"]
    if source := [*_place(diagnostic), *_snippet(diagnostic)]:
        lines += ["", *source]
    if diagnostic.get("detail"):
        lines += ["", str(diagnostic["detail"])]
    return "\n".join(lines) + "\n"


def _place(diagnostic: Mapping[str, Any]) -> Iterator[str]:
    range_, address = diagnostic.get("range"), diagnostic.get("address")
    if not isinstance(range_, dict):
        if address:
            yield f"  with {address}"
        return
    if address:
        yield f"  with {address},"
    start, snippet = range_.get("start"), diagnostic.get("snippet")
    line = start.get("line") if isinstance(start, dict) else None
    context = snippet.get("context") if isinstance(snippet, dict) else None
    place = f"  on {range_.get('filename')}"
    place += f" line {line}" if line else ""
    yield f"{place}, in {context}:" if context else f"{place}:"


def _snippet(diagnostic: Mapping[str, Any]) -> Iterator[str]:
    snippet = diagnostic.get("snippet")
    if not isinstance(snippet, dict) or "code" not in snippet:
        return
    first = snippet.get("start_line")
    number = first if isinstance(first, int) else 1
    for offset, code in enumerate(str(snippet["code"]).split("\n")):
        yield f"  {number + offset:>2}: {code}"
    values = snippet.get("values")
    for value in values if isinstance(values, list) else ():
        if isinstance(value, dict):
            yield f"     {value.get('traversal', '')} {value.get('statement', '')}"
