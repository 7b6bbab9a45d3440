"""Journals of batches, as processes leave them that were killed."""

import json
from collections.abc import Sequence
from pathlib import Path

__all__ = ("forget_records",)


def forget_records(folder: Path, kinds: Sequence[str], workspace: str = "") -> None:
    """Remove records of some kinds from the only journal below a folder.

    They are those of one workspace, or of all; then the batch can be resumed.
    """
    [journal] = folder.glob("**/*.journal")
    lines = journal.read_text().splitlines(keepends=True)
    kept = [
        line
        for line in lines
        if (record := json.loads(line))["kind"] not in kinds
        or workspace not in ("", record.get("workspace"))
    ]
    assert len(kept) < len(lines)
    journal.write_text("".join(kept))
