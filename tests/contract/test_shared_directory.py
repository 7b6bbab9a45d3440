"""One directory, two tools: whoever comes second sees what the first one did."""

from pathlib import Path

import pytest

from remote_backend.server.embedded import EmbeddedServer
from tests.support.terraform_clients import (
    TERRAFORM_0_11,
    TERRAFORM_1_15,
    Terraform,
    ours,
    terraform,
)

MAIN = """
variable "environment" {}

output "name" {
  value = "${var.environment}"
}
"""


def record(client: Terraform) -> Path:
    """Return the backend record."""
    return client.directory / ".terraform" / "terraform.tfstate"


async def works(client: Terraform) -> None:
    """Use a configured directory: list, select, make, plan, and read outputs."""
    listed = await client.run("workspace", "list")
    assert listed.code == 0, listed.all
    assert {"dev", "prod"} <= set(listed.out.split())
    selected = await client.run("workspace", "select", "prod")
    assert selected.code == 0, selected.all
    plan = await client.run("plan", "-no-color")
    assert plan.code == 0, plan.all
    assert '+ name = "prod"' in plan.out


@pytest.mark.parametrize("program", [TERRAFORM_0_11, TERRAFORM_1_15], ids=["0.11", "1.15"])
async def test_ours_works_where_terraform_has_initialized(
    program: tuple[str, ...], server: EmbeddedServer, tmp_path: Path
) -> None:
    """No init is asked for, and init leaves the record byte for byte."""
    theirs = terraform(program, tmp_path, server)
    theirs.write("main.tf", MAIN)
    init = await theirs.run("init", "-input=false", TF_WORKSPACE="dev")
    assert init.code == 0, init.all
    written = record(theirs).read_bytes()

    await works(ours(theirs))
    again = await ours(theirs).run("init", "-input=false")
    new = await ours(theirs).run("workspace", "new", "extra")

    assert again.code == 0, again.all
    assert record(theirs).read_bytes() == written
    assert new.code == 0, new.all
    assert (await theirs.run("workspace", "show")).out.strip() == "extra"
    # And back: Terraform is content with the directory as it is now.
    await works(theirs)
    assert (await ours(theirs).run("workspace", "show")).out.strip() == "prod"


async def test_terraform_works_where_ours_has_initialized(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    """Of 1.15 no init is asked for, and its own init leaves the record byte for byte."""
    theirs = terraform(TERRAFORM_1_15, tmp_path, server)
    theirs.write("main.tf", MAIN)

    init = await ours(theirs).run("init", "-input=false", TF_WORKSPACE="dev")
    assert init.code == 0, init.all
    written = record(theirs).read_bytes()
    await works(theirs)
    await works(ours(theirs))

    again = await theirs.run("init", "-input=false")
    assert again.code == 0, again.all
    assert record(theirs).read_bytes() == written
    deleted = await ours(theirs).run("workspace", "new", "gone")
    assert deleted.code == 0
    assert (await theirs.run("workspace", "select", "dev")).code == 0
    gone = await ours(theirs).run("workspace", "delete", "gone")
    assert gone.code == 0, gone.all
    assert "gone" not in (await theirs.run("workspace", "list")).out


async def test_the_style_of_0_11_is_kept(server: EmbeddedServer, tmp_path: Path) -> None:
    """A changed block is configured anew in the style that is there, and 0.11 goes on."""
    theirs = terraform(TERRAFORM_0_11, tmp_path, server)
    theirs.write("main.tf", MAIN)
    assert (await theirs.run("init", "-input=false", TF_WORKSPACE="dev")).code == 0
    block = theirs.directory / "backend.tf"
    block.write_text(
        block.read_text().replace('prefix = "networking-"', 'name = "networking-dev"')
    )

    refused = await ours(theirs).run("init", "-input=false")
    changed = await ours(theirs).run("init", "-input=false", "-reconfigure")

    assert refused.code == 1
    assert "-migrate-state" in refused.err and "-reconfigure" in refused.err
    assert changed.code == 0, changed.all
    assert b'"workspaces": [' in record(theirs).read_bytes()
    again = await theirs.run("init", "-input=false")
    assert again.code == 0, again.all


async def test_a_changed_block_asks_for_init(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    """As with Terraform, other commands stop until init has been told what to do."""
    theirs = terraform(TERRAFORM_1_15, tmp_path, server)
    theirs.write("main.tf", MAIN)
    assert (await ours(theirs).run("init", "-input=false", TF_WORKSPACE="dev")).code == 0
    block = theirs.directory / "backend.tf"
    block.write_text(block.read_text().replace("networking-", "other-"))

    for client in (ours(theirs), theirs):
        done = await client.run("workspace", "list")
        assert done.code == 1
        assert "init" in done.err
    assert "backend.tf:2: the block has changed" in (await ours(theirs).run("plan")).err


@pytest.mark.parametrize("kind", ['backend "remote"', "cloud"])
async def test_terraform_works_where_ours_has_made_the_one_workspace(
    kind: str, server: EmbeddedServer, tmp_path: Path
) -> None:
    """After `workspace new` in name mode its init finds nothing to complain about (N19)."""
    theirs = terraform(TERRAFORM_1_15, tmp_path, server)
    theirs.write(
        "backend.tf",
        f'terraform {{\n  {kind} {{\n    hostname = "{server.hostname}"\n'
        '    organization = "acme"\n    workspaces {\n      name = "fresh"\n    }\n  }\n}\n',
    )

    made = await ours(theirs).run("workspace", "new", "fresh")
    init = await theirs.run("init", "-input=false", "-no-color")
    again = await ours(theirs).run("init", "-input=false")

    assert made.code == 0, made.all
    assert init.code == 0, init.all
    assert again.code == 0, again.all
