"""The JSON plans of a batch as files, for scanners and policy tools.

A folder holds `WORKSPACE.json` or `WORKSPACE.redacted.json` for each plan, in a batch of several
configurations below the directory of each, and an `index.json` that names them. The name says which
form it is, because some tools find nothing in a redacted plan and report that all is well. Files of an earlier batch are removed before a new one begins, so that
nothing that lies there is older than the index.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import anyio
from anyio import to_thread
from attrs import asdict, frozen

from remote_backend.api.client import Client
from remote_backend.atomic_files import write_atomically
from remote_backend.errors import RunOptionsError
from remote_backend.formats.file_names import directory_name, encoded_first, file_name
from remote_backend.models.outcome import Outcome
from remote_backend.planning.plan_details import read_plan_document

__all__ = (
    "PlanFile",
    "file_name_of",
    "prepare_plan_folder",
    "with_format_version",
    "write_plan_files",
)

_INDEX = "index.json"
_IGNORE = ".gitignore"
_FOLDER_MODE = 0o700
# Each document can have megabytes, and all of it is in memory while it is written.
_AT_ONCE = 8


@frozen(kw_only=True)
class PlanFile:
    """The JSON plan of one workspace in a folder."""

    workspace: str
    configuration: str
    """The directory of its configuration in a batch of several; else empty."""

    remote_name: str
    run_id: str | None
    result: str
    file: str | None
    """Its path below the folder, with `/`; None where there is no plan."""

    form: str | None
    """`full` or `redacted`."""

    problem: str | None = None
    """Why a plan that there is has no file."""


def prepare_plan_folder(folder: Path) -> None:
    """Make the folder, or empty one that an earlier batch has written.

    Raises `RunOptionsError` where it holds anything else, or cannot be written.
    """
    try:
        folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        earlier_files = _files_of_earlier_batch(folder)
        # Not before it is known that the folder is for plans: it may be somebody's directory.
        folder.chmod(_FOLDER_MODE)
        for name in earlier_files:
            _remove(folder, name)
        write_atomically(folder / _IGNORE, b"*\n")
    except OSError as error:
        raise RunOptionsError(
            f"plan_json={folder} cannot be written: {error.strerror}; choose another folder",
            parameters=("plan_json",),
        ) from None


def _remove(folder: Path, name: str) -> None:
    """Remove a file, and the directories above it that are empty then."""
    path = folder / name
    path.unlink(missing_ok=True)
    for parent in path.parents:
        if parent == folder or any(parent.iterdir()):
            return
        parent.rmdir()


def _files_of_earlier_batch(folder: Path) -> list[str]:
    present = set(_files_below(folder)) - {_IGNORE}
    try:
        index = json.loads((folder / _INDEX).read_bytes())
        listed = {str(plan["file"]) for plan in index["plans"] if plan["file"]} | {_INDEX}
    except (FileNotFoundError, ValueError, LookupError, TypeError):
        listed = set()
    if others := sorted(present - listed):
        raise RunOptionsError(
            f"plan_json={folder} holds {others[0]!r}, which no batch has written; choose an "
            "empty folder",
            parameters=("plan_json",),
        )
    return sorted(present & listed)


def _files_below(folder: Path) -> Iterator[str]:
    """Yield the paths of all files, and of links, which lead to somebody else's."""
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_dir():
            yield path.relative_to(folder).as_posix()


async def write_plan_files(
    client_of: Callable[[str], Client],
    outcomes: Iterable[Outcome],
    folder: Path,
    *,
    batch_id: str = "",
    redacted_only: bool = False,
) -> tuple[PlanFile, ...]:
    """Write the JSON of each plan into a prepared folder, and the index of all.

    `client_of` returns what talks to the server of a workspace. The full form is used where the token may read it, unless `redacted_only`. Raises `OSError`.
    """
    outcomes = tuple(outcomes)
    files: dict[str, PlanFile] = {}
    gate = anyio.CapacityLimiter(_AT_ONCE)

    async def write(outcome: Outcome) -> None:
        async with gate:
            files[outcome.workspace] = await _write(
                client_of, outcome, folder, redacted_only=redacted_only
            )

    async with anyio.create_task_group() as group:
        for outcome in outcomes:
            group.start_soon(write, outcome)
    in_order = tuple(files[outcome.workspace] for outcome in outcomes)
    index = {"schema_version": "1", "batch": batch_id, "plans": list(map(_entry, in_order))}
    data = json.dumps(index, indent=2).encode() + b"\n"
    await to_thread.run_sync(write_atomically, folder / _INDEX, data)
    return in_order


def _entry(plan: PlanFile) -> dict[str, Any]:
    entry = asdict(plan)
    if not plan.configuration:
        del entry["configuration"]
    return entry


async def _write(
    client_of: Callable[[str], Client],
    outcome: Outcome,
    folder: Path,
    *,
    redacted_only: bool,
) -> PlanFile:
    def entry(
        file: str | None = None, form: str | None = None, problem: str | None = None
    ) -> PlanFile:
        return PlanFile(
            workspace=outcome.workspace,
            configuration=outcome.configuration,
            remote_name=outcome.full_name,
            run_id=outcome.run_id,
            result=outcome.result.value,
            file=file,
            form=form,
            problem=problem,
        )

    if not outcome.succeeded or outcome.plan_id is None:
        return entry()
    data, is_redacted = await read_plan_document(
        client_of(outcome.workspace), outcome.plan_id, redacted_only=redacted_only
    )
    if not data:
        return entry(problem="the server has no JSON of this plan for the token")
    written = await to_thread.run_sync(with_format_version, data)
    if written is None:
        return entry(problem="what the server sent is not a plan as JSON")
    name = file_name_of(
        outcome.local_name, is_redacted=is_redacted, configuration=outcome.configuration
    )
    await to_thread.run_sync(_write_below, folder, name, written)
    return entry(name, "redacted" if is_redacted else "full")


def _write_below(folder: Path, name: str, data: bytes) -> None:
    path = folder / name
    path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    write_atomically(path, data)


def file_name_of(workspace: str, *, is_redacted: bool, configuration: str = "") -> str:
    """Return the path of the file of a workspace; odd characters are percent-encoded."""
    name = file_name(workspace)
    if name == "index":
        # The index has a name of its own.
        name = encoded_first(name)
    file = f"{name}.redacted.json" if is_redacted else f"{name}.json"
    return f"{directory_name(configuration, '.json')}{file}"


def with_format_version(data: bytes) -> bytes | None:
    """Return a plan with `format_version`, by which tools recognize one; None for other JSON.

    The redacted form of HCP Terraform has `plan_format_version` in its place. The rest stays as it
    is, byte for byte.
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    version = document.get("format_version", document.get("plan_format_version"))
    if not isinstance(version, str):
        return None
    if "format_version" in document:
        return data
    member = f'{{"format_version":{json.dumps(version)},'.encode()
    return data.lstrip().replace(b"{", member, 1)
