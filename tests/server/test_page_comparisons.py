"""The page of a batch that compares: what the change causes, from the runs of both sides."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import anyio
from attrs import field, frozen

from remote_backend.engine.plan import EngineInputs, EngineResult, WriteLog
from remote_backend.engine.simulated import SimulatedEngine
from remote_backend.models.run import PlanOptions
from remote_backend.opening import open_backend
from remote_backend.planning.base_choice import BaseChoice, ReferenceBase, VersionBase
from remote_backend.planning.options import BatchOptions
from remote_backend.server.embedded import backend_block
from remote_backend.server.seed import SeedWorkspace
from tests.support.browser import Browser
from tests.support.report_builders import update
from tests.support.repositories import TestRepository, new_repository
from tests.support.scripted_engine import SCRIPT, ScriptedEngine, script
from tests.support.servers import running_server

PENDING = update("aws_vpc.pending", "1", "2")
CAUSED = update("aws_vpc.caused", "1", "2")
NAMES = ("net-dev", "net-prod")


@frozen
class EndlessThirdPlan(SimulatedEngine):
    """Plans twice, and then without an end."""

    begun: list[str] = field(factory=list)

    async def plan(self, inputs: EngineInputs, write: WriteLog) -> EngineResult:
        """Plan, or wait until canceled."""
        self.begun.append(inputs.workspace)
        if len(self.begun) > 2:
            await anyio.sleep_forever()
        return await super().plan(inputs, write)


@asynccontextmanager
async def opened(
    folder: Path, engine: SimulatedEngine
) -> AsyncIterator[tuple[Browser, TestRepository]]:
    """Log in to a server whose workspaces are planned from a repository."""
    seed = [SeedWorkspace(name=name) for name in NAMES]
    async with running_server(folder, simulated=engine, seed=seed) as server:
        block = backend_block(server.hostname, "acme", "net-")
        repository = new_repository(folder / "repo", {"main.tf": block, SCRIPT: script()})
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as http:
            browser = Browser(http, server, repository.path)
            await browser.log_in(server.token)
            yield browser, repository


async def compared(
    browser: Browser, repository: TestRepository, base: BaseChoice, plan: PlanOptions
) -> str:
    """Compare all workspaces and return the path of the page of the batch."""
    cli_config_file = str(browser.server.cli_config_file)
    environ = {**repository.environ, "TF_CLI_CONFIG_FILE": cli_config_file}
    async with (
        open_backend(repository.path, environ=environ) as backend,
        backend.plan_all(BatchOptions(base=base, plan=plan)) as batch,
    ):
        await batch.wait()
        return f"/app/acme/batches/{batch.id}"


async def test_the_page_of_a_comparison_shows_what_the_change_causes(
    tmp_path: Path,
) -> None:
    """As the report of the command does: classes, counts, the base, and the run that made it."""
    async with opened(tmp_path, ScriptedEngine()) as (browser, repository):
        commit = repository.commit({SCRIPT: script(all_others=[PENDING])})
        repository.git("checkout", "--quiet", "-b", "change")
        both = script(**{"net-prod": [PENDING, CAUSED]}, all_others=[PENDING])
        repository.commit({SCRIPT: both})
        path = await compared(browser, repository, ReferenceBase("main"), PlanOptions())
        _, page = await browser.get(path)
        async with browser.http.get(f"{browser.server.url}{path}/report.json") as response:
            document = json.loads(await response.text())
        _, listed = await browser.get("/app/acme/batches")

    shown = page.replace("<wbr>", "")
    assert f"Against commit {commit[:7]}" in shown
    assert "pending anyway: 2 in 2 workspaces" in shown
    assert re.search("1</b> unchanged", page)
    assert document["compared_with"]["name"] == f"commit {commit[:7]}"
    dev, prod = document["workspaces"]
    assert [dev["result"], prod["result"]] == ["unchanged", "changed"]
    assert prod["comparison"]["classes"] == {"caused": 1, "pending": 1}
    base = prod["comparison"]["base"]["run"]
    assert base["url"].endswith(f"/app/acme/workspaces/net-prod/runs/{base['id']}")
    assert base["id"] != prod["run"]["id"]
    assert "whole plans: 2 changed" in listed


async def test_the_page_of_a_rehearsal_names_both_versions(tmp_path: Path) -> None:
    """The runs of a batch with other versions of Terraform say which of them is the base."""
    async with opened(tmp_path, ScriptedEngine()) as (browser, repository):
        repository.commit({SCRIPT: script()})
        plan = PlanOptions(terraform_version="1.15.0")
        path = await compared(browser, repository, VersionBase("1.11.4"), plan)
        _, page = await browser.get(path)

    assert "Against Terraform 1.11.4, with Terraform 1.15.0" in page


async def test_while_a_base_is_planned_nothing_counts_as_caused(tmp_path: Path) -> None:
    """The workspace goes on, its phase says so, and both runs are canceled with the batch."""
    id = f"batch-{'4c' * 8}"
    path = f"/app/acme/batches/{id}"
    async with opened(tmp_path, EndlessThirdPlan()) as (browser, _):
        await browser.plan("dev")
        head = await browser.begin("net-dev", f"Planned ({id})")
        await browser.until(head, "changed")
        await browser.begin("net-dev", f"Planned, base of a comparison ({id})")
        page = await browser.until(path, "base planning")
        await browser.submit(path, f"{path}/cancel")
        over = await browser.until(path, "no base to compare with")

    assert "0 of 1 ended, 1 at work, 0 waiting." in page
    assert "Cancel 1 run<" in page
    assert "Plan 1 workspace<" in over
