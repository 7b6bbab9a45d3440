"""Whether the runs of a batch may use the configuration version of another workspace.

HCP Terraform and Terraform Enterprise promise it
(https://developer.hashicorp.com/terraform/cloud-docs/api-docs/run#create-a-run), but the response
201 to the request for such a run does not prove it: OTF makes the run, which errors later because
its worker may not download the archive (seen in November 2026). So one run tries it first:

    untried -- a run is made --> trying -- it has planned -------------------> works
       ^                           |  \\-- it errored without having planned --> refused
       \\-- it ended otherwise ------/

- untried: the next workspace that `admit` is called for becomes the canary, and its run is made;
- trying: the others wait in `admit`, and after `LONGEST_WAIT_SECONDS` they upload their own;
- works: runs are made at once;
- refused: every workspace uploads its own, and the canary is planned once more.

The `Trial` of a run sets `works` and `refused`: it proves the canary as soon as snapshots or log
show that Terraform has begun, and refuses it when the run ends in an error without that. A refused
request for a run refuses it as well (`planning.configuration_versions`).

Invariant: the canary leaves its place however its plan ends, so a canceled or failed one never
blocks the others. A batch that remembers an earlier one begins in `works` or `refused`. That is
not a proof, so every run is still a trial until one of this batch has planned.
"""

import re
from collections.abc import Callable

import anyio

from remote_backend.planning.polling import RunSnapshot

__all__ = ("LONGEST_WAIT_SECONDS", "Canary", "Trial")

LONGEST_WAIT_SECONDS = 60.0
_SECONDS_TO_REPORT = 5.0
# The first lines of each plan, as text or as structured log; messages about archives that cannot
# be downloaded have neither.
_PLANNING = re.compile(rb"(?:Terraform|OpenTofu) v?\d|Initializing |\"@message\"")
_MOST_HELD_BYTES = 1 << 14


class Canary:
    """Whether the server shares, as far as the batch knows, and which workspace tries it."""

    def __init__(self, report: Callable[[str], None] = lambda text: None) -> None:
        self.works: bool | None = None
        """None until it is known."""

        self.is_proven = False
        """Whether a run of this batch has planned, or the server needs no proof."""

        self._workspace: str | None = None
        self._report = report
        self._has_reported = False
        self._changed = anyio.Event()

    async def admit(self, workspace: str) -> bool:
        """Return whether a run may be made with the configuration version of another workspace.

        Waits while another workspace tries it; without one, this workspace becomes the canary.
        """
        with anyio.move_on_after(LONGEST_WAIT_SECONDS):
            while self.works is None:
                if self._workspace is None:
                    self._workspace = workspace
                    return True
                await self._wait()
        return self.works is True

    def leave(self, workspace: str) -> None:
        """Let another workspace be the canary, if this one is it."""
        if self._workspace == workspace:
            self._workspace = None
            self._wake()

    def prove(self) -> None:
        """Set that the server shares, because a run has planned; that outweighs all else."""
        self.works = self.is_proven = True
        self._wake()

    def refuse(self) -> None:
        """Set that the server does not take the configuration version of another workspace."""
        self.works = self.is_proven = False
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    async def _wait(self) -> None:
        changed = self._changed
        with anyio.move_on_after(_SECONDS_TO_REPORT):
            await changed.wait()
            return
        if not self._has_reported:
            self._has_reported = True
            self._report(
                f"the other runs wait until {self._workspace} has begun to plan: it is the "
                "first to use the upload of another workspace here"
            )
        await changed.wait()


class Trial:
    """One run with the configuration version of another workspace, until it has planned.

    Its log is held back until then: when the plan is repeated, the log of the repetition is that
    of the workspace.
    """

    def __init__(self, canary: Canary) -> None:
        self.has_planned = False
        self.is_refused = False
        self._canary = canary
        self._held = b""

    def take(self, data: bytes) -> bytes:
        """Take a chunk of the log; return the bytes that can be shown now."""
        self._held += data
        if _PLANNING.search(self._held) or len(self._held) > _MOST_HELD_BYTES:
            self._prove()
        return self.release() if self.has_planned else b""

    def release(self) -> bytes:
        """Return the bytes of the log that were held back."""
        held, self._held = self._held, b""
        return held

    def update(self, snapshot: RunSnapshot) -> None:
        """Prove the canary when a snapshot shows that the run has planned."""
        plan = snapshot.plan
        if snapshot.succeeded or (plan is not None and plan.status == "finished"):
            self._prove()

    def judge(self, snapshot: RunSnapshot) -> None:
        """Decide, by the last snapshot of the run, whether the server does not share.

        An error before Terraform began does not count once another run has planned.
        """
        self.update(snapshot)
        is_errored = snapshot.run.status == "errored"
        if is_errored and not (self.has_planned or self._canary.is_proven):
            self.is_refused = True
            self._canary.refuse()

    def _prove(self) -> None:
        if not self.has_planned:
            self.has_planned = True
            self._canary.prove()
