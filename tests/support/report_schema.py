"""Reports and events against the schemas of the package.

`validate_all` makes every report and every event of this process be validated where it is made;
`validate_output` does that for a command that ran in another process.
"""

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from remote_backend.reports import to_json
from remote_backend.reports.event_stream import EventStream

NAMES = ("report.schema.json", "events.schema.json")


def read_schema(name: str) -> dict[str, Any]:
    """Return a schema as programs get it."""
    text = files("remote_backend.reports").joinpath(name).read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def strict(schema: Any) -> Any:
    """Return a schema that allows no member that it does not name.

    A shipped schema allows more, because later versions may add members.
    """
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    members = {name: strict(member) for name, member in schema.items()}
    is_object = schema.get("type") == "object" and "properties" in schema
    return {**members, "additionalProperties": False} if is_object else members


SCHEMAS = {name: read_schema(name) for name in NAMES}
STRICT = {name: strict(schema) for name, schema in SCHEMAS.items()}
REGISTRY: Registry[Any] = Registry().with_resources(
    (name, DRAFT202012.create_resource(schema)) for name, schema in STRICT.items()
)
REPORT = Draft202012Validator(STRICT["report.schema.json"], registry=REGISTRY)
WORKSPACE = Draft202012Validator(
    {"$ref": "report.schema.json#/$defs/workspace"}, registry=REGISTRY
)
EVENTS = {
    name: Draft202012Validator(
        {"$ref": f"events.schema.json#/$defs/{name}"}, registry=REGISTRY
    )
    for name, schema in SCHEMAS["events.schema.json"]["$defs"].items()
    if "type" in schema.get("properties", {})
}


def validate_report(document: Any) -> None:
    """Raise `ValidationError` unless a report is as the schema says."""
    REPORT.validate(document)


def validate_event(document: Any) -> None:
    """Raise `ValidationError` unless an event is as the schema of its type says."""
    assert document["type"] in EVENTS, f"the schema has no event {document['type']}"
    EVENTS[document["type"]].validate(document)


def validate_stream(lines: Sequence[str]) -> None:
    """Validate the lines of one batch: each by its schema, and their numbers without gaps."""
    documents = [json.loads(line) for line in lines]
    for document in documents:
        validate_event(document)
    numbers = [document["sequence"] for document in documents]
    assert numbers == list(range(1, len(numbers) + 1))


def validate_all() -> None:
    """Validate every report and every event that this process makes from now on."""
    make_report, make_line = to_json.to_json, EventStream._line

    def report(*arguments: Any) -> str:
        text = make_report(*arguments)
        validate_report(json.loads(text))
        return text

    def line(self: EventStream, type: str, **members: Any) -> str:
        text = make_line(self, type, **members)
        validate_event(json.loads(text))
        return text

    to_json.to_json = report  # type: ignore[assignment]
    EventStream._line = line  # type: ignore[method-assign]


def validate_output(directory: Path, arguments: Sequence[str], out: str) -> None:
    """Validate the reports that a finished command wrote as JSON, and its events."""
    for argument in arguments:
        path = directory / argument.removeprefix("-report=")
        if argument.startswith("-report=") and path.suffix == ".json" and path.is_file():
            validate_report(json.loads(path.read_bytes()))
    if "plan" in arguments and "-json" in arguments:
        validate_stream(out.splitlines())
    if {"batches", "show", "-json"} <= set(arguments) and out:
        for workspace in json.loads(out)["outcomes"]:
            WORKSPACE.validate(workspace)
