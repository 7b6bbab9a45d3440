"""Reports and pages in headless Chromium, where one is installed."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from playwright.async_api import Page, async_playwright, expect

from remote_backend.backend import open_backend
from remote_backend.models.outcome import Result
from remote_backend.reports.to_html import to_html
from tests.support.browser import EVIL, Browser, browser
from tests.support.report_builders import change, outcome, plan, report, update
from tests.support.servers import hosted

__all__ = ("browser",)

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium is installed (Debian: apt-get install chromium)"
)


@asynccontextmanager
async def opened() -> AsyncIterator[Page]:
    """Open a page that tells every error of its scripts."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        page = await chromium.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("dialog", lambda dialog: errors.append(dialog.message))
        yield page
        assert errors == []
        await chromium.close()


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """Run a browser with one page."""
    async with hosted(opened()) as made:
        yield made


async def test_a_report_is_searched_and_filtered(page: Page, tmp_path: Path) -> None:
    """A thousand workspaces, ten of them different; hostile logs stay text."""
    usual = plan(update("aws_route.a", "1", "2"))
    outcomes = [outcome(f"usual-{n}", usual) for n in range(990)]
    outcomes += [
        outcome(f"odd-{n}", plan(change(f"aws_vpc.v{n}", "delete"))) for n in range(10)
    ]
    outcomes.append(outcome("broken", result=Result.FAILED, reason="the run errored"))
    path = tmp_path / "r.html"
    path.write_text(to_html(report(*outcomes, logs={"broken": EVIL.decode() * 20})))

    await page.goto(path.as_uri())
    groups = page.locator("details.group")
    await expect(groups).to_have_count(12)
    await page.fill("#search", "aws_vpc.v7")
    await expect(page.locator("details.group:visible")).to_have_count(1)
    await page.fill("#search", "usual-42")
    await page.locator("details.group:visible > summary").click()
    await expect(page.locator("details.workspace:visible")).to_have_count(11)
    await page.fill("#search", "")
    await page.uncheck("[data-filter=changes]")
    await expect(page.locator("details.group:visible")).to_have_count(1)
    await page.locator("details.workspace:visible > summary").click()
    await expect(page.locator("pre:visible")).to_contain_text("<script>alert(1)</script>")
    await expect(page.locator("pre:visible .red").first).to_have_text("red")


async def test_a_run_page_shows_lines_as_they_come(page: Page, browser: Browser) -> None:
    """Logged in by the form and the keyboard; the log grows and ends without a reload."""
    environ = {"TF_CLI_CONFIG_FILE": str(browser.server.cli_config_file)}
    async with open_backend(browser.directory, environ=environ) as backend:
        async with backend.plan("slow") as batch:
            with anyio.fail_after(60):
                async for event in batch:
                    if type(event).__name__ == "LogChunkRead":
                        break
            runs = f"{browser.server.url}/app/acme/net-slow"
            await page.goto(runs)
            field = page.locator("[name=token]")
            await expect(field).to_be_focused()
            await field.fill(browser.server.token)
            await field.press("Enter")
            await page.locator("tbody a").first.click()
            await expect(page.locator("#log")).to_contain_text("simulated")
            await expect(page.locator("#status")).to_have_text("planning")
        # Leaving the block has canceled the run.
        await expect(page.locator("#status")).to_have_text("canceled")
        await expect(page.locator("#log")).to_contain_text("The run was canceled.")


async def test_a_hostile_log_is_text_on_its_page(page: Page, browser: Browser) -> None:
    """No script of a log runs, and its colors show."""
    path = await browser.plan("dev")
    await page.goto(browser.server.url + path)
    await page.locator("[name=token]").fill(browser.server.token)
    await page.locator("[name=token]").press("Enter")
    await expect(page.locator("#log")).to_contain_text("<script>alert(1)</script>")
    await expect(page.locator("#log .red")).to_have_text("red")
