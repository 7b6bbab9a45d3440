"""Variables for a run, as HCL expressions: single values, and files of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from attrs import field, frozen

from remote_backend.config.configuration_files import read_configuration_files
from remote_backend.config.hcl import parse_hcl
from remote_backend.config.hcl_json import JsonFault, read_json_values
from remote_backend.config.hcl_operations import NotConstant, bool_of, number_of
from remote_backend.decoding import is_text, text_fault
from remote_backend.errors import RunOptionsError, VariableWithoutValue
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
    """One value or file that sets variables, in its place among the others."""

    kind: str
    """`var` for NAME=VALUE, or `var_file` for the name of a file."""

    text: str = field(repr=False)
    label: str = field(kw_only=True)
    """How errors call where it comes from, as the flag that gave it."""


def run_variables(
    sources: Sequence[VariableSource], directory: Path
) -> tuple[tuple[str, str], ...]:
    """Return names and HCL expressions; of two values for a name the later one wins.

    A single value is a text when the configuration declares the variable as a string, a
    number or a bool, without a type, or not at all, and else an expression, as in Terraform.
    Expressions are computed, and what is sent is their value. Files are relative to the
    directory. Raises `RunOptionsError`, which never shows a value.
    """
    types = _declared_types(directory) if any(s.kind == "var" for s in sources) else {}
    variables: dict[str, str] = {}
    for source in sources:
        if source.kind == "var":
            name, text = _split(source)
            where = f"{source.label} {name}=..."
            value = _converted(where, name, text, types.get(name, "string"))
            variables[name] = _written(where, value)
        else:
            variables.update(_from_file(directory / source.text, source))
    return tuple(variables.items())


def _split(source: VariableSource) -> tuple[str, str]:
    name, equals, value = source.text.partition("=")
    if not equals:
        raise VariableWithoutValue(
            f"{source.label} has a value without '='; write {source.label} 'NAME=VALUE'"
        )
    if not IDENTIFIER.fullmatch(name):
        raise RunOptionsError(
            f"{source.label}: {name!r} is not a name of a variable; write {source.label} "
            "'NAME=VALUE' without spaces before '='"
        )
    if not is_text(value):
        raise RunOptionsError(f"{source.label} {name}=...: the value is not UTF-8 text")
    return name, value


def _converted(where: str, name: str, text: str, declared: str) -> HclValue:
    """Return what a text means for a variable of a declared type."""
    if declared not in _CONVERSIONS:
        return _evaluated(where, name, text)
    convert, examples = _CONVERSIONS[declared]
    try:
        return convert(text)
    except NotConstant:
        raise RunOptionsError(
            f"{where}: the configuration declares {name} as a {declared}, so the value must be "
            f"one, like {examples}"
        ) from None


def _evaluated(where: str, name: str, text: str) -> HclValue:
    body = parse_hcl(_PROBE + text.encode("utf-8", "replace") + b"\n")
    probe = body.attributes[0] if len(body.attributes) == 1 else None
    if body.error_line is not None or body.has_blocks or probe is None or not probe.literal:
        raise RunOptionsError(
            f"{where}: the configuration declares {name} with a type other than "
            "string, number and bool, so the value must be an HCL expression without "
            'variables and functions, like [1, 2] or { a = "b" }'
        )
    return probe.literal.value


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
            sources = [
                attribute.source
                for attribute in block.attributes
                if attribute.name == "type"
            ]
            # An override that names no type leaves the type as it was.
            if sources and block.labels:
                types[block.labels[0]] = sources[-1].strip().strip('"')
    return types


def _from_file(path: Path, source: VariableSource) -> Mapping[str, str]:
    where = f"{source.label} {source.text}"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RunOptionsError(
            f"{where}: {path} cannot be read: {error.strerror}; give the file relative to the "
            "directory of the configuration"
        ) from None
    if (fault := text_fault(data)) is not None:
        raise RunOptionsError(f"{_at(where, fault.line)}: the file {fault.problem}")
    if source.text.endswith(".json"):
        return dict(_from_json(data, where))
    return dict(_from_hcl(data, where))


def _at(where: str, line: int | None) -> str:
    return where if line is None else f"{where}:{line}"


def _from_json(data: bytes, where: str) -> Iterator[tuple[str, str]]:
    values = read_json_values(data)
    if isinstance(values, JsonFault):
        raise RunOptionsError(
            f"{_at(where, values.line)}: it is not a JSON object; correct the file"
        )
    for name, value in values.items():
        if name == "//":
            continue
        if not IDENTIFIER.fullmatch(name):
            raise RunOptionsError(f"{where}: {name!r} is not a name of a variable")
        yield name, _written(f"{where}: {name}", value)


def _from_hcl(data: bytes, where: str) -> Iterator[tuple[str, str]]:
    body = parse_hcl(data)
    if body.is_json:
        raise RunOptionsError(
            f"{where}:1: it holds JSON; Terraform reads that only from a file whose name ends "
            "in .json, so rename it"
        )
    if body.error_line is not None:
        raise RunOptionsError(
            f"{where}:{body.error_line}: near this line the file cannot be read; correct the file"
        )
    if body.has_blocks:
        raise RunOptionsError(
            f"{where}: it holds blocks; only NAME = VALUE can stand there"
        )
    lines: dict[str, int | None] = {}
    for attribute in body.attributes:
        place = f"{where}:{attribute.line}: {attribute.name}"
        if attribute.name in lines:
            raise RunOptionsError(
                f"{place} is already set in line {lines[attribute.name]}; remove one of them"
            )
        if attribute.literal is None:
            raise RunOptionsError(
                f"{place} is not a constant; only values and operators, conditions (in "
                "parentheses), indexes and templates of values may be used here, and results "
                "must be exact"
            )
        lines[attribute.name] = attribute.line
        yield attribute.name, _written(place, attribute.literal.value)
