"""What the source of a class or function says: attributes with their texts, and signatures."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any

from attrs import frozen

__all__ = ("Member", "members_of", "signature_of")

_WIDTH = 88
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@frozen(kw_only=True)
class Member:
    """An attribute, property or method of a class."""

    name: str
    type: str = ""
    default: str = ""
    text: str = ""
    signature: str = ""

    @property
    def is_method(self) -> bool:
        """Whether it is called."""
        return bool(self.signature)


def members_of(kind: type) -> Iterator[Member]:
    """Give the public members of a class that its own body, or its `__init__`, defines."""
    body = _parsed(kind).body
    for node, following in zip(body, [*body[1:], None], strict=True):
        text = _docstring_behind(following)
        match node:
            case ast.AnnAssign(
                target=ast.Name(id=name), annotation=annotation, value=value
            ):
                member = Member(
                    name=name,
                    type=_annotation(annotation),
                    default=_default(value),
                    text=text,
                )
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                member = Member(name=name, default=_source(value), text=text)
            case ast.FunctionDef(name="__init__"):
                yield from _assigned(node)
                continue
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                member = _function_member(node)
            case _:
                continue
        if not member.name.startswith("_"):
            yield member


def signature_of(function: Any, name: str) -> str:
    """Return how a function is called, with what awaits or enters it."""
    return _signature(_parsed(inspect.unwrap(function)), name)


def _parsed(thing: Any) -> Any:
    return ast.parse(textwrap.dedent(inspect.getsource(thing))).body[0]


def _function_member(node: _Function) -> Member:
    decorators = [ast.unparse(each) for each in node.decorator_list]
    text = ast.get_docstring(node) or ""
    if "property" in decorators:
        return Member(name=node.name, type=_annotation(node.returns), text=text)
    return Member(name=node.name, text=text, signature=_signature(node, node.name))


def _assigned(constructor: ast.FunctionDef) -> Iterator[Member]:
    types = {
        argument.arg: _annotation(argument.annotation)
        for argument in (*constructor.args.args, *constructor.args.kwonlyargs)
    }
    body = constructor.body
    for node, following in zip(body, [*body[1:], None], strict=True):
        match node:
            case ast.Assign(
                targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)], value=value
            ) if not name.startswith("_"):
                type = types.get(value.id, "") if isinstance(value, ast.Name) else ""
                yield Member(name=name, type=type, text=_docstring_behind(following))


def _signature(node: _Function, name: str) -> str:
    decorators = " ".join(ast.unparse(each) for each in node.decorator_list)
    returns = _annotation(node.returns)
    is_block = "async_block" in decorators or "contextmanager" in decorators
    is_generator = any(isinstance(part, ast.Yield) for part in ast.walk(node))
    before = ""
    if is_block:
        returns = returns.partition("[")[2].removesuffix("]")
        before = "async with " if isinstance(node, ast.AsyncFunctionDef) else "with "
    elif isinstance(node, ast.AsyncFunctionDef) and not is_generator:
        before = "await "
    arguments = _arguments(node.args)
    line = f"{before}{name}({', '.join(arguments)})"
    after = f" -> {returns}"
    if len(line + after) <= _WIDTH:
        return line + after
    lines = "".join(f"    {argument},\n" for argument in arguments)
    return f"{before}{name}(\n{lines}){after}"


def _arguments(arguments: ast.arguments) -> list[str]:
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + [*arguments.defaults]
    parts = [
        _argument(argument, default)
        for argument, default in zip(positional, defaults, strict=True)
        if argument.arg not in ("self", "cls")
    ]
    if arguments.kwonlyargs:
        parts.append("*")
        parts += map(_argument, arguments.kwonlyargs, arguments.kw_defaults)
    return parts


def _argument(argument: ast.arg, default: ast.expr | None) -> str:
    text = f"{argument.arg}: {_annotation(argument.annotation)}"
    return text if default is None else f"{text} = {_source(default)}"


def _docstring_behind(node: ast.stmt | None) -> str:
    match node:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return text
    return ""


def _default(value: ast.expr | None) -> str:
    if not isinstance(value, ast.Call) or _source(value.func) != "field":
        return _source(value)
    # The default of attrs: `field(default=...)` or `field(factory=...)`.
    given = {keyword.arg: _source(keyword.value) for keyword in value.keywords}
    return given.get("default") or (f"{given['factory']}()" if "factory" in given else "")


def _annotation(node: ast.expr | None) -> str:
    # Names of later classes are written as texts.
    return _source(node).strip("'")


def _source(node: ast.expr | None) -> str:
    return "" if node is None else ast.unparse(node)
