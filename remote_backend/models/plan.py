"""Plans: the part of a run that computes what would change."""

from attrs import frozen

from remote_backend.models.addresses import SignedUrl

__all__ = ("Counts", "Plan")

_WAITING = frozenset({"created", "pending", "managed_queued", "queued"})
_FINAL = frozenset({"finished", "errored", "canceled", "unreachable"})


@frozen
class Counts:
    """How many resources a plan would add, change, destroy and import."""

    add: int = 0
    """How many would be created; a replacement counts here and in `destroy`."""

    change: int = 0
    """How many would be changed in place."""

    destroy: int = 0
    """How many would be destroyed."""

    imported: int = 0
    """How many would be imported."""


@frozen(kw_only=True)
class Plan:
    """A plan as the server last described it."""

    id: str
    status: str = "pending"
    has_changes: bool = False
    resource_additions: int | None = None
    resource_changes: int | None = None
    resource_destructions: int | None = None
    resource_imports: int | None = None
    log_read_url: SignedUrl | None = None
    structured_run_output_enabled: bool = False
    was_started: bool | None = None
    """Whether the server says when it was started; None where it names no times at all."""

    @property
    def is_final(self) -> bool:
        """Whether the plan will not change any more."""
        return self.status in _FINAL

    @property
    def never_starts(self) -> bool:
        """Whether the run ended before the plan began, so that there is no log."""
        return self.status == "unreachable"

    @property
    def may_lack_log(self) -> bool:
        """Whether no log at all is a whole one, once the run is over.

        OTF makes plans `canceled` that never started; other servers leave them `pending`.
        A plan that was canceled while it ran has a log, which can be read.
        """
        if self.status == "canceled" or self.status in _WAITING:
            return self.was_started is not True
        return self.never_starts or (self.status == "errored" and self.was_started is False)

    @property
    def counts(self) -> Counts | None:
        """The numbers of the plan; None until the server returns them."""
        if self.status != "finished" or self.resource_additions is None:
            return None
        return Counts(
            self.resource_additions,
            self.resource_changes or 0,
            self.resource_destructions or 0,
            self.resource_imports or 0,
        )
