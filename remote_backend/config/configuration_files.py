"""The Terraform files of a directory, in the order in which Terraform reads them."""

import os
from collections.abc import Iterator
from pathlib import Path

from attrs import field, frozen

from remote_backend.config.hcl import (
    Block,
    Body,
    has_lone_returns,
    parse_each_opening,
    parse_hcl,
)
from remote_backend.config.hcl_json import JsonFault, parse_hcl_json
from remote_backend.decoding import text_fault
from remote_backend.errors import SettingsError

__all__ = (
    "TERRAFORM",
    "TERRAFORM_AND_OPENTOFU",
    "ConfigurationFile",
    "Fault",
    "read_configuration_files",
)

TERRAFORM = (".tf", ".tf.json")
TERRAFORM_AND_OPENTOFU = (*TERRAFORM, ".tofu", ".tofu.json")
_UNREADABLE = "could not be read in full; `terraform validate` says why"


@frozen
class Fault:
    """A fault because of which a file, or a part of it, could not be read."""

    line: int | None
    problem: str


@frozen(kw_only=True)
class ConfigurationFile:
    """One `.tf` or `.tf.json` file, read as far as it can be read."""

    path: str
    """Its name inside the directory, for messages."""

    is_override: bool = False
    body: Body = field(factory=Body, repr=False)
    fault: Fault | None = None
    source: bytes = field(default=b"", repr=False)

    @property
    def warning(self) -> str | None:
        """The fault of the file as one line of text, if it has one."""
        if self.fault is None:
            return None
        where = self.path if self.fault.line is None else f"{self.path}:{self.fault.line}"
        return f"{where} {self.fault.problem}"

    def read_again(self, kind: str) -> Iterator[Block]:
        """Read a file with a fault again from each line that opens a block of a type."""
        if self.fault is not None and not self.path.endswith(".json"):
            yield from parse_each_opening(self.source, kind)


def read_configuration_files(
    directory: Path, kinds: tuple[str, ...], suffixes: tuple[str, ...] = TERRAFORM
) -> tuple[ConfigurationFile, ...]:
    """Read the outermost blocks of some kinds in all files, override files after the others.

    Raises `SettingsError` when the directory or a file of it cannot be opened.
    """
    if not directory.is_dir():
        raise SettingsError(
            f"{os.path.abspath(directory)} is not a directory; give the directory of the configuration"
        )
    try:
        paths = [path for path in directory.iterdir() if _counts(path, suffixes)]
    except OSError as error:
        raise SettingsError(f"{directory} cannot be listed: {error.strerror}") from None
    paths.sort(key=lambda path: (_is_override(path), path.name))
    return tuple(_read(path, kinds) for path in paths)


def _counts(path: Path, suffixes: tuple[str, ...]) -> bool:
    name = path.name
    return name.endswith(suffixes) and not name.startswith(".") and path.is_file()


def _is_override(path: Path) -> bool:
    stem = path.name.removesuffix(".json").removesuffix(".tf")
    return stem == "override" or stem.endswith("_override")


def _read(path: Path, kinds: tuple[str, ...]) -> ConfigurationFile:
    try:
        source = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read: {error.strerror}; check its permissions"
        ) from None
    parsed = (
        parse_hcl_json(source, kinds)
        if path.name.endswith(".json")
        else parse_hcl(source, kinds)
    )
    return ConfigurationFile(
        path=path.name,
        is_override=_is_override(path),
        body=Body() if isinstance(parsed, JsonFault) else parsed,
        fault=_fault(path.name, parsed, source),
        source=source,
    )


def _fault(name: str, parsed: Body | JsonFault, source: bytes) -> Fault | None:
    if (unreadable := text_fault(source)) is not None:
        return Fault(unreadable.line, unreadable.problem)
    if isinstance(parsed, JsonFault):
        return Fault(parsed.line, _UNREADABLE)
    if name.endswith(".json"):
        return None
    if parsed.is_json:
        return Fault(
            1, f"holds JSON; Terraform reads that from {name}.json only, rename it"
        )
    if has_lone_returns(source):
        return Fault(
            None, "ends lines with a carriage return alone; Terraform refuses that"
        )
    return Fault(parsed.error_line, _UNREADABLE) if parsed.error_line is not None else None
