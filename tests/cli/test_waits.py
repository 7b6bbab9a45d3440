"""Every command says what it waits for, and with -debug what it asks."""

import sys

import anyio
import pytest

from remote_backend.server.fault_rules import FaultRule, FaultSettings
from tests.support.command_line import CommandLine, Finished
from tests.support.paths import REPOSITORY

# As the program, but nobody has to wait for five seconds to hear of a wait.
_IMPATIENT = (
    "import remote_backend.notices as notices;"
    "notices._REPORT_AFTER_SECONDS = 0.1; notices._TICK_SECONDS = 0.05;"
    "from remote_backend.cli.main import main; main()"
)


async def run_impatiently(
    command_line: CommandLine, *arguments: str, **environ: str
) -> Finished:
    """Run the command line with waits that are reported at once."""
    done = await anyio.run_process(
        [sys.executable, "-c", _IMPATIENT, *arguments],
        cwd=command_line.directory,
        env={**command_line.environ(**environ), "PYTHONPATH": str(REPOSITORY)},
        check=False,
    )
    return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())


def fail_twice(
    command_line: CommandLine, path: str = "/api/v2/organizations/acme/"
) -> None:
    """Let the first two requests fail."""
    rule = FaultRule(path=path, kind="status", status=503, times=(1, 2))
    command_line.server.faults.replace(FaultSettings(rules=[rule]))


@pytest.mark.parametrize(
    "command",
    ["workspace list", "output", "init", "plan", "plan -select=dev", "plan -json"],
)
async def test_a_server_that_fails_is_named_while_it_is_waited_for(
    command: str, command_line: CommandLine
) -> None:
    """Outside of plans too, on standard error (M8, P15)."""
    fail_twice(command_line)

    done = await run_impatiently(command_line, *command.split(), TF_WORKSPACE="eu-7")

    assert done.code == 0, done.err
    assert "Waiting for another attempt, because the server responded with 503" in done.err
    assert ", at most 120 s." in done.err
    assert "Waiting" not in done.out


async def test_a_quiet_plan_says_nothing_of_waits(command_line: CommandLine) -> None:
    """-quiet leaves the table and what went wrong."""
    fail_twice(command_line)

    done = await run_impatiently(command_line, "plan", "-select=dev", "-quiet")

    assert done.code == 0 and "Waiting" not in done.err


@pytest.mark.parametrize("command", ["workspace list", "plan -select=dev", "output"])
async def test_debug_reports_every_request(command: str, command_line: CommandLine) -> None:
    """With method, path, status and time, repeats and waits, and no secret (A8)."""
    fail_twice(command_line)

    done = await command_line.run("-debug", *command.split(), TF_WORKSPACE="dev")

    lines = done.err.splitlines()
    answered = [line for line in lines if "event='request.answered'" in line]
    assert done.code == 0, done.err
    assert sum("status=503" in line for line in answered) == 2
    assert sum("event='request.delayed'" in line for line in lines) == 2
    assert all("method='" in line and "seconds=" in line for line in answered)
    assert any("where='organizations/acme/" in line for line in answered)
    assert command_line.server.token not in done.err


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("REMOTE_BACKEND_RETRY_TIMEOUT", "soon"),
        ("REMOTE_BACKEND_RATE_LIMIT_TIMEOUT", "-1"),
        ("REMOTE_BACKEND_READ_TIMEOUT", "0"),
    ],
)
async def test_a_timeout_that_is_not_a_time_is_named(
    name: str, text: str, command_line: CommandLine
) -> None:
    """With its variable and what to write."""
    done = await command_line.run("workspace", "list", **{name: text})

    assert done.code == 1
    assert done.err == (
        f"Error: {name}={text!r} is not a time; write for example 90s or 10m, or unset it\n"
    )


async def test_the_limit_of_repeats_can_be_set(command_line: CommandLine) -> None:
    """A server that always fails is given up after that time."""
    rule = FaultRule(path="/api/v2/organizations/acme/", kind="status", status=503)
    command_line.server.faults.replace(FaultSettings(rules=[rule]))

    done = await command_line.run(
        "-debug", "workspace", "list", REMOTE_BACKEND_RETRY_TIMEOUT="0.1s"
    )

    assert done.code == 1 and "answered with 503" in done.err
    assert done.err.count("event='request.delayed'") <= 2
