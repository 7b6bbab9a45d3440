"""What the log of a plan says that a server may not: its numbers, and what has cut it off."""

import re

from remote_backend.models.plan import Counts

__all__ = ("LogFacts",)

_COLOR = rb"(?:\x1b\[[0-9;]*m)*"
# At the beginning of a line, where values of the configuration cannot stand, or as the message of
# a structured log.
_COUNTS = re.compile(
    rb'(?:^|"@message":")' + _COLOR + b"Plan:" + _COLOR + b" "
    rb"(?:(\d{1,9}) to import, )?(\d{1,9}) to add, (\d{1,9}) to change, (\d{1,9}) to destroy",
    re.MULTILINE,
)
# Terraform Enterprise ends logs so: support.hashicorp.com, article 360059831653.
_TIMED_OUT = re.compile(
    rb"This \w+ has timed out and will now terminate!(?:.{0,80}?enforces an? (\w+) maximum)?",
    re.DOTALL,
)
_KILLED = re.compile(rb"^Killed\s*\Z|signal: killed\)?\"?\s*\Z", re.MULTILINE)
_END_BYTES = 4096


class LogFacts:
    """Reads a log as it comes, and keeps little of it."""

    def __init__(self) -> None:
        self.counts: Counts | None = None
        """The numbers of the last line `Plan: 2 to add, ...`."""

        self._end = b""

    def feed(self, data: bytes) -> None:
        """Take a part of the log."""
        # A line can be cut in two by the parts.
        window = self._end + data
        if b"Plan:" in window:
            for match in _COUNTS.finditer(window):
                imported, add, change, destroy = (int(one or 0) for one in match.groups())
                self.counts = Counts(add, change, destroy, imported)
        self._end = window[-_END_BYTES:]

    @property
    def interruption(self) -> str | None:
        """What has cut the plan off from outside, for a person; None where the log names nothing."""
        if match := _TIMED_OUT.search(self._end):
            limit = match[1].decode() if match[1] else None
            return "its plan timed out" + (f" (the limit is {limit})" if limit else "")
        if _KILLED.search(self._end):
            return (
                "its plan was killed, most often because its worker had too little memory"
            )
        return None
