"""Variables of the command line, as HCL expressions for a run."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from attrs import field, frozen

from remote_backend.config.configuration_files import read_configuration_files
from remote_backend.config.hcl import Attribute, parse_hcl
from remote_backend.config.hcl_json import JsonFault, read_json_values
from remote_backend.errors import RunOptionsError
from remote_backend.models.hcl_text import write_hcl

__all__ = ("VariableSource", "run_variables")

_NAME = re.compile(r"[^\W\d][\w-]*")
_PROBE = b"value = "


@frozen
class VariableSource:
    """One option `-var` or `-var-file` of the command line, in its place."""

    kind: str
    """`var` or `var_file`."""

    text: str = field(repr=False)


def run_variables(
    sources: Sequence[VariableSource], directory: Path
) -> tuple[tuple[str, str], ...]:
    """Return names and HCL expressions; of two values for a name the later one wins.

    The value of `-var` is a text when the configuration declares the variable as a string,
    without a type, or not at all, and else an expression, as in Terraform. Files are
    relative to the directory. Raises `RunOptionsError`, which never shows a value.
    """
    is_text = _text_variables(directory) if any(s.kind == "var" for s in sources) else {}
    variables: dict[str, str] = {}
    for source in sources:
        if source.kind == "var":
            name, value = _split(source.text)
            variables[name] = (
                write_hcl(value) if is_text.get(name, True) else _expression(name, value)
            )
        else:
            variables.update(_from_file(directory / source.text, source.text))
    return tuple(variables.items())


def _split(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise RunOptionsError(
            "-var has a value without '='; write -var 'NAME=VALUE', or -var-file for a file"
        )
    if not _NAME.fullmatch(name):
        raise RunOptionsError(
            f"-var: {name!r} is no name of a variable; write -var 'NAME=VALUE' without spaces "
            "before '='"
        )
    return name, value


def _expression(name: str, value: str) -> str:
    body = parse_hcl(_PROBE + value.encode("utf-8", "replace") + b"\n")
    alone = body.attributes[0] if len(body.attributes) == 1 else None
    if body.error_line is not None or body.has_blocks or alone is None or not alone.literal:
        raise RunOptionsError(
            f"-var {name}=...: the configuration declares {name} with a type other than "
            "string, so the value must be a literal HCL expression, as 3, true, [1, 2] or "
            '{ a = "b" }'
        )
    return _source(alone)


def _source(attribute: Attribute) -> str:
    # A heredoc needs a line end after it, which an expression alone does not have.
    if "<<" in attribute.source and attribute.literal is not None:
        return write_hcl(attribute.literal.value)
    return attribute.source


def _text_variables(directory: Path) -> dict[str, bool]:
    """Tell of each declared variable whether the command line gives its value as a text."""
    found = {}
    for file in read_configuration_files(directory, ("variable",)):
        for block in file.body.blocks_of("variable"):
            types = [one.source for one in block.attributes if one.name == "type"]
            # An override that names no type leaves the type as it was.
            if types and block.labels:
                found[block.labels[0]] = types[-1].strip().strip('"') == "string"
    return found


def _from_file(path: Path, shown: str) -> Mapping[str, str]:
    try:
        source = path.read_bytes()
    except OSError as error:
        raise RunOptionsError(
            f"-var-file {shown}: {path} cannot be read: {error.strerror}; give the file "
            "relative to the directory of the configuration"
        ) from None
    values = _from_json if shown.endswith(".json") else _from_hcl
    return dict(values(source, shown))


def _from_json(source: bytes, shown: str) -> Iterator[tuple[str, str]]:
    values = read_json_values(source)
    if isinstance(values, JsonFault):
        where = shown if values.line is None else f"{shown}:{values.line}"
        raise RunOptionsError(f"-var-file {where}: it is no JSON object; correct the file")
    for name, value in values.items():
        if name == "//":
            continue
        if not _NAME.fullmatch(name):
            raise RunOptionsError(f"-var-file {shown}: {name!r} is no name of a variable")
        try:
            yield name, write_hcl(value)
        except RecursionError:
            raise RunOptionsError(
                f"-var-file {shown}: {name} is nested too deeply; simplify its value"
            ) from None


def _from_hcl(source: bytes, shown: str) -> Iterator[tuple[str, str]]:
    body = parse_hcl(source)
    if body.error_line is not None:
        raise RunOptionsError(
            f"-var-file {shown}:{body.error_line}: near this line the file cannot be read; "
            "correct the file"
        )
    if body.has_blocks:
        raise RunOptionsError(
            f"-var-file {shown}: it holds blocks; only NAME = VALUE can stand there"
        )
    lines: dict[str, int | None] = {}
    for attribute in body.attributes:
        where = f"-var-file {shown}:{attribute.line}: {attribute.name}"
        if attribute.name in lines:
            raise RunOptionsError(
                f"{where} is already set in line {lines[attribute.name]}; remove one of them"
            )
        if attribute.literal is None:
            raise RunOptionsError(
                f"{where} is no literal; variables and functions may not be used here"
            )
        lines[attribute.name] = attribute.line
        yield attribute.name, _source(attribute)
