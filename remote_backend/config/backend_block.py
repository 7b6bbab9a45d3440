"""The backend or cloud block of a configuration, with its overrides."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from remote_backend.config.backend_record import BlockValues, Record, read_record
from remote_backend.config.configuration_files import (
    read_configuration_files,
)
from remote_backend.config.hcl import Attribute, Block
from remote_backend.config.hcl_literals import Literal
from remote_backend.config.hostname import normalize_hostname
from remote_backend.config.located_block import LocatedBlock, chosen_block, no_block
from remote_backend.config.terraform_directory import record_path
from remote_backend.errors import (
    BackendChanged,
    BadBackendBlock,
    BadHostname,
    NoConfigurationFiles,
    SettingsError,
)
from remote_backend.formats.hcl import HclValue, write_hcl

__all__ = (
    "DEFAULT_HOSTNAME",
    "BackendBlock",
    "FoundBlock",
    "backend_of_record",
    "read_backend",
    "read_block",
)

DEFAULT_HOSTNAME = "app.terraform.io"
_ARGUMENTS = ("hostname", "organization", "token")
_WORKSPACES_ARGUMENTS = {"remote": ("name", "prefix"), "cloud": ("name", "tags", "project")}


@frozen(kw_only=True)
class BackendBlock:
    """The server and the workspaces of a configuration; name, prefix or tags is set."""

    kind: str
    """`remote` or `cloud`."""

    hostname: str
    """Normalized: in the form that is compared and put into addresses."""

    organization: str
    token: str | None = field(default=None, repr=False)
    name: str | None = None
    prefix: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    """Keys and values; values of plain tags are empty."""

    project: str | None = None
    path: str
    line: int | None = None
    values: BlockValues = field(
        factory=lambda: BlockValues(kind="remote"), repr=False, eq=False
    )
    """The arguments that it was made from, as `init` records them."""

    warnings: tuple[str, ...] = ()


@frozen
class FoundBlock:
    """A block with a valid form, before it is checked whether arguments are missing."""

    _located: LocatedBlock
    values: BlockValues
    warnings: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """The file and line of the block."""
        return self._located.where

    def backend(self, merged: BlockValues, environ: Mapping[str, str]) -> BackendBlock:
        """Return the backend of the block, with the settings that were added to it."""
        backend = _backend(self._located, merged, environ)
        # https://developer.hashicorp.com/terraform/cli/cloud/settings#project
        unused = (
            f"{backend.path}: the project {backend.project!r} is not used; workspaces of all "
            "projects are searched, and new ones are created in the default project"
        )
        warnings = (*self.warnings, unused) if backend.project else self.warnings
        return evolve(backend, values=merged, warnings=warnings)


def read_block(directory: Path) -> FoundBlock:
    """Find the backend "remote" block, or the cloud block, of the configuration in a directory.

    Raises `NoConfigurationFiles`, `NoBackendBlock`, `BadBackendBlock` with file and line, or
    `SettingsError` for what cannot be opened. Faults elsewhere in the files become warnings.
    """
    files = read_configuration_files(directory, ("terraform",))
    if not files:
        raise NoConfigurationFiles(str(directory))
    located = chosen_block(files)
    if located is None:
        raise no_block(directory, files)
    warnings = tuple(file.warning for file in files if file.warning is not None)
    return FoundBlock(located, _values(located), warnings)


def read_backend(directory: Path, environ: Mapping[str, str]) -> BackendBlock:
    """Return the backend of the configuration in a directory, as `init` has configured it.

    Where nothing was configured the block itself counts. Raises the errors of `read_block`,
    and `SettingsError` for a block that has changed since `init`.
    """
    block = read_block(directory)
    record = read_record(record_path(directory, environ))
    if record is None:
        return block.backend(block.values, environ)
    if not record.is_of(block.values):
        raise BackendChanged(block.where, block.values.changed_members(record.values))
    return block.backend(record.values, environ)


def backend_of_record(record: Record, directory: Path) -> BackendBlock:
    """Return the backend of a record, when the configuration names another one now."""
    path = directory / ".terraform"
    located = LocatedBlock(
        f"{path} (what was configured before)", Block(kind=record.values.kind)
    )
    return FoundBlock(located, record.values).backend(record.values, {})


def _values(located: LocatedBlock) -> BlockValues:
    """Return the arguments of a block as they are written; only their form is checked."""
    block = located.block
    if block.kind == "backend" and block.labels != ("remote",):
        raise located.fault(_other_backend(block.labels))
    if block.error_line is not None:
        raise located.fault(
            "near this line the block cannot be read; `terraform validate` says why",
            block.error_line,
        )
    arguments = _arguments(located, block, (*_ARGUMENTS, "workspaces"))
    blocks = _workspaces_blocks(located)
    if len(blocks) > 1:
        lines = f"; the first is in line {blocks[0].line}" if blocks[0].line else ""
        raise located.fault(f"there is a second workspaces block{lines}", blocks[1].line)
    workspaces = None
    if blocks:
        workspaces = _arguments(located, blocks[0], _WORKSPACES_ARGUMENTS[located.kind])
    return BlockValues(kind=located.kind, arguments=arguments, workspaces=workspaces)


def _backend(
    located: LocatedBlock, merged: BlockValues, environ: Mapping[str, str]
) -> BackendBlock:
    """Return the backend of a block with its additions; raise an error if it is incomplete."""
    arguments = merged.arguments
    modes = _workspaces(located, merged, environ)
    organization = arguments.get("organization") or _cloud(located, environ, "ORGANIZATION")
    if not organization:
        raise located.fault('organization is missing; add organization = "NAME"')
    return BackendBlock(
        kind=located.kind,
        hostname=_hostname(located, arguments.get("hostname"), environ),
        organization=organization,
        token=arguments.get("token") or None,
        path=located.path,
        line=located.block.line,
        **modes,
    )


def _other_backend(labels: tuple[str, ...]) -> str:
    if len(labels) != 1:
        return 'a backend has one type; write backend "remote" { ... }'
    return (
        f'this is the backend "{labels[0]}", which has no server that runs plans; '
        'only backend "remote" and cloud blocks can be used'
    )


def _cloud(located: LocatedBlock, environ: Mapping[str, str], name: str) -> str | None:
    # Terraform ignores these variables for a backend block.
    return environ.get(f"TF_CLOUD_{name}") if located.kind == "cloud" else None


def _hostname(
    located: LocatedBlock, argument: str | None, environ: Mapping[str, str]
) -> str:
    if argument:
        try:
            return normalize_hostname(argument)
        except BadHostname as error:
            raise located.fault(
                f"hostname: {error}", _line_of(located.block, "hostname")
            ) from None
    from_environ = _cloud(located, environ, "HOSTNAME")
    try:
        return normalize_hostname(from_environ or DEFAULT_HOSTNAME)
    except BadHostname as error:
        raise SettingsError(f"the variable TF_CLOUD_HOSTNAME: {error}") from None


def _line_of(block: Block, name: str) -> int | None:
    return next(
        (attribute.line for attribute in block.attributes if attribute.name == name), None
    )


def _workspaces(
    located: LocatedBlock, merged: BlockValues, environ: Mapping[str, str]
) -> dict[str, Any]:
    """Return name, prefix and tags (one of them is set), and the project."""
    values = merged.workspaces or {}
    chosen = [name for name in ("name", "prefix", "tags") if values.get(name)]
    if len(chosen) > 1:
        raise located.fault(
            f"workspaces has a {chosen[0]} and a {chosen[1]}; keep one of them".replace(
                "a tags", "tags"
            ),
            _workspaces_line(located),
        )
    # Without a name and tags, a cloud block takes the workspace from TF_WORKSPACE
    # (https://developer.hashicorp.com/terraform/cli/cloud/settings#environment-variables).
    from_environ = environ.get("TF_WORKSPACE") if located.kind == "cloud" else None
    if not chosen and not from_environ:
        raise _no_workspaces(located, merged)
    tags = values.get("tags") or ()
    pairs = tags.items() if isinstance(tags, Mapping) else [(tag, "") for tag in tags]
    return {
        "name": values.get("name") or (None if chosen else from_environ),
        "prefix": values.get("prefix") or None,
        "tags": tuple(sorted(pairs)),
        "project": values.get("project") or _cloud(located, environ, "PROJECT"),
    }


def _no_workspaces(located: LocatedBlock, merged: BlockValues) -> BadBackendBlock:
    expected = 'name = "..." or prefix = "..."'
    instead = ""
    if located.kind == "cloud":
        expected = 'name = "..." or tags = ["..."]'
        instead = ", or set TF_WORKSPACE=NAME"
    if merged.workspaces is None:
        return located.fault(
            f"workspaces is missing; add workspaces {{ {expected} }}{instead}"
        )
    return located.fault(f"workspaces needs {expected}{instead}", _workspaces_line(located))


def _workspaces_line(located: LocatedBlock) -> int | None:
    blocks = _workspaces_blocks(located)
    return blocks[0].line if blocks else located.block.line


def _workspaces_blocks(located: LocatedBlock) -> list[Block]:
    blocks = list(located.block.blocks_of("workspaces"))
    for attribute in located.block.attributes:
        if attribute.name == "workspaces":
            blocks.append(_block_of(located, attribute))
    return blocks


def _block_of(located: LocatedBlock, attribute: Attribute) -> Block:
    """Read `workspaces = { ... }`, the spelling that Terraform 0.11 knows, as a block."""
    value = _value(located, attribute)
    if isinstance(value, tuple) and len(value) == 1:
        value = value[0]
    if not isinstance(value, Mapping):
        raise located.fault(
            "workspaces is not a block with a name or a prefix", attribute.line
        )
    members = tuple(
        Attribute(name=name, line=attribute.line, source="", literal=Literal(member))
        for name, member in value.items()
    )
    return Block(kind="workspaces", line=attribute.line, attributes=members)


def _arguments(
    located: LocatedBlock, block: Block, allowed: Collection[str]
) -> dict[str, Any]:
    """Return the arguments of a block; raise an error for anything else in it."""
    for inner in block.blocks:
        if inner.kind not in allowed:
            raise located.fault(_unknown(inner.kind, allowed), inner.line)
    lines: dict[str, int | None] = {}
    values: dict[str, Any] = {}
    for attribute in block.attributes:
        if attribute.name not in allowed:
            raise located.fault(_unknown(attribute.name, allowed), attribute.line)
        if attribute.name in lines:
            first = lines[attribute.name]
            before = "before" if first is None else f"in line {first}"
            raise located.fault(f"{attribute.name} is already set {before}", attribute.line)
        lines[attribute.name] = attribute.line
        if attribute.name == "tags":
            values["tags"] = _tags(located, attribute)
        elif attribute.name != "workspaces":
            values[attribute.name] = _text(located, attribute)
    return values


def _tags(located: LocatedBlock, attribute: Attribute) -> Any:
    value = _value(located, attribute)
    if isinstance(value, tuple) and all(isinstance(tag, str) for tag in value):
        return sorted(set(value))
    if isinstance(value, Mapping) and all(isinstance(tag, str) for tag in value.values()):
        return dict(value)
    if value is None:
        return None
    raise located.fault('tags must be a list of texts, as ["networking"]', attribute.line)


def _unknown(name: str, allowed: Collection[str]) -> str:
    return f"{name} is not known here; known are {', '.join(allowed)}"


def _text(located: LocatedBlock, attribute: Attribute) -> str | None:
    value = _value(located, attribute)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Mapping | tuple):
        raise located.fault(
            f'{attribute.name} must be a text in quotes ("...")', attribute.line
        )
    return write_hcl(value)


def _value(located: LocatedBlock, attribute: Attribute) -> HclValue:
    if attribute.literal is None:
        raise located.fault(
            f"{attribute.name}: variables may not be used here, and neither may functions; "
            "write the value itself",
            attribute.line,
        )
    return attribute.literal.value
