"""The command `tokens`, beside a server that runs."""

import json

from tests.support.command_line import CommandLine


async def test_tokens_are_made_listed_and_revoked(command_line: CommandLine) -> None:
    """A token goes to standard output alone, and the list has names without tokens."""
    data = f"-data={command_line.server.token_file.parent}"
    made = await command_line.run("tokens", "create", data, "ci")
    listed = await command_line.run("tokens", "list", data)
    as_json = await command_line.run("tokens", "list", data, "-json")
    revoked = await command_line.run("tokens", "revoke", data, "ci")
    again = await command_line.run("tokens", "revoke", data, "ci")

    assert (made.code, listed.code, as_json.code, revoked.code) == (0, 0, 0, 0)
    token = made.out.strip()
    assert len(token) > 40 and "\n" not in token
    assert [line.split()[0] for line in listed.out.splitlines()] == ["owner", "ci"]
    assert [user["name"] for user in json.loads(as_json.out)] == ["owner", "ci"]
    assert token not in listed.out + as_json.out
    assert (again.code, again.out) == (1, "")
    assert "there is no token ci" in again.err


async def test_the_directory_of_no_server_is_refused(command_line: CommandLine) -> None:
    """The error names it and what to do."""
    folder = command_line.directory / "elsewhere"
    refused = await command_line.run("tokens", "create", f"-data={folder}", "ci")

    assert refused.code == 1
    assert "elsewhere is not the data directory of a server" in refused.err
    assert not folder.exists()
