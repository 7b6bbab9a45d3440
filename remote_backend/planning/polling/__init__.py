"""Polling runs until their results are known."""

from remote_backend.planning.polling.batch import Sweep
from remote_backend.planning.polling.polled_run import SweptRun
from remote_backend.planning.polling.settings import WatchSettings
from remote_backend.planning.polling.single import RunWatch
from remote_backend.planning.polling.snapshot import Look

__all__ = ("Look", "RunWatch", "Sweep", "SweptRun", "WatchSettings")
