"""Headless Chromium, where one is installed, and axe, which judges whether pages are accessible.

As a program it writes a line if the tests in a browser are skipped here: `python -m tests.support.chromium`.
"""

import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import ConsoleMessage, Page, async_playwright

from tests.support.servers import hosted


def _installed() -> str | None:
    """Return the system's Chromium, or the newest that `playwright install chromium` downloaded."""
    folder = os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or "~/.cache/ms-playwright"
    downloaded = sorted(Path(folder).expanduser().glob("chromium-*/chrome-linux*/chrome"))
    return (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or next(map(str, reversed(downloaded)), None)
    )


_CHROMIUM = _installed()
_MISSING = "no chromium is installed (Debian: apt-get install chromium)"

needs_chromium = pytest.mark.skipif(_CHROMIUM is None, reason=_MISSING)


@asynccontextmanager
async def opened_page(**options: Any) -> AsyncIterator[Page]:
    """Open a page on which no script may fail and no policy may be violated."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=_CHROMIUM, args=["--no-sandbox"]
        )
        context = await chromium.new_context(**options)
        page = await context.new_page()
        errors = note_violations(page)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("dialog", lambda dialog: errors.append(dialog.message))
        yield page
        assert errors == []
        await chromium.close()


def note_violations(page: Page) -> list[str]:
    """Return a list that gets each violation of the page's content security policy."""
    violations: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and "Content Security Policy" in message.text:
            violations.append(message.text)

    page.on("console", note)
    return violations


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """Run a browser with one page."""
    async with hosted(opened_page()) as made:
        yield made


async def axe_findings(page: Page) -> list[tuple[str, str]]:
    """Return what axe finds on a page with everything opened: each rule with an example.

    Rules of WCAG 2.2 AA and best practice are tried.
    """
    await page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    await page.evaluate(axe_script() or "")
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = await page.evaluate(f"axe.run({{runOnly: {json.dumps(rules)}}})")
    assert len(found["passes"]) > 10
    return [(rule["id"], rule["nodes"][0]["html"]) for rule in found["violations"]]


needs_axe = pytest.mark.skipif(
    find_spec("axe_playwright_python") is None,
    reason="axe is not installed (pip install axe-playwright-python)",
)


def axe_script() -> str | None:
    """Return axe-core from a package that brings it along, or None if it is not installed."""
    spec = find_spec("axe_playwright_python")
    folders = spec.submodule_search_locations if spec is not None else None
    for folder in folders or ():
        for path in Path(folder).rglob("axe.min.js"):
            return path.read_text(encoding="utf-8")
    return None


if __name__ == "__main__" and _CHROMIUM is None:
    print(f"The tests in tests/browser were skipped: {_MISSING}.")
