"""What the files of one module refer to: other modules of the repository, and files it reads."""

import os
from collections.abc import Iterator
from pathlib import Path

from attrs import field, frozen

from remote_backend.config.configuration_files import (
    TERRAFORM_AND_OPENTOFU,
    ConfigurationFile,
    read_configuration_files,
)
from remote_backend.config.hcl import Block
from remote_backend.config.hcl_paths import (
    PathReference,
    json_path_references,
    path_references,
)
from remote_backend.errors import SettingsError

__all__ = ("ModuleFiles", "read_module")

# https://developer.hashicorp.com/terraform/language/modules/sources#local-paths; Windows has
# the other two.
_LOCAL = ("./", "../", ".\\", "..\\")


@frozen(kw_only=True)
class ModuleFiles:
    """What the files of one directory refer to."""

    calls: tuple[tuple[str, str], ...] = ()
    """Paths of local modules, relative to the directory, and the file that calls each."""

    reads: tuple[tuple[str, PathReference], ...] = field(default=(), repr=False)
    """Files by the name of the file that reads them."""

    doubts: tuple[str, ...] = ()
    """Why not all calls may be known: `main.tf:3 could not be read in full`."""

    problem: str | None = None
    """Why the directory itself cannot be read."""


def read_module(directory: Path) -> ModuleFiles:
    """Read the files of a module; what cannot be read is named in the result."""
    try:
        files = read_configuration_files(directory, ("module",), TERRAFORM_AND_OPENTOFU)
    except SettingsError as error:
        return ModuleFiles(problem=str(error))
    doubts = [file.warning for file in files if file.warning is not None]
    calls = []
    for file in files:
        for block in file.body.blocks_of("module"):
            source = _source_of(block)
            if source is None:
                doubts.append(f"{_place(file, block)} calls a module by a computed source")
            elif source.startswith(_LOCAL) or os.path.isabs(source):
                calls.append((source.replace("\\", "/"), file.path))
    return ModuleFiles(
        calls=tuple(calls),
        reads=tuple((file.path, read) for file in files for read in _reads(file)),
        doubts=tuple(doubts),
    )


def _source_of(block: Block) -> str | None:
    """Return the source of a module, empty without one, None for one that has no literal."""
    for attribute in block.attributes:
        if attribute.name == "source":
            value = attribute.literal.value if attribute.literal is not None else None
            return value if isinstance(value, str) else None
    return ""


def _place(file: ConfigurationFile, block: Block) -> str:
    return file.path if block.line is None else f"{file.path}:{block.line}"


def _reads(file: ConfigurationFile) -> Iterator[PathReference]:
    if file.fault is not None:
        return  # the doubt about the file covers its paths
    if file.path.endswith(".json"):
        yield from json_path_references(file.source)
    else:
        yield from path_references(file.source)
