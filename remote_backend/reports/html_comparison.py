"""What a comparison adds to the page: moves that may be missing, and what was pending anyway."""

from collections.abc import Iterator, Sequence

from remote_backend.plans.comparison_words import (
    CLASS_WORDS,
    AlikeChanges,
    alike_changes,
    comparisons_of,
    name_of_change,
    states_changed,
)
from remote_backend.plans.move_suggestions import MoveSuggestion, moved_block, suggest_moves
from remote_backend.reports.html_text import breakable, count_of, html_text, names_html
from remote_backend.reports.summary import Report

__all__ = ("comparison_section",)

_MOST_ROWS = 1000


def comparison_section(report: Report) -> str:
    """Return the sections; empty without a comparison."""
    if report.compared_with is None:
        return ""
    moves = suggest_moves(comparisons_of(report.outcomes))
    parts = (_changed_states(report), _moves(moves), _not_caused(report))
    return "".join(parts)


def _changed_states(report: Report) -> str:
    changed = states_changed(report.outcomes, report.compared_with)
    if not changed:
        return ""
    return (
        f'<p class="yellow">The state changed between the two plans in {names_html(changed)}; '
        "plans without a refresh both use the stored one.</p>\n"
    )


def _moves(suggestions: Sequence[MoveSuggestion]) -> str:
    if not suggestions:
        return ""
    return (
        f'<section id="moves">\n<h2>Perhaps moved ({len(suggestions):,})</h2>\n'
        "<p>The plans destroy and create objects with equal values.</p>\n"
        f'<ul class="changes">\n{"".join(map(_move, suggestions))}</ul>\n</section>\n'
    )


def _move(suggestion: MoveSuggestion) -> str:
    source, target = breakable(suggestion.source), breakable(suggestion.target)
    head = f'<span class="sign">-&gt;</span> <code>{source}</code> to <code>{target}</code>'
    where = f'<p class="quiet">In {names_html(suggestion.workspaces)}</p>\n'
    if suggestion.is_agreed:
        label = f"Block that moves {html_text(suggestion.source)}"
        body = (
            f'<pre tabindex="0" role="group" aria-label="{label}">'
            f"{html_text(moved_block(suggestion))}</pre>\n"
        )
    else:
        body = (
            "<p>No <code>moved</code> block fits all workspaces: it is different in "
            f"{names_html(suggestion.exceptions)}.</p>\n"
        )
    return f"<li>{head}{where}{body}</li>\n"


def _not_caused(report: Report) -> str:
    alike = alike_changes(report.outcomes)
    if not alike:
        return ""
    rest = len(alike) - _MOST_ROWS
    more = f"<p>and {count_of(rest, 'more change')}</p>\n" if rest > 0 else ""
    return (
        '<section id="not-caused">\n<details>\n<summary><h2>Not caused by this change '
        f"({len(alike):,})</h2></summary>\n"
        '<table>\n<thead><tr><th scope="col">Class</th><th scope="col">What</th>'
        '<th scope="col">Workspaces</th></tr></thead>\n'
        f"<tbody>\n{''.join(_rows(alike[:_MOST_ROWS]))}</tbody></table>\n{more}"
        "</details>\n</section>\n"
    )


def _rows(alike: Sequence[AlikeChanges]) -> Iterator[str]:
    for one in alike:
        yield (
            f"<tr><td>{CLASS_WORDS[one.change_class]}</td>"
            f'<td class="value">{_what(one)}</td><td>{names_html(one.workspaces)}</td></tr>\n'
        )


def _what(alike: AlikeChanges) -> str:
    change = alike.example.change
    action = html_text(getattr(change, "action", "invokes"))
    previous = getattr(change, "previous_address", None)
    source = f" from <code>{breakable(previous)}</code>" if previous else ""
    outside = " (changed outside)" if alike.section.value == "drift" else ""
    return f"<code>{breakable(name_of_change(change))}</code> {action}{source}{outside}"
