"""The version of Terraform that all runs of a batch request, tried by the first one."""

from pathlib import Path

import anyio
import pytest

from remote_backend.errors import Rejected, RunOptionsError, RunRefused
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.run import PlanOptions
from remote_backend.opening import open_backend
from remote_backend.planning.options import BatchOptions
from remote_backend.planning.version_trial import VersionTrial
from remote_backend.server.embedded import backend_block
from remote_backend.server.seed import SeedWorkspace
from tests.support.fake_engines import write_engine
from tests.support.servers import running_server


async def planned(folder: Path, version: str) -> tuple[tuple[Outcome, ...], int]:
    """Plan three workspaces with a version; return the outcomes and how many requests it took."""
    engine = write_engine(folder / "engines/terraform", "1.9.8")
    seed = [SeedWorkspace(name=f"net-{name}") for name in "abc"]
    async with running_server(folder, engine=str(engine), seed=seed) as server:
        directory = folder / "net"
        directory.mkdir()
        (directory / "main.tf").write_text(backend_block(server.hostname, "acme", "net-"))
        environ = {"TF_CLI_CONFIG_FILE": str(server.cli_config_file)}
        options = BatchOptions(plan=PlanOptions(terraform_version=version))
        async with open_backend(directory, environ=environ) as backend:
            async with backend.plan_all(options) as batch:
                outcomes = await batch.wait()
        return outcomes, server.faults.api_requests


async def test_a_refused_version_stops_the_batch_after_one_run(tmp_path: Path) -> None:
    """Two hundred workspaces are not refused one by one, and each says why it has no plan."""
    outcomes, requests = await planned(tmp_path, "9.9.9")

    assert {outcome.result for outcome in outcomes} == {Result.FAILED}
    [reason] = {outcome.reason for outcome in outcomes}
    assert reason is not None
    assert reason.startswith("the server does not take Terraform 9.9.9: ")
    # The organization, the workspaces, an upload, and one request for a run.
    assert requests <= 8


async def test_a_version_that_is_there_is_planned_with(tmp_path: Path) -> None:
    """The server echoes the version, and the runs succeed."""
    outcomes, _ = await planned(tmp_path, "1.9.8")

    assert {outcome.result for outcome in outcomes} == {Result.NO_CHANGES}


async def test_only_a_refusal_of_the_version_counts() -> None:
    """Where the first workspace is refused for another reason, the next one tries."""
    trial, tries = VersionTrial("1.9.8"), 0

    async def make() -> str:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise Rejected(422, "POST", "/runs", ("the workspace is archived",))
        return "run"

    with pytest.raises(Rejected):
        await trial.run(make)
    assert await trial.run(make) == "run"
    assert await trial.run(make) == "run"


async def test_the_others_wait_for_the_first() -> None:
    """While the first run is made no other one is requested."""
    trial, tries = VersionTrial("9.9.9"), 0
    refused: list[RunRefused] = []

    async def make() -> None:
        nonlocal tries
        tries += 1
        await anyio.lowlevel.checkpoint()
        raise Rejected(422, "POST", "/runs", ("invalid terraform-version",))

    async def run() -> None:
        try:
            await trial.run(make)
        except RunRefused as error:
            refused.append(error)

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(run)

    assert tries == 1
    assert len({str(error) for error in refused}) == 1
    assert len(refused) == 5


@pytest.mark.parametrize("version", ["1.9", "~> 1.9.0", "latest", "1.9.8 "])
def test_only_exact_versions_are_sent(version: str) -> None:
    """Whether servers take constraints is not documented."""
    with pytest.raises(RunOptionsError, match="is not an exact version"):
        PlanOptions(terraform_version=version)
