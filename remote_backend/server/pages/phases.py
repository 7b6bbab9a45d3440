"""The phases of a run as a bar and in words: waiting, planning."""

from remote_backend.formats.amounts import duration
from remote_backend.reports.html_text import html_text
from remote_backend.server.ids import now_text
from remote_backend.server.pages.outcomes import seconds_between
from remote_backend.server.records import RunRecord

__all__ = ("phases_html",)

# Waiting is hatched, so that color is not the only difference between it and work.
_HATCH = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse">'
    '<path d="M0 6L6 0" class="stroke"/></pattern></defs>'
)


def phases_html(run: RunRecord) -> str:
    """Return how long a run has waited and planned."""
    phases = [(word, seconds) for word, seconds in _phases(run) if seconds > 0]
    total = sum(seconds for _, seconds in phases)
    if not total:
        return ""
    bars, start = [], 0.0
    for word, seconds in phases:
        width = 100 * seconds / total
        bars.append(
            f'<rect class="{word}" x="{start:.2f}%" y="2" width="{width:.2f}%" height="12"/>'
        )
        start += width
    words = ", ".join(f"{word} {duration(seconds)}" for word, seconds in phases)
    return (
        f'<p class="phases"><svg role="img" width="100%" height="16" '
        f'aria-label="{html_text(words)}">{_HATCH}{"".join(bars)}</svg>'
        f"<span>{html_text(words)}</span></p>\n"
    )


def _phases(run: RunRecord) -> list[tuple[str, float]]:
    end = (run.times.get(run.status) if run.is_over else None) or now_text()
    began = run.times.get("planning")
    if began is None:
        return [("waiting", seconds_between(run.created_at, end))]
    return [
        ("waiting", seconds_between(run.created_at, began)),
        ("planning", seconds_between(began, end)),
    ]
