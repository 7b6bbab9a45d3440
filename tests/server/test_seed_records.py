"""What a seed says about a workspace is what the server answers."""

from pathlib import Path

import pytest

from remote_backend.errors import SettingsError
from remote_backend.opening import open_workspaces
from remote_backend.server.seed import read_seed
from tests.support.servers import running_server

SEED = """
workspace "net-dev" {
  tags                  = ["shared", "team=web"]
  project               = "Networks"
  execution_mode        = "local"
  trigger_patterns      = ["/modules/**/*"]
  file_triggers_enabled = false
}
workspace "net-prod" {
  project          = "Networks"
  trigger_prefixes = ["/modules"]
}
workspace "net-test" {}
"""


async def test_a_seed_has_tags_projects_and_triggers(tmp_path: Path) -> None:
    """A project is made once, tags with values are bindings, defaults are those of the service."""
    path = tmp_path / "seed.hcl"
    path.write_text(SEED)
    async with running_server(tmp_path, seed=read_seed(path)) as server:
        environ = {"TF_CLI_CONFIG_FILE": str(server.cli_config_file)}
        async with open_workspaces(
            organization="acme", hostname=server.hostname, prefix="net-", environ=environ
        ) as backend:
            dev, prod, test = (each.remote for each in await backend.workspaces())
            client = backend.connection.client
            tagged = await client.list_workspaces(tags=[("shared", ""), ("team", "web")])

    assert [workspace.name for workspace in tagged] == ["net-dev"]
    assert (dev.execution_mode, dev.file_triggers_enabled) == ("local", False)
    assert dev.trigger_patterns == ("/modules/**/*",)
    assert prod.trigger_prefixes == ("/modules",)
    assert dev.project_id == prod.project_id != test.project_id
    assert (test.trigger_patterns, test.trigger_prefixes) == ((), ())
    assert test.file_triggers_enabled


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ('execution_mode = "agent"', "execution_mode must be remote or local"),
        ('trigger_patterns = "/a"', "trigger_patterns must be a list of texts"),
        ("file_triggers_enabled = 1", "file_triggers_enabled must be true or false"),
        (
            'trigger_patterns = ["/a"]\n trigger_prefixes = ["/b"]',
            "trigger_patterns and trigger_prefixes exclude each other",
        ),
    ],
)
def test_wrong_settings_of_a_seed(members: str, problem: str, tmp_path: Path) -> None:
    """The error names the workspace and what is expected."""
    path = tmp_path / "seed.hcl"
    path.write_text(f'workspace "a" {{\n {members}\n}}\n')

    with pytest.raises(SettingsError) as caught:
        read_seed(path)

    assert str(caught.value) == f"{path}: workspace a: {problem}"
