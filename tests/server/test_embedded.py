"""A server over its restarts, and what it keeps to itself."""

import stat
import sys
from pathlib import Path

import aiohttp
import pytest
import structlog

from remote_backend.errors import SettingsError
from remote_backend.server.embedded import serve
from remote_backend.server.seed import read_seed
from tests.support.raw_client import TOKEN, RawClient, settings_in
from tests.support.servers import hosted


async def test_a_restart_keeps_what_is_finished_and_ends_what_is_not(
    tmp_path: Path,
) -> None:
    """Finished runs keep their logs; interrupted ones are errored, and say so in theirs."""
    async with aiohttp.ClientSession() as session:
        async with serve(settings_in(tmp_path), {}) as server:
            raw_client = RawClient(server, session, tmp_path)
            dev, slow = (
                await raw_client.workspace(),
                await raw_client.workspace("networking-slow"),
            )
            done = (await raw_client.run(dev, await raw_client.uploaded(dev))).data["id"]
            version = await raw_client.uploaded(slow)
            cut = (await raw_client.run(slow, version)).data["id"]
            await raw_client.until(done, "planned_and_finished")
            await raw_client.until(cut, "planning")

        async with serve(settings_in(tmp_path), {}) as server:
            raw_client = RawClient(server, session, tmp_path)
            # Interrupted runs end concurrently with the first requests.
            await raw_client.until(cut, "errored")
            finished = await raw_client("GET", f"/api/v2/runs/{done}?include=plan")
            ended = await raw_client("GET", f"/api/v2/runs/{cut}?include=plan")
            logs = [
                (
                    await raw_client(
                        "GET", one.json["included"][0]["attributes"]["log-read-url"]
                    )
                ).body
                for one in (finished, ended)
            ]

    assert finished.data["attributes"]["status"] == "planned_and_finished"
    assert ended.data["attributes"]["status"] == "errored"
    assert logs[0].endswith(b"hello\n\x03")
    assert b"the server was stopped" in logs[1] and logs[1].endswith(b"\x03")


async def test_a_restart_keeps_what_its_seed_does_not_name(tmp_path: Path) -> None:
    """Descriptions and tags that clients set are not taken back by the seed."""
    path = "/api/v2/organizations/acme/workspaces/other"
    body = {"data": {"attributes": {"description": "why", "tag-names": ["net"]}}}
    async with aiohttp.ClientSession() as session:
        async with serve(settings_in(tmp_path), {}) as server:
            await RawClient(server, session, tmp_path)("PATCH", path, body)
        async with serve(settings_in(tmp_path), {}) as server:
            read = await RawClient(server, session, tmp_path)("GET", path)

    assert read.data["attributes"]["description"] == "why"
    assert read.data["attributes"]["tag-names"] == ["net"]


async def test_a_data_directory_has_one_server(tmp_path: Path) -> None:
    """The second is refused before it touches anything; later it may."""
    async with serve(settings_in(tmp_path), {}):
        with pytest.raises(SettingsError, match="in use by another server"):
            async with serve(settings_in(tmp_path), {}):
                pass
    async with serve(settings_in(tmp_path), {}):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="a matter of POSIX modes")
async def test_files_with_secrets_are_for_their_owner(tmp_path: Path) -> None:
    """Token, key, signing secret and CLI configuration are 0600."""
    async with hosted(serve(settings_in(tmp_path, tls=True), {})):
        data = tmp_path / "data"
        names = ("token", "signing-secret", "certificate.key", "terraform.rc")
        modes = {name: stat.S_IMODE((data / name).stat().st_mode) for name in names}

    assert modes == dict.fromkeys(names, 0o600)
    assert stat.S_IMODE(data.stat().st_mode) == 0o700


async def test_https_without_its_package_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only HTTPS needs the extra `server`; HTTP is served without it."""
    monkeypatch.delitem(sys.modules, "remote_backend.server.certificate", raising=False)
    monkeypatch.setitem(sys.modules, "cryptography", None)

    with pytest.raises(SettingsError, match="pip install cryptography"):
        async with serve(settings_in(tmp_path, tls=True), {}):
            pass
    async with serve(settings_in(tmp_path), {}) as server:
        assert server.url.startswith("http://")


async def test_no_secret_is_logged_or_shown(tmp_path: Path) -> None:
    """Neither tokens nor sensitive values nor signed paths."""
    settings = settings_in(tmp_path)
    with structlog.testing.capture_logs() as logged:
        async with serve(settings, {}) as server, aiohttp.ClientSession() as session:
            raw_client = RawClient(server, session, tmp_path)
            dev = await raw_client.workspace()
            await raw_client.uploaded(dev, b"no archive")
            await raw_client("GET", "/api/v2/runs/run-none")
            shown = repr(settings) + repr(server) + server.ready_text()

    text = repr(logged) + shown
    assert logged
    for secret in (TOKEN, "hush", "/signed/"):
        assert secret not in text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "seed.hcl",
            'workspace "a" {\n working_directory = "x"\n variables = {\n  n = 3\n  l = ["p"]\n }\n'
            ' variable "s" {\n  value = "v"\n  sensitive = true\n  category = "env"\n }\n}\n',
        ),
        (
            "seed.json",
            '{"workspace": {"a": {"working_directory": "x", "variables": {"n": 3, "l": ["p"]},'
            ' "variable": {"s": {"value": "v", "sensitive": true, "category": "env"}}}}}',
        ),
    ],
)
def test_seeds_are_read_in_both_languages(name: str, text: str, tmp_path: Path) -> None:
    """HCL and JSON say the same."""
    (tmp_path / name).write_text(text)

    (workspace,) = read_seed(tmp_path / name)

    assert (workspace.name, workspace.working_directory) == ("a", "x")
    found = {
        variable.key: (variable.value, variable.hcl, variable.category)
        for variable in workspace.variables
    }
    assert found == {
        "n": ("3", True, "terraform"),
        "l": ('["p"]', True, "terraform"),
        "s": ("v", False, "env"),
    }
    assert [variable.key for variable in workspace.variables if variable.sensitive] == ["s"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "cannot be read"),
        ('{"job": {}}', "workspace"),
        ('{"workspace": {"a": {"colour": 1}}}', "unknown 'colour'"),
        (
            '{"workspace": {"a": {"working_directory": 1}}}',
            "working_directory must be text",
        ),
        ('{"workspace": {"a": {"variable": {"x": "secret"}}}}', "variable x"),
        ('{"workspace": {"a": {"variable": {"x": {"category": "b"}}}}}', "category"),
        ('{"workspace": ["secret"]}', "a block with a name"),
        (
            '{"workspace": {"a": {"simulated": {"seconds": -1}}}}',
            "seconds must be a number",
        ),
        (
            '{"workspace": {"a": {"simulated": {"policy": {"p": {"level": "secret"}}}}}}',
            "policy p: level must be one of advisory",
        ),
        (
            '{"workspace": {"a": {"simulated": {"cost": {"prior": "secret"}}}}}',
            "prior must be an amount",
        ),
        (
            '{"workspace": {"a": {"simulated": {"cost": "secret"}}}}',
            "cost: a block is expected",
        ),
    ],
)
def test_a_bad_seed_is_told_by_its_place(text: str, problem: str, tmp_path: Path) -> None:
    """The file, the workspace and the problem are named, and no value."""
    path = tmp_path / "seed.json"
    path.write_text(text)

    with pytest.raises(SettingsError, match=problem) as caught:
        read_seed(path)

    assert str(path) in str(caught.value)
    assert "secret" not in str(caught.value)


def test_texts_of_a_seed_have_the_escapes_of_hcl(tmp_path: Path) -> None:
    """Tabs, line ends, letters and lists of truth values arrive as they are meant (N23, A14)."""
    path = tmp_path / "seed.hcl"
    path.write_text(
        'workspace "a" {\n  variables = {\n    tab = "a\\tb"\n    uni = "\\u00e9"\n'
        '    flags = [true, false]\n  }\n  simulated { log = "a\\nb\\n", add = 1 }\n}\n'
    )

    (workspace,) = read_seed(path)

    found = {variable.key: variable.value for variable in workspace.variables}
    assert found == {"tab": "a\tb", "uni": "é", "flags": "[true, false]"}
    assert workspace.simulation is not None
    assert workspace.simulation.parts == (b"a\n", b"b\n")
    assert workspace.simulation.counts.add == 1


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        (
            "seed.hcl",
            'workspace "a" {\n  description = "x\n}',
            ":2 cannot be read: a text has",
        ),
        ("seed.json", '{"workspace": ' * 100_000, "cannot be read"),
        (
            "seed.json",
            '{"workspace": {"a": {"simulated": {"add": 1e400}}}}',
            "add must be a",
        ),
        ("seed.json", '{"workspace": {"a": {"simulated": {"add": Infinity}}}}', "Infinity"),
    ],
)
def test_a_seed_that_cannot_be_read_is_told(
    name: str, text: str, problem: str, tmp_path: Path
) -> None:
    """Faults have their line, and odd depth and numbers are faults like others (L13)."""
    (tmp_path / name).write_text(text)

    with pytest.raises(SettingsError, match=problem):
        read_seed(tmp_path / name)
