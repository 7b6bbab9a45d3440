"""Paths of files that expressions of a configuration name.

Two forms count, wherever they stand: the first argument of a function that reads files, and a
template with `path.module`, `path.root` or `path.cwd`, as arguments such as `source_dir` have it.
A path is known up to the first part that depends on a value; from there on everything below the
last directory is meant. Errors here may only name too much.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from attrs import frozen
from tree_sitter import Language, Node, Parser, Query, QueryCursor
from tree_sitter_hcl import language

from remote_backend.config.hcl_literals import unescaped
from remote_backend.config.hcl_operations import NotConstant

__all__ = ("PathReference", "json_path_references", "path_references")

_LANGUAGE = Language(language())
_QUERY = Query(
    _LANGUAGE,
    "(function_call (identifier) @name (function_arguments . (expression) @argument) @arguments)"
    " (quoted_template) @template (heredoc_template) @template",
)
# https://developer.hashicorp.com/terraform/language/functions, "Filesystem Functions"
_READERS = frozenset(
    {
        "file",
        "filebase64",
        "filebase64sha256",
        "filebase64sha512",
        "fileexists",
        "filemd5",
        "fileset",
        "filesha1",
        "filesha256",
        "filesha512",
        "templatefile",
    }
)
_BARE = re.compile(r"path\.(module|root|cwd)\Z")
_ANCHOR = re.compile(r"\$\{\s*path\.(module|root|cwd)\s*\}")
_VARIABLE_PART = re.compile(r"(?<![$%])[$%]\{|\s")


@frozen
class PathReference:
    """A path that a file names, or None where it depends on values."""

    line: int | None
    in_module: bool
    """Whether it is relative to the module, and not to the configuration that is planned."""

    path: str | None


def path_references(source: bytes) -> Iterator[PathReference]:
    """Yield the paths that a file of HCL names; the file must be free of faults."""
    root = Parser(_LANGUAGE).parse(source).root_node
    for _, captures in QueryCursor(_QUERY).matches(root):
        for template in captures.get("template", ()):
            yield from _anchored(_text(template), _line(template))
        if captures.get("name") and _text(captures["name"][0]) in _READERS:
            argument = captures["argument"][0]
            yield from _argument(_text(argument), _line(argument))
            if _text(captures["name"][0]) == "fileset" and ".." in _pattern(captures):
                yield PathReference(_line(argument), False, None)


def json_path_references(source: bytes) -> Iterator[PathReference]:
    """Yield the paths that the strings of a file of JSON name; the file must be valid."""
    for text in _strings(json.loads(source.decode("utf-8-sig"))):
        if "${" in text:
            # In a heredoc quotes outside of interpolations mean themselves, as in JSON.
            document = f"x = <<END_OF_TEXT\n{text}\nEND_OF_TEXT\n"
            for reference in path_references(document.encode()):
                yield PathReference(None, reference.in_module, reference.path)


def _pattern(captures: dict[str, list[Node]]) -> str:
    """Return the pattern of `fileset`, which may lead out of its directory."""
    return _text(captures["arguments"][0]).removeprefix(_text(captures["argument"][0]))


def _argument(text: str, line: int) -> Iterator[PathReference]:
    """Yield the path of the argument of a function, unless its template is seen anyway."""
    if bare := _BARE.match(text):
        yield PathReference(line, bare[1] == "module", "")
    elif not text.startswith('"'):
        yield PathReference(line, False, None)
    elif not _ANCHOR.match(text[1:]):
        yield PathReference(line, False, _plain_path(text[1:-1]))


def _anchored(text: str, line: int) -> Iterator[PathReference]:
    for match in _ANCHOR.finditer(text):
        path = _known_part(text[match.end() :].partition('"')[0])
        yield PathReference(line, match[1] == "module", path.lstrip("/"))


def _plain_path(text: str) -> str | None:
    try:
        return _known_part(unescaped(text)) or None
    except NotConstant:
        return None


def _known_part(text: str) -> str:
    """Return a path up to the last directory before its first part that depends on a value."""
    end = _VARIABLE_PART.search(text)
    return text if end is None else text[: text.rfind("/", 0, end.start()) + 1]


def _strings(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, str):
            yield current
        elif isinstance(current, dict):
            waiting.extend(current.values())
        elif isinstance(current, list):
            waiting.extend(current)


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _line(node: Node) -> int:
    return node.start_point.row + 1
