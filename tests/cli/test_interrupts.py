"""Ctrl-C: progress while runs are canceled, and a second one that means now."""

import signal
import sys

import anyio
import pytest

from remote_backend.cli.signals import show_progress
from remote_backend.server.fault_rules import FaultRule, FaultSettings
from tests.support.command_line import CommandLine, records_of
from tests.support.paths import REPOSITORY
from tests.support.servers import run_virtually


def test_progress_is_shown_while_runs_are_canceled() -> None:
    """A line a second as long as something happens, and silence while nothing does (P145)."""
    notes: list[str] = []

    async def work() -> None:
        def stopped() -> tuple[int, int]:
            return min(round(30 * anyio.current_time()), 75), 75

        with anyio.move_on_after(10):
            await show_progress(stopped, notes.append)

    run_virtually(work)
    assert notes == [f"{number} of 75 runs are canceled." for number in (30, 60, 75)]


@pytest.mark.skipif(sys.platform == "win32", reason="signals are a matter of POSIX")
async def test_a_second_interrupt_leaves_at_once(command_line: CommandLine) -> None:
    """Also while a server refuses to cancel, and nothing more is written."""
    refusal = FaultRule(kind="status", path="/api/v2/runs/.*/cancel", status=503)
    command_line.server.faults.replace(FaultSettings(rules=[refusal]))
    text = (command_line.directory / "main.tf").read_text()
    (command_line.directory / "main.tf").write_text(text.replace("networking-", "slow-"))
    process = await anyio.open_process(
        command_line.command("plan", "-all"),
        cwd=command_line.directory,
        env={**command_line.environ(), "PYTHONPATH": str(REPOSITORY)},
    )
    async with process:
        assert process.stdout is not None and process.stderr is not None
        notes = b""
        while notes.count(b"| run http") < 2:
            notes += await process.stderr.receive()
        process.send_signal(signal.SIGINT)
        while b"Stopping: " not in notes:
            notes += await process.stderr.receive()
        process.send_signal(signal.SIGINT)
        out = b"".join([data async for data in process.stdout])
        await process.wait()

    assert process.returncode == 130
    assert b"workspaces:" not in out
    assert {run["status"] for run in records_of(command_line, "run")} <= {
        "pending",
        "planning",
    }
