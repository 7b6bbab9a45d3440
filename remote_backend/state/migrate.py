"""Move states from one backend to another; at least one copy of each exists at every moment."""

import json
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from attrs import frozen

from remote_backend.errors import MigrationStopped, RemoteBackendError
from remote_backend.state.file import StateFile
from remote_backend.state.state_locations import StateLocation

__all__ = ("MigrationPrompts", "MigrationResult", "Migration", "migrate")


class MigrationPrompts(Protocol):
    """Decisions about the states to move."""

    async def may_copy(
        self, source: str, destination: str, overwritten: tuple[Path, Path] | None
    ) -> bool:
        """Return whether to copy a state; `overwritten` has the files of both, if one exists."""


@frozen
class Migration:
    """The source and destination of a state."""

    source: StateLocation
    destination: StateLocation


@frozen
class MigrationResult:
    """The result of a migration."""

    source: str
    destination: str
    result: str
    """`copied`, `already there`, or `left`."""


async def migrate(
    migrations: Sequence[Migration], prompts: MigrationPrompts
) -> AsyncIterator[MigrationResult]:
    """Copy each state that is not empty, confirm the copy, and only then clear the source.

    Yields each result at once. Lineages stay, and so do serials where nothing is overwritten.
    Raises `MigrationStopped` with the states that were moved before; another call continues there.
    """
    done: list[MigrationResult] = []
    for migration in migrations:
        try:
            result = await _move(migration, prompts)
        except RemoteBackendError as error:
            earlier = "".join(
                f"\n  {result.source} -> {result.destination}" for result in done
            )
            earlier_text = (
                f"; these were moved before and are safe:{earlier}" if earlier else ""
            )
            raise MigrationStopped(
                f"{migration.source} was not moved to {migration.destination}: {error.text}{earlier_text}\n"
                "Nothing is lost"
            ) from error
        if result is not None:
            done.append(result)
            yield result


async def _move(migration: Migration, prompts: MigrationPrompts) -> MigrationResult | None:
    source, destination = migration.source, migration.destination
    state = await source.read()
    if state is None or state.is_empty:
        return None
    existing = await destination.read()
    if existing is not None and _same(state, existing):
        await source.clear()
        return MigrationResult(str(source), str(destination), "already there")
    overwrites = existing is not None and not existing.is_empty
    if not await _is_wanted(migration, state, existing if overwrites else None, prompts):
        return MigrationResult(str(source), str(destination), "left")
    # The first state that Terraform stores has serial 1.
    serial = max(state.serial, existing.serial + 1 if existing is not None else 1)
    if serial != state.serial:
        state = state.with_head(serial=serial)
    await destination.write(state, existing)
    await source.clear()
    return MigrationResult(str(source), str(destination), "copied")


async def _is_wanted(
    migration: Migration,
    state: StateFile,
    overwritten: StateFile | None,
    prompts: MigrationPrompts,
) -> bool:
    names = (str(migration.source), str(migration.destination))
    if overwritten is None:
        return await prompts.may_copy(*names, None)
    # States hold secrets, so only the owner can read the files, and they are removed at once.
    with tempfile.TemporaryDirectory(prefix="remote-backend-states-") as folder:
        files = (Path(folder, "1-source.tfstate"), Path(folder, "2-destination.tfstate"))
        files[0].write_bytes(state.data)
        files[1].write_bytes(overwritten.data)
        return await prompts.may_copy(*names, files)


def _same(state: StateFile, other: StateFile) -> bool:
    return state.text == other.text or _content(state) == _content(other)


def _content(state: StateFile) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(state.text, parse_float=str, parse_int=str)
    for name in ("serial", "terraform_version"):
        content.pop(name, None)
    return content
