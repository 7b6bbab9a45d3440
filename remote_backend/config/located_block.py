"""Where the backend or cloud block of a configuration is, among its files and their overrides."""

from collections.abc import Iterable
from pathlib import Path

from attrs import frozen

from remote_backend.config.configuration_files import ConfigurationFile
from remote_backend.config.hcl import Block
from remote_backend.errors import BadBackendBlock, NoBackendBlock, SettingsError

__all__ = ("LocatedBlock", "chosen_block", "no_block")


@frozen
class LocatedBlock:
    """A backend or cloud block and the file that holds it."""

    path: str
    block: Block

    @property
    def kind(self) -> str:
        """The kind of backend: `remote` or `cloud`."""
        return "cloud" if self.block.kind == "cloud" else "remote"

    @property
    def where(self) -> str:
        """The file and line of the block."""
        return self.path if self.block.line is None else f"{self.path}:{self.block.line}"

    def fault(self, problem: str, line: int | None = None) -> BadBackendBlock:
        """Make an error about this block; in JSON, which has no lines, it names the keys."""
        if self.block.line is None:
            problem = (
                f"{'.'.join(('terraform', self.block.kind, *self.block.labels))}: {problem}"
            )
        return BadBackendBlock(self.path, line or self.block.line, problem)


def no_block(directory: Path, files: Iterable[ConfigurationFile]) -> SettingsError:
    """Return the error about files without a block; one that cannot be read may hold it."""
    for file in files:
        if file.fault is not None:
            problem = f"no backend block was found, but the file {file.fault.problem}"
            return BadBackendBlock(file.path, file.fault.line, problem)
    return NoBackendBlock(str(directory))


def chosen_block(files: Iterable[ConfigurationFile]) -> LocatedBlock | None:
    """Return the effective block: an override replaces the whole block, and the last one wins.

    None where no file has one. Raises `BadBackendBlock` for a second block.
    """
    chosen: LocatedBlock | None = None
    for file in files:
        for index, located in enumerate(_blocks_in(file)):
            if chosen is not None and (index or not file.is_override):
                raise _second(chosen, located)
            chosen = located
    return chosen


def _second(first: LocatedBlock, second: LocatedBlock) -> BadBackendBlock:
    return second.fault(
        f"this is a second {second.block.kind} block, the {first.block.kind} block at "
        f"{first.where} is the first; keep one of them"
    )


def _blocks_in(file: ConfigurationFile) -> list[LocatedBlock]:
    blocks = _backends(file.body.blocks)
    if not blocks or any(block.error_line is not None for block in blocks):
        # The fault that hides or breaks the block may be before it.
        blocks = _backends(file.read_again("terraform")) or blocks
    return [LocatedBlock(file.path, block) for block in blocks]


def _backends(outermost: Iterable[Block]) -> list[Block]:
    return [
        inner
        for block in outermost
        if block.kind == "terraform"
        for inner in block.blocks
        if inner.kind in ("backend", "cloud")
    ]
