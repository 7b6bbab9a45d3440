"""Events on the screen."""

import io
import json
import re

import anyio
import pytest

from remote_backend import events
from remote_backend.cli.output.batch_end import write_end
from remote_backend.cli.output.console import (
    BatchConsole,
    QuietConsole,
    SinglePlanConsole,
)
from remote_backend.cli.output.json_console import JsonConsole
from remote_backend.cli.output.live import LiveConsole
from remote_backend.cli.output.log_spool import LogSpool
from remote_backend.cli.output.progress import Progress, heartbeat
from remote_backend.cli.output.screen import Screen, screen_of
from remote_backend.models.failure import Failure, FailureKind
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.plan import Counts
from remote_backend.models.policy import CheckReport, PolicyResult
from remote_backend.reports.event_stream import EventStream
from tests.support.command_line import rows_of
from tests.support.consoles import sections, show_events
from tests.support.report_builders import failed_with


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say yes."""
        return True


def screen(*, colors: bool = False, terminal: bool = False) -> Screen:
    """Return a screen that remembers what is written."""
    return Screen(io.StringIO(), io.StringIO(), colors, terminal)


def written(of: Screen) -> tuple[str, str]:
    """Return what was written as output and beside it."""
    assert isinstance(of.out, io.StringIO) and isinstance(of.err, io.StringIO)
    return of.out.getvalue(), of.err.getvalue()


def outcome(name: str, result: Result, **more: object) -> Outcome:
    """Return an outcome; `reason` is the title of a failure."""
    if reason := more.pop("reason", None):
        more["failure"] = failed_with(str(reason))
    return Outcome(workspace=name, full_name=name, result=result, **more)  # type: ignore[arg-type]


def test_lines_of_a_batch_are_whole_and_aligned() -> None:
    """Chunks that cut lines are put together before they stand behind a name."""
    on = screen()
    console = BatchConsole(on)

    for event in (
        events.BatchStarted(("dev", "staging")),
        events.LogChunkRead("dev", b"on"),
        events.LogChunkRead("staging", b"other\n"),
        events.LogChunkRead("dev", b"e\ntwo"),
        events.LogEnded("dev", True),
    ):
        console.show(event)

    assert written(on)[0] == "staging | other\ndev     | one\ndev     | two\n"


def test_the_color_of_a_line_ends_with_it() -> None:
    """An open color does not run into the next name, and names have colors of their own."""
    on = screen(colors=True, terminal=True)
    console = BatchConsole(on)

    console.show(events.BatchStarted(("a", "b")))
    console.show(events.LogChunkRead("a", b"\x1b[31mred\nplain\n"))

    first, second = written(on)[0].splitlines()
    assert first.endswith("\x1b[31mred\x1b[0m")
    assert second.endswith("| plain")
    assert first.startswith("\x1b[36ma\x1b[0m | ")


def test_the_table_keeps_addresses_whole() -> None:
    """However long a row is, its address can be copied, and no row ends with blanks."""
    on = screen()
    url = "https://tfe.example.com/app/acme/" + "x" * 300

    changed = outcome("dev", Result.CHANGES, counts=Counts(1, 2, 3, 4), run_url=url)
    write_end(on, (changed, outcome("a-longer-name", Result.FAILED, reason="why")))

    out = written(on)[0]
    assert url in out
    assert rows_of(out)["dev"][:4] == ["changed", "1", "2", "3"]
    assert "+1 ~2 -3 <-4" in out
    assert "2 workspaces: 1 failed, 1 changed (1 destroy)" in out.splitlines()
    assert [line for line in out.splitlines() if line != line.rstrip()] == []


def test_an_empty_log_of_a_failure_still_says_what_is_known() -> None:
    """Result, reason and address are told when the log is empty (P14)."""
    on = screen()
    console = SinglePlanConsole(on)

    console.show(events.LogEnded("dev", False, "the server names no log"))
    console.show(
        events.PlanFinished(
            outcome(
                "dev", Result.FAILED, reason="the run errored", run_url="https://x/run-1"
            )
        )
    )

    out, err = written(on)
    assert out == ""
    assert "the log may be incomplete: the server names no log" in err
    assert "dev: failed   0.0s\nthe run errored\nhttps://x/run-1" in err


def test_every_phase_and_check_is_told() -> None:
    """Packing, the run, its waiting, policies and costs have lines at once (P15, P29)."""
    on = screen()
    console = SinglePlanConsole(on)

    for event in (
        events.SlugPacked(("dev",), "net", 2, 2048, ("a warning",)),
        events.RunQueued("dev", "run-1", "https://x/run-1"),
        events.RunStatusChanged("dev", "run-1", "plan_queued"),
        events.CheckReported(
            "dev",
            CheckReport(kind="policy check", name="org", status="soft_failed", text="no"),
        ),
    ):
        console.show(event)

    assert written(on)[1].splitlines() == [
        "Packed 2 files of net (2.0 KiB).",
        "Warning: a warning",
        "Run run-1: https://x/run-1",
        "The run is waiting for a worker.",
        "policy check org: soft_failed",
        "no",
    ]


def test_colors_are_for_terminals_that_want_them() -> None:
    """A pipe, NO_COLOR and -no-color each turn them off."""
    terminal, pipe = Terminal(), io.StringIO()

    assert screen_of(terminal, pipe, {}, no_color=False).colors
    assert not screen_of(pipe, pipe, {}, no_color=False).colors
    assert not screen_of(terminal, pipe, {"NO_COLOR": "1"}, no_color=False).colors
    assert not screen_of(terminal, pipe, {}, no_color=True).colors


@pytest.mark.parametrize(
    ("environ", "flags", "colors"),
    [
        ({}, {"color": True}, True),
        ({"NO_COLOR": "1"}, {"color": True}, True),
        ({}, {"color": True, "no_color": True}, False),
        ({"FORCE_COLOR": "1"}, {"no_color": True}, False),
        ({"FORCE_COLOR": "1"}, {}, True),
        ({"FORCE_COLOR": "3", "TERM": "dumb"}, {}, True),
        ({"FORCE_COLOR": "0"}, {}, False),
        ({"CLICOLOR_FORCE": "1"}, {}, True),
        ({"CLICOLOR_FORCE": "0"}, {}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, {}, False),
        ({"GITHUB_ACTIONS": "true"}, {}, True),
        ({"GITLAB_CI": "true"}, {}, True),
        ({"GITLAB_CI": "true", "NO_COLOR": "1"}, {}, False),
        ({"BUILDKITE": "true"}, {}, False),
    ],
)
def test_flags_and_variables_decide_about_colors(
    environ: dict[str, str], flags: dict[str, bool], colors: bool
) -> None:
    """In the order: -no-color, -color, NO_COLOR, forcing variables, the CI service, terminal."""
    on = screen_of(io.StringIO(), io.StringIO(), environ, **{"no_color": False, **flags})

    assert on.colors is colors


def test_a_dumb_terminal_gets_lines_and_a_sign_of_life() -> None:
    """No color, and every ten seconds it says what is going on (A16)."""
    on = screen_of(Terminal(), Terminal(), {"TERM": "dumb"}, no_color=False)
    waits: list[float] = []
    progress = Progress(clock=lambda: sum(waits))
    progress.take(events.PlanStarted("dev"))

    async def sleep(seconds: float) -> None:
        if waits == [10]:
            waits.append(seconds)
            raise TimeoutError
        waits.append(seconds)

    assert not on.colors
    with pytest.raises(TimeoutError):
        anyio.run(heartbeat, on, progress, sleep)
    assert waits == [10, 10]
    assert written(on)[1] == "0:10  dev preparing\n"


def test_quiet_says_what_went_wrong() -> None:
    """Reason, end of the log, policies and address of a failure, and the table (A7)."""
    on = screen()
    console = QuietConsole(on)
    log = b"".join(b"line %d\n" % number for number in range(100)) + b"Error: no\n"
    check = CheckReport(
        kind="policy check", name="org", status="hard_failed", text="no tags", failed=True
    )
    bad = outcome(
        "bad",
        Result.FAILED,
        reason="the run errored",
        run_url="https://x/1",
        checks=(check,),
    )
    late = outcome("late", Result.CANCELED, reason="it waited too long")
    good = outcome("good", Result.CHANGES)

    with LogSpool() as logs:
        for name in ("bad", "good"):
            logs.add(name, log)
            console.show(events.LogChunkRead(name, log))
        for one in (bad, good, late):
            console.show(events.PlanFinished(one))
        write_end(on, (bad, good, late), logs=logs)

    out, err = written(on)
    assert err == ""
    block = out.split("\n\n")[0].splitlines()
    assert block == [
        "── failed: 1 of 3 ──",
        "the run errored",
        "Error: no",
        "policy check org: hard_failed",
        "no tags",
        "In bad",
        "https://x/1",
    ]
    assert "3 workspaces: 1 failed, 1 canceled, 1 changed" in out.splitlines()


def test_the_end_warns_of_a_policy_that_the_server_let_pass() -> None:
    """A soft-mandatory policy failed, and the run ended as planned: nothing else shows it (P29)."""
    on = screen()
    policy = PolicyResult(name="tags", level="soft-mandatory", status="failed")
    check = CheckReport(
        kind="policy check",
        name="org",
        status="soft_failed",
        failed=True,
        policies=(policy,),
    )
    write_end(on, (outcome("a", Result.CHANGES, checks=(check,)),))

    assert written(on)[1] == ("Warning: a: policy tags (soft-mandatory) failed\n")


def test_the_end_shows_the_first_error_of_a_long_log() -> None:
    """Its end would show the last one, and frames take space; what is left out is counted (A7)."""
    on = screen()
    failure = Failure(
        kind=FailureKind.TERRAFORM,
        title="Bad",
        text="Error: Bad\n" + "\n".join(f"line {number}" for number in range(30)),
        further_errors=1,
    )
    write_end(on, (outcome("bad", Result.FAILED, failure=failure),))

    block, _, _ = written(on)[0].partition("\n\n")
    assert block.splitlines() == [
        "── failed: 1 of 1 ──",
        "Error: Bad",
        *(f"line {number}" for number in range(19)),
        "… 11 more lines: remote-backend batches log bad",
        "and 1 more error",
        "In bad",
    ]


def test_a_log_gives_no_commands_to_a_runner() -> None:
    """Workflow commands in a log are text where a runner reads it, else untouched (P162)."""
    log = b"::error::x\n  ::add-mask::y\na::b\n##vso[task.setvariable]z\nsee ##[group]\n## note\n"
    for environ in ({"GITHUB_ACTIONS": "true"}, {"TF_BUILD": "True"}, {}):
        on = screen_of(io.StringIO(), io.StringIO(), environ, no_color=False)
        SinglePlanConsole(on).show(events.LogChunkRead("a", log))

        disarmed = (
            ": :error::x\n  : :add-mask::y\na::b\n"
            "## vso[task.setvariable]z\nsee ## [group]\n## note\n"
        )
        assert written(on)[0] == (disarmed if environ else log.decode())


def test_a_failed_run_is_told_once() -> None:
    """The log has said why; beside it stand the verdict and the address alone (P165)."""
    on = screen()
    console = SinglePlanConsole(on)
    console.show(events.LogChunkRead("a", b"Error: no such subnet\n"))
    failed = outcome(
        "a", Result.FAILED, reason="the run errored", run_url="https://tfe/runs/1"
    )
    console.show(events.PlanFinished(failed))

    out, err = written(on)
    assert out == "Error: no such subnet\n"
    assert err == "a: failed   0.0s\nthe run errored\nhttps://tfe/runs/1\n"


def test_every_view_says_that_a_log_is_not_whole() -> None:
    """Folded sections within the log, and the live view above its rows (P14)."""
    cut = events.LogEnded("a", False, "the server names no log")
    on = screen_of(io.StringIO(), io.StringIO(), {"GITLAB_CI": "true"}, no_color=False)
    with sections(on) as folded, LiveConsole(on) as live:
        folded.show(cut)
        live.show(cut)
        folded.show(events.PlanFinished(outcome("a", Result.NO_CHANGES)))

    told = "Warning: the log may be incomplete: the server names no log"
    out, err = written(on)
    assert told in out.splitlines()
    assert f"a: {told}" in err


def test_drift_is_called_so() -> None:
    """What has changed outside is not a change that a plan would make, and has no numbers."""
    counts = Counts(0, 0, 0, 0)
    drifted = outcome("a", Result.CHANGES, counts=counts, seconds=1.0)
    same = outcome("b", Result.NO_CHANGES, counts=counts, seconds=1.0)
    on = screen()
    console = BatchConsole(on, is_drift=True)

    for event in (
        events.BatchStarted(("a", "b")),
        events.PlanFinished(drifted),
    ):
        console.show(event)
    write_end(on, (drifted, same), is_drift=True)

    out, err = written(on)
    assert "a | drifted   1.0s" in err
    assert [row.split()[:3] for row in out.splitlines() if row[:2] in ("a ", "b ")] == [
        ["a", "drifted", "-"],
        ["b", "no", "drift"],
    ]
    assert "2 workspaces: 1 drifted, 1 no drift" in out.splitlines()


def test_services_fold_each_workspace() -> None:
    """GitLab and GitHub by their own marks; failures stay open, and no log gives commands."""
    log = b"one\n::error::two\n\x1b[0Ksection_end:1:plan_a\r"
    done = outcome("a", Result.CHANGES, run_url="https://tfe/runs/1")
    bad = outcome("b", Result.FAILED, reason="the run\nerrored")
    told = {}
    for variable in ("GITHUB_ACTIONS", "GITLAB_CI"):
        on = screen_of(io.StringIO(), io.StringIO(), {variable: "true"}, no_color=True)
        with sections(on, clock=lambda: 7.9) as console:
            show_events(
                console,
                events.LogChunkRead("a", log),
                events.LogChunkRead("b", b"Error: no"),
                events.PlanFinished(done),
                events.PlanFinished(bad),
            )
        told[variable] = written(on)[0]

    words = re.findall(r"^::stop-commands::([0-9a-f]{32})$", told["GITHUB_ACTIONS"], re.M)
    assert len(set(words)) == 3
    first, second, third = words
    assert told["GITHUB_ACTIONS"] == (
        f"::group::a: changed\n::stop-commands::{first}\none\n: :error::two\n"
        f"section_end:1:plan_a\nhttps://tfe/runs/1\n::{first}::\n::endgroup::\n"
        f"b: failed: the run errored\n::stop-commands::{second}\nError: no\n::{second}::\n"
        f"::group::b: the whole log\n::stop-commands::{third}\nError: no\n::{third}::\n"
        "::endgroup::\n"
    )
    assert told["GITLAB_CI"] == (
        "\x1b[0Ksection_start:7:plan_a[collapsed=true]\r\x1b[0Ka: changed\n"
        "one\n::error::two\nsection_end:1:plan_a\nhttps://tfe/runs/1\n"
        "\x1b[0Ksection_end:7:plan_a\r\x1b[0K\n"
        "\x1b[0Ksection_start:7:plan_b\r\x1b[0Kb: failed: the run errored\nError: no\n"
        "\x1b[0Ksection_start:7:plan_log_b[collapsed=true]\r\x1b[0Kb: the whole log\n"
        "Error: no\n"
        "\x1b[0Ksection_end:7:plan_log_b\r\x1b[0K\n"
        "\x1b[0Ksection_end:7:plan_b\r\x1b[0K\n"
    )


def test_views_that_hold_back_tell_what_policies_say() -> None:
    """Folded sections have all of it; the live view tells it of plans that failed."""
    bad = CheckReport(
        kind="policy check", name="org", status="hard_failed", text="no tags", failed=True
    )
    good = CheckReport(kind="cost estimate", name="monthly cost", status="finished")
    failed = outcome("a", Result.FAILED, reason="policies", checks=(bad, good))

    on = screen_of(io.StringIO(), io.StringIO(), {"GITHUB_ACTIONS": "true"}, no_color=True)
    with sections(on) as folded:
        folded.show(events.PlanFinished(failed))
    title, _, *told, _ = written(on)[0].splitlines()
    assert title == "a: failed: policies"
    assert told == [
        "policy check org: hard_failed",
        "no tags",
        "cost estimate monthly cost: finished",
    ]

    on = screen()
    write_end(on, (failed,))
    lines = [line.strip() for line in written(on)[0].splitlines()]
    assert "policy check org: hard_failed" in lines
    assert "no tags" in lines


async def test_a_program_reads_every_five_seconds_how_far_a_batch_is() -> None:
    """By an injected clock; nothing follows the last event."""
    on, waits = screen(), 0
    console = JsonConsole(on, EventStream(batch_id="batch-1"))

    async def sleep(seconds: float) -> None:
        nonlocal waits
        assert seconds == 5
        waits += 1
        if waits == 2:
            console.show(events.BatchFinished(()))
        elif waits == 3:
            raise TimeoutError

    console.show(events.BatchStarted(("a", "b")))
    console.show(events.PlanStarted("a"))
    with pytest.raises(TimeoutError):
        await console.report_progress(sleep)

    lines = [json.loads(line) for line in written(on)[0].splitlines()]
    types = [line["type"] for line in lines]
    assert types == [
        "batch_started", "plan_started", "plan_phase_changed", "progress", "batch_finished",
    ]  # fmt: skip
    assert [lines[3][name] for name in ("ended", "at_work", "waiting")] == [0, 1, 1]


def test_a_program_reads_that_a_signal_came() -> None:
    """And that the runs that go on are being canceled."""
    on = screen()
    console = JsonConsole(on, EventStream(batch_id="batch-1"))
    console.show(events.BatchStarted(("a",)))
    console.show(events.PlanStarted("a"))

    console.interrupted("cancel")

    *_, interrupted, phase = map(json.loads, written(on)[0].splitlines())
    assert (interrupted["type"], interrupted["unfinished"]) == ("interrupted", ["a"])
    assert (phase["workspace"], phase["phase"]) == ("a", "canceling")
