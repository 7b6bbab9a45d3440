"""Terraform's `cloud` block with tags and projects, on the embedded server."""

from pathlib import Path
from typing import Any

from tests.support.raw_client import RawClient
from tests.support.terraform_clients import TERRAFORM_1_15, Terraform, terraform

MAIN = 'resource "terraform_data" "one" {}\n'


def client_with_block(raw_client: RawClient, folder: Path, workspaces: str) -> Terraform:
    """Return Terraform with a `cloud` block whose block `workspaces` holds a text."""
    client = terraform(TERRAFORM_1_15, folder, raw_client.server)
    block = (
        f'terraform {{\n  cloud {{\n    hostname = "{raw_client.server.hostname}"\n'
        f'    organization = "acme"\n    workspaces {{\n{workspaces}\n    }}\n  }}\n}}\n'
    )
    client.write("backend.tf", block)
    client.write("main.tf", MAIN)
    return client


async def succeed(client: Terraform, *arguments: str) -> str:
    """Run a command that must succeed and return what it writes."""
    finished = await client.run(*arguments)
    assert finished.code == 0, finished.all
    return finished.all


async def begin(client: Terraform, name: str) -> None:
    """Run init where there are no workspaces yet; it asks for the name of one and makes it."""
    finished = await client.run("init", "-no-color", answer=f"{name}\n")
    assert finished.code == 0, finished.all


async def read_workspace(raw_client: RawClient, name: str) -> Any:
    """Return a workspace and what is included with it."""
    path = f"/api/v2/organizations/acme/workspaces/{name}"
    return (await raw_client("GET", f"{path}?include=project,tag_bindings")).json


async def test_tags(raw_client: RawClient, tmp_path: Path) -> None:
    """Workspaces are made with them, listed and selected by them, and planned (S4)."""
    client = client_with_block(raw_client, tmp_path, '      tags = ["app", "net"]')
    await begin(client, "app-dev")
    await succeed(client, "workspace", "new", "app-prod")
    listed = await succeed(client, "workspace", "list")
    await succeed(client, "workspace", "select", "app-dev")
    await succeed(client, "plan", "-no-color")

    made = await read_workspace(raw_client, "app-dev")
    assert made["data"]["attributes"]["tag-names"] == ["app", "net"]
    # The workspaces of the seed have no tags.
    assert listed.split() == ["app-dev", "*", "app-prod"]


async def test_tags_with_values_in_a_project(raw_client: RawClient, tmp_path: Path) -> None:
    """The project is made where it is missing, and only its workspaces are listed (S4)."""
    body = {
        "data": {
            "type": "workspaces",
            "attributes": {"name": "elsewhere"},
            "relationships": {
                "tag-bindings": {
                    "data": [
                        {
                            "type": "tag-bindings",
                            "attributes": {"key": "team", "value": "web"},
                        }
                    ]
                }
            },
        }
    }
    block = '      tags = { team = "web" }\n      project = "my project"'
    client = client_with_block(raw_client, tmp_path, block)
    await begin(client, "web-dev")
    await raw_client("POST", "/api/v2/organizations/acme/workspaces", body)
    listed = await succeed(client, "workspace", "list")

    made = await read_workspace(raw_client, "web-dev")
    included = {
        resource["type"]: resource["attributes"].get("name")
        or (resource["attributes"]["key"], resource["attributes"]["value"])
        for resource in made["included"]
    }
    assert included == {"projects": "my project", "tag-bindings": ("team", "web")}
    assert listed.split() == ["*", "web-dev"]


async def test_a_named_workspace_in_a_project(
    raw_client: RawClient, tmp_path: Path
) -> None:
    """Terraform 1.11 and 1.15 panicked where projects were 404; outputs need a state (S4)."""
    block = '      name = "web-prod"\n      project = "Default Project"'
    client = client_with_block(raw_client, tmp_path, block)
    await succeed(client, "init", "-input=false", "-no-color")
    plan = await succeed(client, "plan", "-no-color")
    output = await client.run("output", "-no-color")

    assert "/app/acme/web-prod/runs/run-" in plan
    assert output.code == 1
    assert "could not read state version outputs" in output.all
