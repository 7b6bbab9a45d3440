"""The end of a batch, compared with texts that a person has read against the design.

`python -m tests.cli.output.test_summary` writes the files anew; read the difference before it is
committed.
"""

from pathlib import Path

import pytest
from attrs import evolve

from remote_backend.cli.output.batch_end import BatchPlace
from remote_backend.cli.output.failure_blocks import failure_blocks
from remote_backend.cli.output.summary import Ending, summary_lines
from remote_backend.cli.output.view.cells import Span, terminal_text, width_of
from remote_backend.cli.output.view.signs import UNICODE
from remote_backend.models.changes import PlannedChanges, ResourceChange
from remote_backend.models.comparison import ComparedWith
from remote_backend.models.failure import Failure, FailureKind, Place
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.plan import Counts
from remote_backend.plans.groups import group_outcomes
from tests.support.batch_view import names_in_directories, names_of, outcome_of

TEXTS = Path(__file__).with_name("summaries")
CASES = [(8, 80), (40, 80), (40, 120), (300, 80), (300, 120)]
WIDTHS_OF_SEVERAL = (80, 120)


def argument_failure() -> Failure:
    """Return an error of Terraform with its source line."""
    return Failure(
        kind=FailureKind.TERRAFORM,
        title="Unsupported argument",
        place=Place(file="main.tf", line=12),
        text='Error: Unsupported argument\n\n  on main.tf line 12, in resource "aws_vpc" "this":\n'
        '  12:   enable_dns_hostname = true\n\nAn argument named "enable_dns_hostname" is not '
        'expected here. Did you mean\n"enable_dns_hostnames"?',
    )


def planned(counts: Counts, *actions: tuple[str, str]) -> tuple[Counts, PlannedChanges]:
    """Return counts, and changes of some addresses."""
    resources = tuple(ResourceChange(address=at, action=action) for at, action in actions)
    return counts, PlannedChanges(resources=resources)


def outcomes_of(count: int, *, of_several: bool = False) -> list[Outcome]:
    """Return a batch in which a tenth fails and a third changes, in several ways."""
    names = names_in_directories(count) if of_several else names_of(count)
    kinds = [
        planned(Counts(12, 0, 7, 0), ("aws_db_instance.main", "replace"),
                ("aws_lb.this", "replace"), *((f"aws_x.old[{n}]", "delete") for n in range(5)),
                *((f"aws_x.new[{n}]", "create") for n in range(10))),
        planned(Counts(0, 3, 1, 0), ("aws_route.legacy", "delete"),
                *((f"aws_y.a[{n}]", "update") for n in range(3))),
        planned(Counts(5, 3, 0, 0), *((f"aws_z.a[{n}]", "create") for n in range(5)),
                *((f"aws_z.b[{n}]", "update") for n in range(3))),
        planned(Counts(0, 1, 0, 0), ("aws_launch_template.this", "update")),
    ]  # fmt: skip
    made = []
    for at, name in enumerate(names):
        if at % 11 == 3:
            made.append(evolve(outcome_of(name, Result.FAILED), failure=argument_failure()))
        elif at % 3 == 1:
            counts, changes = kinds[(at // 3) % len(kinds)]
            changed = outcome_of(name, Result.CHANGES, counts=counts)
            made.append(evolve(changed, changes=changes, seconds=at / 7))
        else:
            same = outcome_of(name, Result.NO_CHANGES, counts=Counts(0, 0, 0, 0))
            made.append(evolve(same, seconds=at / 7))
    if of_several:
        # One of them changes outputs, which others read.
        made[2::9] = [evolve(each, unseen_outputs=(names[1],)) for each in made[2::9]]
    return made


def ended(count: int, *, links: bool = False, of_several: bool = False) -> Ending:
    """Return the end of a batch."""
    outcomes = tuple(outcomes_of(count, of_several=of_several))
    place = BatchPlace(
        short_id="8aeb", hostname="app.terraform.io", organization="acme", has_logs=True
    )
    return Ending(
        outcomes=outcomes,
        families=group_outcomes(outcomes),
        seconds=54.0,
        notes=place.notes(outcomes),
        more_changed="remote-backend batches show -changed",
        links=links,
    )


def text_of(count: int, width: int, *, of_several: bool = False) -> str:
    """Return blocks and summary as text."""
    ending = ended(count, of_several=of_several)
    blocks = failure_blocks(
        ending.families,
        everyone=[outcome.workspace for outcome in ending.outcomes],
        width=width,
        signs=UNICODE,
        log_command="remote-backend batches log",
        end_of_log=lambda _: (),
    )
    lines = [*blocks, (), *summary_lines(ending, width)]
    return "".join(
        f"{terminal_text(spans, colors=False)}".rstrip() + "\n" for spans in lines
    )


@pytest.mark.parametrize(("count", "width"), CASES)
def test_the_end_is_as_it_was_read(count: int, width: int) -> None:
    """It is the text in the file, fits the width, and 300 workspaces fit in 40 lines."""
    text = text_of(count, width)
    assert max(map(width_of, text.splitlines())) <= width
    assert len(summary_lines(ended(count), width)) <= 40
    path = TEXTS / f"{count}-workspaces-{width}.txt"
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", WIDTHS_OF_SEVERAL)
def test_the_end_of_several_configurations(width: int) -> None:
    """Directories are cut where they must be, workspaces are not; what is not seen stands last."""
    text = text_of(40, width, of_several=True)
    assert max(map(width_of, text.splitlines())) <= width
    path = TEXTS / f"several-{width}.txt"
    assert text == path.read_text(encoding="utf-8")


def test_names_are_links_to_their_runs() -> None:
    """Only http addresses without a blank are links; others stay text."""
    outcomes = (
        evolve(outcome_of("good", Result.CHANGES), run_url="https://h/app/a/runs/run-1"),
        evolve(outcome_of("script", Result.CHANGES), run_url="javascript:alert(1)"),
        evolve(outcome_of("blank", Result.CHANGES), run_url="https://h/ \x1b]8;;x"),
    )
    ending = Ending(outcomes=outcomes, families=group_outcomes(outcomes), links=True)
    spans = [span for line in summary_lines(ending, 80) for span in line if span.link]
    assert [(span.text, span.link) for span in spans] == [
        ("good", "https://h/app/a/runs/run-1")
    ]
    text = terminal_text([Span("good", "", "https://h/1")], colors=False)
    assert text == "\x1b]8;;https://h/1\x1b\\good\x1b]8;;\x1b\\"


def test_the_first_line_fits_a_narrow_terminal() -> None:
    """A base and all counts are longer than 60 columns, and words are not cut by the terminal."""
    base = ComparedWith(kind="report", name="a report of 2026-11-27 10:12 UTC")
    ending = evolve(ended(40), compared_with=base, is_terminal=True)
    lines = summary_lines(ending, 60)
    texts = ["".join(span.text for span in spans) for spans in lines]

    assert max(map(len, texts[:3])) <= 60
    assert " ".join(texts[:2]).startswith("40 workspaces in")
    assert "compared with a report of 2026-11-27 10:12 UTC: 4 failed," in " ".join(
        texts[:2]
    )
    in_log = summary_lines(evolve(ending, is_terminal=False), 60)
    assert len(in_log[0][0].text) > 60


if __name__ == "__main__":
    TEXTS.mkdir(exist_ok=True)
    for count, width in CASES:
        path = TEXTS / f"{count}-workspaces-{width}.txt"
        path.write_text(text_of(count, width), encoding="utf-8")
    for width in WIDTHS_OF_SEVERAL:
        text = text_of(40, width, of_several=True)
        (TEXTS / f"several-{width}.txt").write_text(text, encoding="utf-8")
