"""Terraform 1.15 as a client of the embedded server."""

import json
import urllib.request
from pathlib import Path
from typing import Any

from anyio import to_thread

from remote_backend.server.embedded import EmbeddedServer, ServerSettings, serve
from tests.support.servers import hosted
from tests.support.terraform_clients import (
    TERRAFORM_1_15,
    Terraform,
    seed,
    select_prod,
    state_text,
    system_environ,
    terraform,
)

MAIN = """
variable "environment" {
  type = string
}
resource "terraform_data" "one" {
  input = var.environment
}
resource "terraform_data" "two" {
  input = "[red]two[reset]"
}
output "name" {
  value = terraform.workspace
}
"""


async def test_init_workspaces_and_plans(server: EmbeddedServer, tmp_path: Path) -> None:
    """Prefix mode, workspace new, list and select, and plans whose output streams."""
    client = terraform(TERRAFORM_1_15, tmp_path, server)
    client.write("main.tf", MAIN)

    await select_prod(client)

    plan = await client.run("plan", "-no-color")
    assert plan.code == 0, plan.all
    assert "Plan: 2 to add, 0 to change, 0 to destroy." in plan.out
    assert '+ name = "networking-prod"' in plan.out
    detailed = await client.run("plan", "-detailed-exitcode", "-target=terraform_data.one")
    assert detailed.code == 2, detailed.all
    assert "1 to add" in detailed.out

    failed = await client.run("plan", "-no-color", TF_WORKSPACE="extra")
    assert failed.code == 1
    assert "No value for required variable" in failed.all

    apply = await client.run("apply", "-auto-approve", "-no-color")
    assert apply.code == 1
    assert "only plans" in apply.err
    assert (await client.run("workspace", "delete", "extra")).code == 0


async def test_state_and_outputs(server: EmbeddedServer, tmp_path: Path) -> None:
    """State pushed, listed, pulled, tainted and read as outputs; locks are respected."""
    client = terraform(TERRAFORM_1_15, tmp_path, server)
    client.write("main.tf", MAIN)
    client.environ["TF_WORKSPACE"] = "dev"
    assert (await client.run("init", "-input=false")).code == 0
    client.write("pushed.json", state_text())

    push = await client.run("state", "push", "pushed.json")
    assert push.code == 0, push.all
    outputs = json.loads((await client.run("output", "-json")).out)
    assert outputs["vpc_id"]["value"] == "vpc-77"
    assert outputs["secret"] == {"sensitive": True, "type": "string", "value": "hush"}
    assert (await client.run("state", "list")).out.split() == ["terraform_data.one"]
    pulled = json.loads((await client.run("state", "pull")).out)
    assert pulled["outputs"]["vpc_id"]["value"] == "vpc-77"

    plan = await client.run("plan", "-no-color")
    assert "Plan: 1 to add, 0 to change, 0 to destroy." in plan.out, plan.all
    taint = await client.run("taint", "terraform_data.one")
    assert taint.code == 0, taint.all
    plan = await client.run("plan", "-no-color")
    assert "Plan: 2 to add, 0 to change, 1 to destroy." in plan.out
    assert (await client.run("untaint", "terraform_data.one")).code == 0

    client.write("older.json", state_text(serial=1, outputs={}))
    older = await client.run("state", "push", "older.json")
    assert older.code == 1


async def test_name_mode(server: EmbeddedServer, tmp_path: Path) -> None:
    """One workspace, which init makes when it is not there."""
    client = terraform(TERRAFORM_1_15, tmp_path, server)
    client.write("main.tf", 'output "x" {\n  value = 1\n}\n')
    block = (client.directory / "backend.tf").read_text()
    client.write(
        "backend.tf", block.replace('prefix = "networking-"', 'name = "made-by-init"')
    )

    init = await client.run("init", "-input=false")
    plan = await client.run("plan", "-no-color", "-destroy")

    assert (init.code, plan.code) == (0, 0), init.all + plan.all
    assert "No changes" in plan.out


async def test_discovery_over_https(tmp_path: Path) -> None:
    """With a certificate of its own no host block is needed."""
    settings = ServerSettings(
        data=tmp_path / "data",
        organization="acme",
        engine="simulated",
        seed=seed(),
        tls=True,
    )
    async with hosted(serve(settings, system_environ())) as server:
        client = terraform(TERRAFORM_1_15, tmp_path, server)
        client.write("main.tf", MAIN)
        configured = json.loads(server.cli_config_file.read_text())
        credentials = {"credentials": configured["credentials"]}
        client.write("credentials.tfrc", json.dumps(credentials))

        init = await client.run(
            "init",
            "-input=false",
            TF_WORKSPACE="dev",
            TF_CLI_CONFIG_FILE=str(client.directory / "credentials.tfrc"),
            SSL_CERT_FILE=str(server.ca_file),
        )

    assert init.code == 0, init.all


async def test_local_execution_applies_and_others_read(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    """A workspace in local mode is applied by Terraform itself; its state is kept and read."""
    client = terraform(TERRAFORM_1_15, tmp_path, server)
    client.environ["TF_WORKSPACE"] = "dev"
    client.write(
        "main.tf",
        'resource "terraform_data" "one" {\n  input = "x"\n}\n'
        'output "id" {\n  value = terraform_data.one.input\n}\n',
    )
    assert (await client.run("init", "-input=false")).code == 0
    await to_thread.run_sync(set_local_mode, client, server)

    applied = await client.run("apply", "-auto-approve", "-no-color")
    assert applied.code == 0, applied.all
    again = await client.run("plan", "-no-color", "-detailed-exitcode")
    assert again.code == 0, again.all
    moved = await client.run("state", "mv", "terraform_data.one", "terraform_data.two")
    assert moved.code == 0, moved.all
    removed = await client.run("state", "rm", "terraform_data.two")
    assert removed.code == 0, removed.all
    history = await to_thread.run_sync(versions_of, client, server)
    assert len(history) == 3
    assert [one["attributes"]["serial"] for one in history] == sorted(
        (one["attributes"]["serial"] for one in history), reverse=True
    )

    client.write(
        "main.tf",
        'data "terraform_remote_state" "dev" {\n  backend = "remote"\n  config = {\n'
        f'    hostname = "{server.hostname}"\n    organization = "acme"\n'
        '    workspaces = {\n      name = "networking-dev"\n    }\n  }\n}\n'
        'output "read" {\n  value = data.terraform_remote_state.dev.outputs.id\n}\n',
    )
    await to_thread.run_sync(set_local_mode, client, server, "prod")
    read = await client.run("plan", "-no-color", TF_WORKSPACE="prod")
    assert '+ read = "x"' in read.out, read.all


def set_local_mode(client: Terraform, server: EmbeddedServer, name: str = "dev") -> None:
    """Let a workspace be planned and applied where the command runs."""
    body = {"data": {"type": "workspaces", "attributes": {"execution-mode": "local"}}}
    ask(server, "PATCH", f"organizations/acme/workspaces/networking-{name}", body)


def versions_of(client: Terraform, server: EmbeddedServer) -> list[dict[str, Any]]:
    """Return the state versions of dev, the newest first."""
    query = "filter[organization][name]=acme&filter[workspace][name]=networking-dev"
    found: list[dict[str, Any]] = ask(server, "GET", f"state-versions?{query}")["data"]
    return found


def ask(
    server: EmbeddedServer, method: str, path: str, body: dict[str, Any] | None = None
) -> Any:
    """Ask the API of the server."""
    request = urllib.request.Request(
        f"{server.url}/api/v2/{path}",
        method=method,
        data=json.dumps(body).encode() if body else None,
        headers={"Authorization": f"Bearer {server.token}"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())
