"""How each configuration of a batch of several ended, for the list behind the groups."""

from collections.abc import Iterator

from remote_backend.reports.summary import Report
from remote_backend.reports.words import sentence_of

__all__ = ("configuration_results",)


def configuration_results(report: Report) -> Iterator[tuple[str, str]]:
    """Give the name of each configuration that has rows, and what came of these."""
    for one in report.configurations:
        own = [each for each in report.outcomes if each.configuration == one.name]
        if own:
            yield one.name, sentence_of(own, is_drift=report.is_drift)
