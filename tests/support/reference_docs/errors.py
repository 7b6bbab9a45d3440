"""The page with the texts of all errors, read from the places that make them.

Each call of a class of errors is found in the source. Its texts become templates: a part that is
computed stands as the name of what it is, in capitals, and each branch of a condition is a text of
its own. A class whose constructor puts its text together is made with these templates, and with
the names of its other parameters, so that the page has what the error says. What can be seen only
at run time, such as a text that is handed on, has no line of its own.
"""

import ast
import inspect
import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from typing import Any

from remote_backend import errors
from remote_backend.server.context import conflict, forbidden, not_found
from remote_backend.server.documents.request_documents import invalid, rejected
from remote_backend.server.query_parameters import bad_query
from tests.support.paths import REPOSITORY
from tests.support.reference_docs.markdown import cell, prose

__all__ = ("CLASSES", "error_texts", "errors_page")

CLASSES: dict[str, type[errors.RemoteBackendError]] = {
    name: kind
    for name in errors.__all__
    if inspect.isclass(kind := getattr(errors, name))
    and issubclass(kind, errors.RemoteBackendError)
}
"""Every class of error that is raised on purpose, by its name."""

_ERRORS = REPOSITORY / "remote_backend/errors"
_USAGE = "UsageError"
_API = frozenset(
    name for name, kind in CLASSES.items() if issubclass(kind, errors.ApiError)
)
# At least one word that is not a placeholder.
_SAYS_SOMETHING = re.compile(r"[a-z]{2}")
# What makes the errors of the server's responses.
_RESPONSES: dict[str, Callable[..., errors.ApiError]] = {
    function.__name__: function
    for function in (bad_query, conflict, forbidden, invalid, not_found, rejected)
}
_SERVER = """## Responses of the embedded server

What a client of `serve` reads as problems of an `ApiError`. A 500 is a bug of the server, whose cause is on its standard error.
"""
_HEAD = """# All error texts

Every text with which the package ends on purpose, by the class of its error; a word in capitals stands for
what the error names. The command line prints `Error: ` and the text, and often adds the flag or the command
that helps. [Troubleshooting](../troubleshooting.md) has causes and remedies. Unexpected errors are shown
with their class alone, since their texts can hold values.

This page is made from the code by `python -m tests.support.reference_docs`.
"""


def errors_page() -> str:
    """Return docs/reference/errors.md."""
    lines = [_HEAD]
    for name in (*CLASSES, _USAGE):
        if texts := error_texts().get(name):
            lines.append(f"## {name}\n")
            if name in CLASSES:
                lines.append(f"[Cause and remedy](../troubleshooting.md#{name.lower()}).\n")
            else:
                lines.append(
                    "A command line that makes no sense; only the command line raises it.\n"
                )
            lines += [f"- {prose(text)}" for text in sorted(texts)]
            lines.append("")
    lines += [_SERVER, "| status | problem |", "| --- | --- |"]
    lines += [
        f"| {status} | {cell(prose(text))} |" for status, text in sorted(server_texts())
    ]
    return "\n".join([*lines, ""])


@cache
def error_texts() -> dict[str, frozenset[str]]:
    """Return the texts of each class, with words in capitals for what they name."""
    texts: dict[str, set[str]] = {}
    for name, call in _calls():
        texts.setdefault(name, set()).update(
            filter(_SAYS_SOMETHING.search, _texts_of(name, call))
        )
    for name, kind in CLASSES.items():
        if not texts.get(name) and kind.__init__ is not errors.RemoteBackendError.__init__:
            texts[name] = {text_of_class(name, {})}
    return {name: frozenset(found) for name, found in texts.items()}


@cache
def server_texts() -> frozenset[tuple[int, str]]:
    """Return status and text of each error with which the embedded server responds."""
    texts: set[tuple[int, str]] = set()
    for path in sorted((REPOSITORY / "remote_backend/server").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or ast.unparse(node.func) not in _RESPONSES:
                continue
            for arguments in product(*map(_templates, node.args)):
                error = _RESPONSES[ast.unparse(node.func)](*arguments)
                texts |= {(error.status, problem) for problem in error.problems}
    return frozenset(item for item in texts if _SAYS_SOMETHING.search(item[1]))


def _calls() -> Iterator[tuple[str, ast.Call]]:
    """Give each place that makes an error, with the name of its class."""
    for path in sorted((REPOSITORY / "remote_backend").rglob("*.py")):
        if path.is_relative_to(_ERRORS) or "examples" in path.parts:
            continue
        is_server = "server" in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func).removeprefix("click.")
                # What a type of flags does with a value that it cannot read.
                name = _USAGE if name == "self.fail" else name
                # The server raises errors of the API for its own responses.
                if is_server and name in _API:
                    continue
                if name in CLASSES or name == _USAGE:
                    yield name, node


def _texts_of(name: str, call: ast.Call) -> Iterator[str]:
    parameters = (
        list(inspect.signature(CLASSES[name]).parameters)[: len(call.args)]
        if name in CLASSES
        else ["text"]
    )
    named = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    given = {**dict(zip(parameters, call.args, strict=False)), **named}
    if "text" in given:
        for text in _templates(given["text"]):
            for advice in _templates(given["advice"]) if "advice" in given else [""]:
                yield f"{text}; {advice}" if advice else text
        return
    for variant in _variants(given):
        yield text_of_class(name, variant)


def text_of_class(name: str, values: dict[str, Any]) -> str:
    """Return what an error says that is made with these values, and capitals for the others."""
    kind = CLASSES[name]
    arguments: dict[str, Any] = {}
    for parameter in inspect.signature(kind).parameters.values():
        is_tuple = "tuple" in str(parameter.annotation)
        is_required = parameter.default is inspect.Parameter.empty
        capitals: Any = parameter.name.upper()
        if parameter.name in values:
            arguments[parameter.name] = values[parameter.name]
        elif is_required:
            arguments[parameter.name] = (capitals,) if is_tuple else capitals
    return str(kind(**arguments)).replace(f"{os.getcwd()}{os.sep}", "")


def _variants(given: dict[str, ast.expr]) -> Iterator[dict[str, Any]]:
    """Give the values of each way in which the texts of a call can be put together."""
    texts = {name: list(_templates(node)) for name, node in given.items() if _is_text(node)}
    most = max(map(len, texts.values()), default=1)
    for number in range(most):
        yield {name: each[min(number, len(each) - 1)] for name, each in texts.items()}


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr | ast.IfExp | ast.BinOp) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _templates(node: ast.expr) -> Iterator[str]:
    """Give the texts that an expression can be, with capitals for its parts."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=body, orelse=other):
            yield from _templates(body)
            yield from _templates(other)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            for before in _templates(left):
                for after in _templates(right):
                    yield before + after
        case ast.JoinedStr(values=values):
            text = "".join(map(_part, values))
            # What may be empty stands close to the word before or behind it.
            text = re.sub(r"\x00[A-Z_]+\x00(?=[a-z])", "", text)
            text = re.sub(r"(?<=[A-Za-z\x00])(?:\x00[A-Z_]+\x00)+", "...", text)
            yield text.replace("\x00", "")
        case _:
            if capitals := _capitals(node):
                yield capitals


def _part(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.FormattedValue)
    capitals = _capitals(node.value)
    return f"\x00{capitals}\x00" if capitals else "..."


def _capitals(node: ast.expr) -> str:
    """Return the name of what an expression stands for, in capitals."""
    match node:
        case ast.Name(id=name):
            return name.strip("_").upper()
        case ast.Attribute(attr=name):
            return name.strip("_").upper()
        case ast.Constant(value=str(text)):
            return text
        case ast.Subscript(value=value):
            return _capitals(value)
        case ast.Call(func=ast.Name(id=name), args=[first, *_]):
            return _capitals(first)
        case ast.Call(func=ast.Attribute(value=value, attr="join")) if isinstance(
            value, ast.Constant
        ):
            return _capitals(node.args[0])
        case ast.Call(func=ast.Attribute(value=value)):
            return _capitals(value)
        case ast.BoolOp(values=[first, *_]):
            return _capitals(first)
        case ast.IfExp(body=body):
            return _capitals(body)
    return ""
