"""What the plans of a batch have in common."""

from collections.abc import Callable, Mapping

from attrs import field, frozen

from remote_backend.api.client import Client
from remote_backend.models.run import PlanOptions, WaitLimits
from remote_backend.planning.cancellation import OnExit
from remote_backend.planning.configuration_versions import ConfigurationVersions
from remote_backend.planning.event_queue import EventQueue
from remote_backend.planning.journal import Begun, Journal
from remote_backend.planning.log_tail import LogSettings
from remote_backend.planning.polling import BatchPoller, PolledRun, PollSettings, RunPoller

__all__ = ("BatchContext",)


@frozen(kw_only=True)
class BatchContext:
    """What all plans of a batch have in common."""

    client: Client
    options: PlanOptions
    run_url: Callable[[str, str], str]
    """Makes the address of a run for people, from workspace name and run id."""

    events: EventQueue
    configurations: ConfigurationVersions
    poller: BatchPoller | None = None
    """Looks at all runs together; None where each is looked at by itself."""

    on_exit: OnExit = field(factory=OnExit)
    journal: Journal | None = None
    begun: Mapping[str, Begun] = field(factory=dict)
    """How far an earlier process had come, by short name."""

    limits: WaitLimits = WaitLimits()
    details: bool = False
    """Whether the server is asked what each plan would change."""

    pollers: dict[str, RunPoller | PolledRun] = field(factory=dict)
    """The runs that are looked at, by id."""

    poll_settings: PollSettings = field(factory=PollSettings)
    log_settings: LogSettings = field(factory=LogSettings)
