"""A server, and a client that says everything literally."""

import io
import json
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import pytest
from attrs import frozen

from remote_backend.engine.simulated import Simulation
from remote_backend.models.plan import Counts
from remote_backend.server.embedded import EmbeddedServer, ServerSettings, serve
from remote_backend.server.seed import SeedVariable, SeedWorkspace
from tests.support.servers import hosted

TOKEN = "the-token-of-the-tests"
OWN_TOKEN = "the token of the client"


@frozen
class Answer:
    """What came back."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        """The parsed body."""
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        """The primary data of a document."""
        return self.json["data"]


@frozen
class RawClient:
    """Literal requests to one server."""

    server: EmbeddedServer
    session: aiohttp.ClientSession
    folder: Path
    own_token: str = TOKEN

    async def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = OWN_TOKEN,
        **headers: str,
    ) -> Answer:
        """Send a request; the path may be a whole address."""
        url = path if path.startswith("http") else self.server.url + path
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            own = token is OWN_TOKEN
            sent["Authorization"] = f"Bearer {self.own_token if own else token}"
        raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        async with self.session.request(
            method, url, data=raw, headers=sent, allow_redirects=False
        ) as response:
            return Answer(response.status, response.headers, await response.read())

    async def workspace(self, name: str = "networking-dev") -> str:
        """Return the id of a workspace."""
        found = await self("GET", f"/api/v2/organizations/acme/workspaces/{name}")
        return str(found.data["id"])

    async def uploaded(self, workspace_id: str, archive: bytes | None = None) -> str:
        """Make and upload a configuration version that can only be planned."""
        made = await self(
            "POST",
            f"/api/v2/workspaces/{workspace_id}/configuration-versions",
            {
                "data": {
                    "type": "configuration-versions",
                    "attributes": {"auto-queue-runs": False, "speculative": True},
                }
            },
        )
        url = made.data["attributes"]["upload-url"]
        sent = await self("PUT", url, slug() if archive is None else archive, token=None)
        assert sent.status == 200
        return str(made.data["id"])

    async def run(self, workspace_id: str, version_id: str, **attributes: Any) -> Answer:
        """Ask for a run."""
        return await self(
            "POST", "/api/v2/runs", run_body(workspace_id, version_id, **attributes)
        )

    async def until(self, run_id: str, *statuses: str) -> Any:
        """Read a run until it has one of some statuses; return its resource."""
        with anyio.fail_after(20):
            while True:
                found = await self("GET", f"/api/v2/runs/{run_id}")
                if found.data["attributes"]["status"] in statuses:
                    return found.data

    async def log(self, run_id: str) -> str:
        """Return the log of a run, without its frame."""
        run = await self("GET", f"/api/v2/runs/{run_id}?include=plan")
        (plan,) = run.json["included"]
        log = await self("GET", plan["attributes"]["log-read-url"], token=None)
        return log.body.decode().strip("\x02\x03")


def run_body(workspace_id: str, version_id: str, **attributes: Any) -> dict[str, Any]:
    """Return the body of a request for a run."""
    return {
        "data": {
            "type": "runs",
            "attributes": {name.replace("_", "-"): one for name, one in attributes.items()},
            "relationships": {
                "workspace": {"data": {"type": "workspaces", "id": workspace_id}},
                "configuration-version": {
                    "data": {"type": "configuration-versions", "id": version_id}
                },
            },
        }
    }


def slug(*names: str) -> bytes:
    """Return an archive of empty files with names."""
    return archive_of(dict.fromkeys(names or ("main.tf",), b""))


def archive_of(files: dict[str, bytes]) -> bytes:
    """Return an archive of files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def settings_in(folder: Path, **more: Any) -> ServerSettings:
    """Return the settings of a server with a simulated engine."""
    seed = [
        SeedWorkspace(
            name="networking-dev",
            simulation=Simulation(parts=(b"hello\n",), counts=Counts(2, 1, 0, 0)),
            variables=(
                SeedVariable(key="region", value="eu"),
                SeedVariable(key="KEY", value="hush", category="env", sensitive=True),
            ),
        ),
        SeedWorkspace(name="networking-slow", simulation=Simulation(seconds=300)),
        SeedWorkspace(name="other"),
    ]
    return ServerSettings(
        data=folder / "data",
        organization="acme",
        engine="simulated",
        token=TOKEN,
        seed=seed,
        workers=2,
        **more,
    )


@pytest.fixture
async def raw_client(tmp_path: Path) -> AsyncIterator[RawClient]:
    """Run a server and give what asks it."""
    async with (
        hosted(serve(settings_in(tmp_path), {})) as server,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        yield RawClient(server, session, tmp_path)
