"""What -debug reports: requests and decisions of every command, and no secret."""

import re

import pytest

from tests.support.command_line import CommandLine


@pytest.mark.parametrize(
    "command",
    [
        "-debug plan -all",
        "plan -all -debug",
        "plan --debug -all -quiet",
        "workspace list -debug",
        "-debug output -all",
        "state list -all -debug",
        "-debug version -remote",
    ],
)
async def test_every_command_reports_its_requests(
    command: str, command_line: CommandLine
) -> None:
    """The flag stands before the command or behind it; results are the same as without."""
    words = command.split()
    done = await command_line.run(*words)
    usual = await command_line.run(*(word for word in words if word.lstrip("-") != "debug"))

    assert done.code == usual.code == 0, done.err
    assert "event='backend.found' block='main.tf'" in done.err
    assert re.search(
        r"event='request.answered' method='GET' where='organizations/acme/\S+' status=200 seconds=",
        done.err,
    )
    assert "event=" not in usual.err + done.out


async def test_no_secret_is_reported(command_line: CommandLine) -> None:
    """Neither the token, nor a variable, nor an address that is a secret as a whole."""
    done = await command_line.run("-debug", "plan", "-all", "-var=password=sekret")

    assert done.code == 0, done.err
    assert "event='workspaces.selected' existing=3 selected=3" in done.err
    assert "event='upload.decided' is_shared=True" in done.err
    assert "where='a signed address on 127.0.0.1'" in done.err
    assert command_line.server.token not in done.err
    assert "sekret" not in done.err
    assert "/_archivist" not in done.err and "signature" not in done.err
