"""Pages for people: a way in, what they show, and what they never let through."""

import json
import re
from pathlib import Path

import anyio
import pytest

from remote_backend.engine.simulated import Simulation
from remote_backend.opening import open_backend
from remote_backend.server.seed import SeedWorkspace
from tests.support.browser import Browser, opened_browser


async def test_a_token_opens_the_pages(browser: Browser) -> None:
    """Without one there is only the form; a wrong one is told; the cookie is for pages alone."""
    path = await browser.plan("dev")
    for closed in ("/app/acme", "/app/acme/net-dev", path):
        status, text = await browser.get(closed)
        assert (
            status == 200
            and 'name="token"' in text
            and "net-dev" not in re.sub("value=.*?>", "", text)
        )
    async with browser.http.get(f"{browser.server.url}{path}/log") as answer:
        assert answer.status == 403
    wrong = await browser.log_in("nonsense", path)
    assert wrong.status == 401 and "not valid" in await wrong.text()
    right = await browser.log_in(browser.server.token, path)
    assert (right.status, right.headers["Location"]) == (303, path)
    cookie = right.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/app" in cookie
    assert browser.server.token not in cookie
    assert "net-dev" in (await browser.get("/app/acme"))[1]
    async with browser.http.post(f"{browser.server.url}/app/-/logout") as answer:
        assert answer.status == 200
    assert 'name="token"' in (await browser.get("/app/acme"))[1]


@pytest.mark.parametrize(
    "following", ["https://evil.test/", "//evil.test", "/app\\evil", "javascript:x"]
)
async def test_login_leads_to_no_other_server(following: str, browser: Browser) -> None:
    """Only pages of this one."""
    answer = await browser.log_in(browser.server.token, following)
    assert answer.headers["Location"] == "/app"


async def test_pages_show_what_there_is_as_text(browser: Browser) -> None:
    """Runs, variables, logs; nothing that they say becomes markup, and secrets stay away."""
    path = await browser.plan("dev")
    await browser.log_in(browser.server.token)
    _, organization = await browser.get("/app/acme/workspaces")
    _, workspace = await browser.get("/app/acme/net-dev")
    _, run = await browser.get(path)

    long_path = path.replace("/app/acme/", "/app/acme/workspaces/")
    _, variables = await browser.get("/app/acme/net-dev/variables")

    assert long_path in organization and long_path in workspace
    assert "&lt;b&gt;x&lt;/b&gt;" in variables and "hush" not in variables + workspace
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in run
    assert '<span class="red">red</span>' in run
    assert "<script" not in run and "\x1b" not in run and "\x02" not in run
    for missing in (
        "/app/acme/nowhere",
        "/app/acme/net-dev/runs/run-0",
        "/app/other",
        "/app/-/x.js",
    ):
        assert (await browser.get(missing))[0] == 404


async def test_a_judged_run_shows_policies_and_cost(browser: Browser) -> None:
    """Beside its changes; what policies say is text."""
    path = await browser.plan("judged")
    await browser.log_in(browser.server.token)
    run = (await browser.get(path))[1].replace("<wbr>", "")
    _, workspace = await browser.get("/app/acme/net-judged")

    assert "simulated_resource.create[0]" in run and "simulated_resource.delete[1]" in run
    assert "&lt;i&gt;tags&lt;/i&gt;" in run and "&lt;b&gt;fine&lt;/b&gt;" in run
    assert (
        '<th scope="row">public</th><td><span class="red">failed</span></td>'
        "<td>soft-mandatory</td>"
    ) in run
    assert '<th scope="row">$9.00</th><td>$1.50</td><td>-$7.50</td>' in run
    assert "policy public (soft-mandatory)" in workspace


async def test_a_running_plan_is_followed(browser: Browser) -> None:
    """The page names its stream; lines come as they are written, and then the end."""
    await browser.log_in(browser.server.token)
    environ = {"TF_CLI_CONFIG_FILE": str(browser.server.cli_config_file)}
    async with open_backend(browser.directory, environ=environ) as backend:
        run_id = ""
        with anyio.fail_after(60):
            async with anyio.create_task_group() as group, backend.plan("slow") as batch:
                async for event in batch:
                    if type(event).__name__ == "LogChunkRead":
                        break
                    run_id = getattr(event, "run_id", run_id)
                path = f"/app/acme/net-slow/runs/{run_id}"
                _, page = await browser.get(path)
                long_path = path.replace("/app/acme/", "/app/acme/workspaces/")
                assert f'data-follow="{long_path}/log"' in page and "run.js" in page
                told: list[dict[str, str]] = []
                async with browser.http.get(f"{browser.server.url}{path}/log") as stream:
                    assert stream.content_type == "text/event-stream"
                    async for line in stream.content:
                        if line.startswith(b"data: "):
                            told.append(json.loads(line[6:]))
                            if len(told) == 1:
                                group.start_soon(backend.stop, run_id)
    assert "simulated" in told[0]["html"] and told[0]["status"] == "planning"
    assert told[-1]["status"] == "canceled"


async def test_addresses_of_other_clients_open(browser: Browser) -> None:
    """tfci, the service's own links and `terraform login` write them (S3, S13)."""
    path = await browser.plan("dev")
    run = path.rsplit("/", 1)[1]
    tokens = await browser.get("/app/settings/tokens")
    await browser.log_in(browser.server.token)

    assert tokens[0] == 200 and "file <code>token</code>" in tokens[1]
    assert (await browser.get("/app/acme/net-dev?from=tfci#x"))[0] == 200
    for address in (
        f"/app/acme/workspaces/net-dev/runs/{run}",
        "/app/acme/net-dev/variables",
        "/app/acme/workspaces/net-dev",
        "/app/acme/",
    ):
        status, text = await browser.get(address)
        assert (status, "net-dev" in text) == (200, True), address


async def test_a_log_is_raw_linked_and_cut(tmp_path: Path) -> None:
    """Of megabytes the end is shown with the numbers of its lines; the raw log has all of it."""
    log = b"\x1b[33mwarm\x1b[0m and <b>cold</b>\n" * 60_000 + b"Error: too \xff late\n"
    seed = [
        SeedWorkspace(name="net-long", simulation=Simulation(parts=(log,), succeeds=False))
    ]
    async with opened_browser(tmp_path, seed) as browser:
        path = await browser.plan("long")
        await browser.log_in(browser.server.token)
        _, page = await browser.get(path)
        async with browser.http.get(f"{browser.server.url}{path}/log.txt") as response:
            assert response.content_type == "text/plain"
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            raw = await response.read()
        async with browser.http.get(
            f"{browser.server.url}{path}/log.txt?download=1"
        ) as response:
            assert response.headers["Content-Disposition"].startswith("attachment")

    # The notice of the simulation is the first line.
    assert raw.endswith(log) and raw.count(b"\n") == 60_002
    assert '<a href="#log-60002">first error</a>' in page
    assert '<span id="log-60002">Error: too \ufffd late\n</span>' in page
    assert "are left out" in page and len(page) < 2_000_000
    assert "<b>cold" not in page and '<span class="yellow">warm</span>' in page


async def test_a_run_that_waits_says_behind_how_many(browser: Browser) -> None:
    """Four are planned at a time; each phase has its time."""
    run = await browser.plan("dev")
    paths = [await browser.begin("net-slow") for _ in range(6)]
    await browser.log_in(browser.server.token)
    waiting = await browser.until(paths[-1], "waiting for a free worker, 1 run before it")
    _, over = await browser.get(run)

    assert "waiting</span>" in waiting and "Cancel the run" in waiting
    assert re.search(r"waiting [\d.]+s, planning [\d.]+s", over)


async def test_a_log_that_is_not_kept_says_so(browser: Browser) -> None:
    """Logs are removed after some time, and runs stay."""
    path = await browser.plan("dev")
    data = browser.server.token_file.parent
    for file in (*data.glob("logs/*"), *data.glob("plans/*")):
        file.unlink()
    await browser.log_in(browser.server.token)
    status, page = await browser.get(path)

    assert status == 200
    assert "There is no log, or it is not kept any more." in page


async def test_a_mistake_of_the_server_is_a_page(
    browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    """Without its cause, which is on standard error."""
    path = await browser.plan("dev")
    data = browser.server.token_file.parent
    [plan] = data.glob("plans/*")
    plan.unlink()
    plan.mkdir()
    await browser.log_in(browser.server.token)
    status, page = await browser.get(path)

    assert status == 500
    assert "The server could not show this page" in page and "Is a directory" not in page


async def test_a_run_belongs_to_its_workspace(browser: Browser) -> None:
    """Under the name of another one it is not there, neither its log."""
    run = (await browser.plan("dev")).rsplit("/", 1)[1]
    await browser.log_in(browser.server.token)
    for page in ("", "/log", "/log.txt"):
        path = f"/app/acme/workspaces/net-slow/runs/{run}{page}"
        assert (await browser.get(path))[0] == 404


async def test_texts_of_others_are_shown_as_they_are(browser: Browser) -> None:
    """Markup in a message is text, and characters that reorder a line are shown by number."""
    await browser.plan("dev")
    path = await browser.begin("net-dev", "</p><script>x</script> \u202egpj.exe")
    await browser.log_in(browser.server.token)
    for page in (path, "/app/acme/workspaces/net-dev/runs"):
        _, text = await browser.get(page)
        assert "&lt;/p&gt;&lt;script&gt;x&lt;/script&gt; &lt;U+202E&gt;gpj.exe" in text
