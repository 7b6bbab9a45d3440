"""The flag `-compare`: what a change causes, on the command line."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import field, frozen

from remote_backend.server.seed import SeedWorkspace
from tests.support.command_line import CommandLine, Finished, configured_server, runs_of
from tests.support.journals import forget_records
from tests.support.report_builders import update
from tests.support.repositories import TestRepository, new_repository
from tests.support.scripted_engine import SCRIPT, ScriptedEngine, script

PENDING = update("aws_vpc.pending", "1", "2")
CAUSED = update("aws_vpc.caused", "1", "2")


@frozen
class Bench:
    """A server, a repository whose configuration names it, and the command line in it."""

    command_line: CommandLine
    repository: TestRepository
    environ: Mapping[str, str] = field(factory=dict)

    async def plan(self, *arguments: str, **environ: str) -> Finished:
        """Run `plan` in the repository."""
        more = {**self.repository.environ, **self.environ, **environ}
        return await self.command_line.run(
            "plan", *arguments, **{**more, **self.home_environ}
        )

    async def resume(self) -> Finished:
        """Go on with the newest batch."""
        environ = {**self.repository.environ, **self.home_environ}
        return await self.command_line.run("batches", "resume", **environ)

    @property
    def home(self) -> Path:
        """Where journals are."""
        return self.repository.path.parent / "home"

    @property
    def home_environ(self) -> dict[str, str]:
        """The variables that name it."""
        return {"HOME": str(self.home), "XDG_DATA_HOME": str(self.home)}

    @property
    def runs(self) -> list[dict[str, Any]]:
        """The runs of the server, oldest first."""
        return runs_of(self.command_line)

    def report(self, name: str = "report.json") -> dict[str, Any]:
        """Return a report that a command wrote into the repository."""
        document: dict[str, Any] = json.loads((self.repository.path / name).read_text())
        return document


@asynccontextmanager
async def benched(folder: Path, base: str, head: str, *names: str) -> AsyncIterator[Bench]:
    """Run a server, and commit plans to `main` and others to a branch."""
    seed = [SeedWorkspace(name=f"net-{name}") for name in names or ("dev", "prod")]
    async with configured_server(
        folder, "net-", simulated=ScriptedEngine(), seed=seed
    ) as configured:
        block = (configured.directory / "main.tf").read_text()
        files = {"main.tf": block, SCRIPT: base, ".gitignore": "*.json.out\nreport.*\n"}
        repository = new_repository(folder / "repo", files)
        repository.git("checkout", "--quiet", "-b", "change")
        repository.commit({SCRIPT: head})
        yield Bench(
            CommandLine(configured.server, repository.path, configured.data), repository
        )


ONLY_PENDING = script(all_others=[PENDING])
ONE_CAUSED = script(all_others=[PENDING], **{"net-prod": [PENDING, CAUSED]})


@pytest.mark.parametrize(("head", "code"), [(ONLY_PENDING, 0), (ONE_CAUSED, 2)])
async def test_the_exit_code_is_about_what_is_caused(
    tmp_path: Path, head: str, code: int
) -> None:
    """With -detailed-exitcode, what was pending anyway alone is exit code 0."""
    async with benched(tmp_path, ONLY_PENDING, head) as bench:
        done = await bench.plan("-all", "-compare=main", "-detailed-exitcode")

    assert done.code == code, done.err
    assert "pending anyway: 2 in 2 workspaces" in done.out
    assert "against main, " in done.out


async def test_reports_have_the_classes(tmp_path: Path) -> None:
    """JSON has the whole plan with classes, Markdown what is caused and what is not."""
    async with benched(tmp_path, ONLY_PENDING, ONE_CAUSED) as bench:
        done = await bench.plan(
            "-all", "-compare=main", "-report=report.json", "-report=report.md"
        )
        document = bench.report()
        text = (bench.repository.path / "report.md").read_text()

    assert done.code == 0, done.err
    prod = document["workspaces"][1]
    assert [
        (change["address"], change["class"]) for change in prod["changes"]["resources"]
    ] == [("aws_vpc.pending", "pending"), ("aws_vpc.caused", "caused")]
    assert prod["counts"]["change"] == 1
    assert document["compared_with"]["kind"] == "commit"
    assert "Not caused by this change: pending anyway: 2 in 2 workspaces" in text


async def test_a_bare_flag_finds_the_base_in_ci(tmp_path: Path) -> None:
    """GitHub names the branch of a pull request; the value of the flag stands behind = only."""
    async with benched(tmp_path, ONLY_PENDING, ONE_CAUSED) as bench:
        repository = bench.repository
        repository.git("remote", "add", "origin", str(repository.path))
        repository.git("fetch", "--quiet", "origin")
        done = await bench.plan("-compare", "-all", GITHUB_BASE_REF="main")
        lost = await bench.plan("-all", "-compare")

    assert done.code == 0, done.err
    assert "against main, " in done.out
    assert lost.code == 1
    assert "no base is known" in lost.err


async def test_two_versions_are_compared(tmp_path: Path) -> None:
    """The rehearsal of an upgrade: -terraform-version against the versions of the workspaces."""
    plans = script(
        all_others=[PENDING],
        **{"net-prod 1.15.0": [PENDING, CAUSED], "net-dev 1.15.0": "x"},
    )
    async with benched(tmp_path, plans, plans) as bench:
        done = await bench.plan(
            "-all", "-compare=version:", "-terraform-version=1.15.0", "-table=none"
        )
        versions = sorted(str(run.get("terraform_version")) for run in bench.runs)

    assert done.code == 1, done.err
    assert "against the versions of the workspaces, with Terraform 1.15.0:" in done.out
    assert "x; breaks" in done.out
    assert "changes aws_vpc.caused" in done.out
    assert versions == ["1.15.0", "1.15.0", "None", "None"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("-compare=main",), "-compare is for batches; add -all or -select"),
        (("-all", "-detach", "-compare=main"), "-detach and -compare exclude each other"),
        (("-all", "-compare=nobody"), "nobody"),
        (
            ("-all", "-compare=version:"),
            "nothing to compare; set -terraform-version to the one to try",
        ),
        (
            ("-all", "-compare=version:latest"),
            "-compare=version='latest' is not an exact version, such as 1.14.2",
        ),
        (
            ("-all", "-compare=notes.md"),
            "-compare=notes.md is a file, and only a report as JSON can be compared with",
        ),
        (
            ("-all", "-terraform-version=~>1"),
            "-terraform-version='~>1' is not an exact version",
        ),
    ],
    ids=[
        *("one plan", "detached", "no such reference", "equal versions"),
        *("a word for a version", "another report", "a constraint"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    tmp_path: Path, flags: tuple[str, ...], message: str
) -> None:
    """One sentence, exit code 1, and no run."""
    async with benched(tmp_path, ONLY_PENDING, ONE_CAUSED) as bench:
        (bench.repository.path / "notes.md").touch()
        done = await bench.plan(*flags)
        made = bench.runs

    assert done.code == 1
    assert message in done.err
    assert made == []


async def test_a_report_is_a_base_without_runs(tmp_path: Path) -> None:
    """A nightly report halves the runs of every pull request, and the head says what it is."""
    async with benched(tmp_path, ONLY_PENDING, ONLY_PENDING) as bench:
        await bench.plan("-all", "-report=report.json")
        bench.repository.commit({SCRIPT: ONE_CAUSED})
        done = await bench.plan("-all", "-compare=report.json", "-detailed-exitcode")
        made = bench.runs

    assert done.code == 2, done.err
    assert "compared with a report of 20" in done.out
    assert "pending anyway: 2 in 2 workspaces" in done.out
    assert len(made) == 4


async def test_the_last_batch_is_a_base(tmp_path: Path) -> None:
    """Of the first batch all is new; each one keeps its plans for the next."""
    async with benched(tmp_path, ONLY_PENDING, ONLY_PENDING) as bench:
        first = await bench.plan("-all", "-compare=last", "-table=none")
        bench.repository.commit({SCRIPT: ONE_CAUSED})
        second = await bench.plan("-all", "-compare=last", "-table=none")
        [id] = [word for word in first.err.split() if word.startswith("batch-")][:1]
        named = await bench.plan("-all", f"-compare=batch:{id[6:12]}", "-table=none")
        made = bench.runs

    assert "so all of it is new" in first.err
    assert "; new" in first.out
    assert "changes aws_vpc.caused" in second.out
    assert "pending anyway: 2 in 2 workspaces" in second.out
    assert "changes aws_vpc.caused" in named.out
    assert len(made) == 6


async def test_a_batch_without_plans_is_no_base(tmp_path: Path) -> None:
    """Plans are kept where they are read; the error says how."""
    async with benched(tmp_path, ONLY_PENDING, ONLY_PENDING) as bench:
        first = await bench.plan("-all")
        [id] = [word for word in first.err.split() if word.startswith("batch-")][:1]
        done = await bench.plan("-all", f"-compare=batch:{id[6:12]}")

    assert done.code == 1
    assert "kept no plans: they are kept where they are read" in done.err


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"organization": "other"}, "compare with plans of the same workspaces"),
        ({"mapping": "app-*"}, "compare with plans of the same workspaces"),
        (None, "is a report of drift, and this command looks for plans"),
    ],
    ids=["another organization", "other workspaces", "drift"],
)
async def test_a_report_of_something_else_is_refused(
    tmp_path: Path, changed: dict[str, str] | None, message: str
) -> None:
    """Workspaces of another organization, or drift, are nothing to compare plans with."""
    async with benched(tmp_path, ONLY_PENDING, ONLY_PENDING) as bench:
        await bench.plan("-all", "-report=report.json")
        document = bench.report()
        if changed is None:
            document["kind"] = "drift"
        else:
            document["batch"].update(changed)
        (bench.repository.path / "report.json").write_text(json.dumps(document))
        before = len(bench.runs)
        done = await bench.plan("-all", "-compare=report.json")
        after = len(bench.runs)

    assert done.code == 1
    assert message in done.err
    assert after == before


async def test_plans_are_verified(tmp_path: Path) -> None:
    """Exit code 0 when every workspace would do what the report says, else 3 with the names."""
    async with benched(tmp_path, ONLY_PENDING, ONLY_PENDING) as bench:
        await bench.plan("-all", "-report=report.json")
        same = await bench.plan("-all", "-verify=report.json", "-table=none")
        document = bench.report()
        bench.repository.commit({SCRIPT: ONE_CAUSED})
        other = await bench.plan(
            "-all", "-verify=report.json", "-table=none", "-report=report.md"
        )
        text = (bench.repository.path / "report.md").read_text()
        document["workspaces"].append({**document["workspaces"][0], "name": "gone"})
        (bench.repository.path / "report.json").write_text(json.dumps(document))
        bench.repository.commit({SCRIPT: ONLY_PENDING})
        gone = await bench.plan("-all", "-verify=report.json", "-table=none")
        some = await bench.plan("-select=dev", "-verify=report.json", "-table=none")
        by_mode = await bench.plan("-where=mode=*", "-verify=report.json", "-table=none")

    codes = [one.code for one in (same, other, gone, some, by_mode)]
    assert codes == [0, 3, 3, 0, 0], other.err
    assert "verify: 1 workspace" in other.out
    assert "1 gate failed" in text
    assert "GATES" not in same.out


async def test_reports_of_a_comparison_are_written_again(tmp_path: Path) -> None:
    """The command that the summary shows writes the comparison, not the whole plans."""
    async with benched(tmp_path, ONLY_PENDING, ONE_CAUSED) as bench:
        await bench.plan("-all", "-compare=main", "-table=none")
        home = str(bench.repository.path.parent / "home")
        environ = {**bench.repository.environ, "HOME": home, "XDG_DATA_HOME": home}
        done = await bench.command_line.run("report", "-report=report.md", **environ)
        shown = await bench.command_line.run("batches", "show", **environ)
        text = (bench.repository.path / "report.md").read_text()

    assert done.code == 0, done.err
    assert "Terraform plan against main, " in text
    assert "against main, " in shown.out
    assert "changes aws_vpc.caused" in shown.out
    assert "pending anyway: 2 in 2 workspaces" in text


async def test_a_resumed_comparison_goes_on_with_the_runs_of_both(tmp_path: Path) -> None:
    """Those that were made are found, the others are made from the same base, though main moved on."""
    async with benched(tmp_path, ONLY_PENDING, ONE_CAUSED) as bench:
        begun = await bench.plan("-all", "-compare=main", "-table=none")
        [heading] = re.findall("against main, [0-9a-f]{7}", begun.out)
        forget_records(bench.home, ["outcome", "ended"])
        forget_records(bench.home, ["begun", "base_begun"], "prod")
        bench.repository.git("checkout", "--quiet", "main")
        bench.repository.commit({SCRIPT: script(all_others="main is broken")})
        bench.repository.git("checkout", "--quiet", "change")
        made = len(bench.runs)
        done = await bench.resume()
        messages = [str(run["message"]) for run in bench.runs]

    assert done.code == 0, done.err
    assert heading in done.out
    assert "changes aws_vpc.caused" in done.out
    assert "pending anyway: 2 in 2 workspaces" in done.out
    assert "is not resumed" not in done.err
    assert (made, len(messages)) == (4, 6)
    assert sum("base of a comparison" in message for message in messages) == 3


async def test_a_resumed_comparison_reads_its_report_again(tmp_path: Path) -> None:
    """Where that is gone, a warning says that the whole plans are shown."""
    async with benched(tmp_path, ONLY_PENDING, ONLY_PENDING) as bench:
        await bench.plan("-all", "-report=report.json")
        [first] = bench.home.glob("**/*.journal")
        first.unlink()
        bench.repository.commit({SCRIPT: ONE_CAUSED})
        await bench.plan("-all", "-compare=report.json", "-table=none")
        forget_records(bench.home, ["outcome", "ended"])
        done = await bench.resume()
        (bench.repository.path / "report.json").unlink()
        forget_records(bench.home, ["outcome", "ended"])
        lost = await bench.resume()

    assert "compared with a report of 20" in done.out, done.err
    assert "pending anyway: 2 in 2 workspaces" in done.out
    assert "is not resumed" in lost.err and "report.json" in lost.err
    assert "compared with" not in lost.out


async def test_a_resumed_batch_of_an_older_journal_compares_no_more(tmp_path: Path) -> None:
    """What it shows must not be taken for what the change causes."""
    async with benched(tmp_path, ONLY_PENDING, ONE_CAUSED) as bench:
        await bench.plan("-all", "-compare=main", "-table=none")
        ended = await bench.resume()
        forget_records(bench.home, ["outcome", "ended", "base_begun"])
        [journal] = bench.home.glob("**/*.journal")
        first, *others = journal.read_text().splitlines(keepends=True)
        record = json.loads(first)
        del record["base"]
        journal.write_text("".join([json.dumps(record), "\n", *others]))
        done = await bench.resume()

    assert done.code == 0, done.err
    assert "is not resumed: workspaces that go on now show their whole plans" in done.err
    assert "all workspaces have ended; `batches show` has the comparison with" in ended.err


async def test_programs_read_the_comparison_as_events(tmp_path: Path) -> None:
    """Every line is valid by the schema; those of the base have a type of their own."""
    async with benched(tmp_path, ONLY_PENDING, ONE_CAUSED) as bench:
        done = await bench.plan("-all", "-compare=main", "-json", "-detailed-exitcode")
    lines = [json.loads(line) for line in done.out.splitlines()]
    outcomes = {one["name"]: one for one in lines[-1]["outcomes"]}

    assert done.code == lines[-1]["exit_code"] == 2
    assert outcomes["prod"]["comparison"]["classes"] == {"pending": 1, "caused": 1}
    assert outcomes["dev"]["result"] == "unchanged"
    assert {"base_status_changed", "plan_finished"} <= {line["type"] for line in lines}
