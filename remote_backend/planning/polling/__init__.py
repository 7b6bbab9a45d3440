"""Polling runs until their results are known."""

from remote_backend.planning.polling.batch import BatchPoller
from remote_backend.planning.polling.polled_run import PolledRun
from remote_backend.planning.polling.settings import PollSettings
from remote_backend.planning.polling.single import RunPoller
from remote_backend.planning.polling.snapshot import RunSnapshot

__all__ = ("RunSnapshot", "RunPoller", "BatchPoller", "PolledRun", "PollSettings")
