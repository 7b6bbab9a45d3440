"""Whatever servers, logs and policies say: no writer steers a terminal or commands a runner.

The rules of the runners are written here once more, from their documentation and sources, so
that a mistake in ours is seen.
"""

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest
from attrs import frozen
from hypothesis import example, given, settings
from hypothesis import strategies as st

from remote_backend import events
from remote_backend.cli import main
from remote_backend.cli.commands import workspace
from remote_backend.cli.output.batch_end import write_end
from remote_backend.cli.output.console import (
    BatchConsole,
    QuietConsole,
    SinglePlanConsole,
)
from remote_backend.cli.output.github import annotations
from remote_backend.cli.output.json_console import JsonConsole
from remote_backend.cli.output.live import LiveConsole
from remote_backend.cli.output.log_spool import LogSpool
from remote_backend.cli.output.progress import Progress, heartbeat
from remote_backend.cli.output.prompts import Prompts
from remote_backend.cli.output.report_files import Collector, write_reports
from remote_backend.cli.output.screen import Screen, screen_of
from remote_backend.cli.output.view.drawing import Drawing
from remote_backend.models.changes import (
    AttributeChange,
    Diagnostic,
    OutputChange,
    PlannedChanges,
    ResourceChange,
)
from remote_backend.models.failure import Failure, FailureKind, Place
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.policy import CheckReport, PolicyResult
from remote_backend.models.values import Value
from remote_backend.models.workspace import Workspace
from remote_backend.reports.event_stream import EventStream
from remote_backend.workspaces import LocalWorkspace
from tests.support.consoles import sections, show_events

VARIABLES = {
    "": {},
    "github": {"GITHUB_ACTIONS": "true"},
    "gitlab": {"GITLAB_CI": "true"},
    "azure": {"TF_BUILD": "True"},
    "teamcity": {"TEAMCITY_VERSION": "2025.07"},
    "buildkite": {"BUILDKITE": "true"},
}
FRAGMENTS = (
    "\x1b", "[", "]", "\x9b", "\x9d", "\x9c", "\x07", "\\", "m", "K", "2J", "0m", "31", "P", "_",
    "\r", "\n", "\r\n", "\t", " ", "\u00a0", "\u2028", "\x85", "\x0b", "\u202e", "\u2066",
    "\u200b", "\u00ad", "\ufeff", "\ud83d", "\x00", "\x02", "\x08", "\x7f",
    "::", ":", "::error title=forged::x", "::add-mask::e", "::stop-commands::zz", "::zz::",
    "::endgroup::", "##", "#", "##[error]x", "##vso[task.complete result=Failed;]",
    "##teamcity[buildStop]", "---", "+++ x", "~~~", "^^^ +++", "%0A", "%",
    "section_end:1:plan_a\r\x1b[0K", "a", "é", "{", "}", '"', "```", "</pre>", "x" * 50,
)  # fmt: skip
TEXTS = st.lists(
    st.sampled_from(FRAGMENTS) | st.text(st.characters(), max_size=3),
    min_size=1,
    max_size=12,
).map("".join)
LOGS = st.lists(
    TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.binary(max_size=20)
    | TEXTS.map(lambda text: structured(text)),
    max_size=5,
)
COLOR = re.compile(r"\x1b\[[0-9;:]*m")
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ud800-\udfff]"
)
GITLAB_MARK = re.compile(
    r"\x1b\[0Ksection_(?:start|end):\d+:[\w.-]+(?:\[collapsed=true\])?\r\x1b\[0K"
)
TOKEN = re.compile(r"[0-9a-f]{32}")


def structured(text: str) -> bytes:
    """Return a line of Terraform's JSON output that holds a text wherever it can."""
    diagnostic = {
        "severity": text, "summary": text, "detail": text, "address": text,
        "range": {"filename": text, "start": {"line": text}},
        "snippet": {"context": text, "code": text, "start_line": 1},
    }  # fmt: skip
    line = {
        "@level": "info",
        "@message": text,
        "type": "diagnostic",
        "diagnostic": diagnostic,
    }
    outputs = {text: {"value": text}, "b": {"action": text}}
    other = {"@level": "info", "@message": text, "type": "outputs", "outputs": outputs}
    return f"{json.dumps(line)}\n{json.dumps(other)}\n".encode()


def outcome_of(text: str, result: Result) -> Outcome:
    """Return an outcome that holds a text wherever it can."""
    change = ResourceChange(
        address=text, action="update", type=text, previous_address=text, imported_id=text,
        action_reason=text, deposed=text,
        attributes=(AttributeChange(path=(text,), before=Value(value=text), after=Value(value=text)),),
    )  # fmt: skip
    return Outcome(
        workspace=text, full_name=text, result=result, status=text, run_id=text,
        failure=Failure(
            kind=FailureKind.TERRAFORM, title=text, text=text, detail=text, address=text,
            place=Place(file=text), policies=(PolicyResult(name=text, level=text, text=text),),
        ),
        run_url=text, seconds=1.0,
        checks=(CheckReport(kind=text, name=text, status=text, text=text, failed=True),),
        changes=PlannedChanges(
            resources=(change,),
            outputs=(OutputChange(
                name=text, action="update", before=Value(value=text), after=Value(value={text: text})
            ),),
            diagnostics=(Diagnostic(severity="error", summary=text, detail=text, place=text),),
        ),
    )  # fmt: skip


def happenings(text: str, log: list[bytes]) -> Iterator[events.Event]:
    """Give the events of two plans that hold a text wherever they can."""
    names = (text, "b")
    yield events.BatchStarted(names)
    yield events.WarningRaised(text)
    yield events.SlugPacked(names, text, 2, 2048, (text,))
    for name in names:
        yield events.PlanStarted(name)
        yield events.RunQueued(name, text, text)
        yield events.RunStatusChanged(name, text, text)
        for chunk in log:
            yield events.LogChunkRead(name, chunk)
        yield events.LogEnded(name, False, text)
    check = CheckReport(kind=text, name=text, status=text, text=text)
    yield events.CheckReported(text, check)
    outcomes = (outcome_of(text, Result.FAILED), Outcome(
        workspace="b", full_name=text, result=Result.CHANGES, run_url=text
    ))  # fmt: skip
    for outcome in outcomes:
        yield events.PlanFinished(outcome)
    yield events.BatchFinished(outcomes)


def show(console: Any, text: str, log: list[bytes]) -> None:
    """Show all events in a console."""
    for event in happenings(text, log):
        show_events(console, event)
        if isinstance(event, events.BatchFinished):
            write_end(console.screen, event.outcomes)


def write_single(screen: Screen, text: str, log: list[bytes]) -> None:
    """Write what a plan of one workspace does."""
    show(SinglePlanConsole(screen), text, log)


def write_stream(screen: Screen, text: str, log: list[bytes]) -> None:
    """Write all lines behind the names of their workspaces."""
    show(BatchConsole(screen), text, log)


def write_sections(screen: Screen, text: str, log: list[bytes]) -> None:
    """Write a section for each workspace."""
    with sections(screen) as console:
        show(console, text, log)


def write_quiet(screen: Screen, text: str, log: list[bytes]) -> None:
    """Write what went wrong and the table."""
    show(QuietConsole(screen), text, log)


def write_json(screen: Screen, text: str, log: list[bytes]) -> None:
    """Write each event as JSON, which keeps the text."""
    show(JsonConsole(screen, EventStream(batch_id="batch-1")), text, log)


class PlainDrawing(Drawing):
    """Writes the lines of drawings one after the other, without what steers a terminal."""

    def update(self, lines: Sequence[str], *, full_screen: bool = False) -> None:
        """Write the lines."""
        self._write("".join(f"{line}\n" for line in lines))

    def above(self, lines: Iterable[str]) -> None:
        """Write the lines."""
        self.update(list(lines))


def write_live(screen: Screen, text: str, log: list[bytes]) -> None:
    """Write the live view, with its rows as they are drawn."""
    with LiveConsole(screen, clock=iter(range(1000)).__next__) as console:
        console._drawing = PlainDrawing(screen.err, lambda: (80, 24))
        for event in happenings(text, log):
            console.show(event)
            console.tick()


def write_others(screen: Screen, text: str, log: list[bytes]) -> None:
    """Write a note, a result, a question, annotations and the sign of life."""
    screen.note(text)
    screen.print(text)
    if screen.is_terminal or screen.services:
        # Another program gets a value as it is.
        screen.print_value(text)
    screen.ask(f"{text}? ")
    outcomes = (outcome_of(text, Result.FAILED), outcome_of(f"{text}2", Result.CHANGES))
    screen.out.writelines(
        annotations(
            screen, outcomes, directory=Path(text), environ={"GITHUB_WORKSPACE": "/"}
        )
    )

    passed: list[float] = []
    progress = Progress(clock=lambda: sum(passed))
    progress.take(events.PlanStarted(text))

    async def sleep(seconds: float) -> None:
        if passed:
            raise TimeoutError
        passed.append(seconds)

    with pytest.raises(TimeoutError):
        anyio.run(heartbeat, screen, progress, sleep)


WRITERS: dict[str, Callable[[Screen, str, list[bytes]], None]] = {
    "single": write_single,
    "stream": write_stream,
    "sections": write_sections,
    "quiet": write_quiet,
    "json": write_json,
    "live": write_live,
    "others": write_others,
}


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say yes."""
        return True


def github_commands(text: str) -> list[str]:
    """Return the commands on which GitHub's runner acts (actions/runner, ActionCommand.cs)."""
    commands: list[str] = []
    word = ""
    for line in re.split(r"\r\n|\r|\n", text):
        trimmed = line.lstrip()
        new = re.match(r"::([^:\s]*)(?:\s[^:]*)?::(.*)", trimmed)
        old = re.search(r"##\[([^\] ]*)[^\]]*\]", line)
        name = new[1] if new else old[1] if old else ""
        if not name or (word and name != word):
            continue
        commands.append(name)
        word = new[2] if new and name == "stop-commands" else ""
    return commands


def assert_harmless(text: str, service: str, *, colors: bool) -> None:
    """Fail where a text steers a terminal, hides words, or commands the runner of a service."""
    if service == "gitlab":
        text = GITLAB_MARK.sub("", text)
    plain = COLOR.sub("", text) if colors else text
    assert not UNSEEN.search(plain.replace("\n", "")), repr(plain)
    for line in text.split("\n"):
        if service in ("azure", "github"):
            assert not re.search(r"##(vso)?\[", line, re.IGNORECASE), line
        if service == "azure":
            assert not line.lstrip().startswith("::") or line.startswith(
                "::error title="
            ), line
        if service == "teamcity":
            assert "##teamcity[" not in line, line
        if service == "buildkite":
            assert not COLOR.sub("", line).startswith(("---", "+++", "~~~", "^^^")), line
    if service == "github":
        commands = [name for name in github_commands(text) if not TOKEN.fullmatch(name)]
        expected = {"group", "stop-commands", "endgroup", "error"}
        assert set(commands) <= expected, commands
        for name, most in (
            # One plan that changes something, and the whole log of one that failed.
            ("group", 2),
            ("endgroup", 2),
            ("stop-commands", 3),
            ("error", 1),
        ):
            assert commands.count(name) <= most, commands


@pytest.mark.parametrize(
    ("writer", "service"),
    [
        (writer, service)
        for writer in WRITERS
        for service in VARIABLES
        if writer != "sections" or service in ("github", "gitlab")
    ],
)
@settings(max_examples=25, deadline=None)
@given(text=TEXTS, log=LOGS, terminal=st.booleans())
@example(
    text="x\n::error title=forged::y\r::add-mask::z",
    log=[structured("line\n::set-output name=approved::true\n::stop-commands::zz")],
    terminal=False,
)
@example(
    text="\u00a0\t\u3000::error title=forged::y",
    log=[b"\xc2\xa0\t::error title=forged::y\n\x1b[1m--- x\n"],
    terminal=True,
)
@example(
    text="\x1b\x1b[K]52;c;cm0gLXJmIH4=\x1b\x1b[K\\",
    log=[b"\x1b\x1b[K]52;c;cm0gLXJmIH4=\x1b\x1b[K\\\n", b"##", b"[error]x"],
    terminal=True,
)
def test_no_writer_passes_on_what_others_wrote(
    writer: str, service: str, text: str, log: list[bytes], terminal: bool
) -> None:
    """Complete colors where they are wanted, and no command but our own (H3, H4, N04, N06, N43)."""
    out, err = (Terminal(), io.StringIO()) if terminal else (io.StringIO(), io.StringIO())
    screen = screen_of(out, err, VARIABLES[service], no_color=False)

    WRITERS[writer](screen, text, log)

    for stream in (out, err):
        assert_harmless(stream.getvalue(), service, colors=screen.colors)
        stream.getvalue().encode()


@settings(max_examples=50, deadline=None)
@given(text=TEXTS, log=LOGS)
def test_no_report_passes_on_what_others_wrote(
    text: str, log: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Files in all forms hide nothing from their readers, and JSON keeps each value (N42)."""
    folder = tmp_path_factory.mktemp("reports")
    with LogSpool() as logs:
        for chunk in log:
            logs.add(text, chunk)
        collector = Collector(logs, started_at="2026-11-27T03:00:00Z")
        report = collector.report(
            (outcome_of(text, Result.FAILED), outcome_of(f"{text}2", Result.CHANGES)),
            batch_id="batch-1", hostname=text, organization=text, mapping=text,
            is_drift=False,
        )  # fmt: skip
    files = tuple(str(folder / f"r{form}") for form in (".md", ".html", ".json", ".xml"))

    assert write_reports(report, files) == ()

    for file in files:
        assert_harmless(Path(file).read_bytes().decode(), "", colors=False)
    document = json.loads((folder / "r.json").read_text(encoding="utf-8"))
    # Two halves of a character that stand side by side are read as one.
    assert document["batch"]["organization"] == json.loads(json.dumps(text))


@frozen
class Backend:
    """A backend with one workspace."""

    name: str

    async def workspaces(self) -> list[LocalWorkspace]:
        """Return the workspace."""
        return [LocalWorkspace(self.name, Workspace(id="ws-1", name=self.name))]


@pytest.mark.parametrize("service", VARIABLES)
@settings(max_examples=25, deadline=None)
@given(text=TEXTS)
def test_no_error_list_or_question_passes_on_what_others_wrote(
    service: str, text: str
) -> None:
    """`workspace list`, the message of an error and a prompt go through the same sink."""
    with pytest.MonkeyPatch.context() as patch:
        out, err = io.StringIO(), io.StringIO()
        patch.setattr("sys.stdout", out)
        patch.setattr("sys.stderr", err)
        for name in {name for one in VARIABLES.values() for name in one}:
            patch.delenv(name, raising=False)
        for name, value in VARIABLES[service].items():
            patch.setenv(name, value)
        patch.setattr(
            workspace,
            "run_with_backend",
            lambda directory, work: anyio.run(work, Backend(text)),
        )
        patch.setattr(Prompts, "can_ask", True)
        patch.setattr("sys.stdin", io.StringIO("yes\n"))

        assert workspace.workspace.main(["list"], standalone_mode=False, obj=".") == 0
        main._print_message(text)
        screen = screen_of(out, err, VARIABLES[service], no_color=False)
        anyio.run(Prompts(screen).confirm, f"{text}?", "")

    assert len(out.getvalue().splitlines()) == 1
    for stream in (out, err):
        assert_harmless(stream.getvalue(), service, colors=False)


@pytest.mark.parametrize("service", ["gitlab"])
def test_names_that_look_alike_are_sections_of_their_own(service: str) -> None:
    """GitLab's names hold letters, digits and `_.-`, and no two sections share one."""
    screen = screen_of(io.StringIO(), io.StringIO(), VARIABLES[service], no_color=False)
    with sections(screen, clock=lambda: 7) as console:
        for name in ("a b", "a/b", "a_b", "a_b_2", "a\nb"):
            show_events(console, events.LogChunkRead(name, name.encode()))
            console.show(
                events.PlanFinished(
                    Outcome(workspace=name, full_name=name, result=Result.CHANGES)
                )
            )
    text = screen.out.getvalue()  # type: ignore[attr-defined]
    names = re.findall(r"section_start:7:([\w.-]+)\[", text)
    assert names == ["plan_a_b", "plan_a_b_2", "plan_a_b_3", "plan_a_b_2_2", "plan_a_b_4"]
    assert re.findall(r"section_end:7:([\w.-]+)\r", text) == names


PAST_THE_SINK = re.compile(
    r"click\.s?echo\(|(?<![.\w])print\(|std(?:out|err)\.write\(|\.err\.write\("
)


def test_every_command_writes_through_the_sink() -> None:
    """Use `echo` of `cli.screen`, or the methods of `Screen`, in place of `click.echo`."""
    folder = Path(main.__file__).parent
    found = [
        f"{path.name}: {line.strip()}"
        for path in sorted(folder.glob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if PAST_THE_SINK.search(line) and path.name != "screen.py"
    ]
    # The help holds nothing of others.
    assert found == ["main.py: click.echo(error.format_message())  # the help"]
