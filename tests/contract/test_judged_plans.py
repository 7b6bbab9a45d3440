"""Simulated policies and costs, as stock Terraform, the SDK, and our own batch meet them."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytfe
from anyio import to_thread
from attrs import evolve

from remote_backend.models.failure import FailureKind
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.plan import Counts
from remote_backend.models.run import PlanOptions
from remote_backend.opening import open_backend
from remote_backend.planning.journal_failures import dump_failure, load_failure
from remote_backend.planning.options import BatchOptions
from remote_backend.server.embedded import EmbeddedServer, ServerSettings, serve
from remote_backend.server.seed import read_seed
from tests.support.servers import hosted
from tests.support.terraform_clients import TERRAFORM_1_15, system_environ, terraform

SDK: Any = pytfe
SEED = """
workspace "networking-fine" {
  simulated {
    add = 2
    cost { prior = "52.10", proposed = "64.45", resources = 6, matched = 4 }
    policy "tags" { level = "hard-mandatory" }
  }
}
workspace "networking-soft" {
  simulated {
    add = 1
    policy "no-public" { level = "soft-mandatory", passes = false, text = "a is public" }
    policy "names" { passes = false, text = "a is not a name" }
  }
}
workspace "networking-hard" {
  simulated {
    add = 1
    cost { prior = "9", proposed = "1.5" }
    policy "no-public" { level = "hard-mandatory", passes = false, text = "a is public" }
  }
}
workspace "networking-broken" {
  simulated {
    fails = true
    policy "never-asked" { passes = false }
  }
}
"""


@pytest.fixture
async def judging_server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    """Run a server whose plans are simulated and judged."""
    path = tmp_path / "seed.hcl"
    path.write_text(SEED)
    settings = ServerSettings(
        data=tmp_path / "data",
        organization="acme",
        engine="simulated",
        seed=read_seed(path),
    )
    async with hosted(serve(settings, system_environ())) as server:
        yield server


async def test_stock_terraform_prints_and_obeys_them(
    judging_server: EmbeddedServer, tmp_path: Path
) -> None:
    """A failed mandatory policy fails its plan too."""
    client = terraform(TERRAFORM_1_15, tmp_path, judging_server)
    assert (await client.run("init", "-input=false", TF_WORKSPACE="fine")).code == 0
    fine = await client.run("plan", "-no-color", TF_WORKSPACE="fine")
    soft = await client.run("plan", "-no-color", TF_WORKSPACE="soft")

    assert fine.code == 0, fine.all
    assert "Resources: 4 of 6 estimated" in fine.out
    assert "$64.45/mo +$12.35" in fine.out
    assert "tags (hard-mandatory): passed" in fine.out
    assert soft.code == 1
    assert "no-public (soft-mandatory): failed\n  a is public" in soft.out
    assert "soft failed" in soft.err


async def test_a_batch_tells_them(judging_server: EmbeddedServer, tmp_path: Path) -> None:
    """Which policies failed whom, and what it would cost; a failed plan is not judged."""
    client = terraform(TERRAFORM_1_15, tmp_path, judging_server)
    environ = {"TF_CLI_CONFIG_FILE": str(judging_server.cli_config_file)}
    async with (
        open_backend(client.directory, environ=environ) as backend,
        backend.plan_all(BatchOptions(details=True)) as batch,
    ):
        outcomes = {one.workspace: one for one in await batch.wait()}
        forgotten = {name: journaled(one) for name, one in outcomes.items()}
        again = {
            name: (await backend.with_details(one, PlanOptions()))[0]
            for name, one in forgotten.items()
        }
        json_plan = await backend.json_plan(outcomes["fine"].run_id or "")
        assert await backend.json_plan(outcomes["broken"].run_id or "") == b""

    # A report of an earlier batch says why plans failed as the first one did.
    for name, outcome in outcomes.items():
        assert (again[name].failure, again[name].checks) == (
            outcome.failure,
            outcome.checks,
        )
    results = {name: one.result for name, one in outcomes.items()}
    assert results == {
        "broken": Result.FAILED,
        "fine": Result.CHANGES,
        "hard": Result.FAILED,
        "soft": Result.FAILED,
    }
    assert outcomes["broken"].checks == ()
    assert [check.text for check in outcomes["fine"].checks][1] == "$64.45/mo +$12.35"
    assert "$1.5/mo -$7.5" in [check.text for check in outcomes["hard"].checks]
    # The policy that failed the plan, its level and its text (A4).
    assert outcomes["hard"].reason == "policy no-public (hard-mandatory)"
    failure = outcomes["soft"].failure
    assert failure is not None and failure.kind is FailureKind.POLICY
    assert failure.text == "policy no-public (soft-mandatory) failed\na is public"
    assert [(policy.name, policy.level) for policy in failure.policies] == [
        ("no-public", "soft-mandatory")
    ]
    assert outcomes["broken"].reason == "this simulation fails"
    assert outcomes["soft"].status == "policy_soft_failed"
    # The plan itself by the run, for programs that know its format (P160).
    assert len(json.loads(json_plan)["resource_changes"]) == 2
    # A plan that policies fail has numbers and an id all the same (A6, P160).
    assert {outcomes[name].counts for name in ("hard", "soft")} == {Counts(1)}
    assert {(outcomes[name].plan_id or "")[:5] for name in outcomes} == {"plan-"}
    assert [outcomes[name].phase for name in sorted(outcomes)] == [
        *("plan", None, "checks", "checks")
    ]
    assert "a is public" in outcomes["soft"].checks[0].text
    fine = outcomes["fine"].changes
    assert fine is not None
    assert [resource.address for resource in fine.resources] == [
        "simulated_resource.create[0]",
        "simulated_resource.create[1]",
    ]


def journaled(outcome: Outcome) -> Outcome:
    """Return what a journal keeps of an outcome."""
    failure = load_failure({"failure": dump_failure(outcome.failure)})
    return evolve(outcome, failure=failure, checks=(), changes=None)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_the_sdk_reads_them(judging_server: EmbeddedServer, tmp_path: Path) -> None:
    """By the ids that a run names; no check can be overridden, because nothing would follow."""
    client = terraform(TERRAFORM_1_15, tmp_path, judging_server)
    environ = {"TF_CLI_CONFIG_FILE": str(judging_server.cli_config_file)}
    async with (
        open_backend(client.directory, environ=environ) as backend,
        backend.plan("soft") as batch,
    ):
        [outcome] = await batch.wait()
    assert outcome.run_id is not None
    status, refused = await to_thread.run_sync(read_check, judging_server, outcome.run_id)
    assert (status, refused) == ("soft_failed", True)


def read_check(server: EmbeddedServer, run_id: str) -> tuple[str, bool]:
    """Return the status of the one policy check of a run, and whether overriding is refused."""
    client = SDK.TFEClient(SDK.TFEConfig(address=server.url, token=server.token))
    try:
        [check] = client.policy_checks.list(run_id)
        found = client.policy_checks.read(check.id)
        try:
            client.policy_checks.override(check.id)
        except Exception:  # the SDK has its own, which a version may rename
            return str(found.status.value), True
        return str(found.status.value), False
    finally:
        client.close()
