"""Home, the list of workspaces and the list of batches: search, filters, pages."""

import re
from pathlib import Path

import pytest

from remote_backend.engine.simulated import Simulation
from remote_backend.models.plan import Counts
from remote_backend.server.pages.batch_records import mapping_of
from remote_backend.server.seed import SeedWorkspace
from tests.support.browser import Browser, opened_browser

LIST = "/app/acme/workspaces"
SIMULATIONS = {
    "failed": Simulation(succeeds=False),
    "destroys": Simulation(counts=Counts(0, 0, 3, 0)),
    "same": Simulation(counts=Counts()),
}


def shown_names(page: str) -> list[str]:
    """Return the workspaces that a list shows, in order."""
    rows = re.findall(r'<tr><th scope="row">.*?</th>', page, re.DOTALL)
    return [re.sub("<[^>]*>", "", row).rsplit(maxsplit=1)[-1] for row in rows]


async def test_a_list_of_hundreds_has_pages(tmp_path: Path) -> None:
    """Fifty each with links that keep the search; what is not a page is the first one."""
    seed = [
        SeedWorkspace(name=f"net-{number:03}", tags=("even",) if number % 2 == 0 else ())
        for number in range(300)
    ]
    async with opened_browser(tmp_path, seed) as browser:
        await browser.log_in(browser.server.token)
        _, first = await browser.get(LIST)
        _, third = await browser.get(f"{LIST}?tag=even&page=3")
        _, found = await browser.get(f"{LIST}?search=NET-29")
        _, last = await browser.get(f"{LIST}?page=99999999")
        _, odd = await browser.get(f"{LIST}?page=%C2%B2&sort=x&result=%F0%9F%92%A9")

    assert shown_names(first) == [f"net-{number:03}" for number in range(50)]
    assert len(first) < 60_000 and "300 of 300" in first
    assert shown_names(third) == [f"net-{number:03}" for number in range(200, 300, 2)]
    assert f'href="{LIST}?tag=even&amp;page=2"' in third and "Page 3 of 3" in third
    assert shown_names(found) == [f"net-{number}" for number in range(290, 300)]
    assert shown_names(last)[-1] == "net-299"
    assert shown_names(odd) == []


async def test_results_are_counted_filtered_and_ordered(tmp_path: Path) -> None:
    """The most important first; home counts what needs a person, and the reasons stand there."""
    seed = [
        SeedWorkspace(name=f"net-{name}", simulation=simulation)
        for name, simulation in SIMULATIONS.items()
    ]
    async with opened_browser(tmp_path, [*seed, SeedWorkspace(name="net-new")]) as browser:
        for name in SIMULATIONS:
            await browser.plan(name)
        await browser.log_in(browser.server.token)
        id = (await browser.request("GET", "organizations/acme/workspaces/net-same"))["id"]
        await browser.request(
            "POST", f"workspaces/{id}/actions/lock", {"reason": "<b>mine</b>"}
        )
        _, home = await browser.get("/app")
        _, ordered = await browser.get(f"{LIST}?sort=result")
        _, failed = await browser.get(f"{LIST}?result=failed")
        _, never = await browser.get(f"{LIST}?result=never")
        _, locked = await browser.get(f"{LIST}?locked=1")

    for count, word in (("1", "failed"), ("1", "destroy"), ("1", "locked")):
        assert f"<b>{count}</b> {word}" in home
    assert shown_names(ordered) == ["net-failed", "net-destroys", "net-same", "net-new"]
    assert shown_names(failed) == ["net-failed"]
    assert "this simulation fails" in failed and "never planned" in failed
    assert shown_names(never) == ["net-new"]
    assert shown_names(locked) == ["net-same"] and "locked by owner" in locked


async def test_home_says_that_nothing_is_there(tmp_path: Path) -> None:
    """An empty server has sentences in place of empty tables, and `/` leads to its pages."""
    async with opened_browser(tmp_path, []) as browser:
        url = browser.server.url
        headers = {"Accept": "text/html,*/*"}
        async with browser.http.get(
            f"{url}/", headers=headers, allow_redirects=False
        ) as root:
            assert (root.status, root.headers["Location"]) == (302, "/app")
        await browser.log_in(browser.server.token)
        _, home = await browser.get("/app")
        _, listed = await browser.get(LIST)
        _, batches = await browser.get("/app/acme/batches")

    assert "Nothing: no workspace failed" in home
    assert "There are no workspaces yet" in listed
    assert "There is no batch yet" in batches


async def test_what_is_not_there_names_what_is_near(browser: Browser) -> None:
    """Only for those who are logged in."""
    missing = f"{LIST}/net-devv/runs"
    async with browser.http.get(browser.server.url + missing) as response:
        assert "net-dev<" not in await response.text()
    await browser.log_in(browser.server.token)
    status, page = await browser.get(missing)

    assert status == 404
    assert "workspace net-devv does not exist." in page
    assert f'<a href="{LIST}/net-dev">net-dev</a>' in page


@pytest.mark.parametrize(
    ("names", "mapping"),
    [
        (["net-a", "net-b"], "net-*"),
        (["net-prod-a", "net-prod-b"], "net-prod-*"),
        (["only"], "only"),
        (["a", "b"], ""),
        ([], ""),
    ],
)
def test_a_batch_is_called_by_what_its_workspaces_share(
    names: list[str], mapping: str
) -> None:
    """As far as a whole part of their names."""
    assert mapping_of(names) == mapping
