"""JSON:API documents: resources, relationships, pages, and their bodies."""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Generic, TypeVar, cast

from attrs import evolve, fields, frozen

from remote_backend.api.messages import Request, Response
from remote_backend.api.wire.converter import TOO_DEEP, structure
from remote_backend.errors import UnexpectedAnswer
from remote_backend.models.addresses import SignedUrl

__all__ = (
    "JSON_API",
    "Document",
    "Page",
    "address_of",
    "attribute_of",
    "body_of",
    "load_page",
    "load_readable_page",
    "load_resource",
    "members_of",
    "optional_request",
    "parse_document",
)

JSON_API = "application/vnd.api+json"
_OPTIONAL_RETRY_SECONDS = 3.0

Value = TypeVar("Value")
Resource = Mapping[str, Any]


@frozen
class Document:
    """A parsed document: its data, included resources and meta part."""

    data: Any
    included: Mapping[tuple[str, str], Resource]
    meta: Mapping[str, Any]

    @property
    def resource(self) -> Resource:
        """The single resource, which may stand in a list."""
        data = self.data
        # One endpoint is documented with a list where clients expect an object.
        if isinstance(data, list) and len(data) == 1:
            data = data[0]
        return _resource(data)

    @property
    def resources(self) -> list[Resource]:
        """All resources of a list."""
        return [_resource(item) for item in self.items]

    @property
    def readable_resources(self) -> list[Resource]:
        """The resources of a list, without items of other kinds."""
        return [item for item in self.items if _is_resource(item)]

    @property
    def items(self) -> list[Any]:
        """The items of a list as they are."""
        if not isinstance(self.data, list):
            raise UnexpectedAnswer("a document whose data is not a list")
        return self.data

    def linked(self, resource: Resource, relationship: str) -> Resource | None:
        """Return the included resource of a to-one relationship, or None."""
        linkage = _linkage(resource, relationship)
        if not isinstance(linkage, dict):
            return None
        key = _key(linkage)
        return self.included.get(key) if all(key) else None


@frozen
class Page(Generic[Value]):
    """One page of a list."""

    items: tuple[Value, ...]
    next_number: int | None
    number: int | None = None
    is_numbered: bool = True
    """Whether the response has page numbers."""

    problems: tuple[str, ...] = ()
    """Warnings about items that could not be read."""

    @property
    def is_vacant(self) -> bool:
        """Whether it is empty and has the number 0.

        OTF returns such a page for filters that it does not support (seen in November 2026), so
        the page does not prove that nothing exists.
        """
        return not self.items and self.number == 0


def parse_document(response: Response) -> Document:
    """Parse the document of a response; raise `UnexpectedAnswer` if it is not one."""
    try:
        parsed = json.loads(response.body)
    except ValueError:
        kind = response.headers.get("content-type", "no media type")
        raise UnexpectedAnswer(f"no JSON ({kind}, {len(response.body)} bytes)") from None
    except RecursionError:
        raise UnexpectedAnswer(TOO_DEEP) from None
    if not isinstance(parsed, dict) or "data" not in parsed:
        raise UnexpectedAnswer("JSON that is not a document with data")
    included = parsed.get("included")
    meta = parsed.get("meta")
    return Document(
        parsed["data"],
        {
            _key(item): item
            for item in (included if isinstance(included, list) else ())
            if _is_resource(item)
        },
        meta if isinstance(meta, dict) else {},
    )


def load_resource(resource: Resource, kind: type[Value], **more: Any) -> Value:
    """Load a value from a resource; `more` replaces members that the caller has loaded."""
    return structure({**_members(resource, _names_of(cast(Any, kind))), **more}, kind)


def members_of(resource: Resource) -> dict[str, Any]:
    """Return id, attributes and related ids of a resource under their Python names.

    Kebab and snake spellings are the same name. A to-one relationship `plan` becomes
    `plan_id`, a to-many one `policy-checks` becomes `policy_check_ids`.
    """
    return _members(resource, None)


def _members(resource: Resource, names: frozenset[str] | None) -> dict[str, Any]:
    """Return the members of a resource, or only those with the names of a class."""
    members: dict[str, Any] = {}
    for key, value in _mapping(resource, "attributes").items():
        name = _snake(key)
        if names is None or name in names:
            members[name] = _snaked(value) if isinstance(value, dict) else value
    for key, related in _mapping(resource, "relationships").items():
        name = _snake(key)
        linkage = related.get("data") if isinstance(related, dict) else None
        if isinstance(linkage, dict):
            members[f"{name}_id"] = linkage.get("id")
        elif isinstance(linkage, list):
            ids = [
                item["id"] for item in linkage if isinstance(item, dict) and "id" in item
            ]
            members[f"{name.removesuffix('s')}_ids"] = ids
    members["id"] = resource["id"]
    return members


@lru_cache
def _names_of(kind: Any) -> frozenset[str]:
    return frozenset(attribute.name for attribute in fields(kind))


def attribute_of(resource: Resource, name: str) -> Any:
    """Return an attribute of a resource by its Python name, in kebab or snake spelling."""
    attributes = _mapping(resource, "attributes")
    return attributes.get(name.replace("_", "-"), attributes.get(name))


def load_page(document: Document, items: Iterable[Value]) -> Page[Value]:
    """Return a page of loaded items with the number of the next page."""
    loaded = tuple(items)
    pagination = document.meta.get("pagination")
    numbers = pagination if isinstance(pagination, dict) else {}
    current = _page_number(numbers.get("current-page"))
    following = _page_number(numbers.get("next-page"))
    # A page past the end is empty, and some servers name the same page as the next one.
    if not loaded or following is None or following <= (current or 0):
        following = None
    return Page(loaded, following, current, is_numbered=bool(numbers))


def load_readable_page(
    document: Document, kind: str, load: Callable[[Resource], Value]
) -> Page[Value]:
    """Load a page; items that cannot be read are left out and named in its problems."""
    items: list[Value] = []
    problems: list[str] = []
    for number, item in enumerate(document.items, start=1):
        try:
            items.append(load(_resource(item)))
        except UnexpectedAnswer as error:
            named = item.get("id") if isinstance(item, dict) else None
            name = named if isinstance(named, str) else f"number {number} of the list"
            problems.append(f"{kind} {name} is left out, the server answered with {error}")
    return evolve(load_page(document, items), problems=tuple(problems))


def _page_number(value: Any) -> int | None:
    """Return a page number, which some servers write as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def address_of(text: Any) -> SignedUrl | None:
    """Load a signed address; None for null and empty text."""
    return SignedUrl(text) if isinstance(text, str) and text else None


def body_of(
    kind: str,
    attributes: Mapping[str, Any],
    relationships: Mapping[str, tuple[str, str]] | None = None,
) -> bytes:
    """Return a document with one resource; relationships are type and id by name."""
    data: dict[str, Any] = {"type": kind, "attributes": dict(attributes)}
    if relationships:
        data["relationships"] = {
            name: {"data": {"type": related, "id": id_}}
            for name, (related, id_) in relationships.items()
        }
    return json.dumps({"data": data}).encode()


def optional_request(
    target: str, *, query: tuple[tuple[str, str], ...] = (), accept: str = JSON_API
) -> Request:
    """Return a request for optional data: of low priority, with few retries."""
    return Request(
        method="GET",
        target=target,
        query=query,
        headers={"Accept": accept},
        priority=3,
        retry_seconds=_OPTIONAL_RETRY_SECONDS,
    )


def _resource(data: Any) -> Resource:
    if not _is_resource(data):
        raise UnexpectedAnswer("a document without the resource that was requested")
    return cast(Resource, data)


def _is_resource(data: Any) -> bool:
    return isinstance(data, dict) and isinstance(data.get("id"), str)


def _key(linkage: Resource) -> tuple[str, str]:
    """Return type and id; a value that is not text becomes empty."""
    kind, id = linkage.get("type"), linkage.get("id")
    return kind if isinstance(kind, str) else "", id if isinstance(id, str) else ""


def _mapping(resource: Resource, name: str) -> Mapping[str, Any]:
    value = resource.get(name)
    return value if isinstance(value, dict) else {}


def _linkage(resource: Resource, relationship: str) -> Any:
    relationships = _mapping(resource, "relationships")
    related = relationships.get(relationship) or relationships.get(_snake(relationship))
    return related.get("data") if isinstance(related, dict) else None


@lru_cache(maxsize=1024)
def _snake(name: str) -> str:
    return name.replace("-", "_")


def _snaked(value: dict[str, Any]) -> Any:
    try:
        return _deep_snake(value)
    except RecursionError:
        raise UnexpectedAnswer(TOO_DEEP) from None


def _deep_snake(value: Any) -> Any:
    if isinstance(value, dict):
        return {_snake(str(key)): _deep_snake(inner) for key, inner in value.items()}
    return value
