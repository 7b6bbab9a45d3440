"""Blocks and attributes of HCL files, read as far as they can be read."""

import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import pairwise

from attrs import field, frozen
from tree_sitter import Language, Node, Parser
from tree_sitter_hcl import language

from remote_backend.config.hcl_literals import Literal, breaks_line, literal_of

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
# After a fault, and in long runs of blanks, parsing takes quadratic time (tree-sitter 0.26).
# A valid file of 100 kB takes 0.02 seconds.
_MOST_SECONDS = 0.5

Clock = Callable[[], float]


@frozen(kw_only=True)
class Attribute:
    """A name with an expression; text and value may be secret, so they are never logged."""

    name: str
    line: int | None
    source: str = field(repr=False)
    literal: Literal | None = None
    """None when the expression needs variables or functions."""


@frozen(kw_only=True)
class Body:
    """What stands between two braces, or in a file."""

    attributes: tuple[Attribute, ...] = ()
    blocks: tuple["Block", ...] = ()
    error_line: int | None = None
    """The approximate line of the first fault, here or in a nested block."""

    has_blocks: bool = False
    """Whether there are blocks at all, also of other kinds."""

    is_json: bool = False
    """Whether a file holds a JSON object in place of HCL, which is an error too."""

    def blocks_of(self, kind: str) -> tuple["Block", ...]:
        """Return the blocks of one type, in the order of the file."""
        return tuple(block for block in self.blocks if block.kind == kind)


@frozen(kw_only=True)
class Block(Body):
    """A block with its type, its labels and its body."""

    kind: str
    labels: tuple[str, ...] = ()
    line: int | None = None


def parse_hcl(
    source: bytes, kinds: Collection[str] = (), *, clock: Clock = time.thread_time
) -> Body:
    """Read the attributes of a file and its outermost blocks of some kinds.

    Never fails: `error_line` says whether something could not be read, for which half a second
    of the processor, by the clock, must be enough.
    """
    return _parse(source.removeprefix(_MARK), kinds, 0, _Budget(clock))


def parse_each_opening(
    source: bytes, kind: str, *, clock: Clock = time.thread_time
) -> Iterator[Block]:
    """Read a file again from each line that opens a block of a type without labels.

    A fault can hide all that follows it; blocks that have a fault inside are left out.
    """
    source = source.removeprefix(_MARK)
    opening = re.compile(rb"^[ \t]*" + kind.encode() + rb"[ \t]*\{", re.MULTILINE)
    starts = [match.start() for match in opening.finditer(source)]
    budget = _Budget(clock)
    line = at = 0
    # Each part ends where the next one begins, so no byte is parsed twice.
    for start, end in pairwise([*starts, len(source)]):
        line += source.count(b"\n", at, start)
        at = start
        blocks = _parse(source[start:end], (kind,), line, budget).blocks
        if blocks and blocks[0].line == line + 1 and blocks[0].error_line is None:
            yield blocks[0]


def has_lone_returns(source: bytes) -> bool:
    """Return whether lines end in a carriage return alone, which Terraform refuses."""
    return re.search(rb"\r(?!\n)", source) is not None


@frozen
class _Text:
    bytes: bytes
    first_line: int

    def of(self, node: Node) -> str:
        return self.bytes[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def line_of(self, node: Node) -> int:
        return self.first_line + node.start_point.row + 1


class _Budget:
    """The time that the parser may take, and the position that it had reached by then."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._end = clock() + _MOST_SECONDS
        self.offset = 0

    def is_spent(self, offset: int, _has_error: bool) -> bool:
        self.offset = offset
        return self._clock() > self._end


def _parse(source: bytes, kinds: Collection[str], first_line: int, budget: _Budget) -> Body:
    # The replacement keeps all offsets, so texts are still taken from the original source.
    readable = _UNKNOWN_TO_GRAMMAR.sub(lambda match: _readable(match[0]), source)
    try:
        tree = Parser(_LANGUAGE).parse(
            lambda offset, _: readable[offset:], progress_callback=budget.is_spent
        )
    except ValueError:  # the budget is spent
        return Body(error_line=first_line + source.count(b"\n", 0, budget.offset) + 1)
    root = tree.root_node
    text = _Text(source, first_line)
    members = list(_members(root))
    made: dict[int, Block] = {
        node.id: _block(node, text)
        for node in members
        if node.type == "block" and _kind_of(node, text) in kinds
    }
    return Body(
        attributes=tuple(
            _attribute(node, text) for node in members if node.type == "attribute"
        ),
        blocks=tuple(made.values()),
        error_line=_error_line(root, members, text, made),
        has_blocks=any(node.type == "block" for node in members),
        is_json=readable.lstrip().startswith(b"{"),
    )


def _readable(unknown: bytes) -> bytes:
    if unknown == b"\x00":
        return b" "
    return re.sub(rb"\D", b"0", unknown)


def _members(node: Node) -> Iterator[Node]:
    """Yield attributes and blocks of a file or block, also those inside of a fault."""
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
    members_of: dict[int, list[Node]] = {}
    waiting = [node]
    while waiting:
        current = waiting.pop()
        order.append(current)
        members_of[current.id] = list(_members(current))
        waiting.extend(
            member for member in members_of[current.id] if member.type == "block"
        )
    made: dict[int, Block] = {}
    for current in reversed(order):
        members = members_of[current.id]
        made[current.id] = Block(
            kind=_kind_of(current, text),
            labels=_labels(current, text),
            line=text.line_of(current),
            attributes=tuple(
                _attribute(member, text) for member in members if member.type == "attribute"
            ),
            blocks=tuple(made[member.id] for member in members if member.type == "block"),
            error_line=_error_line(current, members, text, made),
            has_blocks=any(member.type == "block" for member in members),
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


def _crowded(members: Iterable[Node]) -> Iterator[Node]:
    """Yield the members that do not begin on a line of their own; the grammar accepts them."""
    row = -1
    for node in members:
        is_split = node.type == "attribute" and breaks_line(node)
        if is_split or node.start_point.row == row:
            yield node
        row = node.end_point.row


def _error_line(
    node: Node, members: Iterable[Node], text: _Text, made: Mapping[int, Block]
) -> int | None:
    """Return the approximate line of the first fault in a file or block."""
    lines = [made[member.id].error_line for member in members if member.id in made]
    lines += [text.line_of(member) for member in _crowded(members)]
    lines += [
        text.line_of(child) for child in node.named_children if child.type == "object"
    ]
    if node.has_error:
        lines.append(_line_of_error(node, text, made))
    return min((line for line in lines if line is not None), default=None)


def _line_of_error(node: Node, text: _Text, made: Mapping[int, Block]) -> int | None:
    current = node
    while not current.is_error and not current.is_missing:
        inside = [child for child in current.children if child.has_error]
        if not inside:
            break
        current = inside[0]
        if current.id in made:
            return made[current.id].error_line
    return text.line_of(current)
