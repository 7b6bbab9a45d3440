"""The JSON spelling of Terraform files, as the same blocks and attributes."""

import json
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any

from attrs import frozen

from remote_backend.config.hcl import Attribute, Block, Body
from remote_backend.config.hcl_literals import Literal, literal_of_template
from remote_backend.formats.hcl import HclValue

__all__ = ("JsonFault", "parse_hcl_json", "read_json_values")

# Which names of an object hold blocks, and how many labels those have.
_BLOCKS: Mapping[str, Mapping[str, int]] = {
    "": {"terraform": 0, "variable": 1, "module": 1, "data": 2, "locals": 0, "provider": 1},
    "terraform": {"backend": 1, "cloud": 0},
    "backend": {"workspaces": 0},
    "cloud": {"workspaces": 0},
}


@frozen
class JsonFault:
    """A text is not a JSON object, with the line of the fault."""

    line: int | None


@frozen
class _Pairs:
    """A JSON object that keeps repeated names."""

    items: tuple[tuple[str, Any], ...]


def parse_hcl_json(source: bytes, kinds: Collection[str]) -> Body | JsonFault:
    """Read the outermost blocks of some kinds of a `.tf.json` file, without lines.

    Each level may be an object or a list of objects; members named `//` are comments.
    """
    document = _load(source)
    if not isinstance(document, _Pairs):
        return document
    read = _Pairs(tuple(item for item in document.items if item[0] in kinds))
    try:
        return Body(blocks=tuple(_members("", read)[1]))
    except RecursionError:
        return JsonFault(None)


def read_json_values(source: bytes) -> dict[str, HclValue] | JsonFault:
    """Read a JSON object of plain values, as `.tfvars.json` files hold it."""
    document = _load(source)
    if not isinstance(document, _Pairs):
        return document
    try:
        return {name: _plain(value) for name, value in document.items}
    except RecursionError:
        return JsonFault(None)


def _load(source: bytes) -> _Pairs | JsonFault:
    try:
        document = json.loads(
            source.decode("utf-8-sig"),
            object_pairs_hook=lambda pairs: _Pairs(tuple(pairs)),
            parse_float=Decimal,
            parse_int=Decimal,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        return JsonFault(error.lineno)
    except (ValueError, ArithmeticError, RecursionError):
        return JsonFault(None)
    return document if isinstance(document, _Pairs) else JsonFault(1)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not valid JSON")


def _members(kind: str, body: _Pairs) -> tuple[list[Attribute], list[Block]]:
    attributes = []
    blocks: list[Block] = []
    for name, value in body.items:
        if name == "//":
            continue
        labels = _BLOCKS.get(kind, {}).get(name)
        if not kind and labels is None:
            continue  # resources and the like, however large
        if labels is None or not _is_body(value):
            attributes.append(_attribute(name, value))
        else:
            for own_labels, bodies in _labelled(value, labels):
                blocks.extend(_blocks(name, own_labels, bodies))
    return attributes, blocks


def _labelled(value: Any, labels: int) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield what stands below so many labels, and these."""
    if not labels:
        yield (), value
        return
    for labelled in _objects(value):
        for label, inner in labelled.items:
            if label != "//":
                for more, bodies in _labelled(inner, labels - 1):
                    yield (label, *more), bodies


def _blocks(kind: str, labels: tuple[str, ...], value: Any) -> Iterator[Block]:
    for body in _objects(value):
        attributes, blocks = _members(kind, body)
        yield Block(
            kind=kind, labels=labels, attributes=tuple(attributes), blocks=tuple(blocks)
        )


def _is_body(value: Any) -> bool:
    return isinstance(value, _Pairs) or (
        isinstance(value, list) and all(isinstance(element, _Pairs) for element in value)
    )


def _objects(value: Any) -> list[_Pairs]:
    if isinstance(value, _Pairs):
        return [value]
    return (
        [element for element in value if isinstance(element, _Pairs)]
        if isinstance(value, list)
        else []
    )


def _attribute(name: str, value: Any) -> Attribute:
    text = value if isinstance(value, str) else ""
    if isinstance(value, str):
        return Attribute(
            name=name, line=None, source=text, literal=literal_of_template(value)
        )
    return Attribute(name=name, line=None, source=text, literal=Literal(_plain(value)))


def _plain(value: Any) -> HclValue:
    if isinstance(value, _Pairs):
        return {name: _plain(member) for name, member in value.items}
    if isinstance(value, list):
        return tuple([_plain(element) for element in value])
    return value  # type: ignore[no-any-return]
