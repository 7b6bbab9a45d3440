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
    """A parsed document: its data, what is included, and its meta part."""

    data: Any
    included: Mapping[tuple[str, str], Resource]
    meta: Mapping[str, Any]

    @property
    def resource(self) -> Resource:
        """The single resource; a list of one counts as one."""
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
        """Return the included resource a to-one relationship leads to, if it is there."""
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
    """Whether the server says anything about pages."""

    problems: tuple[str, ...] = ()
    """What is wrong with the items that could not be read."""

    @property
    def is_vacant(self) -> bool:
        """Whether it is empty and numbered 0, as no page is that was really read.

        OTF answers so for filters that it only pretends to know (seen in November 2026), so
        such a page does not prove that there is nothing.
        """
        return not self.items and self.number == 0


def parse_document(response: Response) -> Document:
    """Read the document of an answer; raise `UnexpectedAnswer` when it is none."""
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
    """Turn a resource into a value; `more` replaces members that need another reading."""
    return structure({**_members(resource, _names_of(cast(Any, kind))), **more}, kind)


def members_of(resource: Resource) -> dict[str, Any]:
    """Return id, attributes and related ids of a resource under their Python names.

    Kebab and snake spellings are the same name. A to-one relationship `plan` becomes
    `plan_id`, a to-many one `policy-checks` becomes `policy_check_ids`.
    """
    return _members(resource, None)


def _members(resource: Resource, wanted: frozenset[str] | None) -> dict[str, Any]:
    """Return the members of a resource, of which most are of no use to most readers."""
    members: dict[str, Any] = {}
    for key, value in _mapping(resource, "attributes").items():
        name = _snake(key)
        if wanted is None or name in wanted:
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
    return frozenset(one.name for one in fields(kind))


def attribute_of(resource: Resource, name: str) -> Any:
    """Return one attribute of a resource, by its Python name in either spelling."""
    attributes = _mapping(resource, "attributes")
    return attributes.get(name.replace("_", "-"), attributes.get(name))


def load_page(document: Document, items: Iterable[Value]) -> Page[Value]:
    """Put loaded items together with the number of the page that follows."""
    found = tuple(items)
    pagination = document.meta.get("pagination")
    numbers = pagination if isinstance(pagination, dict) else {}
    current = _page_number(numbers.get("current-page"))
    following = _page_number(numbers.get("next-page"))
    # A page past the end is an empty answer, and odd servers point at themselves.
    if not found or following is None or following <= (current or 0):
        following = None
    return Page(found, following, current, is_numbered=bool(numbers))


def load_readable_page(
    document: Document, kind: str, load: Callable[[Resource], Value]
) -> Page[Value]:
    """Load a page without the items that cannot be read, which its problems name."""
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
    """Return a number of a page, also where a server writes it as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def address_of(text: Any) -> SignedUrl | None:
    """Read a signed address; null and empty text mean that there is none."""
    return SignedUrl(text) if isinstance(text, str) and text else None


def body_of(
    kind: str,
    attributes: Mapping[str, Any],
    relationships: Mapping[str, tuple[str, str]] | None = None,
) -> bytes:
    """Write a document that holds one resource; relationships are type and id by name."""
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
    """Ask for data that a plan can do without: after all others, and not again and again."""
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
        raise UnexpectedAnswer("a document without the resource that was asked for")
    return cast(Resource, data)


def _is_resource(data: Any) -> bool:
    return isinstance(data, dict) and isinstance(data.get("id"), str)


def _key(linkage: Resource) -> tuple[str, str]:
    """Return type and id, as far as they are texts."""
    kind, id = linkage.get("type"), linkage.get("id")
    return kind if isinstance(kind, str) else "", id if isinstance(id, str) else ""


def _mapping(resource: Resource, name: str) -> Mapping[str, Any]:
    found = resource.get(name)
    return found if isinstance(found, dict) else {}


def _linkage(resource: Resource, relationship: str) -> Any:
    relationships = _mapping(resource, "relationships")
    found = relationships.get(relationship) or relationships.get(_snake(relationship))
    return found.get("data") if isinstance(found, dict) else None


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
