"""Configuration that plans have generated for import blocks, as files like those of Terraform."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from remote_backend.atomic_files import write_atomically
from remote_backend.errors import RunOptionsError
from remote_backend.formats.file_names import directory_name, file_name
from remote_backend.models.changes import PlannedChanges
from remote_backend.models.outcome import Outcome

__all__ = ("generated_config_path", "write_generated_config")

_HEAD = (
    "# __generated__ by Terraform\n"
    "# Please review these resources and move them into your main configuration files.\n"
)


def generated_config_path(flags: Mapping[str, Any], *, is_batch: bool) -> Path | None:
    """Return where to write; raise `RunOptionsError` for what would be overwritten.

    Terraform refuses a file that exists, too.
    """
    if flags["generate_config_out"] is None:
        return None
    path = Path(flags["generate_config_out"])
    problem = ""
    if is_batch and path.exists() and (not path.is_dir() or any(path.iterdir())):
        problem = "is not an empty directory"
    elif not is_batch and path.exists():
        problem = "exists already"
    if problem:
        raise RunOptionsError(f"-generate-config-out={path} {problem}; name a new one")
    return path


def write_generated_config(
    outcomes: Iterable[Outcome], path: Path, *, is_batch: bool
) -> tuple[Path, ...]:
    """Write a file, or one for each workspace that has any; return their names.

    In a batch of several configurations they lie below the directories of these.
    """
    files = {
        path / _name_of(outcome) if is_batch else path: text
        for outcome in outcomes
        if (text := _text_of(outcome))
    }
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, text.encode("utf-8", "replace"))
    return tuple(files)


def _name_of(outcome: Outcome) -> str:
    directory = directory_name(outcome.configuration, ".tf")
    return f"{directory}{file_name(outcome.local_name)}.tf"


def _text_of(outcome: Outcome) -> str:
    comparison = outcome.comparison
    plan = outcome.changes if comparison is None else comparison.plan
    blocks = [*_blocks(plan)] if plan is not None else []
    return "\n".join((_HEAD, *blocks)) if blocks else ""


def _blocks(plan: PlannedChanges) -> Iterator[str]:
    for change in plan.resources:
        if change.generated_config:
            source = f' from "{change.imported_id}"' if change.imported_id else ""
            comment = " ".join(f"# __generated__ by Terraform{source}".split())
            yield f"{comment}\n{change.generated_config.rstrip()}\n"
