"""The site of docs/ in headless Chromium, where one is installed."""

from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.support.chromium import needs_chromium, page
from tests.support.site import site

__all__ = ("page", "site")

pytestmark = needs_chromium


@pytest.mark.parametrize("width", [1280, 390])
async def test_pages_need_no_network_and_fit(site: Path, page: Page, width: int) -> None:
    """A page from a folder loads nothing from elsewhere, and only its tables scroll sideways."""
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    await page.set_viewport_size({"width": width, "height": 900})
    for name in ("index", "troubleshooting", "reference/library", "explanation/comparison"):
        await page.goto((site / f"{name}.html").as_uri())
        await page.wait_for_load_state("networkidle")
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, name

    assert loaded
    assert [url for url in loaded if not url.startswith(("file:", "data:", "blob:"))] == []
