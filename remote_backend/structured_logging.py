"""What happens, told to structlog, which is imported when something is told."""

import sys

__all__ = ("Log", "silence")

_is_silent = False


class Log:
    """Tells structlog: most runs have nothing to tell, and its import takes longer than they do."""

    @property
    def reports_steps(self) -> bool:
        """Whether `debug` reports anything: it takes time to say what."""
        structlog = None if _is_silent else sys.modules.get("structlog")
        return structlog is not None and structlog.is_configured()

    def debug(self, event: str, **facts: object) -> None:
        """Report a single step, to programs that have configured structlog for themselves.

        Without a configuration structlog prints everything, and there are many steps.
        """
        if self.reports_steps:
            self._tell("debug", event, facts)

    def info(self, event: str, **facts: object) -> None:
        """Tell what a person may want to know afterwards."""
        self._tell("info", event, facts)

    def warning(self, event: str, **facts: object) -> None:
        """Tell what a person should know."""
        self._tell("warning", event, facts)

    def exception(self, event: str, **facts: object) -> None:
        """Tell an error that is being handled, with its traceback."""
        self._tell("exception", event, facts)

    def _tell(self, level: str, event: str, facts: dict[str, object]) -> None:
        if _is_silent:
            return
        import structlog

        getattr(structlog.get_logger(), level)(event, **facts)


def silence() -> None:
    """Tell nothing in this process from now on; only the command line may say so."""
    global _is_silent
    _is_silent = True
