"""Documents that clients send: JSON:API documents, plain JSON and nothing are understood."""

import json
import re
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from remote_backend.errors import Rejected

__all__ = ("RequestDocument", "invalid", "parse_request_document", "rejected")

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


@frozen(kw_only=True)
class RequestDocument:
    """A resource that a client sent; members that it does not have are absent."""

    id: str = ""
    """Its own id, where it is one of several in a list."""

    attributes: Mapping[str, Any] = field(factory=dict, repr=False)
    related_ids: Mapping[str, str] = field(factory=dict)
    """Ids of to-one relationships, by name."""

    related_lists: Mapping[str, tuple["RequestDocument", ...]] = field(factory=dict)
    """To-many relationships, by name; tags come with attributes instead of ids."""

    items: tuple["RequestDocument", ...] = ()
    """The resources of a document whose data is a list."""

    def text(self, name: str, default: str | None = None) -> str | None:
        """Return an attribute that is text; null counts as absent."""
        value: str | None = self._of_type(name, str, "text", default)
        return value

    def required_name(self, before: str, longest_name: int) -> str:
        """Return the name of a resource; raises `Rejected` for a blank or too long one."""
        name = self.text("name", before) or ""
        if not name.strip() or len(name) > longest_name:
            raise invalid("name", f"1 to {longest_name} characters long")
        return name

    def changed_text(self, name: str, before: str | None) -> str | None:
        """Return an attribute that is text; null resets it and absence keeps it."""
        return self.text(name) if name in self.attributes else before

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

    def linked_ids(self, name: str, before: tuple[str, ...]) -> tuple[str, ...]:
        """Return the ids of a to-many relationship, each once; absence keeps those of before."""
        linked = self.related_lists.get(name)
        if linked is None:
            return before
        return tuple(dict.fromkeys(item.id for item in linked))

    def members(self, name: str) -> "RequestDocument":
        """Return an attribute that is an object, as a document; null counts as empty."""
        value = self._of_type(name, dict, "an object", None)
        return RequestDocument(attributes=value or {})

    def _of_type(self, name: str, kind: type, expected: str, default: Any) -> Any:
        value = self.attributes.get(name)
        if value is None:
            return default
        if not isinstance(value, kind):
            raise invalid(name, expected)
        return value


def rejected(problem: str) -> Rejected:
    """Return the error of a document that the server understands and does not accept."""
    return Rejected(422, "", "", (problem,))


def invalid(name: str, expected: str) -> Rejected:
    """Return the error of an attribute that is not what it must be."""
    return rejected(f"{name} must be {expected}")


def parse_request_document(body: bytes) -> RequestDocument:
    """Read the document in the body of a request.

    Raises `Rejected` with status 400 for a body that is not a JSON object.
    """
    if not body.strip():
        return RequestDocument()
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict) or not _is_unicode(body, parsed):
        raise Rejected(400, "", "", ("the body is not a JSON object",))
    data = parsed.get("data")
    if isinstance(data, list):
        return RequestDocument(items=_parse_list(data))
    if isinstance(data, dict):
        return _parse_resource(data)
    # Actions are sent as plain JSON, whatever their content type says.
    return RequestDocument(attributes=parsed)


def _is_unicode(body: bytes, parsed: dict[str, Any]) -> bool:
    """Return whether all texts can be stored; JSON can escape halves of characters."""
    if _SURROGATE.search(body) is None:
        return True
    try:
        json.dumps(parsed, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _parse_list(data: list[Any]) -> tuple[RequestDocument, ...]:
    if not all(isinstance(item, dict) for item in data):
        raise Rejected(400, "", "", ("data is a list that does not hold resources",))
    return tuple(_parse_resource(item) for item in data)


def _parse_resource(data: dict[str, Any]) -> RequestDocument:
    id, attributes = data.get("id"), data.get("attributes")
    related_ids: dict[str, str] = {}
    related_lists: dict[str, tuple[RequestDocument, ...]] = {}
    relationships = data.get("relationships")
    for name, related in relationships.items() if isinstance(relationships, dict) else ():
        linkage = related.get("data") if isinstance(related, dict) else None
        if isinstance(linkage, dict) and isinstance(linkage.get("id"), str):
            related_ids[name] = linkage["id"]
        if isinstance(linkage, list):
            related_lists[name] = _parse_list(linkage)
    return RequestDocument(
        id=id if isinstance(id, str) else "",
        attributes=attributes if isinstance(attributes, dict) else {},
        related_ids=related_ids,
        related_lists=related_lists,
    )
