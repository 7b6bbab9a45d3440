"""`plan -all DIR... -compare=BASE` on the command line."""

import json
from pathlib import Path
from typing import Any

from tests.support.command_line import rows_of, runs_of
from tests.support.journals import forget_records
from tests.support.monorepos import CAUSED, NET_CAUSES, PENDING, Monorepo, serving
from tests.support.scripted_engine import SCRIPT, script

ALL = ("stacks/*", "apps")


def read_report(monorepo: Monorepo, name: str = "report.json") -> dict[str, Any]:
    """Return a report that a command wrote."""
    document: dict[str, Any] = json.loads((monorepo.repository.path / name).read_text())
    return document


async def test_a_branch_against_its_base(tmp_path: Path) -> None:
    """What the change touches is planned twice, and gates and reports are about what it causes."""
    async with serving(tmp_path) as monorepo:
        monorepo.branch({".gitignore": "report.*", **NET_CAUSES})
        done = await monorepo.run(
            "plan", *ALL, "-changed-since=main", "-compare=main", "-detailed-exitcode",
            "-fail-on=any", "-why", "-report=report.json", "-report=report.md",
            "-report=report.html", "-plan-json=report.plans",
        )  # fmt: skip
        assert done.code == 3, done.err
        report = read_report(monorepo)
        index = read_report(monorepo, "report.plans/index.json")
        comment = (monorepo.repository.path / "report.md").read_text()
        page = (monorepo.repository.path / "report.html").read_text()
        runs = runs_of(monorepo.work)

    assert sorted(rows_of(done.out)) == ["dev", "stacks/net:prod"]
    assert "against main, " in done.out
    assert "pending anyway: 2 in 2 workspaces" in done.out
    assert len(runs) == 4
    found = {each["name"]: each for each in report["workspaces"]}
    assert found["stacks/net:prod"]["configuration"] == "stacks/net"
    assert found["stacks/net:prod"]["counts"]["change"] == 1
    assert found["dev"]["result"] == "unchanged"
    assert sorted(report["not_touched"]) == ["stacks/dns:prod", "web"]
    assert report["compared_with"]["name"].startswith("main, ")
    assert len(report["batch"]["configurations"]) == 3
    assert [gate["workspaces"] for gate in report["gates"]] == [["stacks/net:prod"]]
    assert len(index["plans"]) == 2
    assert "Terraform plan against main, " in comment
    for text in (comment, page):
        assert "The change since main, " in text


async def test_without_a_reference_the_base_is_found(tmp_path: Path) -> None:
    """In CI the bare flag means the base of the pull request, for all directories."""
    async with serving(tmp_path) as monorepo:
        repository = monorepo.repository
        repository.git("update-ref", "refs/remotes/origin/main", "HEAD")
        monorepo.branch(NET_CAUSES)
        done = await monorepo.run(
            "plan", "-all", "-compare", "-json", *ALL, GITHUB_BASE_REF="main"
        )

    events = [json.loads(line) for line in done.out.splitlines()]
    outcomes = {each["name"]: each for each in events[-1]["outcomes"]}
    assert done.code == 0, done.err
    assert outcomes["stacks/net:prod"]["comparison"]["classes"] == {
        "pending": 1,
        "caused": 1,
    }
    based = {
        (event["workspace"], event["configuration"])
        for event in events
        if event["type"] == "base_status_changed"
    }
    assert ("web", "apps") in based


async def test_the_last_batch_is_a_base(tmp_path: Path) -> None:
    """The newest with most of these directories, in which the workspaces may have other names."""
    async with serving(tmp_path) as monorepo:
        await monorepo.run("plan", "-all", "-report=night.json", *ALL)
        await monorepo.run("plan", "-all", "-report=one.json", "apps")
        monorepo.branch(NET_CAUSES)
        last = await monorepo.run("plan", "-all", "-compare=last", "-table=none", *ALL)
        some = await monorepo.run(
            "plan",
            "-all",
            "-compare=night.json",
            "-detailed-exitcode",
            "stacks/net",
            "apps",
        )
        one = await monorepo.run(
            "plan", "-all", "-compare=night.json", "-detailed-exitcode", "stacks/dns"
        )
        runs = runs_of(monorepo.work)

    assert [done.code for done in (last, some, one)] == [0, 2, 0], some.err
    for done, pending in ((last, 4), (some, 3), (one, 1)):
        assert "compared with a report of 20" in done.out
        assert f"pending anyway: {pending} in {pending} workspace" in done.out
    assert sorted(rows_of(some.out)) == ["dev", "prod", "web"]
    assert len(runs) == 4 + 1 + 4 + 3 + 1


async def test_plans_are_verified(tmp_path: Path) -> None:
    """All plans of a report must be made again as they are in it, in whichever directory."""
    async with serving(tmp_path) as monorepo:
        await monorepo.run("plan", "-all", "-report=report.json", *ALL)
        flags = ("-verify=report.json", "-table=none")
        fewer = await monorepo.run("plan", "-all", *flags, "stacks/net", "apps")
        monorepo.branch(NET_CAUSES)
        chosen = await monorepo.run("plan", "-select=web", *flags, *ALL)
        other = await monorepo.run("plan", "-all", *flags, *ALL)

    assert [done.code for done in (fewer, chosen, other)] == [3, 0, 3], other.err
    assert "verify: 1 workspace" in fewer.out
    assert "verify: 1 workspace" in other.out


async def test_later_commands_know_the_comparison(tmp_path: Path) -> None:
    """`batches show` and `report` show it again; `resume` says that they do."""
    async with serving(tmp_path) as monorepo:
        monorepo.branch(
            {
                f"stacks/net/{SCRIPT}": script(
                    all_others=[PENDING], **{"net-prod": [PENDING, CAUSED]}
                )
            }
        )
        await monorepo.run("plan", "-all", "-compare=main", *ALL)
        shown = await monorepo.run("batches", "show", "-table=wide")
        again = await monorepo.run("report", "-report=again.md")
        resumed = await monorepo.run("batches", "resume")
        comment = (monorepo.repository.path / "again.md").read_text()

    assert (shown.code, again.code, resumed.code) == (0, 0, 0), resumed.err
    assert "against main, " in shown.out
    assert "changes aws_vpc.caused" in shown.out
    assert "Terraform plan against main, " in comment
    assert "`batches show` has the comparison with main, " in resumed.err


async def test_a_resumed_comparison_of_several_goes_on_with_all_runs(
    tmp_path: Path,
) -> None:
    """The runs of both sides are found, and what is missing of a base is planned."""
    async with serving(tmp_path) as monorepo:
        monorepo.branch(NET_CAUSES)
        await monorepo.run("plan", "-all", "-compare=main", "-table=none", *ALL)
        made = len(runs_of(monorepo.work))
        forget_records(tmp_path, ["outcome", "ended"])
        forget_records(tmp_path, ["base_begun"], "stacks/net:prod")
        resumed = await monorepo.run("batches", "resume")
        runs = runs_of(monorepo.work)

    assert resumed.code == 0, resumed.err
    assert "against main, " in resumed.out
    assert "changes aws_vpc.caused" in resumed.out
    assert len(runs) == made + 1
    assert "base of a comparison" in runs[-1]["message"]
