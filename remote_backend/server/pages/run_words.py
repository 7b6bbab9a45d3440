"""What a run came to, or does, as a sign and a word."""

from collections.abc import Iterable

from remote_backend.models.run_phases import PHASES
from remote_backend.reports.html_kinds import Kind, sign
from remote_backend.reports.html_text import counts_html, html_text
from remote_backend.server.records import RunRecord

__all__ = ("batch_words", "kind_of_run", "numbers_html", "result_html", "word_of_run")

_DRIFT_WORDS = {"changed": "drifted", "unchanged": "no drift"}
# A workspace that destroys has changed, too; its sign says the rest.
_WORDS = {Kind.DESTROY: "changed"}


def kind_of_run(run: RunRecord) -> Kind:
    """Return what a reader has to do with a run."""
    if not run.is_over:
        return Kind.RUNNING
    if run.status == "planned_and_finished":
        if run.counts is not None and run.counts.destroy:
            return Kind.DESTROY
        return Kind.CHANGED if run.has_changes else Kind.UNCHANGED
    return Kind.CANCELED if run.status in ("canceled", "discarded") else Kind.FAILED


def word_of_run(run: RunRecord) -> str:
    """Return the word for what a run came to, or for what it does: `planning`."""
    if not run.is_over:
        return PHASES.get(run.status, run.status.replace("_", " "))
    kind = kind_of_run(run)
    word = _WORDS.get(kind, kind.value)
    return _DRIFT_WORDS.get(word, word) if run.refresh_only else word


def result_html(run: RunRecord, *, word_id: str = "") -> str:
    """Return the sign and the word of a run; a script finds the word by its id."""
    kind, word = kind_of_run(run), html_text(word_of_run(run))
    if word_id:
        word = f'<span id="{word_id}">{word}</span>'
    return (
        f'<span class="result {kind.value}"><span class="sign" aria-hidden="true">'
        f"{sign(kind)}</span> {word}</span>"
    )


def numbers_html(run: RunRecord) -> str:
    """Return the numbers of a run without zeros: `+5 ~2`."""
    if run.counts is None or run.status not in (
        "planned_and_finished",
        "policy_soft_failed",
    ):
        return ""
    return counts_html(run.counts)


def batch_words(runs: Iterable[RunRecord]) -> str:
    """Return how many runs came to what: `7 failed, 13 changed (4 destroy), 2 running`."""
    kinds = [kind_of_run(run) for run in runs]
    changed = kinds.count(Kind.CHANGED) + kinds.count(Kind.DESTROY)
    destroy = kinds.count(Kind.DESTROY)
    numbers = (
        (kinds.count(Kind.FAILED), "failed", ""),
        (kinds.count(Kind.CANCELED), "canceled", ""),
        (kinds.count(Kind.RUNNING), "running", ""),
        (changed, "changed", f" ({destroy:,} destroy)" if destroy else ""),
        (kinds.count(Kind.UNCHANGED), "unchanged", ""),
    )
    return ", ".join(f"{count:,} {word}{more}" for count, word, more in numbers if count)
