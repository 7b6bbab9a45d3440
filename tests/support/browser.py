"""A session with the pages of a server whose logs and variables are hostile."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
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
    settings = ServerSettings(
        data=tmp_path / "data",
        organization="acme",
        engine="simulated",
        seed=[
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
                        SimulatedPolicy(
                            name="public", level="soft-mandatory", passed=False
                        ),
                    ),
                    cost=SimulatedCost(prior="9", proposed="1.50", resources=2, matched=1),
                ),
            ),
            SeedWorkspace(name="net-slow", simulation=Simulation(seconds=300)),
        ],
    )
    directory = tmp_path / "networking"
    directory.mkdir()
    async with hosted(serve(settings, {})) as server:
        (directory / "main.tf").write_text(backend_block(server.hostname, "acme", "net-"))
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as http:
            yield Browser(http, server, directory)
