"""Settings that are given apart from a backend block, as Terraform takes them by a flag.

Terraform calls that partial configuration
(https://developer.hashicorp.com/terraform/language/backend#partial-configuration).
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve

from remote_backend.config.backend_record import BlockValues
from remote_backend.config.hcl import Attribute, Body, parse_hcl
from remote_backend.config.hcl_json import JsonFault, read_json_values
from remote_backend.decoding import is_text, text_fault
from remote_backend.errors import BadBackendBlock, SettingsError
from remote_backend.formats.hcl import HclValue, write_hcl

__all__ = ("merge_flags",)

_PLAIN = ("hostname", "organization", "token")
_WORKSPACES = ("name", "prefix")


def merge_flags(
    values: BlockValues, settings: Sequence[str], directory: Path, *, label: str
) -> BlockValues:
    """Return the arguments of a block with those of each setting; the last one wins.

    Each is KEY=VALUE or the name of a file, relative to the directory. `workspaces` may be a
    block or an attribute, and an object or a list of one. `label` is how errors call a setting,
    as the flag that gave it. Raises `SettingsError` or `BadBackendBlock` with file and line;
    values are never shown, because they may be secret.
    """
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not setting:
            continue
        if values.kind == "cloud":
            raise SettingsError(
                f"{label} is for backend blocks; a cloud block takes the variables "
                "TF_CLOUD_HOSTNAME, TF_CLOUD_ORGANIZATION and TF_CLOUD_PROJECT instead"
            )
        if not is_text(text):
            raise SettingsError(f"{label}={key}=...: the value is not UTF-8 text")
        if equals:
            value = _parsed(key, text, label)
            values = _with(values, f"{label}={key}=...", None, key.strip(), value)
        else:
            values = _with_file(values, directory / setting, setting, label)
    return values


def _parsed(key: str, text: str, label: str) -> Any:
    # Terraform 0.11 reads a value in quotes as an expression too.
    is_quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return text if key.strip() in _PLAIN and not is_quoted else _literal(text, label)


def _literal(text: str, label: str) -> Any:
    body = parse_hcl(f"value = {text}\n".encode())
    literal = body.attributes[0].literal if len(body.attributes) == 1 else None
    if literal is None or body.error_line is not None:
        raise SettingsError(
            f"{label} with = takes KEY=VALUE, where VALUE is a text, or for workspaces an "
            'object like {name="networking-dev"}'
        )
    return literal.value


def _with_file(values: BlockValues, path: Path, name: str, label: str) -> BlockValues:
    try:
        source = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"{label}={name} cannot be read: {error.strerror}; "
            "a value is given as KEY=VALUE"
        ) from None
    if (fault := text_fault(source)) is not None:
        raise BadBackendBlock(name, fault.line, f"the file {fault.problem}")
    if path.name.endswith(".json"):
        parsed = read_json_values(source)
        if isinstance(parsed, JsonFault):
            raise BadBackendBlock(name, parsed.line, "it is not a JSON object")
        for key, value in parsed.items():
            if key != "//":
                values = _with(values, name, None, key, value)
        return values
    body = parse_hcl(source, ("workspaces",))
    if body.is_json:
        raise BadBackendBlock(
            name, 1, f"it holds JSON; name it {name}.json, or write NAME = VALUE lines"
        )
    if body.error_line is not None:
        raise BadBackendBlock(name, body.error_line, "near this line it cannot be read")
    for attribute in body.attributes:
        values = _with(
            values,
            name,
            attribute.line,
            attribute.name,
            _attribute_value(name, attribute),
        )
    for block in body.blocks:
        inner = {
            attribute.name: _attribute_value(name, attribute)
            for attribute in block.attributes
        }
        values = _with(values, name, block.line, "workspaces", inner)
    return values if not _has_other_blocks(body) else _refuse(name, None, "a block")


def _has_other_blocks(body: Body) -> bool:
    return body.has_blocks and not body.blocks


def _attribute_value(where: str, attribute: Attribute) -> HclValue:
    if attribute.literal is None:
        raise BadBackendBlock(
            where, attribute.line, f"{attribute.name}: only values are allowed here"
        )
    return attribute.literal.value


def _with(
    values: BlockValues, where: str, line: int | None, name: str, value: Any
) -> BlockValues:
    if name in _PLAIN:
        return evolve(
            values, arguments={**values.arguments, name: _text(where, line, name, value)}
        )
    if name != "workspaces":
        return _refuse(where, line, name)
    if isinstance(value, tuple | list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, Mapping):
        raise BadBackendBlock(
            where, line, 'workspaces needs name = "..." or prefix = "..."'
        )
    for inner in value:
        if inner not in _WORKSPACES:
            return _refuse(where, line, f"workspaces.{inner}", _WORKSPACES)
    # As in Terraform, it takes the place of the whole block before it.
    texts = {inner: _text(where, line, inner, text) for inner, text in value.items()}
    return evolve(values, workspaces=texts)


def _text(where: str, line: int | None, name: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Mapping | tuple | list):
        raise BadBackendBlock(where, line, f"{name} must be a text")
    return write_hcl(value)


def _refuse(
    where: str, line: int | None, name: str, known: Iterable[str] = (*_PLAIN, "workspaces")
) -> BlockValues:
    raise BadBackendBlock(
        where, line, f"{name} is not known here; known are {', '.join(known)}"
    )
