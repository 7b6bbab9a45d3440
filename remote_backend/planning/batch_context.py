"""What the plans of a batch have in common."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from attrs import field, frozen

from remote_backend.api.client import Client
from remote_backend.models.run import PlanOptions, WaitLimits
from remote_backend.planning.cancellation import Leaving
from remote_backend.planning.configuration_versions import Configurations
from remote_backend.planning.event_queue import Outbox
from remote_backend.planning.log_tail import LogSettings
from remote_backend.planning.polling import RunWatch, Sweep, SweptRun, WatchSettings

if TYPE_CHECKING:
    from remote_backend.planning.journal import Begun, Journal

__all__ = ("PlanJob",)


@frozen(kw_only=True, eq=False, repr=False)
class PlanJob:
    """What all plans of a batch have in common."""

    client: Client
    options: PlanOptions
    run_url: Callable[[str, str], str]
    """Makes the address of a run for people, from workspace name and run id."""

    outbox: Outbox
    configurations: Configurations
    sweep: Sweep | None = None
    """Looks at all runs together; None where each is looked at by itself."""

    leaving: Leaving = field(factory=Leaving)
    journal: "Journal | None" = None
    begun: "Mapping[str, Begun]" = field(factory=dict)
    """How far an earlier process had come, by short name."""

    limits: WaitLimits = WaitLimits()
    details: bool = False
    """Whether the server is asked what each plan would change."""

    watched: dict[str, RunWatch | SweptRun] = field(factory=dict)
    """The runs that are looked at, by id."""

    watch: WatchSettings = field(factory=WatchSettings)
    log: LogSettings = field(factory=LogSettings)
