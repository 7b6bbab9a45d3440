"""Terraform 0.11.11 as a client of the embedded server."""

import json
import urllib.request
from pathlib import Path

from anyio import to_thread

from remote_backend.server.embedded import EmbeddedServer
from tests.support.terraform_clients import (
    TERRAFORM_0_11,
    TERRAFORM_1_15,
    Terraform,
    select_prod,
    state_text,
    terraform,
)

MAIN = """
variable "environment" {}

output "name" {
  value = "${var.environment}"
}
"""


async def test_init_workspaces_and_plans(server: EmbeddedServer, tmp_path: Path) -> None:
    """Prefix mode, workspace new, list and select, and plans whose output streams."""
    client = terraform(TERRAFORM_0_11, tmp_path, server)
    client.write("main.tf", MAIN)

    await select_prod(client)

    plan = await client.run("plan", "-no-color")
    assert plan.code == 0, plan.all
    assert "Changes to Outputs" in plan.out
    assert '+ name = "prod"' in plan.out
    failed = await client.run("plan", "-no-color", TF_WORKSPACE="extra")
    assert failed.code == 1
    assert "No value for required variable" in failed.all


async def test_outputs_and_state(server: EmbeddedServer, tmp_path: Path) -> None:
    """Outputs of its own format come back; the state of a newer client is stored as it is."""
    client = terraform(TERRAFORM_0_11, tmp_path, server)
    client.write("main.tf", MAIN)
    client.environ["TF_WORKSPACE"] = "dev"
    assert (await client.run("init", "-input=false")).code == 0
    client.write("old.json", json.dumps(old_state()))

    await to_thread.run_sync(lock_workspace, client)
    push = await client.run("state", "push", "old.json")
    outputs = await client.run("output", "-json")
    pulled = await client.run("state", "pull")

    assert push.code == 0, push.all
    assert json.loads(outputs.out)["vpc_id"]["value"] == "vpc-77"
    assert json.loads(pulled.out)["version"] == 3


async def test_two_ages_share_the_workspaces(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    """What the newer client stores, the server plans for the older one."""
    newer = terraform(TERRAFORM_1_15, tmp_path, server)
    newer.write("main.tf", MAIN)
    newer.environ["TF_WORKSPACE"] = "dev"
    assert (await newer.run("init", "-input=false")).code == 0
    newer.write("state.json", state_text(resources=[]))
    assert (await newer.run("state", "push", "state.json")).code == 0
    (tmp_path / "older").mkdir()
    older = terraform(TERRAFORM_0_11, tmp_path / "older", server)
    older.write("main.tf", MAIN)
    older.environ["TF_WORKSPACE"] = "dev"

    assert (await older.run("init", "-input=false")).code in (0, 1)
    listed = await older.run("workspace", "list")

    assert "dev" in listed.out


def old_state() -> dict[str, object]:
    """Return a state file of format 3."""
    return {
        "version": 3,
        "terraform_version": "0.11.11",
        "serial": 4,
        "lineage": "4c1a9a54-0f6e-4c1a-9a54-0f6e1d2c7b91",
        "modules": [
            {
                "path": ["root"],
                "outputs": {
                    "vpc_id": {"sensitive": False, "type": "string", "value": "vpc-77"}
                },
                "resources": {},
                "depends_on": [],
            }
        ],
    }


def lock_workspace(client: Terraform) -> None:
    """Lock the workspace, which this version does not do before it pushes a state."""
    text = Path(client.environ["TERRAFORM_CONFIG"]).read_text()
    configured = json.loads(text)
    [credentials] = configured["credentials"].values()
    [host] = configured["host"].values()

    def ask(method: str, path: str) -> bytes:
        request = urllib.request.Request(
            host["services"]["tfe.v2"] + path,
            method=method,
            headers={"Authorization": f"Bearer {credentials['token']}"},
        )
        with urllib.request.urlopen(request) as response:
            return bytes(response.read())

    found = ask("GET", "organizations/acme/workspaces/networking-dev")
    id = json.loads(found)["data"]["id"]
    ask("POST", f"workspaces/{id}/actions/lock")
