"""Results that programs read, also where something fails."""

import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator

import anyio
import pytest
from anyio import to_thread

from tests.support.command_line import CommandLine, records_of, runs_of
from tests.support.paths import REPOSITORY
from tests.support.report_schema import validate_stream


@pytest.fixture
async def refused(command_line: CommandLine) -> AsyncIterator[CommandLine]:
    """Run a server that does not accept the token of the configuration."""
    text = command_line.server.cli_config_file.read_text()
    command_line.server.cli_config_file.write_text(
        text.replace(command_line.server.token, "wrong-token")
    )
    yield command_line


@pytest.mark.parametrize("flags", [("-all",), ()])
async def test_a_failure_at_the_start_has_a_result_too(
    flags: tuple[str, ...], refused: CommandLine
) -> None:
    """A token that is refused is in the last event and in every report (P167)."""
    forms = ("md", "html", "json", "xml")
    done = await refused.run(
        "plan", *flags, "-json", *(f"-report=r.{form}" for form in forms),
        TF_WORKSPACE="" if flags else "dev",
    )  # fmt: skip

    assert done.code == 1
    last = json.loads(done.out.splitlines()[-1])
    assert (last["type"], last["kind"]) == ("batch_failed", "NotAuthorized")
    for form in forms:
        assert "does not accept the token" in (refused.directory / f"r.{form}").read_text()
    assert json.loads((refused.directory / "r.json").read_text())["workspaces"] == []
    assert done.err.count("does not accept the token") == 1


async def test_a_failure_before_the_connection_has_a_result_too(
    command_line: CommandLine,
) -> None:
    """A configuration without a backend as well."""
    (command_line.directory / "main.tf").write_text("")
    done = await command_line.run("plan", "-all", "-json")

    assert done.code == 1
    assert json.loads(done.out)["kind"] == "NoBackendBlock"


async def test_a_report_that_cannot_be_written_costs_no_batch(
    command_line: CommandLine,
) -> None:
    """It is found before any run is made, and not when the batch has passed."""
    (command_line.directory / "bad.md").mkdir()
    done = await command_line.run("plan", "-all", "-report=good.json", "-report=bad.md")

    assert (done.code, done.out) == (1, "")
    assert "Error: -report=bad.md cannot be written: Is a directory; choose" in done.err
    assert runs_of(command_line) == []
    assert sorted(path.name for path in command_line.directory.iterdir()) == [
        "bad.md",
        "main.tf",
    ]


async def test_a_report_that_becomes_impossible_costs_no_other(
    command_line: CommandLine,
) -> None:
    """It is named, the others and the table are there, and the exit code says it."""
    (command_line.directory / "main.tf").write_text(
        (command_line.directory / "main.tf").read_text().replace("networking-", "slow-")
    )
    process = await anyio.open_process(
        command_line.command("plan", "-all", "-report=bad.md", "-report=good.json"),
        cwd=command_line.directory,
        env={**command_line.environ(), "PYTHONPATH": str(REPOSITORY)},
    )
    async with process:
        assert process.stderr is not None
        err = b""
        while err.count(b" run http") + err.count(b"| run ") < 2:
            err += await process.stderr.receive()
        (command_line.directory / "bad.md").mkdir()
        process.send_signal(signal.SIGTERM)
        err += b"".join([data async for data in process.stderr])
        await process.wait()

    assert b"Error: -report=bad.md cannot be written: Is a directory" in err
    assert b"Wrote good.json." in err and b"Wrote bad.md." not in err
    assert re.search(
        rb"write it again with: remote-backend report [0-9a-f]{4} -report=", err
    )
    assert (
        len(json.loads((command_line.directory / "good.json").read_text())["workspaces"])
        == 2
    )


async def test_a_step_summary_that_is_not_there_is_a_warning(
    command_line: CommandLine,
) -> None:
    """Nobody asked for it, so the verdict stays what it is (N38)."""
    step = str(command_line.directory / "missing" / "step.md")
    done = await command_line.run(
        "plan", "-all", "-detailed-exitcode", "-report=r.json", GITHUB_STEP_SUMMARY=step
    )

    assert done.code == 2
    assert "Warning: GITHUB_STEP_SUMMARY cannot be written" in done.err
    assert (command_line.directory / "r.json").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals are a matter of POSIX")
async def test_an_interrupt_ends_the_events_of_a_program_too(
    command_line: CommandLine,
) -> None:
    """The last line of -json is batch_finished, with what became of each workspace (A3)."""
    text = (command_line.directory / "main.tf").read_text()
    (command_line.directory / "main.tf").write_text(text.replace("networking-", "slow-"))
    process = await anyio.open_process(
        command_line.command("plan", "-all", "-json"),
        cwd=command_line.directory,
        env={**command_line.environ(), "PYTHONPATH": str(REPOSITORY)},
    )
    async with process:
        assert process.stdout is not None
        out = b""
        while out.count(b'"run_queued"') < 2:
            out += await process.stdout.receive()
        process.send_signal(signal.SIGTERM)
        out += b"".join([data async for data in process.stdout])
        await process.wait()

    lines = out.decode().splitlines()
    validate_stream(lines)
    last = json.loads(lines[-1])
    assert last["type"] == "batch_finished"
    assert [outcome["result"] for outcome in last["outcomes"]] == ["canceled", "canceled"]
    assert (last["exit_code"], last["totals"]["canceled"]) == (process.returncode, 2)
    assert process.returncode == 143
    [interrupted] = [line for line in lines if '"type":"interrupted"' in line]
    assert json.loads(interrupted)["answer"] == "cancel"


@pytest.mark.skipif(sys.platform == "win32", reason="signals are a matter of POSIX")
async def test_a_single_plan_that_is_left_advises_nothing_wrong(
    command_line: CommandLine,
) -> None:
    """Its run is named, and no batch that is not there (F3)."""
    text = (command_line.directory / "main.tf").read_text()
    (command_line.directory / "main.tf").write_text(text.replace("networking-", "slow-"))
    process = await anyio.open_process(
        command_line.command("plan", "-on-interrupt=detach"),
        cwd=command_line.directory,
        env={**command_line.environ(TF_WORKSPACE="a"), "PYTHONPATH": str(REPOSITORY)},
    )
    async with process:
        assert process.stdout is not None and process.stderr is not None
        while b"simulated" not in await process.stdout.receive():
            pass
        process.send_signal(signal.SIGINT)
        notes = b"".join([data async for data in process.stderr]).decode()
        await process.wait()

    assert process.returncode == 130
    assert "1 run continues on the server:\n  a  run-" in notes
    assert "resume" not in notes


@pytest.mark.skipif(sys.platform == "win32", reason="pipes end in other ways there")
async def test_a_reader_that_leaves_cancels_the_runs_with_a_word(
    command_line: CommandLine,
) -> None:
    """As for `plan -all | head`: nothing is left behind, and standard error says it (A21)."""
    text = (command_line.directory / "main.tf").read_text()
    (command_line.directory / "main.tf").write_text(text.replace("networking-", "slow-"))
    reading, writing = os.pipe()
    process = await anyio.open_process(
        command_line.command("plan", "-all", "-json"),
        cwd=command_line.directory,
        env={**command_line.environ(), "PYTHONPATH": str(REPOSITORY)},
        stdout=writing,
    )
    os.close(writing)
    async with process:
        assert process.stderr is not None
        seen = b""
        while b'"run_queued"' not in seen:
            seen += await to_thread.run_sync(os.read, reading, 1 << 16)
        os.close(reading)
        notes = b"".join([data async for data in process.stderr]).decode()
        await process.wait()

    assert process.returncode == 1
    assert "Nobody reads the output any more, so the runs were canceled." in notes
    with anyio.fail_after(30):
        while {run["status"] for run in records_of(command_line, "run")} - {"canceled"}:
            await anyio.lowlevel.checkpoint()
