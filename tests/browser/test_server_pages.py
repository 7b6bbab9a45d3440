"""Pages of the server in headless Chromium, where one is installed."""

import anyio
import pytest
from playwright.async_api import Page, expect

from remote_backend.opening import open_backend
from tests.support.browser import Browser, browser
from tests.support.chromium import (
    axe_findings,
    needs_axe,
    needs_chromium,
    opened_page,
    page,
)

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


BATCH_ID = f"batch-{'4a' * 8}"
BATCH = f"/app/acme/batches/{BATCH_ID}"


async def log_in(page: Page, browser: Browser, path: str) -> None:
    """Go to a page of the server by way of its login."""
    await page.goto(browser.server.url + path)
    await page.locator("[name=token]").fill(browser.server.token)
    await page.locator("[name=token]").press("Enter")
    await expect(page.locator("nav[aria-label=Main]")).to_be_visible()


async def test_a_batch_page_grows(page: Page, browser: Browser) -> None:
    """Results appear without a reload, while the search and what was opened stay."""
    await browser.plan("dev")
    await browser.begin("net-slow", f"begun ({BATCH_ID})")
    await log_in(page, browser, BATCH)
    await expect(page.locator("#batch [role=status]")).to_contain_text("0 of 1 ended")
    await page.evaluate("window.isSame = true")
    running = page.locator(".group.running")
    await running.locator("summary").click()
    await page.fill("#search", "net-")
    await browser.begin("net-judged", f"begun ({BATCH_ID})")

    await expect(page.locator("[data-filter=failed]")).to_contain_text("1 failed")
    await expect(page.locator("#hits")).to_contain_text("2 workspaces")
    await expect(running).to_have_attribute("open", "")
    await page.click("[data-filter=failed]")
    await expect(running).to_be_hidden()
    assert await page.evaluate("window.isSame")
    await page.locator("#batch .confirm summary").click()
    await page.locator("#batch .confirm button").click()
    await expect(page.locator("[data-filter=canceled]")).to_contain_text("1 canceled")
    await expect(page.locator("#batch .confirm summary")).to_have_text("Plan again")


async def test_pages_work_without_scripts(browser: Browser) -> None:
    """Search, plan again, cancel: by links and forms alone."""
    await browser.plan("dev")
    async with opened_page(java_script_enabled=False) as page:
        await log_in(page, browser, "/app/acme/workspaces")
        await page.fill("[name=search]", "dev")
        await page.click("text=Show")
        await expect(page.locator("tbody tr")).to_have_count(1)
        await page.locator("tbody a").first.click()
        await page.click("text=Plan again >> nth=0")
        await page.locator("button:has-text('Plan again')").click()
        await expect(page.locator("h1")).to_have_text("Run of net-dev")
        await expect(page.locator("#log-section")).to_contain_text("raw")


@needs_axe
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
async def test_axe_finds_nothing(scheme: str, width: int, browser: Browser) -> None:
    """Half of the kinds of pages in each theme; nothing is wider than the screen."""
    run = await browser.plan("judged")
    slow = await browser.begin("net-slow", f"begun ({BATCH_ID})")
    organization = {"attributes": {"name": "other", "email": "ops@other.test"}}
    await browser.request("POST", "organizations", {"data": organization})
    workspace = "/app/acme/workspaces/net-dev"
    paths = {
        1280: (
            "/app",
            "/app/acme/workspaces",
            "/app/other/workspaces",
            run,
            BATCH,
            f"{workspace}/variables",
        ),
        390: (workspace, slow, "/app/acme/batches", "/app/settings/tokens"),
    }
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    async with opened_page(**options) as page:
        await log_in(page, browser, "/app")
        for path in paths[width]:
            await page.goto(browser.server.url + path)
            assert await axe_findings(page) == [], path
            assert await page.evaluate("document.documentElement.scrollWidth") == width
