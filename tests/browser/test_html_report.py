"""The HTML report in headless Chromium, where one is installed."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve
from playwright.async_api import Page, expect

from remote_backend.models.cost import Cost
from remote_backend.models.outcome import Result
from remote_backend.models.planned_place import ConfigurationPlace
from remote_backend.models.policy import CheckReport, PolicyResult
from remote_backend.reports.summary import Report
from remote_backend.reports.to_html import to_html
from tests.support.browser import EVIL
from tests.support.chromium import (
    axe_findings,
    needs_axe,
    needs_chromium,
    note_violations,
    opened_page,
    page,
)
from tests.support.paths import SAMPLES
from tests.support.report_builders import change, outcome, plan, report, update

__all__ = ("page",)

pytestmark = needs_chromium

LOG_COMMAND = "plans log 8aeb"
COST = CheckReport(
    kind="cost estimate",
    name="costs",
    status="finished",
    cost=Cost(prior=Decimal(1), proposed=Decimal(3), delta=Decimal(2)),
)
POLICY = CheckReport(
    kind="policy check",
    name="org",
    status="soft_failed",
    failed=True,
    policies=(
        PolicyResult(name="tags", level="soft-mandatory", status="failed", text="x"),
    ),
)
USER_DATA = "\n".join(f"echo {number}" for number in range(30))


def few() -> Report:
    """Return a report with everything that a page can have, in 8 workspaces."""
    replaced = change(
        "aws_db_instance.main",
        "delete",
        "create",
        change={
            "before": {"encrypted": False, "user_data": USER_DATA},
            "after": {"encrypted": True, "user_data": USER_DATA.replace("7", "seven")},
            "after_unknown": {"id": True},
            "replace_paths": [["encrypted"]],
        },
    )
    broken = outcome("broken", result=Result.FAILED, reason="Unsupported argument")
    return report(
        broken,
        outcome("stopped", result=Result.CANCELED, reason="the run was canceled"),
        outcome("prod-a", plan(replaced, update("aws_route.a", "1", "2")), checks=(COST,)),
        outcome("prod-b", plan(replaced, update("aws_route.a", "1", "3")), checks=(COST,)),
        outcome("dev-a", plan(update("aws_route.a", "1", "2")), checks=(POLICY,)),
        outcome("dev-b", plan(update("aws_route.a", "1", "2"))),
        outcome("same-a"),
        outcome("same-b"),
        logs={"broken": EVIL.decode() * 300},
    )


def many() -> Report:
    """Return a report of a thousand workspaces, ten of them different, one broken."""
    usual = plan(update("aws_route.a", "1", "2"))
    return report(
        *(outcome(f"usual-{n}", usual) for n in range(989)),
        *(outcome(f"odd-{n}", plan(change(f"aws_vpc.v{n}", "delete"))) for n in range(10)),
        outcome("broken", result=Result.FAILED, reason="the run errored"),
        logs={"broken": EVIL.decode() * 20},
    )


def written(made: Report, folder: Path) -> str:
    """Write a page and return its address."""
    path = folder / "r.html"
    path.write_text(to_html(evolve(made, log_command=LOG_COMMAND)), encoding="utf-8")
    return path.as_uri()


async def test_search_finds_names_addresses_and_values(page: Page, tmp_path: Path) -> None:
    """In a thousand workspaces; groups, names, counts, tiles, matrix and bars follow."""
    await page.goto(written(many(), tmp_path))
    groups = page.locator("details.group:visible")
    hits = page.locator("#hits")
    await expect(groups).to_have_count(12)

    await page.fill("#search", "AWS_vpc.v7")
    await expect(hits).to_have_text("1 of 1,000 workspaces, 1 of 999 changes")
    await expect(groups).to_have_count(1)
    await expect(groups).to_have_attribute("open", "")
    await expect(page.locator("[data-filter=destroy]")).to_have_text("! 1 of 10 destroy")
    await expect(page.locator("#matrix tbody tr:visible")).to_have_text("aws_vpc.v7-")

    await page.fill("#search", "usual-42")
    await expect(hits).to_have_text("11 of 1,000 workspaces, 11 of 999 changes")
    await expect(page.locator(".names li:visible")).to_have_count(11)

    await page.fill("#search", '"1" -> "2"')
    await expect(hits).to_have_text("989 of 1,000 workspaces, 989 of 999 changes")

    await page.fill("#search", "")
    await expect(groups).to_have_count(12)
    await expect(page.locator(".group.changed")).not_to_have_attribute("open", "")


async def test_tiles_filter(page: Page, tmp_path: Path) -> None:
    """Each shows its kind, a second press shows all again, and the space bar presses too."""
    await page.goto(written(few(), tmp_path))
    groups = page.locator("details.group:visible")

    await page.click("[data-filter=failed]")
    await expect(groups).to_have_count(1)
    await expect(page.locator("[data-filter=failed]")).to_have_attribute(
        "aria-pressed", "true"
    )
    await page.locator("[data-filter=destroy]").press(" ")
    await expect(groups).to_have_count(2)
    await expect(page.locator("#hits")).to_have_text("3 of 8 workspaces, 4 of 6 changes")
    await page.click("[data-filter=failed]")
    await page.click("[data-filter=destroy]")
    await expect(groups).to_have_count(5)


async def test_an_anchor_opens_and_marks_a_workspace(page: Page, tmp_path: Path) -> None:
    """Its group is opened, also when a search hides it; buttons copy link and command."""
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    address = written(few(), tmp_path)
    await page.goto(f"{address}#ws=dev-b")
    item = page.locator('[id="ws=dev-b"]')
    await expect(item).to_be_in_viewport()
    await expect(page.locator(".group.changed")).to_have_attribute("open", "")

    for button, text in (
        ("Copy link", f"{address}#ws=dev-b"),
        ("Copy log command", f"{LOG_COMMAND} dev-b"),
    ):
        await item.get_by_role("button", name=button).click()
        assert await page.evaluate("navigator.clipboard.readText()") == text

    await page.fill("#search", "prod-a")
    await expect(item).to_be_hidden()
    await page.evaluate("location.hash = 'ws=same-b'")
    await expect(page.locator('[id="ws=same-b"]')).to_be_in_viewport()
    await expect(page.locator("#search")).to_have_value("")
    await page.click("a[href='#cost'].tile")
    await expect(page.locator("#cost table")).to_be_visible()


async def test_keys_work_and_can_be_switched_off(page: Page, tmp_path: Path) -> None:
    """Search, step, expand, list; letters in the search are letters (WCAG 2.1.4)."""
    await page.goto(written(few(), tmp_path))
    summaries = page.locator(".group > summary")

    await page.keyboard.press("j")
    await expect(summaries.nth(0)).to_be_focused()
    await page.keyboard.press("j")
    await expect(summaries.nth(1)).to_be_focused()
    await page.keyboard.press("k")
    await expect(summaries.nth(0)).to_be_focused()
    await page.keyboard.press("e")
    await expect(page.locator(".group:not([open])")).to_have_count(0)
    await page.keyboard.press("/")
    await page.keyboard.type("je")
    await expect(page.locator("#search")).to_have_value("je")
    await page.keyboard.press("Escape")
    await expect(page.locator("#search")).to_have_value("")
    await page.locator("#expand").focus()
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_visible()
    await page.uncheck("#keys-on")
    await page.click("#keys-close")
    await page.keyboard.press("/")
    await expect(page.locator("#search")).not_to_be_focused()


async def test_the_page_asks_nobody_and_runs_nothing_else(
    page: Page, tmp_path: Path
) -> None:
    """One file is read; a script, a style or an image that got into it would be refused."""
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    address = written(few(), tmp_path)
    await page.goto(address)
    await page.locator(".logs summary").click()
    await expect(page.locator(".logs pre")).to_contain_text("<script>alert(1)</script>")
    await expect(page.locator(".logs .red").first).to_have_text("red")
    assert requests == [address]

    text = Path(tmp_path, "r.html").read_text(encoding="utf-8")
    assert not re.search(
        r"\sstyle=|\son[a-z]+=", re.sub(r"(?s)<script>.*?</script>", "", text)
    )
    intruder = "<main><script>document.title = 'run'</script><img src='data:,' id='i'>"
    (tmp_path / "intruder.html").write_text(text.replace("<main", intruder, 1))
    other = await page.context.new_page()
    violations = note_violations(other)
    await other.goto((tmp_path / "intruder.html").as_uri())
    assert await other.title() != "run"
    assert len(violations) == 2


async def test_the_page_can_be_read_without_its_script(tmp_path: Path) -> None:
    """Groups open, tiles lead to sections, and an anchor marks its workspace."""
    async with opened_page(java_script_enabled=False) as page:
        await page.goto(written(few(), tmp_path) + "#ws=same-b")
        await expect(page.locator("#tools")).to_be_hidden()
        await expect(page.locator('[id="ws=same-b"]')).to_be_visible()
        await expect(page.locator(".group.failed .title")).to_be_visible()
        await page.click("[data-filter=destroy]")
        await expect(page.locator("#destroy h2")).to_be_in_viewport()


async def test_narrow_pages_have_one_column(tmp_path: Path) -> None:
    """At 390 pixels nothing is wider than the page, and the matrix is lines with names."""
    async with opened_page(viewport={"width": 390, "height": 800}) as page:
        await page.goto(written(few(), tmp_path))
        await page.evaluate(
            "document.querySelectorAll('details').forEach(d => d.open = true)"
        )
        assert await page.evaluate("document.documentElement.scrollWidth") == 390
        cell = page.locator("#matrix tbody tr").first.locator("td").first
        assert await cell.evaluate("cell => getComputedStyle(cell).display") == "block"
        assert await cell.get_attribute("data-name") == "2: prod-*"


async def test_words_of_changes_that_others_cause_stay_whole(page: Page) -> None:
    """At 390 pixels the class of a change is broken between words, and its address stays legible."""
    await page.set_viewport_size({"width": 390, "height": 800})
    await page.goto((SAMPLES / "reports" / "comparison.html").as_uri())
    await page.evaluate(
        """document.querySelectorAll('#not-caused details').forEach(d => d.open = true);
        document.querySelectorAll('#not-caused td:last-child').forEach(
            cell => cell.textContent = 'stacks/net:eu-central-1-blue, '.repeat(30))"""
    )
    row = page.locator("#not-caused tbody tr").first.locator("td")
    style = "cell => getComputedStyle(cell).overflowWrap"

    assert await row.nth(0).evaluate(style) == "normal"
    assert await row.nth(1).evaluate("cell => cell.clientWidth") >= 128
    assert await page.evaluate("document.documentElement.scrollWidth") == 390


def several() -> Report:
    """Return a report of six configurations with long directories, each with another change."""
    names = ("networking", "dns", "storage", "compute", "identity", "observability")
    directories = [f"infrastructure/{name}/module-{name}" for name in names]
    outcomes = [
        outcome(
            f"{directory}:prod-eu",
            plan(*(change(f"aws_x.r{each}", "create") for each in range(number + 1))),
            configuration=directory,
            unseen_outputs=(f"{directories[0]}:prod-eu",) if number == 1 else (),
        )
        for number, directory in enumerate(directories)
    ]
    places = [ConfigurationPlace(name=directory) for directory in directories]
    return report(*outcomes, mapping="infrastructure/*", configurations=places)


@pytest.mark.parametrize("width", [1280, 390])
async def test_directories_are_cut_and_workspaces_are_not(
    width: int, tmp_path: Path
) -> None:
    """In the table, the bars and the links of a batch of several configurations."""
    async with opened_page(viewport={"width": width, "height": 800}) as page:
        await page.goto(
            f"{written(several(), tmp_path)}#ws=infrastructure/dns/module-dns:prod-eu"
        )
        await expect(page.locator(".group[open] b")).to_have_text(
            "infrastructure/dns/module-dns:prod-eu"
        )
        await page.evaluate(
            "document.querySelectorAll('details').forEach(d => d.open = true)"
        )
        assert await page.evaluate("document.documentElement.scrollWidth") == width
        cut = await page.evaluate(
            "['.directory', '.directory + span'].map(selector => "
            "[...document.querySelectorAll(`.bars ${selector}, .matrix ${selector}`)]"
            ".filter(each => each.scrollWidth > each.clientWidth).length)"
        )
        assert cut[0] > 0 and cut[1] == 0
        await expect(page.locator("#unseen li")).to_have_count(1)


async def test_print_has_all_groups_and_no_tools(page: Page, tmp_path: Path) -> None:
    """Groups are opened for the paper and closed afterwards; logs and search are left out."""
    await page.goto(written(few(), tmp_path))
    await page.emulate_media(media="print")
    await page.evaluate("dispatchEvent(new Event('beforeprint'))")
    await expect(page.locator(".group:not([open])")).to_have_count(0)
    for selector in ("#tools", ".logs"):
        await expect(page.locator(selector)).to_be_hidden()
    await expect(page.locator("[data-filter=failed]")).to_be_visible()
    await page.evaluate("dispatchEvent(new Event('afterprint'))")
    await expect(page.locator(".group.unchanged")).not_to_have_attribute("open", "")


@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
async def test_axe_finds_nothing(scheme: str, width: int, tmp_path: Path) -> None:
    """Rules of WCAG 2.2 AA and best practice, with everything opened, in both themes."""
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    async with opened_page(**options) as page:
        for made in (few(), several()):
            await page.goto(written(made, tmp_path))
            assert await axe_findings(page) == []
