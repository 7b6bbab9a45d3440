"""What the plans of a batch share while it runs."""

from attrs import evolve, field, frozen

from remote_backend.api.client import Client
from remote_backend.models.run import PlanOptions
from remote_backend.planning.batch_context import BatchContext
from remote_backend.planning.batch_id import BASE_NOTE
from remote_backend.planning.cancellation import OnExit
from remote_backend.planning.event_queue import EventQueue
from remote_backend.planning.journal import Journal
from remote_backend.planning.log_state import LogSettings
from remote_backend.planning.options import BatchOptions
from remote_backend.planning.run_pollers import RunPollers
from remote_backend.planning.version_trial import VersionTrial

__all__ = ("RunningBatch", "requested_options")

_MESSAGE = "Planned by remote-backend"


@frozen(kw_only=True)
class RunningBatch:
    """The wishes and the surroundings of a batch, and the parts that its plans work with."""

    options: BatchOptions
    context: BatchContext
    requested: PlanOptions
    """The options that are sent with each run: those of the caller, and the message."""

    client: Client = field(repr=False)
    events: EventQueue = field(repr=False)
    pollers: RunPollers
    log_settings: LogSettings
    journal: Journal | None = field(repr=False)
    on_exit: OnExit = field(factory=OnExit)
    version_trial: VersionTrial = field(factory=VersionTrial)


def requested_options(options: PlanOptions, context: BatchContext) -> PlanOptions:
    """Return options with the message of a run: the caller's or ours, batch, and origin."""
    message = options.message or _MESSAGE
    if context.is_base:
        message = f"{message}{BASE_NOTE}"
    if context.is_batch:
        message = f"{message} ({context.id})"
    if context.origin:
        message = f"{message}, {context.origin}"
    return evolve(options, message=message)
