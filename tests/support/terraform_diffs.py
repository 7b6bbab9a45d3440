"""What Terraform's own text of a plan marks as changed, as paths with signs."""

import json
import re
from collections.abc import Iterator

from attrs import define, field

__all__ = ("HIDDEN", "Mark", "marks_of_plan")

Mark = tuple[str, tuple[str, ...], str]
"""The address or `output.NAME`, the path with `*` for every index, and `+`, `-`, `~` or `HIDDEN`."""

HIDDEN = "(sensitive value)"

_LINE = re.compile(r"^( *)(?:([-+~]|-/\+|\+/-) )?(.*)$")
_HEADER = re.compile(r'^ *(?:[-+~]|-/\+|\+/-) resource "(\w+)" "(\w+)" {$')
_KEY = re.compile(r'^("(?:[^"\\]|\\.)*"|[\w-]+) += (.*)$', re.DOTALL)
_HEREDOC_END = re.compile(r"^ *EOT(?: -> .*([({\[]))?")
_LIST_STEP = "*"


@define
class _Node:
    """A value in the text; `depth` is the column of its text."""

    depth: int
    path: tuple[str, ...]
    sign: str
    is_whole: bool = False
    children: "list[_Node]" = field(factory=list)

    def marks(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Give the outermost values that are added, removed or changed as a whole."""
        if self.path and (
            self.sign in ("+", "-", HIDDEN)
            or (self.sign == "~" and (self.is_whole or not self.children))
        ):
            yield self.path, self.sign
        else:
            for child in self.children:
                yield from child.marks()


def marks_of_plan(text: str) -> set[Mark]:
    """Return all that a text of `terraform show -no-color` marks."""
    body, _, outputs = text.partition("\nChanges to Outputs:\n")
    marks: set[Mark] = set()
    lines: list[str] | None = None
    address = ""
    for line in body.split("\n"):
        if header := _HEADER.match(line):
            address, lines = f"{header[1]}.{header[2]}", []
        elif lines is not None and line == "    }":
            marks |= {(address, path, sign) for path, sign in _marks(lines, 4)}
            lines = None
        elif lines is not None:
            lines.append(line)
    for path, sign in _marks(outputs.split("\n"), 0):
        marks.add((f"output.{path[0]}", path[1:], sign))
    return marks


def _marks(lines: list[str], depth: int) -> set[tuple[tuple[str, ...], str]]:
    root = _Node(depth, (), "")
    stack = [root]
    in_heredoc = False
    for line in lines:
        if in_heredoc:
            end = _HEREDOC_END.match(line)
            in_heredoc = end is None
            if end is not None and end[1]:
                # Another value takes the place of the text: `EOT -> {`.
                stack[-1].children[-1].is_whole = True
                stack.append(stack[-1].children[-1])
            continue
        match = _LINE.match(line)
        assert match is not None
        indent, sign, text = match.groups()
        column = len(indent) + (len(sign) + 1 if sign else 0)
        if not text or text.startswith("#") or column <= depth:
            continue
        in_heredoc = "<<-EOT" in text
        _read(text, sign or "", column, stack)
    return set(root.marks())


def _read(text: str, sign: str, column: int, stack: list[_Node]) -> None:
    while stack[-1].depth > column:
        stack.pop()
    if text[0] in ")]}" and stack[-1].depth == column:
        # One value ends; another may take its place: `} -> [`.
        stack[-1].is_whole |= " -> " in text
        if text[-1] not in "({[":
            stack.pop()
        return
    while stack[-1].depth >= column:
        stack.pop()
    match = _KEY.match(text)
    step, rest = (_key(match[1]), match[2]) if match else (_LIST_STEP, text)
    if rest.startswith("(sensitive value)"):
        # The sign depends on the values, which nobody sees.
        sign = sign and HIDDEN
    is_container = rest[-1] in "({["
    is_whole = is_container and rest not in ("{", "[")
    node = _Node(column, (*stack[-1].path, step), sign, is_whole)
    stack[-1].children.append(node)
    if is_container:
        stack.append(node)


def _key(text: str) -> str:
    return str(json.loads(text)) if text.startswith('"') else text
