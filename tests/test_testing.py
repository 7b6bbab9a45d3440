"""The server for tests of other people, and its plugin of pytest."""

import configparser
import importlib
import re
import ssl
import subprocess
import sys
from pathlib import Path

import remote_backend
from remote_backend import testing
from tests.support.paths import REPOSITORY


async def test_a_server_in_one_line(tmp_path: Path) -> None:
    """It has workspaces by name and by seed, and everything that leads a client to it."""
    changed = testing.SeedWorkspace(
        name="net-b", simulation=testing.Simulation(counts=testing.Counts(add=2))
    )
    async with remote_backend.testing.serve(workspaces=["net-a", changed]) as server:
        directory = server.write_configuration(tmp_path / "networking", prefix="net-")
        outcomes = await remote_backend.plan_all(directory, environ=server.environ)
        assert [outcome.counts and outcome.counts.add for outcome in outcomes] == [1, 2]
        assert server.token not in repr(server)
        assert server.organization == "acme"
        folder = server.cli_config_file.parent
    assert not folder.exists()


async def test_faults_happen_and_data_are_kept(tmp_path: Path) -> None:
    """Rules alone are enough, and a folder of the caller stays."""
    data = tmp_path / "data"
    rule = testing.FaultRule(kind="status", method="GET", path="/api/v2", times=(1,))
    async with testing.serve(workspaces=["net-a"], faults=[rule], data=data) as server:
        directory = server.write_configuration(tmp_path, prefix="net-")
        await remote_backend.plan_all(directory, environ=server.environ)
        assert server.faults.injected == 1
    assert (data / "token").is_file()


def test_a_server_for_tests_without_a_loop(tmp_path: Path) -> None:
    """Its thread ends with the block."""
    with testing.serve_in_thread(
        workspaces=["net-a"], faults=testing.FaultSettings(latency_seconds=0.001)
    ) as server:
        directory = server.write_configuration(tmp_path, prefix="net-")
        outcome = remote_backend.blocking.plan(directory, "a", environ=server.environ)
    assert outcome.full_name == "net-a"


TESTS = """
import sys
import pytest
import remote_backend

def test_nothing_is_imported_without_need(request):
    assert "remote_backend.testing" not in sys.modules
    assert "aiohttp" not in sys.modules

def test_plain(remote_backend_server):
    assert remote_backend_server.url.startswith("http://")

@pytest.mark.remote_backend_server(workspaces=["net-a", "net-b"], organization="other")
def test_marked(remote_backend_server, tmp_path):
    directory = remote_backend_server.write_configuration(tmp_path, prefix="net-")
    outcomes = remote_backend.blocking.plan_all(
        directory, environ=remote_backend_server.environ
    )
    assert [outcome.workspace for outcome in outcomes] == ["a", "b"]
    assert remote_backend_server.organization == "other"
"""


def declared_plugins() -> list[str]:
    """Return the modules that `setup.cfg` announces as plugins of pytest."""
    settings = configparser.ConfigParser()
    settings.read(REPOSITORY / "setup.cfg")
    lines = settings["options.entry_points"]["pytest11"].strip().splitlines()
    return [line.partition("=")[2].strip() for line in lines]


def example_of(page: str) -> str:
    """Return the test that a page shows."""
    text = (REPOSITORY / "docs" / page).read_text(encoding="utf-8")
    [example] = re.findall(r"```python\n(import pytest\n.*?)```", text, re.DOTALL)
    return str(example)


def run_with_plugin(folder: Path) -> str:
    """Run the tests of a folder with the plugin and return what pytest has written."""
    # The plugin is named, since an earlier installation may not announce it yet.
    [plugin] = declared_plugins()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--strict-markers", "-W", "error"]
        + ["-p", plugin, "-p", "no:cacheprovider", "-p", "no:asyncio", str(folder)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_the_plugin_of_pytest_serves(tmp_path: Path) -> None:
    """A fixture with a marker, as the page about the library uses it; it loads nothing early."""
    (tmp_path / "test_plugin.py").write_text(TESTS)
    (tmp_path / "test_the_page.py").write_text(example_of("library.md"))
    written = run_with_plugin(tmp_path)
    assert "4 passed" in written, written


def test_the_guide_for_tests_works(tmp_path: Path) -> None:
    """Its workspaces change, destroy and fail as its test expects."""
    (tmp_path / "test_the_page.py").write_text(example_of("guides/testing.md"))
    written = run_with_plugin(tmp_path)
    assert "1 passed" in written, written


def test_the_plugin_is_named_by_its_module() -> None:
    """So it can be named and announced at once: pytest registers it one time only."""
    [plugin] = declared_plugins()
    assert f"    {plugin} = {plugin}\n" in (REPOSITORY / "setup.cfg").read_text()
    assert importlib.import_module(plugin).remote_backend_server


def test_the_environment_of_a_server_with_tls_has_its_certificate(tmp_path: Path) -> None:
    """Clients that read SSL_CERT_FILE trust it."""
    paths = dict.fromkeys(("token_file", "cli_config_file", "ca_file"), tmp_path)
    server = testing.EmbeddedServer(
        url="https://localhost:1",
        hostname="localhost:1",
        organization="acme",
        token="x",
        engine="simulated",
        faults=None,  # type: ignore[arg-type] # not needed
        **paths,
    )
    assert server.environ["SSL_CERT_FILE"] == str(tmp_path)
    assert ssl.get_default_verify_paths().openssl_cafile_env == "SSL_CERT_FILE"
