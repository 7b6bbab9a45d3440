"""Looking at runs until nobody needs to wait for them any more."""

from remote_backend.watch.alone import RunWatch
from remote_backend.watch.look import Look
from remote_backend.watch.settings import WatchSettings
from remote_backend.watch.sweep import Sweep
from remote_backend.watch.swept import SweptRun

__all__ = ("Look", "RunWatch", "Sweep", "SweptRun", "WatchSettings")
