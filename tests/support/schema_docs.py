"""docs/report-schema.md, made from the schemas: `python -m tests.support.schema_docs` writes it."""

import json
from collections.abc import Iterator
from typing import Any

from tests.support.paths import REPOSITORY
from tests.support.report_schema import SCHEMAS

_COMMON = ("type", "time", "batch", "sequence")
_HEAD = """# Reports and events as JSON

`plan -report=FILE.json` writes one document, `plan -json` one line for each event. Both have a
version: members may be added within a version, none is renamed or removed. JSON Schemas are in the
package: `remote_backend/reports/report.schema.json` and `events.schema.json`. This page is made
from them.

## The document, version 1
"""
_EVENTS = """## Events

Each line is one event. All have these members, and those of their type:

| member | type | |
| --- | --- | --- |
| `type` | string | The name of the event. |
| `time` | string | When it was written, RFC 3339 in UTC. |
| `batch` | string or null | The id of the batch; null when none was begun. |
| `sequence` | integer | From 1 on, without gaps. |

The last line is `batch_finished`, also after Ctrl-C, or `batch_failed` when no plan was begun. Runs
that are left running have no last line: with `-detach` the lines end when all runs are queued, and
else behind `interrupted` with the answer `detach`.
"""


def documentation() -> str:
    """Return docs/report-schema.md."""
    report, events = SCHEMAS["report.schema.json"], SCHEMAS["events.schema.json"]
    parts = [
        _HEAD,
        "\n".join(_table(report)),
        *_parts(report),
        _EVENTS,
        *_parts(events),
    ]
    return "\n".join(parts)


def _parts(schema: dict[str, Any]) -> Iterator[str]:
    for name, part in schema["$defs"].items():
        if name in _COMMON and "properties" not in part:
            continue
        if "properties" not in part:
            yield f"### {name}\n\n{part['description']}\n"
        else:
            yield "\n".join([f"### {name}", "", part["description"], "", *_table(part)])


def _table(part: dict[str, Any]) -> Iterator[str]:
    yield "| member | type | |"
    yield "| --- | --- | --- |"
    is_event = "sequence" in part["properties"]
    for member, facts in part["properties"].items():
        if not (is_event and member in _COMMON):
            yield f"| `{member}` | {_type_of(facts)} | {facts.get('description', '')} |"
    yield ""


def _type_of(facts: dict[str, Any]) -> str:
    if "anyOf" in facts:
        return " or ".join(_type_of(each) for each in facts["anyOf"])
    if "$ref" in facts:
        return f"`{facts['$ref'].rpartition('/')[2]}`"
    if facts.get("type") == "array":
        return f"list of {_type_of(facts['items'])}"
    if "const" in facts:
        return f"`{json.dumps(facts['const'])}`"
    if "enum" in facts:
        return ", ".join(f"`{json.dumps(value)}`" for value in facts["enum"])
    kinds = facts.get("type", "any")
    return " or ".join(kinds) if isinstance(kinds, list) else str(kinds)


if __name__ == "__main__":
    (REPOSITORY / "docs/report-schema.md").write_text(documentation(), encoding="utf-8")
