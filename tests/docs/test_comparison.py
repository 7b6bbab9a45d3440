"""Figures of the README and of the comparison are those that were measured."""

import re

import pytest

from tests.support.documents import read
from tests.support.paths import REPOSITORY

_FIGURE = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\d)")


def figures(text: str) -> set[float]:
    """Return the numbers of two digits and more in the rows of tables, without their headings."""
    lines = text.splitlines()
    rows = [
        line
        for line, following in zip(lines, [*lines[1:], ""], strict=True)
        if line.startswith("|") and not following.startswith("| ---")
    ]
    return {float(figure) for figure in _FIGURE.findall("\n".join(rows)) if len(figure) > 1}


@pytest.mark.parametrize("page", ["README.md", "docs/explanation/comparison.md"])
def test_figures_were_measured(page: str) -> None:
    """Each number in a table stands in the published results of the benchmarks."""
    measured = figures(read(REPOSITORY / "benchmarks/RESULTS.md"))
    shown = figures(read(REPOSITORY / page))

    assert len(shown) >= 8
    assert shown - measured == set()


def test_a_figure_that_was_not_measured_is_seen() -> None:
    """The test above would name it; versions and words with digits are no figures."""
    table = (
        "| 10 plans |\n| --- |\n| terraform 1.11.4: 13.26 s, 46 MiB, x86 |\n7.77 seconds"
    )
    assert figures(table) == {13.26, 46}
