"""Reports and the server's pages take their colors from one style sheet."""

import re

import pytest

from remote_backend.formats.ansi_html import ansi_to_html
from remote_backend.formats.page_style import page_style
from remote_backend.reports.to_html import to_html
from remote_backend.server.pages.layout import asset
from tests.support.paths import REPOSITORY
from tests.support.report_builders import report


def test_a_report_and_the_pages_begin_with_the_shared_style() -> None:
    """Both write it where they write their own rules."""
    assert f"<style>\n{page_style()}" in to_html(report())
    assert str(asset("pages.css").text).startswith(page_style())


@pytest.mark.parametrize("path", ["reports/report.css", "server/pages/pages.css"])
def test_colors_stand_in_the_shared_style_alone(path: str) -> None:
    """Every color of a page is a variable that the shared style defines."""
    style = (REPOSITORY / "remote_backend" / path).read_text(encoding="utf-8")

    assert re.findall(r":[^;]*#[0-9a-f]{3,8}\b", style) == []
    used = set(re.findall(r"var\((--[a-z]+)\)", style))
    assert used and used <= set(re.findall(r"(--[a-z]+):", page_style()))


@pytest.mark.parametrize("code", ["1", "4", "31", "32", "33", "34", "35", "36", "90"])
def test_each_color_of_a_log_has_its_rule(code: str) -> None:
    """The classes that a log is written with stand in the shared style."""
    name = re.findall('class="([a-z]+)"', ansi_to_html(f"\x1b[{code}mtext"))

    assert f"\n.{name[0]} {{" in page_style()
