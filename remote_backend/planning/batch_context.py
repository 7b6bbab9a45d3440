"""What a batch needs beyond the wishes of its caller: where it runs, and what it goes on with."""

from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import field, frozen

from remote_backend.formats.times import utc_now
from remote_backend.models.selection import Selection
from remote_backend.planning.batch_id import new_batch_id
from remote_backend.planning.log_tail import LogSettings
from remote_backend.planning.polling import PollSettings
from remote_backend.planning.recorded_batch import RecordedBatch
from remote_backend.telemetry import NO_TELEMETRY, Telemetry

__all__ = ("BatchContext",)


@frozen(kw_only=True)
class BatchContext:
    """What the backend adds to `BatchOptions`; `Backend` makes it in one place."""

    directory: Path
    """The configuration."""

    hostname: str
    organization: str
    mapping: str = ""
    """Which remote workspaces the configuration names: `net-*`."""

    run_url: Callable[[str, str], str] = field(repr=False)
    """Returns the address of a run for people, from remote workspace name and run id."""

    origin: str = ""
    """Who plans which revision, for the messages of runs."""

    id: str = field(factory=new_batch_id)
    """Names the batch; it is part of the message of each run, which lists are searched for."""

    started_at: str = field(factory=utc_now)
    """When the batch began (ISO 8601, UTC); of one that is resumed, when that goes on."""

    environ: Mapping[str, str] = field(factory=dict, repr=False)
    """The variables of the process, which git gets."""

    is_base: bool = False
    """Whether its runs are the base that others are compared with."""

    is_batch: bool = True
    """Whether there is a batch to come back to, and not one plan alone."""

    earlier: RecordedBatch | None = None
    """The batch that is resumed."""

    telemetry: Telemetry = field(default=NO_TELEMETRY, repr=False)
    selection: Selection | None = None
    """Why these workspaces are planned, where a change has selected them."""

    polling: PollSettings = field(factory=PollSettings)
    log: LogSettings = field(factory=LogSettings)
