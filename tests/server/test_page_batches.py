"""The page of a batch: its report, live, in all forms."""

import json
import re
from pathlib import Path

from remote_backend.engine.simulated import Simulation
from remote_backend.models.plan import Counts
from remote_backend.opening import open_backend
from remote_backend.planning.options import BatchOptions
from remote_backend.server.seed import SeedWorkspace
from tests.support.browser import Browser, opened_browser

SEED = (
    SeedWorkspace(
        name="net-bad",
        simulation=Simulation(parts=(b"Error: <b>bad</b>\n",), succeeds=False),
    ),
    SeedWorkspace(name="net-gone", simulation=Simulation(counts=Counts(0, 0, 2, 0))),
    SeedWorkspace(name="net-same", simulation=Simulation(counts=Counts())),
    SeedWorkspace(name="net-slow", simulation=Simulation(seconds=300)),
)


async def planned(browser: Browser) -> str:
    """Plan all workspaces but the slow one, and return the id of the batch."""
    environ = {"TF_CLI_CONFIG_FILE": str(browser.server.cli_config_file)}
    options = BatchOptions(select=("bad", "gone", "same"))
    async with (
        open_backend(browser.directory, environ=environ) as backend,
        backend.plan_all(options) as batch,
    ):
        await batch.wait()
        return batch.id


async def test_a_batch_is_its_report(tmp_path: Path) -> None:
    """Groups, changes, times, and links to the runs on this server; a short id is enough."""
    async with opened_browser(tmp_path, SEED) as browser:
        id = await planned(browser)
        await browser.log_in(browser.server.token)
        _, page = await browser.get(f"/app/acme/batches/{id}")
        short, _ = await browser.get(f"/app/acme/batches/{id[6:10]}")
        missing, _ = await browser.get("/app/acme/batches/batch-none")
        _, listed = await browser.get("/app/acme/batches")

    assert "Terraform plan of acme/net-*" in page and "By owner" in page
    assert "&lt;b&gt;bad&lt;/b&gt;" in page and "<b>bad" not in page
    assert 'href="/app/acme/workspaces/net-gone/runs/run-' in page
    assert "simulated_resource.delete[1]" in page.replace("<wbr>", "")
    assert 'id="ws=net-same"' in page and "report.js" in page and "batch.js" not in page
    assert (short, missing) == (200, 404)
    assert f'href="/app/acme/batches/{id}">{id[6:10]}</a>' in listed
    assert (
        "net-* (3)" in listed and "1 failed, 1 changed (1 destroy), 1 unchanged" in listed
    )


async def test_a_batch_is_downloaded_in_all_forms(tmp_path: Path) -> None:
    """As files with whole addresses; a form that is not known is not there."""
    async with opened_browser(tmp_path, SEED) as browser:
        id = await planned(browser)
        await browser.log_in(browser.server.token)
        texts = {}
        for suffix in ("html", "md", "json", "xml"):
            path = f"/app/acme/batches/{id}/report.{suffix}"
            async with browser.http.get(browser.server.url + path) as response:
                assert "attachment" in response.headers["Content-Disposition"]
                assert "sandbox" in response.headers["Content-Security-Policy"]
                texts[suffix] = await response.text()
        missing, _ = await browser.get(f"/app/acme/batches/{id}/report.exe")
        origin = browser.server.url

    document = json.loads(texts["json"])
    assert document["totals"]["failed"] == document["totals"]["destructive"] == 1
    assert document["batch"]["id"] == id
    for text in texts.values():
        assert f"{origin}/app/acme/workspaces/net-bad/runs/run-" in text
    assert "<testsuite" in texts["xml"] and texts["md"].startswith("<!--")
    assert texts["html"].startswith("<!doctype html>")
    assert missing == 404


async def test_a_batch_that_goes_on_is_live(tmp_path: Path) -> None:
    """It shows who is at work, is sent again only after a change, and is canceled as a whole."""
    id = f"batch-{'4a' * 8}"
    path = f"/app/acme/batches/{id}"
    message = f"<u>now</u> ({id})"
    async with opened_browser(tmp_path, SEED) as browser:
        await planned(browser)
        await browser.log_in(browser.server.token)
        for name in ("net-slow", "net-same"):
            await browser.begin(name, message)
        await browser.until(path, "1</b> unchanged")
        page = await browser.until(path, "1 of 2 ended, 1 at work, 0 waiting.")
        async with browser.http.get(browser.server.url + path) as response:
            headers = {"If-None-Match": response.headers["ETag"]}
        async with browser.http.get(browser.server.url + path, headers=headers) as response:
            assert response.status == 304
        report = browser.server.url + f"{path}/report.json"
        async with browser.http.get(report) as response:
            totals = (await response.json())["totals"]
        await browser.submit(path, f"{path}/cancel")
        over = await browser.until(path, "1</b> canceled")

    assert "data-live" in page and "batch.js" in page and "Cancel 1 run<" in page
    assert "net-slow" in page and "still running" in page and ": failed" not in page
    assert (totals["running"], totals["failed"], totals["unchanged"]) == (1, 0, 1)
    assert "data-live" not in over and "batch.js" not in over


async def test_a_comparison_shows_the_runs_of_the_change(tmp_path: Path) -> None:
    """A run of the base counts only where the workspace has no other in the batch."""
    id = f"batch-{'4b' * 8}"
    async with opened_browser(tmp_path, SEED) as browser:
        await planned(browser)
        await browser.log_in(browser.server.token)
        head = await browser.begin("net-same", f"Planned ({id})")
        base = await browser.begin("net-same", f"Planned, base of a comparison ({id})")
        alone = await browser.begin("net-gone", f"Planned, base of a comparison ({id})")
        page = await browser.until(f"/app/acme/batches/{id}", "Plan 2 workspaces")

    assert head in page and alone in page and base not in page


async def test_many_workspaces_are_planned_again(tmp_path: Path) -> None:
    """As a new batch; those without a configuration are left out and counted."""
    async with opened_browser(tmp_path, SEED) as browser:
        await planned(browser)
        await browser.log_in(browser.server.token)
        workspaces, batches = "/app/acme/workspaces", "/app/acme/batches"
        # A batch uploads once, so most of its workspaces have no version of their own.
        status, page = await browser.submit(workspaces, batches, all="1", mode="plan")
        id = re.findall("batch-[0-9a-f]{16}", page)[0]
        # The button comes when all runs are over; the failed one may be the first.
        over = await browser.until(f"{batches}/{id}", "Plan 3 workspaces<")
        _, chosen = await browser.submit(
            workspaces, batches, workspace=["net-same", "net-none"], mode="refresh-only"
        )
        nothing, _ = await browser.submit(workspaces, batches, mode="plan")
        none, why = await browser.submit(workspaces, batches, workspace="net-slow")

        _, repeated = await browser.submit(f"{batches}/{id}", batches, batch=id)

    assert status == 200
    assert "1</b> failed" in over and f'value="{id}"' in over
    assert "Terraform plan of acme/net-*" in repeated and f'value="{id}"' not in repeated
    assert "1 of the chosen workspaces are left out" in page
    assert "net-bad" in over and "net-slow" not in over
    assert "Terraform drift of acme/net-same" in chosen
    assert (nothing, none) == (422, 422)
    assert "none of these workspaces has a configuration" in why
