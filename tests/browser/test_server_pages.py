"""Pages of the server in headless Chromium, where one is installed."""

import anyio
from playwright.async_api import Page, expect

from remote_backend.opening import open_backend
from tests.support.browser import Browser, browser
from tests.support.chromium import needs_chromium, page

__all__ = ("browser", "page")

pytestmark = needs_chromium


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
