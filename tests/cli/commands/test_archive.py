"""The command `archive`, and plans that refuse links, as processes."""

import sys

import pytest

from tests.support.command_line import CommandLine


async def test_what_a_plan_would_upload_is_listed(command_line: CommandLine) -> None:
    """Entries go to standard output, surprises to standard error, and nothing is sent (P72)."""
    (command_line.directory / ".env").write_text("")
    (command_line.directory / "odd\x1b.txt").write_text("")
    done = await command_line.run("archive", TF_CLI_CONFIG_FILE="")

    assert done.code == 0, done.err
    assert done.out.splitlines() == [".env", "main.tf", "'odd\\x1b.txt'"]
    assert "'.env' may hold secrets" in done.err


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
async def test_a_plan_can_refuse_links_that_lead_out(command_line: CommandLine) -> None:
    """Without the flag their targets are uploaded, with a warning (M10)."""
    (command_line.directory.parent / "key").write_text("secret")
    (command_line.directory / "k").symlink_to("../key")

    told = await command_line.run("plan", TF_WORKSPACE="dev")
    refused = await command_line.run("plan", "-refuse-outside-links", TF_WORKSPACE="dev")

    assert told.code == 0
    assert "'k -> ../key'" in told.err
    assert refused.code == 1
    assert "the link k leads to ../key, which is outside of" in refused.err
