"""What the configuration of a workspace is made of: modules and providers from elsewhere."""

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from attrs import frozen

from remote_backend.config.configuration_files import (
    TERRAFORM_AND_OPENTOFU,
    read_configuration_files,
)
from remote_backend.config.hcl import Block, parse_hcl
from remote_backend.errors import SettingsError, SlugError
from remote_backend.slug.unpack import unpack
from remote_backend.temporary_folders import temporary_folder

__all__ = ("Component", "Components", "components_of")

_LOCK_FILE = ".terraform.lock.hcl"


@frozen(order=True)
class Component:
    """A module or a provider in one version."""

    source: str
    version: str = ""

    @property
    def name(self) -> str:
        """The name of a module or provider: `vpc` of `terraform-aws-modules/vpc/aws`."""
        path = self.source.partition("?")[0].rstrip("/").removesuffix(".git")
        parts = path.split("/")
        is_registry_module = "://" not in path and "::" not in path and len(parts) in (3, 4)
        is_provider = is_registry_module and "." in parts[0] and len(parts) == 3
        return parts[-2] if is_registry_module and not is_provider else parts[-1]


@frozen
class Components:
    """The components of one configuration."""

    modules: tuple[Component, ...] = ()
    providers: tuple[Component, ...] = ()


@lru_cache(maxsize=512)
def components_of(archive: Path, working_directory: str) -> Components:
    """Return what an archive is made of; nothing for one that cannot be unpacked.

    An archive of a configuration version never changes, so each is read once.
    """
    with temporary_folder("components-") as folder:
        root = Path(os.path.realpath(folder)) / "root"
        root.mkdir()
        try:
            unpack(archive, root)
        except (OSError, SlugError):
            return Components()
        directories = list(_directories(root, root / working_directory))
        modules = {each for found in directories for each in _modules(found)}
        providers = set(_providers(root / working_directory))
    return Components(tuple(sorted(modules)), tuple(sorted(providers)))


def _directories(root: Path, first: Path) -> Iterator[Path]:
    """Yield a directory and those of the local modules that it reaches."""
    waiting, seen = [first], {first}
    while waiting:
        directory = waiting.pop()
        yield directory
        for block in _blocks(directory):
            source = _text(block, "source")
            called = Path(os.path.realpath(directory / source))
            if source.startswith("."):
                if called not in seen and called.is_relative_to(root):
                    seen.add(called)
                    waiting.append(called)


def _modules(directory: Path) -> Iterator[Component]:
    for block in _blocks(directory):
        source = _text(block, "source")
        if source and not source.startswith("."):
            yield Component(source, _text(block, "version"))


def _providers(directory: Path) -> Iterator[Component]:
    try:
        locked = parse_hcl((directory / _LOCK_FILE).read_bytes(), ("provider",))
    except OSError:
        return
    for block in locked.blocks_of("provider"):
        yield Component("".join(block.labels), _text(block, "version"))


def _blocks(directory: Path) -> Iterator[Block]:
    try:
        files = read_configuration_files(directory, ("module",), TERRAFORM_AND_OPENTOFU)
    except SettingsError:
        return
    for file in files:
        yield from file.body.blocks_of("module")


def _text(block: Block, name: str) -> str:
    for attribute in block.attributes:
        if attribute.name == name and attribute.literal is not None:
            value = attribute.literal.value
            return value if isinstance(value, str) else ""
    return ""
