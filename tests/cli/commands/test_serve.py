"""The commands `serve` and `demo` as processes."""

import json
import os
import re
import signal
import ssl
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from anyio import to_thread
from anyio.abc import Process

from tests.support.paths import REPOSITORY
from tests.support.terminals import Terminal


def command(*arguments: str) -> list[str]:
    """Return the command line with its arguments."""
    return [sys.executable, "-m", "remote_backend", *arguments]


def environ(home: Path) -> dict[str, str]:
    """Return the variables of a process that knows nothing of this one."""
    system = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
    return {**system, "HOME": str(home), "PATH": "", "PYTHONPATH": str(REPOSITORY)}


@asynccontextmanager
async def serving(
    folder: Path, *arguments: str, **variables: str
) -> AsyncIterator[tuple[Process, dict[str, str]]]:
    """Run a server and give what its ready file says; stop it in order."""
    ready = folder / "ready.json"
    flags = ("-data=data", f"-ready-file={ready}", "-engine=simulated")
    process = await anyio.open_process(
        command("serve", *flags, *arguments),
        env={**environ(folder), **variables},
        cwd=folder,
    )
    async with process:
        assert process.stdout is not None
        with anyio.fail_after(30):
            while not ready.exists():
                await anyio.lowlevel.checkpoint()
        yield process, json.loads(ready.read_text())
        process.send_signal(signal.SIGTERM)
        await process.wait()
    assert not ready.exists()


def get(url: str, *, ca_file: str | None = None) -> int:
    """Ask an address and return the status."""
    context = ssl.create_default_context(cafile=ca_file) if ca_file else None
    with urllib.request.urlopen(url, context=context) as response:
        return int(response.status)


async def test_a_configuration_that_does_not_exist_is_a_warning(tmp_path: Path) -> None:
    """As a sentence, since a person reads it; the server starts all the same."""
    gone = tmp_path / "gone.tfrc"
    async with serving(tmp_path, TF_CLI_CONFIG_FILE=str(gone)) as (process, ready):
        assert get(f"{ready['url']}/api/v2/ping") == 204
        assert process.stderr is not None
        first = (await process.stderr.receive()).decode().splitlines()[0]
    assert first == f"Warning: {gone}, which TF_CLI_CONFIG_FILE names, does not exist"


async def test_the_ready_file_leads_to_the_server(tmp_path: Path) -> None:
    """It names address, token file and CLI configuration, and goes away with the server."""
    async with serving(tmp_path, "-organization=acme", "-listen=127.0.0.1:0") as (_, ready):
        assert get(f"{ready['url']}/api/v2/ping") == 204
        assert ready["organization"] == "acme"
        assert re.fullmatch(r"localhost:\d+", ready["hostname"])
        assert ready["ca_file"] is None
        # The data directory was given relative to the server's own directory (F4).
        assert Path(ready["token_file"]) == tmp_path / "data" / "token"
        token = Path(ready["token_file"]).read_text()
        configuration = Path(ready["cli_config_file"]).read_text()
        assert token in configuration
        assert f'"tfe.v2.1": "{ready["url"]}/api/v2/"' in configuration
        assert token not in (tmp_path / "ready.json").read_text()


async def test_https_is_served_with_an_authority_of_its_own(tmp_path: Path) -> None:
    """Whoever trusts the authority file reaches the server by name and by address."""
    async with serving(tmp_path, "-tls") as (_, ready):
        port = ready["url"].rpartition(":")[2]
        assert ready["url"].startswith("https://")
        for host in ("localhost", "127.0.0.1"):
            url = f"https://{host}:{port}/.well-known/terraform.json"
            assert get(url, ca_file=ready["ca_file"]) == 200


async def test_the_token_is_shown_once_and_stays(tmp_path: Path) -> None:
    """The first start prints the token it made; later ones keep it and are silent."""
    shown = []
    for _ in range(2):
        async with serving(tmp_path) as (process, ready):
            assert process.stdout is not None
            text = b""
            while b"TF_CLI_CONFIG_FILE" not in text:
                text += await process.stdout.receive()
            with anyio.move_on_after(0):
                text += await process.stdout.receive()
            shown.append((Path(ready["token_file"]).read_text(), text.decode()))

    (first, welcome), (second, later) = shown
    assert first == second
    assert first in welcome and first not in later


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["-listen=nonsense"], "-listen=nonsense is not HOST:PORT"),
        (["-listen=127.0.0.1:99999"], "is not HOST:PORT"),
        (["-listen=256.1.1.1:0"], "cannot listen on 256.1.1.1:0"),
        (["-workers=0"], "-workers=0 is not at least 1"),
        (["-engine=chef"], "there is no engine 'chef'"),
        (["-engine=tofu"], "tofu is not installed"),
        (["-engine=./engines"], "./engines cannot be run"),
        (["-engine=simulated", "-engine=tofu"], "-engine=simulated cannot be combined"),
        (["-seed=gone.hcl"], "gone.hcl cannot be read"),
        (["-organization=a/b"], "-organization=a/b"),
        (["-token=with blank"], "the token may hold"),
        (
            ["-ready-file=gone/ready.json", "-engine=simulated"],
            "-ready-file=gone/ready.json",
        ),
    ],
)
async def test_bad_input_gives_one_message(
    arguments: list[str], problem: str, tmp_path: Path
) -> None:
    """Exit code 1, one message, no traceback."""
    done = await anyio.run_process(
        command("serve", f"-data={tmp_path / 'data'}", *arguments),
        env=environ(tmp_path),
        cwd=tmp_path,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.decode().startswith("Error: ")
    assert problem in done.stderr.decode()
    assert b"Traceback" not in done.stderr


async def test_the_demo_plans_three_workspaces_for_real(tmp_path: Path) -> None:
    """Real plans of three workspaces, interleaved, then the table; nothing stays behind."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    variables = {**environ(tmp_path), "TMPDIR": str(temporary), "TEMP": str(temporary)}

    done = await anyio.run_process(
        command("demo"), env=variables, cwd=tmp_path, check=False
    )

    out = done.stdout.decode()
    assert done.returncode == 0, done.stderr.decode()
    for name, count in (("dev", 2), ("staging", 3), ("prod", 5)):
        assert f"{name.ljust(7)} | Plan: {count} to add, 0 to change, 0 to destroy." in out
        assert re.search(rf"^{name} +changed +{count} +0 +0 ", out, re.MULTILINE)
    assert ": 3 changed\n" in out
    assert "What you saw: one configuration, planned in 3 workspaces" in out
    assert " -m remote_backend plan -all " in out.partition("What to type next\n")[2]
    # Nobody can press a key, so nothing waits and no link is promised.
    assert "Enter" not in out and "Enter" not in done.stderr.decode()
    assert list(temporary.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo terminals are POSIX's")
@pytest.mark.parametrize("is_interrupted", [False, True])
async def test_what_the_demo_links_to_is_live_until_enter(
    is_interrupted: bool, tmp_path: Path
) -> None:
    """On a terminal its pages and its report can be opened while it waits; then all is gone."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    variables = {**environ(tmp_path), "TMPDIR": str(temporary), "TERM": "xterm-256color"}

    def look() -> tuple[str, int]:
        seen = Terminal(command("demo"), tmp_path, variables, (300, 40))
        try:
            text = seen.see(lambda text: "Press Enter" in text)
            url, token, report = re.findall(
                r"runs +(\S+) +\(token: (\S+)\)\s+the report +(\S+)", text
            )[0]
            assert get(url) == 200 and len(token) == 12
            assert re.search(r"^prod +changed +5 +0 +0 ", text, re.MULTILINE)
            assert "networking-prod" in Path(report).read_text()
            if is_interrupted:
                seen.process.send_signal(signal.SIGINT)
            else:
                seen.type(b"\r")
            return url, seen.finish()
        finally:
            seen.process.kill()
            seen.process.wait()

    with anyio.fail_after(60):
        url, ended = await to_thread.run_sync(look)

    assert ended == (130 if is_interrupted else 0)
    assert list(temporary.iterdir()) == []
    with pytest.raises(urllib.error.URLError):
        get(url)


async def test_events_are_lines_of_json(tmp_path: Path) -> None:
    """Each request by its route; the first output says how clients and browsers get there."""
    async with serving(tmp_path, "-log-json") as (process, ready):
        assert get(f"{ready['url']}/api/v2/ping") == 204
        assert process.stdout is not None and process.stderr is not None
        with anyio.fail_after(30):
            event = json.loads((await process.stderr.receive()).splitlines()[0])
            welcome = (await process.stdout.receive()).decode()

    assert (event["event"], event["route"]) == ("request.answered", "/api/v2/ping")
    assert (event["level"], event["status"]) == ("debug", 204)
    config = ready["cli_config_file"]
    assert f"export TERRAFORM_CONFIG={config}  # Terraform 0.11" in welcome
    assert f"pages   {ready['url']}/app" in welcome
