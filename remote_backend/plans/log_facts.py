"""Facts that servers may omit but logs contain: numbers of a plan, and why there is none.

A log arrives in chunks of any size. The last 4 KiB are kept, so that a line that two chunks share
is seen whole, and from the first error on up to 64 KiB, because all that follows explains it.
"""

import re

from attrs import evolve

from remote_backend.models.failure import Failure, FailureKind
from remote_backend.models.plan import Counts
from remote_backend.plans.log_errors import first_error, start_of_error

__all__ = ("LogFacts",)

_COLOR = rb"(?:\x1b\[[0-9;]*m)*"
# Only at the beginning of a line, where no value of a configuration is printed, or as the
# message of a structured log. Since Terraform 1.15 colors end on both sides of the blank.
_COUNTS = re.compile(
    rb'(?:(?<=[\r\n])|"@message": ?")'
    + _COLOR
    + b"Plan:"
    + _COLOR
    + b" "
    + _COLOR
    + rb"(?:(\d{1,9}) to import, )?(\d{1,9}) to add, (\d{1,9}) to change, (\d{1,9}) to destroy"
)
_OUTPUTS_CHANGE = re.compile(
    rb"(?<=[\r\n])"
    + _COLOR
    + rb"Changes to Outputs:"
    + rb'|"@message": ?"Outputs: \d+"[^\r\n]*?"action": ?"(?:create|update|delete)"'
)
# Terraform writes no numbers where no resource changes.
_NO_COUNTS = re.compile(rb"(?<=[\r\n])" + _COLOR + rb"(?:No changes\.|Changes to Outputs:)")
# The end of a log in Terraform Enterprise after a timeout: support.hashicorp.com, article 360059831653.
_TIMED_OUT = re.compile(
    rb"This \w+ has timed out and will now terminate!(?:.{0,80}?enforces an? (\w+) maximum)?",
    re.DOTALL,
)
_KILLED = re.compile(rb"^Killed\s*\Z|signal: killed\)?\"?\s*\Z", re.MULTILINE)
# How HCP ends the log of a run whose engine could not start or has failed.
_STEP_FAILED = re.compile(rb"^(?:Operation|Setup) failed: .+", re.MULTILINE)
_END_BYTES = 4096
_ERROR_BYTES = 1 << 16


class LogFacts:
    """Collects facts from a log as it arrives."""

    def __init__(self) -> None:
        self.counts: Counts | None = None
        """The numbers of the last line `Plan: 2 to add, ...`; zeros where no resource changes."""

        self.changes_outputs = False
        """Whether outputs would change."""

        # A line end stands before each line, also before the first one.
        self._end = b"\n"
        self._error = bytearray()

    def feed(self, data: bytes) -> None:
        """Read the next chunk of the log."""
        window = self._end + data
        self._read_counts(window)
        self._read_outputs(window)
        self._keep_error(window, data)
        self._end = window[-_END_BYTES:]

    def _read_counts(self, window: bytes) -> None:
        if b"Plan:" in window:
            for match in _COUNTS.finditer(window):
                imported, add, change, destroy = (
                    int(number or 0) for number in match.groups()
                )
                self.counts = Counts(add, change, destroy, imported)
        # A search for plain bytes is much faster than one for a pattern.
        if self.counts is None and (b"No changes." in window or b"Outputs:" in window):
            self.counts = Counts() if _NO_COUNTS.search(window) else None

    def _read_outputs(self, window: bytes) -> None:
        if not self.changes_outputs and b"Outputs:" in window:
            self.changes_outputs = _OUTPUTS_CHANGE.search(window) is not None

    def _keep_error(self, window: bytes, data: bytes) -> None:
        if self._error:
            self._error += data[: _ERROR_BYTES - len(self._error)]
        elif (start := start_of_error(window)) is not None:
            self._error += window[start : start + _ERROR_BYTES]

    @property
    def failure(self) -> Failure | None:
        """Why there is no plan, as far as the log says it."""
        return self._interruption() or self._first_error() or self._failed_step()

    def _interruption(self) -> Failure | None:
        if match := _TIMED_OUT.search(self._end):
            limit = f" (the limit is {match[1].decode()})" if match[1] else ""
            return Failure(kind=FailureKind.TIMEOUT, title=f"the plan timed out{limit}")
        if _KILLED.search(self._end):
            title = (
                "the plan was killed, most often because its worker had too little memory"
            )
            return Failure(kind=FailureKind.TERRAFORM, title=title)
        return None

    def _first_error(self) -> Failure | None:
        error = first_error(bytes(self._error))
        # Where it is the only one, it is the one that was not kept to its end.
        if error is None or error.further_errors or len(self._error) < _ERROR_BYTES:
            return error
        return evolve(error, text=f"{error.text}\n... the rest of this error is left out")

    def _failed_step(self) -> Failure | None:
        match = _STEP_FAILED.search(self._end)
        if match is None:
            return None
        title = match[0].decode("utf-8", "replace").strip()
        return Failure(kind=FailureKind.TERRAFORM, title=title)
