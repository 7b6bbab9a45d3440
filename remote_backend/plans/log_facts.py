"""Facts that servers may omit but logs contain: numbers of a plan, and why it was cut off."""

import re

from remote_backend.formats.ansi import SGR
from remote_backend.models.plan import Counts

__all__ = ("LogFacts",)

_COLOR = f"(?:{SGR.pattern})*".encode()
# Only at the beginning of a line, where no value of a configuration is printed, or as the
# message of a structured log.
_COUNTS = re.compile(
    rb'(?:^|"@message":")' + _COLOR + b"Plan:" + _COLOR + b" "
    rb"(?:(\d{1,9}) to import, )?(\d{1,9}) to add, (\d{1,9}) to change, (\d{1,9}) to destroy",
    re.MULTILINE,
)
# The end of a log in Terraform Enterprise after a timeout: support.hashicorp.com, article 360059831653.
_TIMED_OUT = re.compile(
    rb"This \w+ has timed out and will now terminate!(?:.{0,80}?enforces an? (\w+) maximum)?",
    re.DOTALL,
)
_KILLED = re.compile(rb"^Killed\s*\Z|signal: killed\)?\"?\s*\Z", re.MULTILINE)
_END_BYTES = 4096


class LogFacts:
    """Collects facts from a log as it arrives; keeps its last 4 KiB only."""

    def __init__(self) -> None:
        self.counts: Counts | None = None
        """The numbers of the last line `Plan: 2 to add, ...`."""

        self._end = b""

    def feed(self, data: bytes) -> None:
        """Read the next chunk of the log."""
        # A line can be split over two chunks.
        window = self._end + data
        if b"Plan:" in window:
            for match in _COUNTS.finditer(window):
                imported, add, change, destroy = (
                    int(number or 0) for number in match.groups()
                )
                self.counts = Counts(add, change, destroy, imported)
        self._end = window[-_END_BYTES:]

    @property
    def interruption(self) -> str | None:
        """Why the plan was cut off from outside; None if the log does not say so."""
        if match := _TIMED_OUT.search(self._end):
            limit = match[1].decode() if match[1] else None
            return "its plan timed out" + (f" (the limit is {limit})" if limit else "")
        if _KILLED.search(self._end):
            return (
                "its plan was killed, most often because its worker had too little memory"
            )
        return None
