"""The backend record `.terraform/terraform.tfstate`, which holds what `init` has configured."""

import json
import uuid
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

from remote_backend.atomic_files import write_atomically
from remote_backend.errors import BadBackendRecord, SettingsError
from remote_backend.formats.go_quoting import go_quote, html_safe

__all__ = (
    "BlockValues",
    "Record",
    "hash_modern",
    "hash_old",
    "read_record",
    "write_record",
)

_FORMAT = 3
_PLAIN = ("hostname", "organization", "token")
_WORKSPACES = {"remote": ("name", "prefix"), "cloud": ("name", "project", "tags")}
_FNV_BASIS, _FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3
_MASK = (1 << 64) - 1
_MODERN_VERSION = "1.11.4"


@frozen(kw_only=True)
class BlockValues:
    """The arguments of a backend or cloud block, as they are written; absent ones are left out."""

    kind: str
    """`remote` or `cloud`, or the name of a foreign backend."""

    arguments: Mapping[str, Any] = field(factory=dict, repr=False)
    workspaces: Mapping[str, Any] | None = None

    def agrees_with(self, other: "BlockValues") -> bool:
        """Return whether both mean the same; an argument without a value counts as absent."""
        return (
            self.kind == other.kind
            and _set(self.arguments) == _set(other.arguments)
            and _set(self.workspaces or {}) == _set(other.workspaces or {})
        )

    def changed_members(self, earlier: "BlockValues") -> tuple[str, ...]:
        """Return the members with another value than earlier, without those that are gone.

        Those may have been added by `init`, and stand in no block.
        """
        pairs = (
            ("", self.arguments, earlier.arguments),
            ("workspaces.", self.workspaces or {}, earlier.workspaces or {}),
        )
        return tuple(
            f"{start}{name}"
            for start, values, before in pairs
            for name, value in _set(values).items()
            if value != before.get(name)
        )


@frozen(kw_only=True)
class Record:
    """The content of a record."""

    values: BlockValues
    hash: int | None
    is_old: bool
    """Whether Terraform 0.11 has written it; later versions cannot read it, nor 0.11 theirs."""

    document: Mapping[str, Any] = field(repr=False)
    data: bytes = field(repr=False)

    def is_of(self, block: BlockValues) -> bool:
        """Return whether it was written for a block, with or without added settings."""
        right = hash_old(block) if self.is_old else hash_modern(block)
        return self.hash == right or self.values.agrees_with(block)


def read_record(path: Path) -> Record | None:
    """Return the record in a file; None where no backend is configured.

    Raises `SettingsError` that names the file and never shows what it holds.
    """
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None
    if not data.strip():
        return None
    document = _parse(path, data)
    backend = document.get("backend")
    if backend is None:
        return None
    kind = backend.get("type") if isinstance(backend, dict) else None
    config = backend.get("config") if isinstance(backend, dict) else None
    if not isinstance(kind, str) or not isinstance(config, dict | None):
        raise BadBackendRecord(str(path), "its backend has no type")
    workspaces = (config or {}).get("workspaces")
    is_old = isinstance(workspaces, list)
    if isinstance(workspaces, list):
        workspaces = workspaces[0] if len(workspaces) == 1 else None
    if not isinstance(workspaces, dict | None):
        raise BadBackendRecord(str(path), "its workspaces are not an object")
    arguments = {
        name: value for name, value in (config or {}).items() if name != "workspaces"
    }
    number = backend.get("hash")
    return Record(
        values=BlockValues(kind=kind, arguments=arguments, workspaces=workspaces),
        hash=number if isinstance(number, int) and not isinstance(number, bool) else None,
        is_old=is_old,
        document=document,
        data=data,
    )


def write_record(
    path: Path,
    merged: BlockValues | None,
    block: BlockValues | None,
    *,
    before: Record | None,
    terraform_version: str | None,
) -> None:
    """Write the record of a backend (None for no backend), in the style of the earlier record.

    `block` is the block of the configuration, for the hash; `merged` is that block with the
    settings that were added. A record with the same content is not written again.
    """
    if before is not None and before.is_old:
        text = _old_text(merged, block, before)
    else:
        text = _modern_text(merged, block, before, terraform_version)
    # A lone surrogate is kept as a JSON escape, because UTF-8 cannot encode it.
    data = text.encode(errors="backslashreplace")
    if before is not None and before.data == data:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A setting can put a token into it, so only the owner may read it.
        write_atomically(path, data)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from None


def hash_modern(block: BlockValues) -> int:
    """Return the hash that Terraform 0.12 and later put into a record."""
    return zlib.crc32(
        f"<{go_quote(block.kind)};{_encoded(_config(block))};>".encode(errors="replace")
    )


def hash_old(block: BlockValues) -> int:
    """Return the hash that Terraform 0.11 puts into a record."""
    return _old_hash({"type": block.kind, "config": _old_config(block)})


def _config(block: BlockValues) -> dict[str, Any]:
    if block.kind not in _WORKSPACES:
        return dict(block.arguments)
    config: dict[str, Any] = {name: block.arguments.get(name) for name in _PLAIN}
    config["workspaces"] = None
    if block.workspaces is not None:
        names = _WORKSPACES[block.kind]
        config["workspaces"] = {name: block.workspaces.get(name) for name in names}
    return config


def _old_config(block: BlockValues) -> dict[str, Any]:
    config: dict[str, Any] = _set(block.arguments)
    if block.workspaces is not None:
        config["workspaces"] = [_set(block.workspaces)]
    return config


def _encoded(value: Any) -> str:
    if value is None:
        return "~"
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, str):
        return go_quote(value)
    if isinstance(value, Mapping):
        return f"<{''.join(f'{_encoded(value[name])};' for name in sorted(value))}>"
    if isinstance(value, list | tuple):
        return f"<{''.join(f'{_encoded(element)};' for element in value)}>"
    return go_quote(str(value))


def _old_hash(value: Any) -> int:
    if value is None:
        return _fnv(b"\0")
    if isinstance(value, bool):
        return _fnv(bytes([value]))
    if isinstance(value, int):
        return _fnv(value.to_bytes(8, "little", signed=True))
    if isinstance(value, Mapping):
        total = 0
        for name, member in value.items():
            total ^= _pair(_old_hash(name), _old_hash(member))
        return total
    if isinstance(value, list | tuple):
        total = 0
        for element in value:
            total = _pair(total, _old_hash(element))
        return total
    return _fnv(str(value).encode(errors="replace"))


def _pair(first: int, second: int) -> int:
    return _fnv(first.to_bytes(8, "little") + second.to_bytes(8, "little"))


def _fnv(data: bytes) -> int:
    digest = _FNV_BASIS
    for byte in data:
        digest = (digest * _FNV_PRIME & _MASK) ^ byte
    return digest


def _modern_text(
    merged: BlockValues | None,
    block: BlockValues | None,
    before: Record | None,
    version: str | None,
) -> str:
    kept = before.document.get("terraform_version") if before is not None else None
    document: dict[str, Any] = {
        "version": _FORMAT,
        "terraform_version": kept or version or _MODERN_VERSION,
    }
    if merged is not None:
        document["backend"] = {
            "type": merged.kind,
            "config": _config(merged),
            "hash": hash_modern(block or merged),
        }
    return html_safe(json.dumps(document, indent=2, ensure_ascii=False))


def _old_text(merged: BlockValues | None, block: BlockValues | None, before: Record) -> str:
    serial = before.document.get("serial")
    document: dict[str, Any] = {"version": _FORMAT}
    if "terraform_version" in before.document:
        document["terraform_version"] = before.document["terraform_version"]
    document["serial"] = serial if isinstance(serial, int) else 0
    document["lineage"] = before.document.get("lineage") or str(uuid.uuid4())
    if merged is not None:
        document["backend"] = {
            "type": merged.kind,
            "config": _old_config(merged),
            "hash": hash_old(block or merged),
        }
    root = {"path": ["root"], "outputs": {}, "resources": {}, "depends_on": []}
    document["modules"] = before.document.get("modules") or [root]
    if document == dict(before.document):
        return before.data.decode()
    document["serial"] += 1
    return html_safe(json.dumps(document, indent=4, ensure_ascii=False)) + "\n"


def _set(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _parse(path: Path, data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise BadBackendRecord(str(path), "it is not a JSON object")
    if document.get("version") != _FORMAT:
        raise BadBackendRecord(str(path), f"its format is not {_FORMAT}")
    return document
