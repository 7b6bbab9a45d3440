"""The order of what a plan of one workspace does before its run."""

from collections.abc import Awaitable, Callable
from io import StringIO
from pathlib import Path

import pytest

from remote_backend.backend_workspaces import BackendWorkspaces
from remote_backend.cli import process
from remote_backend.cli.commands import plan_runner
from remote_backend.cli.commands.plan_request import PlanRequest
from remote_backend.cli.output.screen import Screen
from remote_backend.planning.options import BatchOptions
from remote_backend.server.embedded import backend_block
from remote_backend.server.seed import SeedWorkspace
from remote_backend.workspaces import LocalWorkspace
from tests.support.servers import running_server


async def test_the_first_requests_are_sent_while_planning_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing waits for the import of planning before the workspace was read."""
    steps: list[str] = []
    read = BackendWorkspaces.workspace

    def import_in_thread(name: str) -> Callable[[], Awaitable[None]]:
        wait = process.import_in_thread(name)
        module = name.rpartition(".")[2]
        steps.append(f"{module} begun")

        async def noted() -> None:
            steps.append(f"{module} awaited")
            await wait()

        return noted

    async def workspace(self: BackendWorkspaces, name: str | None = None) -> LocalWorkspace:
        found = await read(self, name)
        steps.append(f"{found.full_name} read")
        return found

    monkeypatch.setattr(plan_runner, "import_in_thread", import_in_thread)
    monkeypatch.setattr(BackendWorkspaces, "workspace", workspace)
    async with running_server(tmp_path, seed=[SeedWorkspace(name="net-a")]) as server:
        block = backend_block(server.hostname, "acme", "net-")
        (tmp_path / "main.tf").write_text(block)
        environ = {"TF_CLI_CONFIG_FILE": str(server.cli_config_file), "TF_WORKSPACE": "a"}
        request = PlanRequest(directory=tmp_path, options=BatchOptions(), environ=environ)
        screen = Screen(StringIO(), StringIO(), colors=False, is_terminal=False)
        code = await plan_runner.run_plan(request, screen)

    assert code == 0
    assert steps[:3] == ["batch_source begun", "net-a read", "batch_source awaited"]
