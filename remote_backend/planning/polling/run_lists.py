"""The lists of the runs of a batch: a hundred runs with each request.

A run belongs to the batch if its message holds the token of the batch. Where there are no such
lists (OTF answers 404) or while they fail, `are_readable` is false and runs are polled one by one.
"""

from collections.abc import Callable, Mapping

from attrs import evolve, frozen

from remote_backend.api.client import Client
from remote_backend.errors import ApiError, NotFound, Rejected, UnexpectedAnswer, text_of
from remote_backend.models.run import Run, RunRequest
from remote_backend.planning.polling.pace import PAGE_SIZE
from remote_backend.planning.polling.polled_run import PolledRun
from remote_backend.structured_logging import Log

__all__ = ("ListHealth", "RunLists")

log = Log()

_REST_SECONDS = 2.0
_LONGEST_REST_SECONDS = 60.0


@frozen
class ListHealth:
    """Whether lists can be read; pure, the time is an argument."""

    exist: bool = True
    failed_count: int = 0
    """How many reads in a row have failed."""

    rest_until: float = 0.0
    """When lists that failed are read again."""

    def are_readable(self, now: float) -> bool:
        """Return whether lists are worth a request."""
        return self.exist and (not self.failed_count or now >= self.rest_until)

    def after_failure(self, error: Exception, now: float) -> "ListHealth":
        """Return the health after lists could not be read; each failure doubles the rest."""
        rest_seconds = _REST_SECONDS * 2.0 ** min(self.failed_count, 10)
        return ListHealth(
            exist=self.exist and not _means_missing(error),
            failed_count=self.failed_count + 1,
            rest_until=now + min(_LONGEST_REST_SECONDS, rest_seconds),
        )

    def after_success(self) -> "ListHealth":
        """Return the health after lists were read."""
        return evolve(self, failed_count=0)


class RunLists:
    """Reads the lists of a batch and gives each run what they show."""

    def __init__(
        self, client: Client, token: str, *, total: int, clock: Callable[[], float]
    ) -> None:
        self._client = client
        self._token = token
        # How many runs the batch can have: while lists are read, more of them are made.
        self._total = total
        self._clock = clock
        self._health = ListHealth()
        self._listed: dict[tuple[str, str], Run] = {}

    @property
    def are_readable(self) -> bool:
        """Whether lists can be read at present."""
        return self._health.are_readable(self._clock())

    def run_for(self, request: RunRequest) -> Run | None:
        """Return the listed run that was made for a request, or None."""
        return self._listed.get((request.workspace_id, request.configuration_version_id))

    async def try_to_read(self, runs: Mapping[str, PolledRun], *, all_pages: bool) -> bool:
        """Read the lists; return whether that worked.

        Pages are read until each run that is not over was shown, or with `all_pages` to the end.
        """
        try:
            await self._read(runs, all_pages=all_pages)
        except Exception as error:  # no failure of a list may end the polling of runs
            log.info("polling.lists_failed", problem=text_of(error))
            self._health = self._health.after_failure(error, self._clock())
            return False
        self._health = self._health.after_success()
        return True

    async def _read(self, runs: Mapping[str, PolledRun], *, all_pages: bool) -> None:
        missing = {run_id for run_id, run in runs.items() if not run.latest.is_over}
        # A server that ignores the search would list everything that it ever ran.
        most_pages = 2 + max(self._total, len(runs)) // PAGE_SIZE
        page_number: int | None = 1
        pages = 0
        while page_number is not None and pages < most_pages and (missing or all_pages):
            page = await self._client.list_batch_runs(self._token, page=page_number)
            pages += 1
            if page.is_vacant:
                self._health = evolve(self._health, exist=False)
                raise UnexpectedAnswer("a list of runs that says nothing")
            for run, plan in page.items:
                missing.discard(run.id)
                key = (run.workspace_id or "", run.configuration_version_id or "")
                self._listed[key] = run
                if run.id in runs:
                    runs[run.id].update(run, plan)
            page_number = page.next_number
        for run_id in missing:
            runs[run_id].missed_lists += 1


def _means_missing(error: Exception) -> bool:
    """Return whether a server has no such lists, or not for this token."""
    return isinstance(error, NotFound | Rejected) or (
        isinstance(error, ApiError) and error.status in (405, 501)
    )
