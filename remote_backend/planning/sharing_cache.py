"""Whether servers share configuration versions, as earlier batches have found out.

The answers are kept by host and organization in one small file. It is only an optimization: when
it cannot be read or written, the next batch finds out again.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from anyio import to_thread

from remote_backend.atomic_files import write_atomically
from remote_backend.structured_logging import Log

__all__ = ("SharingCache",)

log = Log()

_FILE = "sharing.json"
_MOST_BYTES = 1 << 20
_MOST_ANSWERS = 1000
# Servers are updated, and a single refusal may have had another cause.
_REFUSAL_SECONDS = 30 * 24 * 3600.0


class SharingCache:
    """The answer of one organization on one host, in a folder that batches have in common."""

    def __init__(
        self,
        folder: Path,
        hostname: str,
        organization: str,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = folder / _FILE
        self._key = f"{hostname}/{organization}"
        self._clock = clock

    async def recall(self) -> bool | None:
        """Return whether the server shares, or None; a refusal counts for thirty days."""
        return await to_thread.run_sync(self._recall)

    async def remember(self, works: bool) -> None:
        """Keep whether the server shares."""
        await to_thread.run_sync(self._remember, works)

    def _recall(self) -> bool | None:
        works, at = _answer(self._read().get(self._key))
        if works is False and self._clock() - at > _REFUSAL_SECONDS:
            return None
        return works

    def _remember(self, works: bool) -> None:
        answers = self._read()
        answers.pop(self._key, None)
        answers[self._key] = {"works": works, "at": self._clock()}
        newest = dict(list(answers.items())[-_MOST_ANSWERS:])
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_atomically(self._path, json.dumps(newest, indent=1).encode())
        except OSError as error:
            log.info("sharing.not_remembered", problem=error.strerror)

    def _read(self) -> dict[str, Any]:
        try:
            with self._path.open("rb") as file:
                answers = json.loads(file.read(_MOST_BYTES))
        except (OSError, ValueError, RecursionError):
            return {}
        return answers if isinstance(answers, dict) else {}


def _answer(entry: Any) -> tuple[bool | None, float]:
    if not isinstance(entry, dict):
        return None, 0.0
    works, at = entry.get("works"), entry.get("at")
    if not isinstance(works, bool) or not isinstance(at, int | float):
        return None, 0.0
    return works, at
