"""`plan -all DIR...` plans the workspaces of several configurations in one batch."""

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from attrs import evolve

from remote_backend.engine.simulated import Simulation
from remote_backend.models.plan import Counts
from remote_backend.server.embedded import EmbeddedServer, backend_block
from remote_backend.server.seed import SeedWorkspace
from tests.support.command_line import CommandLine, records_of, rows_of, runs_of
from tests.support.repositories import TestRepository, new_repository
from tests.support.servers import running_server

CHANGING = Simulation(counts=Counts(add=1))


def workspace(name: str, directory: str) -> SeedWorkspace:
    """Return a workspace whose working directory is in the repository."""
    return SeedWorkspace(name=name, working_directory=directory, simulation=CHANGING)


SEED = [
    workspace("net-prod", "stacks/net"),
    workspace("net-dev", "stacks/net"),
    workspace("dns-prod", "stacks/dns"),
    workspace("apps-web", "apps"),
]


def monorepo(folder: Path, server: EmbeddedServer) -> TestRepository:
    """Make a repository with three configurations, a module, and two broken directories."""

    def block(prefix: str) -> str:
        return backend_block(server.hostname, "acme", prefix)

    return new_repository(
        folder / "work",
        {
            "stacks/net/main.tf": block("net-"),
            "stacks/dns/main.tf": block("dns-"),
            "stacks/broken/main.tf": 'terraform {\n  backend "remote" {\n    hostname =\n',
            "stacks/notes/README.md": "no configuration\n",
            "apps/main.tf": block("apps-"),
            "modules/tag/main.tf": 'output "tag" {\n  value = 1\n}\n',
        },
    )


@pytest.fixture
async def work(tmp_path: Path) -> AsyncIterator[CommandLine]:
    """A command line at the top of a repository, beside the server of its workspaces."""
    async with running_server(tmp_path, seed=SEED) as server:
        repository = monorepo(tmp_path, server)
        yield CommandLine(server, repository.path, tmp_path / "data")


async def test_everything_in_one_batch(work: CommandLine) -> None:
    """Names are short where they are unique, and a directory that cannot be read is a row."""
    done = await work.run("plan", "-all", "stacks/*", "apps")

    assert done.code == 1
    assert sorted(rows_of(done.out)) == [
        "dev",
        "stacks/broken",
        "stacks/dns:prod",
        "stacks/net:prod",
        "web",
    ]
    assert "5 workspaces" in done.out
    assert "1 failed, 4 changed" in done.out


async def test_directories_below_one_root_share_an_upload(work: CommandLine) -> None:
    """All configurations of a repository are uploaded once, and their runs use that version."""
    done = await work.run("plan", "-all", "-json", "stacks/net", "stacks/dns", "apps")

    assert done.code == 0
    events = [json.loads(line) for line in done.out.splitlines()]
    packed = [event for event in events if event["type"] == "slug_packed"]
    assert [len(event["workspaces"]) for event in packed] == [4]
    assert len(records_of(work, "configuration-version")) == 1
    assert len({run["configuration_version_id"] for run in runs_of(work)}) == 1


async def test_events_and_outcomes_name_their_configuration(work: CommandLine) -> None:
    """Programs read which directory a workspace belongs to."""
    done = await work.run("plan", "-all", "-json", "stacks/net", "apps")

    events = [json.loads(line) for line in done.out.splitlines()]
    queued = {
        event["workspace"]: event["configuration"]
        for event in events
        if event["type"] == "run_queued"
    }
    assert queued == {"dev": "stacks/net", "prod": "stacks/net", "web": "apps"}
    outcomes = {each["name"]: each["configuration"] for each in events[-1]["outcomes"]}
    assert outcomes == queued


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        (["-select=stacks/net:p*"], ["stacks/net:prod"]),
        (
            ["-select=prod", "-exclude=stacks/broken:*"],
            ["stacks/dns:prod", "stacks/net:prod"],
        ),
        (["-all", "-exclude=stacks/*"], ["web"]),
    ],
)
async def test_patterns_for_directories_and_workspaces(
    work: CommandLine, flags: list[str], names: list[str]
) -> None:
    """A pattern is compared with `DIR:WORKSPACE` and with the workspace alone."""
    done = await work.run("plan", *flags, "stacks/*", "apps")

    assert (sorted(rows_of(done.out)), done.code) == (names, 0)


async def test_reports_name_the_configurations(work: CommandLine) -> None:
    """JSON lists them, and the marker of a comment has the arguments."""
    done = await work.run(
        "plan",
        "-all",
        "-report=r.json",
        "-report=r.md",
        "-report=r.html",
        "stacks/*",
        "apps",
    )

    assert done.code == 1
    report = json.loads((work.directory / "r.json").read_text())
    places = report["batch"]["configurations"]
    assert [(place["name"], place["mapping"]) for place in places] == [
        ("stacks/dns", "dns-*"),
        ("stacks/net", "net-*"),
        ("apps", "apps-*"),
        ("stacks/broken", None),
    ]
    comment = (work.directory / "r.md").read_text()
    assert "<summary>4 configurations</summary>" in comment
    assert "- `stacks/net`: 2 workspaces: 2 changed\n" in comment
    assert "- `stacks/broken`: 1 workspace: 1 failed\n" in comment
    page = (work.directory / "r.html").read_text()
    assert "<h2>4 configurations</h2>" in page
    assert comment.splitlines()[0] == (
        f"<!-- remote-backend plan {work.server.hostname}/acme/stacks/* apps -->"
    )


async def test_one_workspace_from_two_directories(work: CommandLine) -> None:
    """Nothing is sent where a workspace would be planned twice."""
    copy = work.directory / "copy"
    copy.mkdir()
    (copy / "main.tf").write_text((work.directory / "apps/main.tf").read_text())
    done = await work.run("plan", "-all", "apps", "copy")

    assert done.code == 1
    assert (
        "the workspace apps-web is reached from two directories, apps and copy" in done.err
    )
    assert runs_of(work) == []


async def test_show_and_log_of_several(work: CommandLine) -> None:
    """The journal of the batch is one, and later commands use the same names."""
    await work.run("plan", "-all", "stacks/net", "stacks/dns")
    shown = await work.run("batches", "show", "-table=wide")
    log = await work.run("batches", "log", "stacks/net:prod")

    assert sorted(rows_of(shown.out)) == ["dev", "stacks/dns:prod", "stacks/net:prod"]
    assert (log.code, "Plan: 1 to add" in log.out) == (0, True)


@pytest.mark.parametrize(
    ("pattern", "prefixes"),
    [
        ("dev", []),
        ("stacks/net:dev", []),
        ("prod", ["stacks/dns:prod", "stacks/net:prod"]),
        ("stacks/net:*", ["dev", "stacks/net:prod"]),
    ],
)
async def test_later_commands_know_both_forms_of_a_name(
    work: CommandLine, pattern: str, prefixes: list[str]
) -> None:
    """`DIR:WORKSPACE` and the workspace alone, whichever of them is shown."""
    await work.run("plan", "-all", "stacks/*")
    log = await work.run("batches", "log", pattern)
    opened = await work.run("batches", "open", "-print", pattern)

    lines = [line.partition(" | ") for line in log.out.splitlines()]
    assert log.code == 0, log.err
    assert sorted({name.strip() for name, bar, _ in lines if bar}) == prefixes
    assert opened.code == (1 if prefixes else 0)


async def test_a_row_without_a_log_hides_no_other_log(work: CommandLine) -> None:
    """A directory that cannot be read has no run; the logs of others are shown."""
    await work.run("plan", "-all", "stacks/*")
    several = await work.run("batches", "log", "stacks/*")
    failed = await work.run("batches", "log", "-failed")
    shown = await work.run("batches", "show")

    reason = "stacks/broken has no log, because no run was made: "
    assert several.code == 0
    assert reason in several.err and "stacks/net:prod | Plan: 1 to add" in several.out
    assert failed.code == 1 and reason in failed.err
    assert "batches log WORKSPACE" in shown.out


async def test_the_list_counts_configurations(work: CommandLine) -> None:
    """The arguments are no mapping of an organization."""
    await work.run("plan", "-all", "stacks/*")
    listed = await work.run("batches", "list")
    entries = json.loads((await work.run("batches", "list", "-json")).out)

    assert "3 configurations: stacks/*\n" in listed.out
    assert entries[0]["mapping"] == "stacks/*"


async def test_resuming_several(work: CommandLine) -> None:
    """A batch that was left goes on in all its directories."""
    left = await work.run("plan", "-all", "-detach", "stacks/net", "stacks/dns")
    resumed = await work.run("batches", "resume", "last")

    assert (left.code, resumed.code) == (0, 0)
    assert sorted(rows_of(resumed.out)) == ["dev", "stacks/dns:prod", "stacks/net:prod"]
    assert len(runs_of(work)) == 3


async def test_what_a_change_touches_in_several(work: CommandLine) -> None:
    """Each directory is judged by itself, under the names of the batch."""
    change = work.directory / "stacks/net/more.tf"
    change.write_text('output "more" {\n  value = 1\n}\n')
    done = await work.run(
        "plan",
        "-changed-since=HEAD",
        "-why",
        "stacks/net",
        "stacks/dns",
        PATH=os.environ["PATH"],
    )

    assert done.code == 0
    assert sorted(rows_of(done.out)) == ["dev", "stacks/net:prod"]
    assert "stacks/dns:prod" in done.out


async def test_canceling_several(tmp_path: Path) -> None:
    """What still runs is canceled in all directories, with the client of each."""
    seed = [evolve(each, simulation=Simulation(seconds=600)) for each in SEED]
    async with running_server(tmp_path, seed=seed) as server:
        repository = monorepo(tmp_path, server)
        work = CommandLine(server, repository.path, tmp_path / "data")
        await work.run("plan", "-all", "-detach", "stacks/net", "stacks/dns")
        done = await work.run("batches", "cancel", "last", "-yes")
        await work.run("report", "-report=canceled.json")

        assert done.code == 0
        report = json.loads((work.directory / "canceled.json").read_text())
        places = [place["name"] for place in report["batch"]["configurations"]]
        assert places == ["stacks/net", "stacks/dns"]
        assert {line.partition(": ")[0] for line in done.out.splitlines()} == {
            "dev",
            "stacks/dns:prod",
            "stacks/net:prod",
        }


async def test_a_report_of_an_earlier_batch_of_several(work: CommandLine) -> None:
    """It lists the configurations again, also one that could not be read."""
    await work.run("plan", "-all", "stacks/*")
    done = await work.run("report", "-report=again.json")

    assert done.code == 0, done.err
    report = json.loads((work.directory / "again.json").read_text())
    names = [place["name"] for place in report["batch"]["configurations"]]
    assert names == ["stacks/dns", "stacks/net", "stacks/broken"]


async def test_directories_with_roots_of_their_own(tmp_path: Path) -> None:
    """Without a working directory each directory is uploaded, by one client all the same."""
    seed = [SeedWorkspace(name="net-a"), SeedWorkspace(name="dns-a")]
    async with running_server(tmp_path, seed=seed) as server:
        repository = monorepo(tmp_path, server)
        work = CommandLine(server, repository.path, tmp_path / "data")
        done = await work.run("plan", "-all", "-json", "stacks/net", "stacks/dns")

        assert done.code == 0
        assert len(records_of(work, "configuration-version")) == 2


async def test_a_host_without_a_token_is_a_row(work: CommandLine) -> None:
    """The rest goes on, and the row says what is missing."""
    block = backend_block("other.test", "acme", "apps-")
    (work.directory / "apps/main.tf").write_text(block)
    done = await work.run("plan", "-all", "stacks/net", "apps")

    assert done.code == 1
    assert sorted(rows_of(done.out)) == ["apps", "dev", "prod"]
    assert "other.test" in done.out


async def test_every_directory_unreadable(work: CommandLine) -> None:
    """Without one that can be read there is no batch, and the error names each."""
    done = await work.run("plan", "-all", "stacks/broken", "stacks/notes")

    assert done.code == 1
    assert "none of the configurations can be planned: stacks/broken: " in done.err
    assert "stacks/notes: " in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "rows"),
    [(["stacks/net", "apps"], 0, []), (["stacks/*"], 1, ["stacks/broken"])],
)
async def test_a_change_that_touches_nothing(
    work: CommandLine, arguments: list[str], code: int, rows: list[str]
) -> None:
    """Nothing is planned; a directory that cannot be read is a row all the same."""
    path = os.environ["PATH"]
    done = await work.run("plan", "-changed-since=HEAD", *arguments, PATH=path)

    assert (done.code, sorted(rows_of(done.out))) == (code, rows)
    assert runs_of(work) == []
