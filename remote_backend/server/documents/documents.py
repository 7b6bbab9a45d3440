"""Documents as a server writes them, and the parts of those it is sent."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from attrs import field, frozen

from remote_backend.api.wire.document import JSON_API
from remote_backend.errors import Rejected

__all__ = (
    "JSON_API",
    "RequestDocument",
    "dump_document",
    "dump_errors",
    "dump_page",
    "dump_too_many",
    "invalid",
    "to_many",
    "to_one",
    "parse_request_document",
    "resource_of",
)

Item = TypeVar("Item")

_DEFAULT_PAGE_SIZE = 20
_LARGEST_PAGE_SIZE = 100


@frozen(kw_only=True)
class RequestDocument:
    """A resource that a client sent; what it does not say is absent."""

    attributes: Mapping[str, Any] = field(factory=dict, repr=False)
    related_ids: Mapping[str, str] = field(factory=dict)
    """Ids of to-one relationships, by name."""

    def text(self, name: str, default: str | None = None) -> str | None:
        """Return an attribute that is text; null counts as absent."""
        value: str | None = self._of_type(name, str, "text", default)
        return value

    def flag(self, name: str, default: bool) -> bool:
        """Return an attribute that is true or false; null counts as absent."""
        value = self._of_type(name, bool, "true or false", default)
        return default if value is None else value

    def number(self, name: str) -> int | None:
        """Return an attribute that is a whole number; null counts as absent."""
        value = self.attributes.get(name)
        if isinstance(value, bool):
            raise invalid(name, "a whole number")
        number: int | None = self._of_type(name, int, "a whole number", None)
        return number

    def texts(self, name: str) -> tuple[str, ...]:
        """Return an attribute that is a list of texts; null counts as empty."""
        value = self.attributes.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise invalid(name, "a list of texts")
        return tuple(value)

    def pairs(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return an attribute that is a list of objects with key and value."""
        value = self.attributes.get(name)
        if value is None:
            return ()
        try:
            pairs = tuple((item["key"], item["value"]) for item in value)
        except (TypeError, KeyError):
            raise invalid(name, "a list of objects with key and value") from None
        if not all(isinstance(part, str) for pair in pairs for part in pair):
            raise invalid(name, "a list of objects with key and value")
        return pairs

    def _of_type(self, name: str, kind: type, expected: str, default: Any) -> Any:
        value = self.attributes.get(name)
        if value is None:
            return default
        if not isinstance(value, kind):
            raise invalid(name, expected)
        return value


def invalid(name: str, expected: str) -> Rejected:
    """Return the error of an attribute that is not what it must be."""
    return Rejected(422, "", "", (f"{name} must be {expected}",))


def parse_request_document(body: bytes) -> RequestDocument:
    """Read what a client sent; JSON:API documents, plain JSON and nothing are understood.

    Raises `Rejected` with status 400 for a body that is not a JSON object.
    """
    if not body.strip():
        return RequestDocument()
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise Rejected(400, "", "", ("the body is not a JSON object",))
    data = parsed.get("data")
    if not isinstance(data, dict):
        # Actions are sent as plain JSON, whatever their content type says.
        return RequestDocument(attributes=parsed)
    attributes = data.get("attributes")
    relationships = data.get("relationships")
    linked = {}
    for name, related in relationships.items() if isinstance(relationships, dict) else ():
        linkage = related.get("data") if isinstance(related, dict) else None
        if isinstance(linkage, dict) and isinstance(linkage.get("id"), str):
            linked[name] = linkage["id"]
    return RequestDocument(
        attributes=attributes if isinstance(attributes, dict) else {}, related_ids=linked
    )


def resource_of(
    kind: str,
    id: str,
    attributes: Mapping[str, Any],
    *,
    relationships: Mapping[str, Any] | None = None,
    links: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return a resource object."""
    resource: dict[str, Any] = {"id": id, "type": kind, "attributes": dict(attributes)}
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


def dump_page(
    items: Sequence[Item],
    dump: Callable[[Item], Mapping[str, Any]],
    query: Mapping[str, str],
    path: str,
    *,
    include: Callable[[Item], Mapping[str, Any]] | None = None,
) -> bytes:
    """Write the page that a query asks for; a page past the end is empty.

    Only what is on the page is dumped; `include` gives what stands beside each item.
    """
    number = max(1, _number(query.get("page[number]"), 1))
    size = min(
        _LARGEST_PAGE_SIZE,
        max(1, _number(query.get("page[size]"), _DEFAULT_PAGE_SIZE)),
    )
    pages = max(1, -(-len(items) // size))
    following = number + 1 if number < pages else None
    previous = min(number - 1, pages) if number > 1 else None

    def address(page: int | None) -> str | None:
        if page is None:
            return None
        return f"{path}?page%5Bnumber%5D={page}&page%5Bsize%5D={size}"

    page_items = items[(number - 1) * size : number * size]
    document: dict[str, Any] = {
        "data": [dump(item) for item in page_items],
        "links": {
            "self": address(number),
            "first": address(1),
            "prev": address(previous),
            "next": address(following),
            "last": address(pages),
        },
        "meta": {
            "pagination": {
                "current-page": number,
                "page-size": size,
                "prev-page": previous,
                "next-page": following,
                "total-pages": pages,
                "total-count": len(items),
            }
        },
    }
    if include is not None:
        document["included"] = [include(item) for item in page_items]
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


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdigit() else default
