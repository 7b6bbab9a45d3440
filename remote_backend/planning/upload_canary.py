"""Whether the runs of a batch may use the configuration version of another workspace.

HCP Terraform and Terraform Enterprise promise it
(https://developer.hashicorp.com/terraform/cloud-docs/api-docs/run#create-a-run), but the answer
201 to the request for such a run does not prove it: OTF makes the run, which errors later because
its worker may not download the archive (seen in November 2026). So one run tries it first:

    untried -- a run is made --> trying -- it has planned -------------------> works
       ^                           |  \\-- it errored without having planned --> refused
       \\-- it ended otherwise ------/

- untried: the next workspace that asks becomes the canary, and its run is made;
- trying: the others wait, and after `LONGEST_WAIT_SECONDS` they upload their own;
- works: runs are made at once;
- refused: every workspace uploads its own, and the canary is planned once more.

The canary leaves its place however its plan ends, so a canceled or failed one never blocks the
others. An answer that an earlier batch remembered is a beginning in `works` or `refused`; it is
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
    """What is known about sharing in a batch, and which workspace tries it."""

    def __init__(self, report: Callable[[str], None] = lambda text: None) -> None:
        self.works: bool | None = None
        self.is_proven = False
        """Whether a run of this batch has planned, or the server needs no proof."""

        self._workspace: str | None = None
        self._report = report
        self._has_reported = False
        self._changed = anyio.Event()

    async def admit(self, workspace: str) -> bool:
        """Return whether a run may be made with the configuration version of another workspace.

        It waits while another workspace tries it; where nobody does, this one is the canary.
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
        """Take note of a run that has planned; it outweighs all that was known before."""
        self.works = self.is_proven = True
        self._wake()

    def refuse(self) -> None:
        """Take note that the server does not take the configuration version of another."""
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

    Its log is held back until then, because it is not the log of the workspace when the plan
    is repeated.
    """

    def __init__(self, canary: Canary) -> None:
        self.has_planned = False
        self.is_refused = False
        self._canary = canary
        self._held = b""

    def take(self, data: bytes) -> bytes:
        """Take a part of the log; return what can be shown now."""
        self._held += data
        if _PLANNING.search(self._held) or len(self._held) > _MOST_HELD_BYTES:
            self._prove()
        return self.release() if self.has_planned else b""

    def release(self) -> bytes:
        """Return what was held back of the log."""
        held, self._held = self._held, b""
        return held

    def saw(self, look: RunSnapshot) -> None:
        """Take note of how the run is."""
        if look.succeeded or (look.plan is not None and look.plan.status == "finished"):
            self._prove()

    def judge(self, look: RunSnapshot) -> None:
        """Take note of the end of the run: whether it shows that the server does not share.

        An error before Terraform began proves nothing where others have planned.
        """
        self.saw(look)
        if look.run.status == "errored" and not (
            self.has_planned or self._canary.is_proven
        ):
            self.is_refused = True
            self._canary.refuse()

    def _prove(self) -> None:
        if not self.has_planned:
            self.has_planned = True
            self._canary.prove()
