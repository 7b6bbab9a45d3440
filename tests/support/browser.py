"""A session with the pages of a server whose logs and variables are hostile."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import anyio
import anyio.lowlevel
import pytest
from attrs import frozen

from remote_backend.engine.judgement import SimulatedCost, SimulatedPolicy
from remote_backend.engine.simulated import Simulation
from remote_backend.models.plan import Counts
from remote_backend.opening import open_backend
from remote_backend.server.embedded import (
    EmbeddedServer,
    ServerSettings,
    backend_block,
    serve,
)
from remote_backend.server.seed import SeedVariable, SeedWorkspace
from tests.support.servers import hosted

EVIL = b"<script>alert(1)</script> \x1b[31mred\x1b[0m \x1b]0;t\x07\n"


@frozen
class Browser:
    """A session with cookies, a server, and a directory that is configured for it."""

    http: aiohttp.ClientSession
    server: EmbeddedServer
    directory: Path

    async def get(self, path: str) -> tuple[int, str]:
        """Return status and text of a page, whose rules are always the same."""
        async with self.http.get(self.server.url + path) as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy and "unsafe" not in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            return answer.status, await answer.text()

    async def log_in(self, token: str, following: str = "/app") -> aiohttp.ClientResponse:
        """Send the form of the login page."""
        form = {"token": token, "next": following}
        return await self.http.post(
            f"{self.server.url}/app/-/login", data=form, allow_redirects=False
        )

    async def submit(
        self, page: str, to: str = "", **fields: str | list[str]
    ) -> tuple[int, str]:
        """Send a form of a page, by default to the page itself; return what is shown then."""
        _, text = await self.get(page)
        [form_token, *_] = re.findall('name="form_token" value="([0-9a-f]+)"', text)
        form = [("form_token", form_token)]
        for name, values in fields.items():
            texts = [values] if isinstance(values, str) else values
            form += [(name, value) for value in texts]
        async with self.http.post(self.server.url + (to or page), data=form) as answer:
            return answer.status, await answer.text()

    async def request(self, method: str, path: str, body: object = None) -> Any:
        """Send a request to the API and return the data of its answer."""
        headers = {"Authorization": f"Bearer {self.server.token}"}
        address = f"{self.server.url}/api/v2/{path}"
        async with self.http.request(method, address, json=body, headers=headers) as answer:
            assert answer.status < 300, await answer.text()
            document = await answer.json(content_type=None) if answer.status != 204 else {}
            return document.get("data")

    async def begin(self, workspace: str, message: str = "begun") -> str:
        """Begin a run by the API with the configuration of an earlier run, of any workspace.

        Return the path of its page.
        """
        [earlier, *_] = await self.request(
            "GET", "organizations/acme/runs?filter[operation]=plan_only"
        )
        place = await self.request("GET", f"organizations/acme/workspaces/{workspace}")
        relationships = {
            "workspace": {"data": {"type": "workspaces", "id": place["id"]}},
            "configuration-version": earlier["relationships"]["configuration-version"],
        }
        attributes = {"plan-only": True, "message": message}
        data = {"attributes": attributes, "relationships": relationships}
        run = await self.request("POST", "runs", {"data": data})
        return f"/app/acme/workspaces/{workspace}/runs/{run['id']}"

    async def until(self, page: str, text: str) -> str:
        """Read a page until it has a text, and return it."""
        with anyio.fail_after(30):
            while True:
                _, shown = await self.get(page)
                if text in shown:
                    return shown
                await anyio.lowlevel.checkpoint()

    async def plan(self, name: str) -> str:
        """Plan a workspace and return the path of the run's page."""
        environ = {"TF_CLI_CONFIG_FILE": str(self.server.cli_config_file)}
        async with (
            open_backend(self.directory, environ=environ) as backend,
            backend.plan(name) as batch,
        ):
            [outcome] = await batch.wait()
        assert outcome.run_url is not None
        assert outcome.run_url.startswith("http://localhost:")
        return urlsplit(outcome.run_url).path


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    """Run a server whose logs and variables are hostile."""
    async with opened_browser(tmp_path, HOSTILE) as opened:
        yield opened


HOSTILE = (
    SeedWorkspace(
        name="net-dev",
        simulation=Simulation(parts=(EVIL,)),
        variables=(
            SeedVariable(key="open", value="<b>x</b>"),
            SeedVariable(key="closed", value="hush", sensitive=True),
        ),
    ),
    SeedWorkspace(
        name="net-judged",
        simulation=Simulation(
            counts=Counts(1, 0, 2, 0),
            policies=(
                SimulatedPolicy(name="<i>tags</i>", text="<b>fine</b>"),
                SimulatedPolicy(name="public", level="soft-mandatory", passed=False),
            ),
            cost=SimulatedCost(prior="9", proposed="1.50", resources=2, matched=1),
        ),
    ),
    SeedWorkspace(name="net-slow", simulation=Simulation(seconds=300)),
)


@asynccontextmanager
async def opened_browser(
    folder: Path, seed: Sequence[SeedWorkspace]
) -> AsyncIterator[Browser]:
    """Run a server with workspaces, and open a session for it that is not logged in."""
    settings = ServerSettings(
        data=folder / "data", organization="acme", engine="simulated", seed=seed
    )
    directory = folder / "networking"
    directory.mkdir()
    async with hosted(serve(settings, {})) as server:
        (directory / "main.tf").write_text(backend_block(server.hostname, "acme", "net-"))
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as http:
            yield Browser(http, server, directory)
