"""How often the logs of a batch are read, by the number of its workspaces."""

from attrs import evolve

from remote_backend.planning.log_state import LogSettings

__all__ = ("log_settings_for",)

_FEW_WORKSPACES = 3
# Once its log is read every second, a run that still waits for its plan is polled as often.
_SHARE_OF_ELAPSED = 0.04
_FIRST_WAIT_SECONDS = 0.03
_MOST_WAIT_SECONDS = 2.0


def log_settings_for(settings: LogSettings, workspaces: int) -> LogSettings:
    """Return settings by which people see few logs at once and many logs cost few requests."""
    if workspaces <= _FEW_WORKSPACES and settings == LogSettings():
        return evolve(
            settings,
            first_wait_seconds=_FIRST_WAIT_SECONDS,
            share_of_elapsed=_SHARE_OF_ELAPSED,
            waiting_plan_seconds=settings.longest_wait_seconds / _SHARE_OF_ELAPSED,
        )
    # Hundreds of logs are read more slowly each, so that their host gets no more requests.
    longest = min(_MOST_WAIT_SECONDS, workspaces / 100)
    if longest <= settings.longest_wait_seconds:
        return settings
    first = min(longest / 4, max(settings.first_wait_seconds, workspaces / 800))
    return evolve(settings, first_wait_seconds=first, longest_wait_seconds=longest)
