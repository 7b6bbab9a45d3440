"""The example service for pull requests: what a branch causes, and what strangers can send."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import pytest
from aiohttp import web
from anyio.streams.memory import MemoryObjectReceiveStream
from attrs import evolve, field, frozen

from remote_backend import SettingsError
from remote_backend.examples.pull_request_hooks import (
    HookRefused,
    PullRequest,
    pull_request_of,
)
from remote_backend.examples.pull_requests import PostReport, ReviewSettings, make_app
from remote_backend.server.embedded import EmbeddedServer
from remote_backend.server.seed import SeedWorkspace
from tests.support.report_builders import update
from tests.support.repositories import TestRepository, new_repository
from tests.support.scripted_engine import SCRIPT, ScriptedEngine, script
from tests.support.servers import running_server

SECRET = "a secret of the webhook"
NAME = "acme/networking"
PENDING = update("aws_vpc.pending", "1", "2")
CAUSED = update("aws_vpc.caused", "1", "2")
MERGED = update("aws_vpc.merged", "1", "2")
LONGEST_SECONDS = 60


def hook_of(head: object, base: str = "b" * 40, **members: Any) -> dict[str, Any]:
    """Return the webhook of a pull request whose texts are those of an attacker."""
    repository = {"full_name": NAME}
    document = {
        "action": "opened",
        "number": 7,
        "repository": repository,
        "pull_request": {
            "title": "$(touch /tmp/x) `id` {{ secrets.TOKEN }}",
            "head": {"ref": "change", "sha": head, "repo": repository},
            "base": {"ref": "--upload-pack=id", "sha": base, "repo": repository},
        },
    }
    return {**document, **members}


@frozen
class Site:
    """The service, the repository that it compares, and the server behind it."""

    http: aiohttp.ClientSession
    repository: TestRepository
    server: EmbeddedServer
    reports: Path
    posted: MemoryObjectReceiveStream[tuple[PullRequest, str]] = field(repr=False)

    def hook(self, **members: Any) -> dict[str, Any]:
        """Return what GitHub sends for a pull request from `change` into `main`."""
        head = self.repository.git("rev-parse", "change")
        base = self.repository.git("rev-parse", "main")
        return hook_of(head, base, **members)

    async def send(
        self, body: bytes, *, secret: str = SECRET, event: str = "pull_request"
    ) -> tuple[int, str]:
        """Post a body with its signature; return status and text of the answer."""
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={signature}", "X-GitHub-Event": event}
        async with self.http.post(
            "/webhook", data=BytesIO(body), headers=headers
        ) as answer:
            return answer.status, await answer.text()

    async def review(self, **members: Any) -> str:
        """Send a webhook, and return the report that it leads to."""
        status, text = await self.send(json.dumps(self.hook(**members)).encode())
        assert status == 202, text
        with anyio.fail_after(LONGEST_SECONDS):
            return (await self.posted.receive())[1]


@asynccontextmanager
async def reviewing(
    folder: Path, *, post: PostReport | None = None, **settings: Any
) -> AsyncIterator[Site]:
    """Run a server and the service, with a branch behind a `main` that has moved on."""
    async with running_server(
        folder,
        simulated=ScriptedEngine(),
        seed=[SeedWorkspace(name="net-dev"), SeedWorkspace(name="net-prod")],
        workers=8,
    ) as server:
        files = {"main.tf": "", SCRIPT: script(all_others=[PENDING])}
        repository = new_repository(folder / "origin", files)
        repository.git("checkout", "--quiet", "-b", "change")
        planned = {"net-prod": [PENDING, CAUSED]}
        repository.commit({SCRIPT: script(all_others=[PENDING], **planned)})
        repository.git("checkout", "--quiet", "main")
        repository.commit({SCRIPT: script(all_others=[PENDING, MERGED])})
        send, receive = anyio.create_memory_object_stream[tuple[PullRequest, str]](9)

        async def keep(pull: PullRequest, text: str) -> None:
            send.send_nowait((pull, text))

        chosen = ReviewSettings(
            secret=SECRET,
            repository=NAME,
            clone_address=repository.path.as_uri(),
            hostname=server.hostname,
            organization="acme",
            prefix="net-",
            reports=folder,
            environ={
                **repository.environ,
                "TF_CLI_CONFIG_FILE": str(server.cli_config_file),
            },
        )
        with send, receive:
            async with anyio.create_task_group() as group:
                app = make_app(evolve(chosen, **settings), group, post=post or keep)
                runner = web.AppRunner(app, shutdown_timeout=0.1)
                await runner.setup()
                await web.TCPSite(runner, "127.0.0.1", 0).start()
                address = f"http://127.0.0.1:{runner.addresses[0][1]}"
                try:
                    async with aiohttp.ClientSession(address) as http:
                        yield Site(http, repository, server, folder, receive)
                finally:
                    with anyio.CancelScope(shield=True):
                        await runner.cleanup()
                    group.cancel_scope.cancel()


async def test_a_pull_request_gets_what_it_causes(tmp_path: Path) -> None:
    """The base is the merge base: neither what is pending nor what others merged since counts.

    Titles and names of branches with commands, options and templates have no effect.
    """
    async with reviewing(tmp_path) as site:
        text = await site.review()
        head = site.hook()["pull_request"]["head"]["sha"]

    assert "aws_vpc.caused" in text
    assert "aws_vpc.merged" not in text
    assert "Not caused by this change: pending anyway: 2 in 2 workspaces" in text
    assert (tmp_path / f"pull-7-{head[:12]}.md").read_text() == text
    assert all(part not in text for part in ("touch", "upload-pack", "TOKEN"))


async def test_bodies_of_strangers_are_refused(tmp_path: Path) -> None:
    """Unsigned, large or of another form: the answer says so, and no request reaches the server."""
    async with reviewing(tmp_path) as site:
        before = site.server.faults.api_requests
        answers = [
            await site.send(json.dumps(site.hook()).encode(), secret="another"),
            await site.send(b"x" * ((1 << 20) + 1)),
            await site.send(b"{"),
        ]
        unsigned = await site.http.post("/webhook", data=b"{}")
        ping = await site.send(b"{}", event="ping")
        after = site.server.faults.api_requests

    assert [status for status, _ in answers] == [403, 413, 400]
    assert (unsigned.status, ping[0]) == (403, 204)
    assert answers[2][1] == "the body is not valid JSON\n"
    assert after == before


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"[" * 100_000, "not valid JSON"),
        (b"[]", "another repository"),
        (b'{"repository": {"full_name": "x/y"}}', "another repository"),
        (hook_of("--upload-pack=id"), "full commit id"),
        (hook_of("0" * 39), "full commit id"),
        (hook_of("0" * 40 + "\n"), "full commit id"),
        (hook_of("main"), "full commit id"),
        (hook_of(["0" * 40]), "full commit id"),
        (hook_of("0" * 40, number="../../x"), "not a number"),
        (hook_of("0" * 40, number=True), "not a number"),
        (hook_of("0" * 40, number=-1), "not a number"),
    ],
    ids=[
        "deep",
        "a list",
        "another repository",
        "an option",
        "short",
        "a line break",
        "a branch",
        "no text",
        "a path",
        "true",
        "negative",
    ],
)
def test_what_is_not_a_commit_or_number_is_refused(
    body: bytes | dict[str, Any], message: str
) -> None:
    """A text that would be an option of git, another reference or a path goes no further."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(HookRefused, match=message):
        pull_request_of(data, NAME)


@pytest.mark.parametrize("action", ["labeled", "edited", None, ["opened"]])
def test_other_actions_lead_to_nothing(action: object) -> None:
    """A label, and an action that GitHub adds later."""
    body = json.dumps(hook_of("0" * 40, action=action)).encode()
    assert pull_request_of(body, NAME) is None


def test_forks_lead_to_nothing() -> None:
    """A plan of a fork would run what anybody pushed, with the variables of the workspaces."""
    hook = hook_of("0" * 40)
    hook["pull_request"]["head"]["repo"] = {"full_name": "stranger/networking"}
    assert pull_request_of(json.dumps(hook).encode(), NAME) is None
    hook["pull_request"]["head"]["repo"] = None
    assert pull_request_of(json.dumps(hook).encode(), NAME) is None


async def test_a_push_stops_what_was_planned_before(tmp_path: Path) -> None:
    """The answer comes at once, and only the report of the last push is posted to its end."""
    begun, stopped, ended = anyio.Event(), anyio.Event(), anyio.Event()
    posted: list[str] = []

    async def post(pull: PullRequest, text: str) -> None:
        if not begun.is_set():
            begun.set()
            try:
                await anyio.sleep_forever()
            finally:
                stopped.set()
        posted.append(pull.head)
        ended.set()

    async with reviewing(tmp_path, post=post) as site:
        with anyio.fail_after(LONGEST_SECONDS):
            await site.send(json.dumps(site.hook()).encode())
            await begun.wait()
            site.repository.git("checkout", "--quiet", "change")
            last = site.repository.commit({"more.tf": ""})
            hook = site.hook(action="synchronize")
            await site.send(json.dumps(hook).encode())
            await stopped.wait()
            await ended.wait()

    assert posted == [last]


async def test_a_commit_that_is_gone_is_reported(tmp_path: Path) -> None:
    """The report says why nothing was planned, in the words of git and without our folders."""
    async with reviewing(tmp_path) as site:
        hook = site.hook()
        hook["pull_request"]["head"]["sha"] = "0" * 39 + "1"
        text = await site.review(pull_request=hook["pull_request"])

    assert "no workspace was planned" in text
    assert "git fetch in acme/networking failed" in text


async def test_a_link_out_of_the_repository_is_not_planned(tmp_path: Path) -> None:
    """A branch that makes the directory a link uploads no file of the machine."""
    async with reviewing(tmp_path, directory="networking") as site:
        site.repository.git("checkout", "--quiet", "change")
        (site.repository.path / "networking").symlink_to(tmp_path)
        site.repository.commit()
        text = await site.review()

    assert "networking leads out of the repository" in text


async def test_a_post_that_fails_ends_nothing(tmp_path: Path) -> None:
    """The next pull request is planned although the host of the first report was down."""
    numbers: list[int] = []
    ended = anyio.Event()

    async def post(pull: PullRequest, text: str) -> None:
        numbers.append(pull.number)
        if len(numbers) == 1:
            raise OSError("the host is down")
        ended.set()

    async with reviewing(tmp_path, post=post) as site:
        with anyio.fail_after(LONGEST_SECONDS):
            await site.send(json.dumps(site.hook()).encode())
            await site.send(json.dumps(site.hook(number=8)).encode())
            await ended.wait()

    assert sorted(numbers) == [7, 8]


def test_a_service_without_a_secret_does_not_start() -> None:
    """An empty secret would take what anybody signs with it."""
    with pytest.raises(SettingsError, match="without a secret"):
        ReviewSettings(
            secret="", repository=NAME, clone_address="", hostname="", organization="acme",
            prefix="net-", reports=Path(),
        )  # fmt: skip
