"""Names of workspaces that are longer than their place; of `DIR:WORKSPACE` the directory goes first."""

import pytest
from attrs import evolve

from remote_backend.cli.output.summary import Ending, summary_lines
from remote_backend.cli.output.view.cells import cut_name, terminal_text, width_of
from remote_backend.cli.output.view.words import names_within
from remote_backend.models.outcome import Result
from remote_backend.models.plan import Counts
from remote_backend.plans.groups import group_outcomes
from tests.support.batch_view import names_in_directories, outcome_of

NAME = "stacks/networking:prod-eu"


@pytest.mark.parametrize(
    ("name", "width", "cut"),
    [
        (NAME, 25, NAME),
        (NAME, 24, "stacks/n…working:prod-eu"),
        (NAME, 15, "sta…ing:prod-eu"),
        (NAME, 11, "s…g:prod-eu"),
        (NAME, 10, "s…:prod-eu"),
        (NAME, 9, "…:prod-eu"),
        (NAME, 8, "…:pro…eu"),
        (NAME, 5, "…:p…u"),
        ("prod-eu-west-1", 9, "prod…st-1"),
        ("stacks/broken", 9, "stac…oken"),
        # At the last colon.
        ("a:networking:dev", 10, "a:n…ng:dev"),
        ("网络网络网络:dev", 10, "网 …络:dev"),
    ],
)
def test_a_name_in_a_width(name: str, width: int, cut: str) -> None:
    """The directory is cut in its middle, then the workspace is."""
    assert cut_name(name, width) == cut
    assert width_of(cut) <= width


@pytest.mark.parametrize("width", range(40))
def test_no_name_is_wider(width: int) -> None:
    """Whatever there is room for, also for a mark of several characters."""
    for name in ("", "a", "a:", ":a", NAME, "网络:长长长长", "a" * 50):
        for mark in ("…", "~", "..."):
            assert width_of(cut_name(name, width, mark)) <= width


@pytest.mark.parametrize(
    ("names", "width", "text"),
    [
        (["a:x", "b:y"], 8, "a:x, b:y"),
        (["a:x", "b:y", "c:z"], 11, "a:x, b:y, …"),
        (["a:x", "b:y", "c:z"], 10, "a:x, …"),
        ([NAME], 15, "sta…ing:prod-eu"),
        ([NAME, "b:y"], 18, "sta…ing:prod-eu, …"),
        (["dev-a", "dev-b", "dev-c"], 10, "dev-a, de…"),
    ],
)
def test_a_list_in_a_width(names: list[str], width: int, text: str) -> None:
    """Names of several configurations are whole but for the first one."""
    assert names_within(names, width) == text


@pytest.mark.parametrize("width", [50, 60, 80])
def test_the_summary_shows_every_workspace_name(width: int) -> None:
    """A long directory leaves room for the workspace, and no line is too long."""
    names = [f"{'long/' * 20}{name}" for name in names_in_directories(6)]
    changed = [outcome_of(name, Result.CHANGES, counts=Counts(1)) for name in names[:2]]
    failed = [outcome_of(name, Result.FAILED, error="gone") for name in names[2:4]]
    blind = evolve(outcome_of(names[4], Result.NO_CHANGES), unseen_outputs=(names[0],))
    outcomes = (*changed, *failed, blind)
    ending = Ending(outcomes=outcomes, families=group_outcomes(outcomes))
    texts = [terminal_text(each, colors=False) for each in summary_lines(ending, width)]

    assert max(map(width_of, texts)) <= width
    shown = "\n".join(texts)
    for name in (names[0], names[2], names[4]):
        assert name.rpartition(":")[2] in shown
