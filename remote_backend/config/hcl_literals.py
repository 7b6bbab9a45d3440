"""Values of HCL expressions that need nothing but their own text."""

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

from attrs import field, frozen
from tree_sitter import Node

from remote_backend.config.hcl_operations import (
    NotConstant,
    choose,
    element_of,
    join_template,
    operate,
    operate_alone,
    text_of,
)
from remote_backend.formats.hcl import HclValue

__all__ = (
    "Literal",
    "breaks_line",
    "heredoc_text",
    "literal_of",
    "literal_of_template",
    "unescaped",
)

_ESCAPE = re.compile(
    r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))|(\$\$|%%)\{", re.DOTALL
)
_DOUBLED_MARK = re.compile(r"(\$\$|%%)\{")
_PLAIN_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_HEREDOC_START = re.compile(r"<<-?[^\s<-]+\r?\n")
_WRAPPERS = frozenset(
    {
        "collection_value",
        "expression",
        "index",
        "literal_value",
        "operation",
        "template_expr",
    }
)
_CONTAINERS = _WRAPPERS | {
    "binary_operation",
    "conditional",
    "new_index",
    "object",
    "object_elem",
    "quoted_template",
    "template_interpolation",
    "tuple",
    "unary_operation",
}
_PUNCTUATION = frozenset(
    {
        "comment",
        "object_end",
        "object_start",
        "quoted_template_end",
        "quoted_template_start",
        "template_interpolation_end",
        "template_interpolation_start",
        "tuple_end",
        "tuple_start",
    }
)
# Line breaks are ignored inside of these, and between the elements of an object.
_SPREADING = frozenset({"tuple", "new_index", "template_interpolation", "quoted_template"})


@frozen
class Literal:
    """A value that was written out or computed; it may be secret, so it is never shown."""

    value: HclValue = field(repr=False)


@frozen
class _Step:
    """An index or a name behind a value."""

    key: HclValue


@frozen
class _Word:
    """A name without quotes: a text as the key of an object, and else a variable."""

    text: str


_Part: TypeAlias = HclValue | _Step | _Word


def literal_of(node: Node, source: bytes) -> Literal | None:
    """Return the value of an expression, or None if it needs variables or functions.

    Operators, conditionals, indexes and templates of literals are computed as in Terraform.
    `source` may differ from the text that was parsed, as long as all offsets agree.
    """
    if node.has_error:
        return None
    values: dict[int, _Part] = {}
    try:
        # Not recursive: lists that are nested some hundred times are legal.
        for current in reversed(_top_down(node)):
            parts = [values[part.id] for part in _parts(current)]
            values[current.id] = _value(current, parts, source)
        return Literal(_plain(values[node.id]))
    except NotConstant:
        return None


def literal_of_template(text: str) -> Literal | None:
    """Return the text that a template without any expression stands for, else None."""
    if re.search(r"(?<!\$)\$\{|(?<!%)%\{", text):
        return None
    return Literal(_DOUBLED_MARK.sub(lambda match: match[1][0] + "{", text))


def _top_down(node: Node) -> list[Node]:
    """Return a node and its parts, each before its own; raises `NotConstant`."""
    order: list[Node] = []
    waiting = [(node, False)]
    while waiting:
        current, spreads = waiting.pop()
        if not _is_well_spread(current, spreads):
            raise NotConstant
        order.append(current)
        if current.type in _CONTAINERS:
            waiting.extend(_inner(current, spreads))
    return order


def _inner(node: Node, spreads: bool) -> Iterator[tuple[Node, bool]]:
    """Yield the parts of a node, and whether line breaks are ignored in each."""
    if node.type in _SPREADING:
        spreads = True
    elif node.type in ("object", "object_elem"):
        spreads = False
    depth = 0
    for child in node.children:
        depth += (child.type == "(") - (child.type == ")")
        if child.is_named and child.type not in _PUNCTUATION:
            yield child, spreads or depth > 0


def _is_well_spread(node: Node, spreads: bool) -> bool:
    """Return whether lines end where HCL allows it; the grammar accepts line ends anywhere."""
    if node.type == "object":
        return _is_separated(node)
    if node.type not in _CONTAINERS or node.type in _SPREADING or spreads:
        return True
    return not breaks_line(node)


def breaks_line(node: Node) -> bool:
    """Return whether a line ends between the parts of a node, outside of parentheses."""
    depth = 0
    row = node.start_point.row
    for child in node.children:
        depth -= child.type == ")"
        if child.start_point.row != row and not depth:
            return True
        depth += child.type == "("
        row = child.end_point.row
    return False


def _is_separated(node: Node) -> bool:
    """Return whether commas or line ends separate the elements of an object."""
    row = -1
    separated = True
    for child in node.children:
        if child.type == "," and child.start_point.row != row:
            return False
        if child.type == "object_elem":
            if not separated and child.start_point.row == row:
                return False
            row = child.end_point.row
        separated = child.type == ","
    return True


def _parts(node: Node) -> list[Node]:
    if node.type not in _CONTAINERS:
        return []
    return [child for child in node.named_children if child.type not in _PUNCTUATION]


def _value(node: Node, parts: list[_Part], source: bytes) -> _Part:
    kind = node.type
    if kind not in _CONTAINERS:
        text = source[node.start_byte : node.end_byte].decode("utf-8", "replace")
        return _leaf(node, text)
    if kind in _WRAPPERS:
        return _followed(parts)
    if kind == "new_index":
        return _Step(_plain(_followed(parts)))
    if kind == "binary_operation":
        return _binary(node, parts)
    if kind == "unary_operation":
        return operate_alone(node.children[0].type, _plain(_followed(parts)))
    if kind == "object_elem":
        return _pair(node, parts)
    if kind == "conditional" and _is_chained(node):
        raise NotConstant
    return _of_plain(kind, [_plain(part) for part in parts])


def _of_plain(kind: str, values: list[HclValue]) -> HclValue:
    if kind == "tuple":
        return tuple(values)
    if kind == "object":
        return dict(values)  # type: ignore[arg-type]  # each is a pair of _pair
    if kind == "quoted_template":
        return join_template(values)
    if kind == "conditional" and len(values) == 3:
        return choose(*values)
    if kind == "template_interpolation" and len(values) == 1:
        return values[0]
    raise NotConstant


def _leaf(node: Node, text: str) -> _Part:
    match node.type:
        case "string_lit":
            return unescaped(text[1:-1])
        case "template_literal":
            return unescaped(text)
        case "numeric_lit":
            return _number(text)
        case "bool_lit":
            return text == "true"
        case "null_lit":
            return None
        case "heredoc_template":
            return _heredoc(node, text)
        case "get_attr" | "legacy_index":
            return _Step(text.removeprefix(".").strip())
        case "variable_expr":
            return _Word(text)
    raise NotConstant


def _plain(part: _Part) -> HclValue:
    if isinstance(part, _Step | _Word):
        raise NotConstant
    return part


def _followed(parts: list[_Part]) -> _Part:
    """Return the value that the indexes and names behind a value select."""
    if not parts:
        raise NotConstant
    value, *steps = parts
    for step in steps:
        if not isinstance(step, _Step):
            raise NotConstant
        value = element_of(_plain(value), step.key)
    return value


def _binary(node: Node, parts: list[_Part]) -> HclValue:
    operator = ""
    operands: list[list[_Part]] = [[]]
    waiting = iter(parts)
    for child in node.children:
        if child.is_named and child.type not in _PUNCTUATION:
            operands[-1].append(next(waiting))
        elif not child.is_named and child.type not in "()":
            operator = child.type
            operands.append([])
    left, right = (_plain(_followed(operand)) for operand in operands)
    return operate(operator, left, right)


def _is_chained(node: Node) -> bool:
    # The grammar takes `a ? b : c ? d : e` for `(a ? b : c) ? d : e`, which is not what HCL does.
    condition = node.children[0]
    return condition.child_count == 1 and condition.children[0].type == "conditional"


def _pair(node: Node, parts: list[_Part]) -> HclValue:
    if len(parts) != 2:
        raise NotConstant
    key, value = parts
    # A bare word is a text as a key; in parentheses it is a variable.
    is_word = isinstance(key, _Word) and node.named_children[0].child_count == 1
    text = key.text if isinstance(key, _Word) and is_word else text_of(_plain(key))
    return (text, _plain(value))


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent of twenty digits
        raise NotConstant from None


def _heredoc(node: Node, text: str) -> str:
    inside = {child.type for child in node.named_children}
    if inside & {"template_interpolation", "template_directive"}:
        raise NotConstant
    return heredoc_text(text)


def heredoc_text(source: str) -> str:
    """Return the text of a heredoc without templates; raises `NotConstant`."""
    if not _HEREDOC_START.match(source):
        raise NotConstant
    body = source[source.index("\n") + 1 : source.rindex("\n") + 1]
    if source.startswith("<<-"):
        body = _without_indent(body)
    return _DOUBLED_MARK.sub(lambda match: match[1][0] + "{", body)


def _without_indent(body: str) -> str:
    lines = body.splitlines(keepends=True)
    indents = [len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()]
    indent = min(indents, default=0)
    # Terraform keeps lines of white space unchanged when it removes the indentation.
    return "".join(line[indent:] if line.strip() else line for line in lines)


def unescaped(text: str) -> str:
    """Return the value of a text between quotes; raises `NotConstant`."""
    if "\n" in text:  # only heredocs have lines
        raise NotConstant
    return _ESCAPE.sub(_read_escape, text)


def _read_escape(match: re.Match[str]) -> str:
    short, long, plain, mark = match.groups()
    if mark:
        return f"{mark[0]}{{"
    if plain is None:
        number = int(short or long, 16)
        if number > 0x10FFFF or 0xD800 <= number < 0xE000:
            raise NotConstant
        return chr(number)
    if plain not in _PLAIN_ESCAPES:
        raise NotConstant
    return _PLAIN_ESCAPES[plain]
