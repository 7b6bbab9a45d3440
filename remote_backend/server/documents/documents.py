"""The parts of documents as a server writes them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from remote_backend.api.wire.document import JSON_API

__all__ = (
    "JSON_API",
    "Resource",
    "dump_document",
    "dump_errors",
    "dump_too_many",
    "resource_of",
    "to_many",
    "to_one",
)

Resource = dict[str, Any]
"""A resource object as JSON."""


def resource_of(
    kind: str,
    id: str,
    attributes: Mapping[str, Any],
    *,
    relationships: Mapping[str, Any] | None = None,
    links: Mapping[str, str] | None = None,
) -> Resource:
    """Return a resource object."""
    resource: Resource = {"id": id, "type": kind, "attributes": dict(attributes)}
    if relationships:
        resource["relationships"] = dict(relationships)
    if links:
        resource["links"] = dict(links)
    return resource


def to_one(kind: str, id: str | None) -> dict[str, Any]:
    """Return a to-one relationship, empty without an id."""
    return {"data": {"id": id, "type": kind} if id else None}


def to_many(kind: str, ids: Iterable[str] = ()) -> dict[str, Any]:
    """Return a to-many relationship."""
    return {"data": [{"id": id, "type": kind} for id in ids]}


def dump_document(
    data: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    included: Sequence[Mapping[str, Any]] = (),
) -> bytes:
    """Write a document of one resource, or of a list without pages."""
    document: dict[str, Any] = {"data": data}
    if included:
        document["included"] = list(included)
    return json.dumps(document).encode()


def dump_errors(status: int, title: str, details: Iterable[str] = ()) -> bytes:
    """Write an error document."""
    errors = [{"status": str(status), "title": title, "detail": text} for text in details]
    return json.dumps(
        {"errors": errors or [{"status": str(status), "title": title}]}
    ).encode()


def dump_too_many() -> bytes:
    """Write the error of too many requests, whose status is a number unlike all others."""
    return json.dumps({"errors": [{"status": 429, "title": "Too many requests"}]}).encode()
