"""The command `archive`, and plans that refuse links, as processes."""

import sys

import pytest

from tests.support.command_line import CommandLine


async def test_what_a_plan_would_upload_is_listed(shop: CommandLine) -> None:
    """Entries go to standard output, surprises to standard error, and nothing is sent (P72)."""
    (shop.directory / ".env").write_text("")
    (shop.directory / "odd\x1b.txt").write_text("")
    done = await shop.run("archive", TF_CLI_CONFIG_FILE="")

    assert done.code == 0, done.err
    assert done.out.splitlines() == [".env", "main.tf", "'odd\\x1b.txt'"]
    assert "'.env' may hold secrets" in done.err


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
async def test_a_plan_can_refuse_links_that_lead_out(shop: CommandLine) -> None:
    """Without the flag their targets are uploaded, with a warning (M10)."""
    (shop.directory.parent / "key").write_text("secret")
    (shop.directory / "k").symlink_to("../key")

    told = await shop.run("plan", TF_WORKSPACE="dev")
    refused = await shop.run("plan", "-refuse-outside-links", TF_WORKSPACE="dev")

    assert told.code == 0
    assert "'k -> ../key'" in told.err
    assert refused.code == 1
    assert "the link k leads to ../key, which is outside of" in refused.err
