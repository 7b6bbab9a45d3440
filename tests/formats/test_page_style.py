"""Reports and the server's pages take their colors from one style sheet."""

import re

import pytest

from remote_backend.formats.ansi_html import ansi_to_html
from remote_backend.formats.page_style import page_style
from remote_backend.reports.to_html import to_html
from remote_backend.server.pages.layout import read_asset
from tests.support.paths import REPOSITORY
from tests.support.report_builders import report


def test_a_report_and_the_pages_begin_with_the_shared_style() -> None:
    """Both write it where they write their own rules."""
    assert f"<style>\n{page_style()}" in to_html(report())
    assert str(read_asset("pages.css").text).startswith(page_style())


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


def luminance(color: str) -> float:
    """Return the relative luminance of `#rrggbb`: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    parts = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colors."""
    dark, light = sorted(map(luminance, (first, second)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_colors_can_be_read(theme: int) -> None:
    """Texts have 4.5:1 on each background, and lines and bars 3:1 on the page (WCAG 2.2 AA)."""
    colors = dict(
        re.findall(
            r"--(\w+): (#\w{6})", re.findall(r":root \{[^}]*\}", page_style())[theme]
        )
    )
    backgrounds = [colors.pop(name) for name in ("paper", "shade", "mark")]
    assert colors.pop("rule")  # only decorates
    ratios = {
        (name, background): contrast(color, background)
        for name, color in colors.items()
        for background in (backgrounds[:1] if name in ("line", "bar") else backgrounds)
    }

    assert len(ratios) == 9 * 3 + 2
    assert {key for key, ratio in ratios.items() if ratio < 4.5} <= {
        ("line", backgrounds[0]),
        ("bar", backgrounds[0]),
    }
    assert min(ratios.values()) >= 3
