"""Variables of the command line, as HCL expressions for a run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from attrs import field, frozen

from remote_backend.config.configuration_files import read_configuration_files
from remote_backend.config.hcl import parse_hcl
from remote_backend.config.hcl_json import JsonFault, read_json_values
from remote_backend.config.hcl_operations import NotConstant, bool_of, number_of
from remote_backend.decoding import is_text, text_fault
from remote_backend.errors import RunOptionsError
from remote_backend.formats.hcl import IDENTIFIER, HclValue, write_hcl

__all__ = ("VariableSource", "run_variables")

_PROBE = b"value = "
# Terraform takes values of simple types as texts, and converts them.
_CONVERSIONS: Mapping[str, tuple[Callable[[str], HclValue], str]] = {
    "string": (str, "any text"),
    "number": (number_of, "3, -0.5 or 1e6"),
    "bool": (bool_of, "true or false"),
}


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

    The value of `-var` is a text when the configuration declares the variable as a string, a
    number or a bool, without a type, or not at all, and else an expression, as in Terraform.
    Expressions are computed, and what is sent is their value. Files are relative to the
    directory. Raises `RunOptionsError`, which never shows a value.
    """
    types = _declared_types(directory) if any(s.kind == "var" for s in sources) else {}
    variables: dict[str, str] = {}
    for source in sources:
        if source.kind == "var":
            name, text = _split(source.text)
            value = _converted(name, text, types.get(name, "string"))
            variables[name] = _written(f"-var {name}=...", value)
        else:
            variables.update(_from_file(directory / source.text, source.text))
    return tuple(variables.items())


def _split(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise RunOptionsError(
            "-var has a value without '='; write -var 'NAME=VALUE', or -var-file for a file"
        )
    if not IDENTIFIER.fullmatch(name):
        raise RunOptionsError(
            f"-var: {name!r} is not a name of a variable; write -var 'NAME=VALUE' without spaces "
            "before '='"
        )
    if not is_text(value):
        raise RunOptionsError(f"-var {name}=...: the value is not UTF-8 text")
    return name, value


def _converted(name: str, text: str, declared: str) -> HclValue:
    """Return what a text of the command line means for a variable of a type."""
    if declared not in _CONVERSIONS:
        return _evaluated(name, text)
    convert, examples = _CONVERSIONS[declared]
    try:
        return convert(text)
    except NotConstant:
        raise RunOptionsError(
            f"-var {name}=...: the configuration declares {name} as a {declared}, so the value "
            f"must be one, like {examples}"
        ) from None


def _evaluated(name: str, text: str) -> HclValue:
    body = parse_hcl(_PROBE + text.encode("utf-8", "replace") + b"\n")
    alone = body.attributes[0] if len(body.attributes) == 1 else None
    if body.error_line is not None or body.has_blocks or alone is None or not alone.literal:
        raise RunOptionsError(
            f"-var {name}=...: the configuration declares {name} with a type other than "
            "string, number and bool, so the value must be an HCL expression without "
            'variables and functions, like [1, 2] or { a = "b" }'
        )
    return alone.literal.value


def _written(where: str, value: HclValue) -> str:
    try:
        return write_hcl(value)
    except RecursionError:
        raise RunOptionsError(
            f"{where}: the value is nested too deeply; simplify it"
        ) from None


def _declared_types(directory: Path) -> dict[str, str]:
    """Return the types of all variables whose declarations have one."""
    types = {}
    for file in read_configuration_files(directory, ("variable",)):
        for block in file.body.blocks_of("variable"):
            sources = [one.source for one in block.attributes if one.name == "type"]
            # An override that names no type leaves the type as it was.
            if sources and block.labels:
                types[block.labels[0]] = sources[-1].strip().strip('"')
    return types


def _from_file(path: Path, shown: str) -> Mapping[str, str]:
    try:
        source = path.read_bytes()
    except OSError as error:
        raise RunOptionsError(
            f"-var-file {shown}: {path} cannot be read: {error.strerror}; give the file "
            "relative to the directory of the configuration"
        ) from None
    if (fault := text_fault(source)) is not None:
        where = shown if fault.line is None else f"{shown}:{fault.line}"
        raise RunOptionsError(f"-var-file {where}: the file {fault.problem}")
    values = _from_json if shown.endswith(".json") else _from_hcl
    return dict(values(source, shown))


def _from_json(source: bytes, shown: str) -> Iterator[tuple[str, str]]:
    values = read_json_values(source)
    if isinstance(values, JsonFault):
        where = shown if values.line is None else f"{shown}:{values.line}"
        raise RunOptionsError(
            f"-var-file {where}: it is not a JSON object; correct the file"
        )
    for name, value in values.items():
        if name == "//":
            continue
        if not IDENTIFIER.fullmatch(name):
            raise RunOptionsError(
                f"-var-file {shown}: {name!r} is not a name of a variable"
            )
        yield name, _written(f"-var-file {shown}: {name}", value)


def _from_hcl(source: bytes, shown: str) -> Iterator[tuple[str, str]]:
    body = parse_hcl(source)
    if body.is_json:
        raise RunOptionsError(
            f"-var-file {shown}:1: it holds JSON; Terraform reads that from a file with the "
            f"name {shown}.json, so rename it"
        )
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
                f"{where} is not a constant; only values and operators, conditions (in "
                "parentheses), indexes and templates of values may be used here, and results "
                "must be exact"
            )
        lines[attribute.name] = attribute.line
        yield attribute.name, _written(where, attribute.literal.value)
