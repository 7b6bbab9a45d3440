"""Batches in the logs of CI jobs: every line in the section of its own workspace."""

import io
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from remote_backend import events
from remote_backend.cli.output.screen import screen_of
from remote_backend.engine.simulated import NOTICE, Simulation
from remote_backend.models.failure import Failure, FailureKind, Place
from remote_backend.models.outcome import Outcome, Result
from remote_backend.server.seed import SeedWorkspace
from tests.support.command_line import CommandLine, write_backend
from tests.support.consoles import sections, show_events
from tests.support.servers import running_server

# Equal prefixes, and names of which one begins with another.
NAMES = ("a", "aa", "a-1", "a-11", "a_1", "prod", "prod-eu", "prod_eu", "z", "zz")
OPENING = {
    "GITHUB_ACTIONS": re.compile(r"::group::(\S+): "),
    "GITLAB_CI": re.compile(r"\x1b\[0Ksection_start:\d+:\S+?\r\x1b\[0K(\S+): "),
}
STOPPED = re.compile(r"::stop-commands::(\w+)\n(.*)::\1::\n", re.DOTALL)
CLOSING = {"GITHUB_ACTIONS": "::endgroup::", "GITLAB_CI": "\x1b[0Ksection_end:"}


def log_of(name: str) -> str:
    """Return the log of a workspace, of lines that name it."""
    return "".join(f"{name} line {number}  é\n" for number in range(300))


def sections_of(text: str, service: str) -> dict[str, str]:
    """Return what stands in each section, by the workspace in its title."""
    sections: dict[str, str] = {}
    name: str | None = None
    for line in re.split(r"(?<=\n)", text):
        if opening := OPENING[service].match(line):
            assert name is None, f"{opening[1]} is opened within {name}"
            name = opening[1]
            assert name not in sections
            sections[name] = ""
        elif line.startswith(CLOSING[service]):
            name = None
        elif name is not None:
            sections[name] += line
    return sections


@pytest.fixture
async def busy(tmp_path: Path) -> AsyncIterator[CommandLine]:
    """Run a server with more workspaces than it plans at once."""
    async with running_server(
        tmp_path,
        workers=4,
        seed=[
            SeedWorkspace(
                name=f"networking-{name}",
                # Some end while others are planned, so that new logs begin between old ones.
                simulation=Simulation(
                    parts=(log_of(name).encode(), b"end\n"), seconds=0.1 + number % 2 / 2
                ),
            )
            for number, name in enumerate(NAMES)
        ],
    ) as server:
        directory = tmp_path / "networking"
        directory.mkdir()
        command_line = CommandLine(server, directory, tmp_path / "data")
        write_backend(command_line)
        yield command_line


@pytest.mark.parametrize("service", OPENING)
async def test_every_line_stands_in_the_section_of_its_workspace(
    service: str, busy: CommandLine
) -> None:
    """More workspaces than workers: no section mixes, none is lost, byte for byte (A1)."""
    done = await busy.run("plan", "-all", **{service: "true"})

    assert done.code == 0, done.err
    sections = sections_of(done.out, service)
    assert sorted(sections) == sorted(NAMES)
    for name, section in sections.items():
        stopped = STOPPED.fullmatch(section) if service == "GITHUB_ACTIONS" else None
        text = stopped[2] if stopped else section
        log, _, address = text.removesuffix("\n").rpartition("\n")
        assert f"{log}\n" == f"{NOTICE}{log_of(name)}end\n"
        assert f"/networking-{name}/runs/" in address
    assert "10 changed" in done.out


def test_a_log_begins_after_another_has_ended() -> None:
    """The one that begins later has a file of its own, whatever was removed before (A1)."""
    screen = screen_of(io.StringIO(), io.StringIO(), {"GITLAB_CI": "true"}, no_color=False)
    with sections(screen) as console:
        show_events(
            console,
            events.LogChunkRead("a", b"from a\n"),
            events.LogChunkRead("b", b"from b\n"),
            events.PlanFinished(finished("a")),
            events.LogChunkRead("c", b"from c\n"),
            events.LogChunkRead("b", b"more from b\n"),
            events.PlanFinished(finished("c")),
            events.PlanFinished(finished("b")),
        )

    assert isinstance(screen.out, io.StringIO)
    assert sections_of(screen.out.getvalue(), "GITLAB_CI") == {
        "a": "from a\n",
        "b": "from b\nmore from b\n",
        "c": "from c\n",
    }


def test_a_disk_that_is_full_costs_a_log_and_no_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The section says that its log is not whole, and the others go on."""
    monkeypatch.setattr("tempfile.tempdir", "/dev/null")
    screen = screen_of(io.StringIO(), io.StringIO(), {"GITLAB_CI": "true"}, no_color=False)
    with sections(screen) as console:
        show_events(
            console,
            events.LogChunkRead("a", b"from a\n"),
            events.PlanFinished(finished("a")),
        )

    assert isinstance(screen.out, io.StringIO)
    [text] = sections_of(screen.out.getvalue(), "GITLAB_CI").values()
    assert text.startswith("Warning: the rest of this log could not be kept: ")


def finished(name: str) -> Outcome:
    """Return the outcome of a plan with changes, whose log has a section of its own."""
    return Outcome(workspace=name, full_name=name, result=Result.CHANGES)


def written(service: str, *shown: events.Event) -> str:
    """Return what a service gets, without colors."""
    screen = screen_of(io.StringIO(), io.StringIO(), {service: "true"}, no_color=True)
    with sections(screen, clock=lambda: 7) as console:
        show_events(console, *shown)
    assert isinstance(screen.out, io.StringIO)
    return screen.out.getvalue()


def log_chunks(names: tuple[str, ...], size_bytes: int) -> list[events.Event]:
    """Return a log of some size for each workspace."""
    line = b"x" * 99 + b"\n"
    return [events.LogChunkRead(name, line * (size_bytes // 100)) for name in names]


def failed(name: str) -> events.PlanFinished:
    """Return the end of a plan that failed."""
    failure = Failure(
        kind=FailureKind.TERRAFORM,
        title="Unsupported argument",
        text="Error: Unsupported argument\n\n  on main.tf line 12\n" + "more\n" * 30,
        place=Place(file="main.tf", line=12),
    )
    return events.PlanFinished(
        Outcome(workspace=name, full_name=name, result=Result.FAILED, failure=failure)
    )


def test_a_failure_is_open_from_its_error_on_and_its_log_is_folded_below() -> None:
    """Refresh lines come after the reason, not before it; its length is limited (2i)."""
    text = written(
        "GITLAB_CI",
        events.LogChunkRead("dev", b"Refreshing state...\nError: Unsupported argument\n"),
        failed("dev"),
    )

    assert text.startswith(
        "\x1b[0Ksection_start:7:plan_dev\r\x1b[0Kdev: failed: Unsupported "
    )
    error, _, rest = text.partition("\x1b[0Ksection_start:7:plan_log_dev[collapsed=true]")
    assert error.count("\n") == 22
    assert error.endswith("more\nand 13 more lines\n")
    assert rest.splitlines()[2:4] == ["Refreshing state...", "Error: Unsupported argument"]


def test_plans_without_changes_share_a_section_at_the_end() -> None:
    """A line each, with time and address; so do those that were canceled (2i)."""
    outcomes = tuple(
        Outcome(
            workspace=name,
            full_name=name,
            result=result,
            seconds=1.25,
            run_url=f"https://tfe.test/runs/{name}",
        )
        for name, result in (
            ("a", Result.NO_CHANGES), ("b", Result.CANCELED), ("c", Result.NO_CHANGES),
        )
    )  # fmt: skip

    text = written(
        "GITHUB_ACTIONS",
        *log_chunks(("a", "b", "c"), 1000),
        *map(events.PlanFinished, outcomes),
        events.BatchFinished(outcomes),
    )

    canceled, unchanged = text.split("::endgroup::\n")[:2]
    assert canceled.startswith("::group::1 canceled\n")
    assert "\nb  1.2s  https://tfe.test/runs/b\n" in canceled
    assert unchanged.startswith("::group::2 unchanged\n")
    assert "\na  1.2s  https://tfe.test/runs/a\nc  1.2s  https://" in unchanged
    assert "xxx" not in text


def test_gitlab_gets_less_than_it_shows_and_failures_last() -> None:
    """Logs of changed plans give way, then those of failed ones, errors never (2i)."""
    names = tuple(f"w{number}" for number in range(12))
    shown = written(
        "GITLAB_CI",
        events.BatchStarted(names),
        *log_chunks(names, 60_000),
        *(events.PlanFinished(finished(name)) for name in names[:8]),
        *map(failed, names[8:]),
        events.BatchFinished(()),
    )

    assert 300_000 < len(shown.encode()) < 400_000
    whole = re.findall(r"plan_(?:log_)?(w\d+)[^\n]*\n(?=xxx)", shown)
    assert whole == ["w0", "w1", "w2", "w3", "w8", "w9"]
    assert shown.count("The log (60 KB) is left out here.\n") == 6
    assert shown.count("Error: Unsupported argument\n") == 4
    assert "6 logs are left out above, because GitLab shows the last 500 KB" in shown
    assert "left out" not in written(
        "GITHUB_ACTIONS", events.BatchStarted(names), *log_chunks(names, 60_000),
        *(events.PlanFinished(finished(name)) for name in names), events.BatchFinished(()),
    )  # fmt: skip
