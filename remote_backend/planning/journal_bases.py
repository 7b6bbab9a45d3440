"""What the plans of a batch are compared with, in its journal: a resumed batch has the same base.

Of a git reference the commit is recorded, because a branch can move on. Stored plans are recorded by the
file that they were read from, which is read again.
"""

from pathlib import Path
from typing import Any

from remote_backend.models.comparison import ComparedWith
from remote_backend.planning.base_choice import (
    BaseChoice,
    ReferenceBase,
    VersionBase,
)

__all__ = ("dump_base", "load_base", "load_base_file")


def dump_base(choice: BaseChoice, compared_with: ComparedWith) -> dict[str, Any]:
    """Return the base of a batch as JSON."""
    if isinstance(choice, ReferenceBase):
        # Several repositories have several commits.
        return {"reference": compared_with.commit or choice.reference}
    if isinstance(choice, VersionBase):
        return {"version": choice.version}
    return {"file": str(choice.file.absolute()) if choice.file is not None else None}


def load_base(record: Any) -> BaseChoice | None:
    """Return the base that a second run plans; None for stored plans, and in older journals."""
    if not isinstance(record, dict):
        return None
    for member, kind in (("reference", ReferenceBase), ("version", VersionBase)):
        value = record.get(member)
        if member in record and isinstance(value, str | None):
            return kind(value)
    return None


def load_base_file(record: Any) -> Path | None:
    """Return the file of the stored plans; None for another base."""
    file = record.get("file") if isinstance(record, dict) else None
    return Path(file) if isinstance(file, str) else None
