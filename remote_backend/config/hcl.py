"""Blocks and attributes of HCL files, read as far as they can be read."""

import re
from collections.abc import Collection, Iterator

from attrs import field, frozen
from tree_sitter import Language, Node, Parser
from tree_sitter_hcl import language

from remote_backend.config.hcl_literals import Literal, literal_of

__all__ = (
    "Attribute",
    "Block",
    "Body",
    "has_lone_returns",
    "parse_each_opening",
    "parse_hcl",
)

_LANGUAGE = Language(language())
_MARK = b"\xef\xbb\xbf"
# The grammar knows exponents only behind a decimal point, and gives up at NUL.
_UNKNOWN_TO_GRAMMAR = re.compile(rb"(?<![\w.])\d+[eE][+-]?\d+(?![\w.])|\x00")
_LABELS = frozenset({"identifier", "string_lit"})


@frozen(kw_only=True)
class Attribute:
    """A name with an expression; text and value stay out of logs, they may be secret."""

    name: str
    line: int | None
    source: str = field(repr=False)
    literal: Literal | None = None
    """None when the expression is more than a literal."""


@frozen(kw_only=True)
class Body:
    """What stands between two braces, or in a file."""

    attributes: tuple[Attribute, ...] = ()
    blocks: tuple["Block", ...] = ()
    error_line: int | None = None
    """About where the first thing is that cannot be read, here or further inside."""

    has_blocks: bool = False
    """Whether there are blocks at all, wanted or not."""

    def blocks_of(self, kind: str) -> tuple["Block", ...]:
        """Return the blocks of one type, in the order of the file."""
        return tuple(block for block in self.blocks if block.kind == kind)


@frozen(kw_only=True)
class Block(Body):
    """A block with its type, its labels and its body."""

    kind: str
    labels: tuple[str, ...] = ()
    line: int | None = None


def parse_hcl(source: bytes, wanted: Collection[str] = ()) -> Body:
    """Read the attributes of a file and its outermost blocks of the wanted types.

    Never fails: `error_line` says whether something could not be read.
    """
    return _parse(source.removeprefix(_MARK), wanted, 0)


def parse_each_opening(source: bytes, kind: str) -> Iterator[Block]:
    """Read a file again from each line that opens a block of a type without labels.

    A fault can hide all that follows it; blocks that have a fault inside are left out.
    """
    source = source.removeprefix(_MARK)
    opening = re.compile(rb"^[ \t]*" + kind.encode() + rb"[ \t]*\{", re.MULTILINE)
    for found in opening.finditer(source):
        line = source.count(b"\n", 0, found.start())
        blocks = _parse(source[found.start() :], (kind,), line).blocks
        if blocks and blocks[0].line == line + 1 and blocks[0].error_line is None:
            yield blocks[0]


def has_lone_returns(source: bytes) -> bool:
    """Say whether lines end in a carriage return alone, which Terraform refuses."""
    return re.search(rb"\r(?!\n)", source) is not None


@frozen
class _Text:
    bytes: bytes
    first_line: int

    def of(self, node: Node) -> str:
        return self.bytes[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def line_of(self, node: Node) -> int:
        return self.first_line + node.start_point.row + 1


def _parse(source: bytes, wanted: Collection[str], first_line: int) -> Body:
    # The replacement keeps all offsets, so that texts are taken from the true source.
    readable = _UNKNOWN_TO_GRAMMAR.sub(lambda found: _readable(found[0]), source)
    root = Parser(_LANGUAGE).parse(readable).root_node
    text = _Text(source, first_line)
    attributes = []
    blocks = []
    members = list(_members(root))
    for node in members:
        if node.type == "attribute":
            attributes.append(_attribute(node, text))
        elif _kind_of(node, text) in wanted:
            blocks.append(_block(node, text))
    return Body(
        attributes=tuple(attributes),
        blocks=tuple(blocks),
        error_line=_error_line(root, text),
        has_blocks=any(node.type == "block" for node in members),
    )


def _readable(unknown: bytes) -> bytes:
    if unknown == b"\x00":
        return b" "
    return re.sub(rb"\D", b"0", unknown)


def _members(node: Node) -> Iterator[Node]:
    """Give attributes and blocks of a file or block, also those that a fault wraps."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if current.type in ("attribute", "block") and current.id != node.id:
            yield current
        elif current.id == node.id or current.type == "body" or current.is_error:
            waiting.extend(reversed(current.named_children))


def _kind_of(node: Node, text: _Text) -> str:
    first = node.named_children[0] if node.named_children else None
    return text.of(first) if first is not None and first.type == "identifier" else ""


def _block(node: Node, text: _Text) -> Block:
    """Read a block and those inside it, the innermost first."""
    order: list[Node] = []
    waiting = [node]
    while waiting:
        current = waiting.pop()
        order.append(current)
        waiting.extend(one for one in _members(current) if one.type == "block")
    made: dict[int, Block] = {}
    for current in reversed(order):
        members = list(_members(current))
        made[current.id] = Block(
            kind=_kind_of(current, text),
            labels=_labels(current, text),
            line=text.line_of(current),
            attributes=tuple(
                _attribute(one, text) for one in members if one.type == "attribute"
            ),
            blocks=tuple(made[one.id] for one in members if one.type == "block"),
            error_line=_error_line(current, text),
            has_blocks=any(one.type == "block" for one in members),
        )
    return made[node.id]


def _labels(node: Node, text: _Text) -> tuple[str, ...]:
    labels = [child for child in node.named_children[1:] if child.type in _LABELS]
    return tuple(text.of(label).strip('"') for label in labels)


def _attribute(node: Node, text: _Text) -> Attribute:
    expressions = [child for child in node.named_children if child.type == "expression"]
    whole = len(expressions) == 1 and not node.has_error
    return Attribute(
        name=_kind_of(node, text),
        line=text.line_of(node),
        source=text.of(expressions[0]) if expressions else "",
        literal=literal_of(expressions[0], text.bytes) if whole else None,
    )


def _error_line(node: Node, text: _Text) -> int | None:
    if not node.has_error:
        return None
    current = node
    while not current.is_error and not current.is_missing:
        inside = [child for child in current.children if child.has_error]
        if not inside:
            break
        current = inside[0]
    return text.line_of(current)
