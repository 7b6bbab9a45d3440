"""Moving states from one backend to another, so that none is ever in no place."""

import json
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from attrs import frozen

from remote_backend.errors import RemoteBackendError, StateError
from remote_backend.state.file import StateFile
from remote_backend.state.state_locations import StateLocation

__all__ = ("MigrationPrompts", "MigrationResult", "Migration", "migrate")


class MigrationPrompts(Protocol):
    """Decides about the states to move."""

    async def may_copy(
        self, source: str, destination: str, overwritten: tuple[Path, Path] | None
    ) -> bool:
        """Say whether to copy a state; with the files of both when one would be overwritten."""


@frozen
class Migration:
    """One state to move."""

    source: StateLocation
    destination: StateLocation


@frozen
class MigrationResult:
    """What became of a step."""

    source: str
    destination: str
    result: str
    """`copied`, `already there`, or `left`."""


async def migrate(
    steps: Sequence[Migration], answers: MigrationPrompts
) -> AsyncIterator[MigrationResult]:
    """Copy each state that is not empty, see that it has arrived, and only then give it up.

    Gives each move as soon as it is done. Lineages stay, and serials where nothing is
    overwritten. Raises `StateError` that says what was moved before; another call goes on from
    there.
    """
    done: list[MigrationResult] = []
    for step in steps:
        try:
            moved = await _move(step, answers)
        except RemoteBackendError as error:
            before = "".join(f"\n  {one.source} -> {one.destination}" for one in done)
            told = f"; moved before that, and safe there:{before}" if before else ""
            raise StateError(
                f"{step.source} was not moved to {step.destination}: {error}{told}\n"
                "Nothing is lost; run init again to go on"
            ) from error
        if moved is not None:
            done.append(moved)
            yield moved


async def _move(step: Migration, answers: MigrationPrompts) -> MigrationResult | None:
    source, destination = step.source, step.destination
    state = await source.read()
    if state is None or state.is_empty:
        return None
    there = await destination.read()
    if there is not None and _same(state, there):
        await source.clear()
        return MigrationResult(str(source), str(destination), "already there")
    overwrites = there is not None and not there.is_empty
    if not await _is_wanted(step, state, there if overwrites else None, answers):
        return MigrationResult(str(source), str(destination), "left")
    # The first state that Terraform stores has serial 1.
    serial = max(state.serial, there.serial + 1 if there is not None else 1)
    if serial != state.serial:
        state = state.with_head(serial=serial)
    await destination.write(state, there)
    await source.clear()
    return MigrationResult(str(source), str(destination), "copied")


async def _is_wanted(
    step: Migration,
    state: StateFile,
    overwritten: StateFile | None,
    answers: MigrationPrompts,
) -> bool:
    names = (str(step.source), str(step.destination))
    if overwritten is None:
        return await answers.may_copy(*names, None)
    # Made for its owner alone, and gone after the answer.
    with tempfile.TemporaryDirectory(prefix="remote-backend-states-") as folder:
        files = (Path(folder, "1-source.tfstate"), Path(folder, "2-destination.tfstate"))
        files[0].write_bytes(state.data)
        files[1].write_bytes(overwritten.data)
        return await answers.may_copy(*names, files)


def _same(first: StateFile, second: StateFile) -> bool:
    return first.text == second.text or _content(first) == _content(second)


def _content(state: StateFile) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(state.text, parse_float=str, parse_int=str)
    for name in ("serial", "terraform_version"):
        content.pop(name, None)
    return content
