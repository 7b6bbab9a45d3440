"""What `-backend-config` adds to a backend block."""

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


def merge_flags(values: BlockValues, given: Sequence[str], directory: Path) -> BlockValues:
    """Return the arguments of a block with what each `-backend-config` says, the last one wins.

    Each is KEY=VALUE or the name of a file, relative to the directory. `workspaces` may be a
    block or an attribute, and an object or a list of one. Raises `SettingsError` or
    `BadBackendBlock` with file and line; values are never told, they may be secret.
    """
    for item in given:
        key, equals, text = item.partition("=")
        if not item:
            continue
        if values.kind == "cloud":
            raise SettingsError(
                "-backend-config is for backend blocks; a cloud block takes the variables "
                "TF_CLOUD_HOSTNAME, TF_CLOUD_ORGANIZATION and TF_CLOUD_PROJECT instead"
            )
        if not is_text(text):
            raise SettingsError(f"-backend-config={key}=...: the value is not UTF-8 text")
        if equals:
            values = _with(
                values, f"-backend-config={key}=...", None, key.strip(), _read(key, text)
            )
        else:
            values = _with_file(values, directory / item, item)
    return values


def _read(key: str, text: str) -> Any:
    if key.strip() in _PLAIN:
        # A value in quotes is one that Terraform 0.11 would read so too.
        quoted = len(text) > 1 and text[0] == text[-1] == '"'
        return _literal(text) if quoted else text
    return _literal(text)


def _literal(text: str) -> Any:
    body = parse_hcl(f"value = {text}\n".encode())
    literal = body.attributes[0].literal if len(body.attributes) == 1 else None
    if literal is None or body.error_line is not None:
        raise SettingsError(
            "a -backend-config with = is KEY=VALUE, where VALUE is a text, or for workspaces "
            'an object like {name="networking-dev"}'
        )
    return literal.value


def _with_file(values: BlockValues, path: Path, shown: str) -> BlockValues:
    try:
        source = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"-backend-config={shown} cannot be read: {error.strerror}; "
            "a value is given as KEY=VALUE"
        ) from None
    if (fault := text_fault(source)) is not None:
        raise BadBackendBlock(shown, fault.line, f"the file {fault.problem}")
    if path.name.endswith(".json"):
        parsed = read_json_values(source)
        if isinstance(parsed, JsonFault):
            raise BadBackendBlock(shown, parsed.line, "it is not a JSON object")
        for name, value in parsed.items():
            if name != "//":
                values = _with(values, shown, None, name, value)
        return values
    body = parse_hcl(source, ("workspaces",))
    if body.is_json:
        raise BadBackendBlock(
            shown, 1, f"it holds JSON; name it {shown}.json, or write NAME = VALUE lines"
        )
    if body.error_line is not None:
        raise BadBackendBlock(shown, body.error_line, "near this line it cannot be read")
    for attribute in body.attributes:
        values = _with(
            values,
            shown,
            attribute.line,
            attribute.name,
            _attribute_value(shown, attribute),
        )
    for block in body.blocks:
        inner = {one.name: _attribute_value(shown, one) for one in block.attributes}
        values = _with(values, shown, block.line, "workspaces", inner)
    return values if not _foreign(body) else _refuse(shown, None, "a block")


def _foreign(body: Body) -> bool:
    return body.has_blocks and not body.blocks


def _attribute_value(shown: str, attribute: Attribute) -> HclValue:
    if attribute.literal is None:
        raise BadBackendBlock(
            shown, attribute.line, f"{attribute.name}: only values may stand here"
        )
    return attribute.literal.value


def _with(
    values: BlockValues, shown: str, line: int | None, name: str, value: Any
) -> BlockValues:
    if name in _PLAIN:
        return evolve(
            values, arguments={**values.arguments, name: _text(shown, line, name, value)}
        )
    if name != "workspaces":
        return _refuse(shown, line, name)
    if isinstance(value, tuple | list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, Mapping):
        raise BadBackendBlock(
            shown, line, 'workspaces needs name = "..." or prefix = "..."'
        )
    for inner in value:
        if inner not in _WORKSPACES:
            return _refuse(shown, line, f"workspaces.{inner}", _WORKSPACES)
    # As in Terraform, it takes the place of the whole block before it.
    texts = {inner: _text(shown, line, inner, one) for inner, one in value.items()}
    return evolve(values, workspaces=texts)


def _text(shown: str, line: int | None, name: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Mapping | tuple | list):
        raise BadBackendBlock(shown, line, f"{name} must be a text")
    return write_hcl(value)


def _refuse(
    shown: str, line: int | None, name: str, known: Iterable[str] = (*_PLAIN, "workspaces")
) -> BlockValues:
    raise BadBackendBlock(
        shown, line, f"{name} is not known here; known are {', '.join(known)}"
    )
