"""How long the plans took, as bars; of many plans how many were at work, and the slowest."""

from collections.abc import Iterable, Sequence

from remote_backend.formats.amounts import duration
from remote_backend.models.outcome import Outcome
from remote_backend.reports.html_text import html_text
from remote_backend.reports.html_workspaces import anchor_link

__all__ = ("timeline_section",)

_MOST_BARS = 60
_SLOWEST = 20
_STEPS = 60
# Waiting is hatched, so that color is not the only difference between it and work.
_HATCH = (
    '<svg class="defs" width="0" height="0" aria-hidden="true"><defs><pattern id="hatch" width="6"'
    ' height="6" patternUnits="userSpaceOnUse"><path d="M0 6L6 0" class="stroke"/></pattern>'
    "</defs></svg>\n"
)


def timeline_section(outcomes: Sequence[Outcome]) -> str:
    """Return the section about times; empty where no plan was begun."""
    longest = max((outcome.seconds for outcome in outcomes), default=0.0)
    if not longest:
        return ""
    slowest = sorted(outcomes, key=lambda outcome: -outcome.seconds)
    if len(outcomes) <= _MOST_BARS:
        body = _bars(slowest, longest)
    else:
        body = (
            f"{_at_work(outcomes, longest)}<h3>The {_SLOWEST} slowest</h3>\n"
            f"{_bars(slowest[:_SLOWEST], longest)}"
        )
    return (
        '<section id="time">\n<details class="facts"><summary><h2>Time</h2></summary>\n'
        f'{_HATCH}<p class="quiet">0 to {duration(longest)} after the start of each plan. '
        f"Hatched: waiting; full: planning; framed: costs, policies and tasks.</p>\n"
        f"{body}</details></section>\n"
    )


def _bars(outcomes: Iterable[Outcome], longest: float) -> str:
    bars = "".join(_bar(outcome, longest) for outcome in outcomes)
    return f'<ul class="bars">\n{bars}</ul>\n'


def _bar(outcome: Outcome, longest: float) -> str:
    parts = _parts(outcome)
    words = ", ".join(f"{word} {duration(seconds)}" for word, seconds in parts if seconds)
    rects = []
    start = 0.0
    for word, seconds in parts:
        if seconds:
            x, width = 100 * start / longest, 100 * seconds / longest
            rects.append(
                f'<rect class="{word}" x="{x:.2f}%" y="2" width="{width:.2f}%" height="12"/>'
            )
        start += seconds
    return (
        f'<li data-ws="{html_text(outcome.workspace)}">{anchor_link(outcome.workspace)}'
        f'<svg role="img" width="100%" height="16" aria-label="{words}">{"".join(rects)}</svg>'
        f"<span>{duration(outcome.seconds)}</span></li>\n"
    )


def _parts(outcome: Outcome) -> tuple[tuple[str, float], ...]:
    """Return the parts of a plan in the order in which they usually follow each other."""
    times = outcome.durations
    known = (times.waiting or 0.0, times.planning or 0.0, times.checks or 0.0)
    preparing = max(0.0, outcome.seconds - sum(known))
    words = ("preparing", "waiting", "planning", "checks")
    return tuple(zip(words, (preparing, *known), strict=True))


def _at_work(outcomes: Sequence[Outcome], longest: float) -> str:
    """Return how many plans were neither waiting nor over, as columns over the time."""
    spans = [_working_span(outcome) for outcome in outcomes]
    step = longest / _STEPS
    counts = [
        sum(began <= (index + 0.5) * step < ended for began, ended in spans)
        for index in range(_STEPS)
    ]
    most = max(counts) or 1
    columns = "".join(
        f'<rect class="planning" x="{100 * index / _STEPS:.2f}%" y="{60 - 60 * count / most:.1f}" '
        f'width="{100 / _STEPS:.2f}%" height="{60 * count / most:.1f}"/>'
        for index, count in enumerate(counts)
        if count
    )
    return (
        f"<p>At most {most:,} plans were at work together.</p>\n"
        f'<svg role="img" class="work" width="100%" height="60" '
        f'aria-label="Plans at work over the time, at most {most:,}">{columns}</svg>\n'
    )


def _working_span(outcome: Outcome) -> tuple[float, float]:
    (_, preparing), (_, waiting), *_ = _parts(outcome)
    return (preparing + waiting, outcome.seconds)
