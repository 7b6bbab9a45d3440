"""Values of HCL expressions that need nothing but their own text, both ways."""

import re
from decimal import Decimal, InvalidOperation

from attrs import field, frozen
from tree_sitter import Node

from remote_backend.models.hcl_text import HclValue, write_hcl

__all__ = ("Literal", "literal_of", "literal_of_template")

_ESCAPE = re.compile(
    r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))|(\$\$|%%)\{", re.DOTALL
)
_DOUBLED_MARK = re.compile(r"(\$\$|%%)\{")
_PLAIN_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_WRAPPERS = frozenset(
    {"expression", "literal_value", "collection_value", "template_expr", "operation"}
)
_CONTAINERS = _WRAPPERS | {"tuple", "object", "object_elem", "unary_operation"}
_PUNCTUATION = frozenset(
    {"comment", "tuple_start", "tuple_end", "object_start", "object_end"}
)


@frozen
class Literal:
    """A value that was written out; it may be a secret, so it is never shown."""

    value: HclValue = field(repr=False)


class _NotLiteral(Exception):
    """An expression needs variables, functions or operators."""


def literal_of(node: Node, source: bytes) -> Literal | None:
    """Return the value of an expression, or None if it is more than a literal.

    `source` may differ from the text that was parsed, as long as all offsets agree.
    """
    if node.has_error:
        return None
    # Not recursive: lists that are nested some hundred times are legal.
    order: list[Node] = []
    waiting = [node]
    while waiting:
        current = waiting.pop()
        order.append(current)
        waiting.extend(_parts(current))
    values: dict[int, HclValue] = {}
    try:
        for current in reversed(order):
            parts = [values[part.id] for part in _parts(current)]
            values[current.id] = _value(current, parts, source)
    except _NotLiteral:
        return None
    return Literal(values[node.id])


def literal_of_template(text: str) -> Literal | None:
    """Return the text that a template without any expression stands for, else None."""
    if re.search(r"(?<!\$)\$\{|(?<!%)%\{", text):
        return None
    return Literal(_DOUBLED_MARK.sub(lambda found: found[1][0] + "{", text))


def _parts(node: Node) -> list[Node]:
    if node.type not in _CONTAINERS:
        return []
    return [child for child in node.named_children if child.type not in _PUNCTUATION]


def _value(node: Node, parts: list[HclValue], source: bytes) -> HclValue:
    text = source[node.start_byte : node.end_byte].decode("utf-8", "replace")
    if node.type == "string_lit":
        return _ESCAPE.sub(_read_escape, text[1:-1])
    if node.type == "numeric_lit":
        return _number(text)
    if node.type == "bool_lit":
        return text == "true"
    if node.type == "null_lit":
        return None
    if node.type == "heredoc_template":
        return _heredoc(node, text)
    if node.type == "tuple":
        return tuple(parts)
    if node.type == "object":
        return _object(parts)
    if node.type == "object_elem":
        return tuple(parts)
    if node.type == "unary_operation":
        return _negative(parts, text)
    if node.type in _WRAPPERS and len(parts) == 1:
        return parts[0]
    if node.type == "variable_expr" and _is_object_key(node):
        return text
    raise _NotLiteral


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent of twenty digits
        raise _NotLiteral from None


def _is_object_key(node: Node) -> bool:
    expression = node.parent
    if (
        expression is None
        or expression.named_child_count != 1
        or expression.child_count != 1
    ):
        return False
    element = expression.parent
    return (
        element is not None
        and element.type == "object_elem"
        and element.named_children[0].id == expression.id
    )


def _object(pairs: list[HclValue]) -> HclValue:
    found: dict[str, HclValue] = {}
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise _NotLiteral
        key, value = pair
        if isinstance(key, Decimal):
            key = write_hcl(key)
        if not isinstance(key, str):
            raise _NotLiteral
        found[key] = value
    return found


def _negative(parts: list[HclValue], text: str) -> HclValue:
    number = parts[0] if len(parts) == 1 else None
    if not text.startswith("-") or not isinstance(number, Decimal):
        raise _NotLiteral
    return number.copy_negate()  # the operator would round


def _heredoc(node: Node, text: str) -> str:
    inside = {child.type for child in node.named_children}
    if inside & {"template_interpolation", "template_directive"}:
        raise _NotLiteral
    body = text[text.index("\n") + 1 : text.rindex("\n") + 1]
    if text.startswith("<<-"):
        body = _without_indent(body)
    return _DOUBLED_MARK.sub(lambda found: found[1][0] + "{", body)


def _without_indent(body: str) -> str:
    lines = body.splitlines(keepends=True)
    indents = [len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()]
    indent = min(indents, default=0)
    # Terraform leaves lines of white space as they are, whatever their length.
    return "".join(line[indent:] if line.strip() else line for line in lines)


def _read_escape(found: re.Match[str]) -> str:
    short, long, plain, mark = found.groups()
    if mark:
        return f"{mark[0]}{{"
    if plain is None:
        number = int(short or long, 16)
        if number > 0x10FFFF or 0xD800 <= number < 0xE000:
            raise _NotLiteral
        return chr(number)
    if plain not in _PLAIN_ESCAPES:
        raise _NotLiteral
    return _PLAIN_ESCAPES[plain]
