"""Variables of sets, as real plans get them."""

import json
from typing import Any

import aiohttp

from remote_backend.server.embedded import EmbeddedServer
from tests.support.raw_client import RawClient, archive_of, run_body

MAIN = b"""
variable "own" {}
variable "shared" {}
variable "given" {}
variable "urgent" {}
variable "region" {}
output "all" {
  value = "${var.own} ${var.shared} ${var.given} ${var.urgent} ${var.region}"
}
"""


def variable(key: str, value: str, category: str = "terraform") -> dict[str, Any]:
    """Return a variable as a resource of a request."""
    return {"attributes": {"key": key, "value": value, "category": category}}


async def test_variables_of_sets_reach_plans(server: EmbeddedServer, tmp_path: Any) -> None:
    """The workspace wins over a set, the run over both, a set with priority over all."""
    async with aiohttp.ClientSession() as session:
        raw_client = RawClient(server, session, tmp_path, server.token)
        workspace = await raw_client.workspace()
        version = await raw_client.uploaded(workspace, archive_of({"main.tf": MAIN}))
        for name, priority, variables in (
            (
                "shared",
                False,
                [
                    variable("own", "lost"),
                    variable("shared", "shared"),
                    variable("given", "lost"),
                    variable("urgent", "lost"),
                    variable("TF_VAR_region", "eu", "env"),
                    # No variable of Terraform can have this name.
                    variable("1a", "x"),
                ],
            ),
            ("urgent", True, [variable("urgent", "urgent")]),
        ):
            body = {
                "data": {
                    "attributes": {"name": name, "global": True, "priority": priority},
                    "relationships": {"vars": {"data": variables}},
                }
            }
            made = await raw_client("POST", "/api/v2/organizations/acme/varsets", body)
            assert made.status == 201
        own = {"data": variable("own", "own")}
        await raw_client("POST", f"/api/v2/workspaces/{workspace}/vars", own)
        given = [
            {"key": "given", "value": '"given"'},
            {"key": "urgent", "value": '"lost"'},
        ]
        run = await raw_client(
            "POST", "/api/v2/runs", run_body(workspace, version, variables=given)
        )
        await raw_client.until(run.data["id"], "planned_and_finished", "errored")
        plan_id = run.data["relationships"]["plan"]["data"]["id"]
        redirect = await raw_client("GET", f"/api/v2/plans/{plan_id}/json-output")
        plan = await raw_client("GET", redirect.headers["Location"], token=None)

    assert run.data["attributes"]["terraform-version"].startswith("1.")
    change = json.loads(plan.body)["output_changes"]["all"]
    assert change["after"] == "own shared given urgent eu"
