"""The official Python SDK as a client of the embedded server."""

import time
from pathlib import Path
from typing import Any

import pytest
import pytfe
import pytfe.models
from anyio import to_thread

from remote_backend.server.embedded import EmbeddedServer

MAIN = 'variable "environment" {}\nresource "terraform_data" "one" {\n  input = var.environment\n}\n'
LONGEST_SECONDS = 60
# Its types need a plugin of pydantic that this project does not use.
SDK: Any = pytfe
MODELS: Any = pytfe.models


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_a_plan_from_upload_to_end(server: EmbeddedServer, tmp_path: Path) -> None:
    """Workspaces are listed; a configuration is uploaded; its run is read to the end (P155)."""
    directory = tmp_path / "networking"
    directory.mkdir()
    (directory / "main.tf").write_text(MAIN)

    names, status, plan_status, additions = await to_thread.run_sync(
        plan, server, directory
    )

    assert names == ["networking-dev", "networking-prod"]
    assert status == "planned_and_finished"
    assert (plan_status, additions) == ("finished", 1)


def plan(server: EmbeddedServer, directory: Path) -> tuple[list[str], str, str, int | None]:
    """Plan the configuration in a directory, with the SDK alone."""
    client = SDK.TFEClient(SDK.TFEConfig(address=server.url, token=server.token))
    try:
        names = [one.name for one in client.workspaces.list("acme")]
        workspace = client.workspaces.read("networking-dev", organization="acme")
        version = client.configuration_versions.create(
            workspace.id,
            MODELS.ConfigurationVersionCreateOptions(
                auto_queue_runs=False, speculative=True
            ),
        )
        client.configuration_versions.upload(version.upload_url, str(directory))
        version = client.configuration_versions.read(version.id)
        run = client.runs.create(
            MODELS.RunCreateOptions(
                workspace=MODELS.Workspace(id=workspace.id),
                configuration_version=MODELS.ConfigurationVersion(id=version.id),
                plan_only=True,
            )
        )
        until = time.monotonic() + LONGEST_SECONDS
        while str(run.status.value) not in ("planned_and_finished", "errored"):
            assert time.monotonic() < until
            run = client.runs.read(run.id)
        found = client.plans.read(run.plan.id)
        return names, run.status.value, found.status.value, found.resource_additions
    finally:
        client.close()
