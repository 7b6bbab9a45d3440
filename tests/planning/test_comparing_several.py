"""Comparisons of several configurations: one base for each repository, and a base for each directory."""

import shutil
from pathlib import Path

import pytest

from remote_backend.errors import BadReference, GitError, RunOptionsError
from remote_backend.events import BaseStatusChanged, SlugPacked
from remote_backend.models.comparison import ChangeClass, ComparedWith, ComparisonResult
from remote_backend.models.outcome import Result
from remote_backend.models.planned_place import ConfigurationPlace
from remote_backend.models.run import PlanOptions
from remote_backend.opening import open_backend
from remote_backend.planning.base_choice import ReferenceBase, StoredBase, VersionBase
from remote_backend.planning.options import BatchOptions
from remote_backend.server.fault_rules import FaultRule, FaultSettings
from remote_backend.server.seed import SeedWorkspace
from tests.support.command_line import records_of, runs_of
from tests.support.monorepos import CAUSED, NET_CAUSES, PENDING, SEED, serving
from tests.support.report_builders import change
from tests.support.repositories import new_repository
from tests.support.scripted_engine import SCRIPT, script


async def test_one_base_for_all_directories(tmp_path: Path) -> None:
    """One commit, one archive and one upload are the base of all directories below a root."""
    async with serving(tmp_path) as monorepo:
        commit = monorepo.branch(NET_CAUSES)
        batch = await monorepo.plan(ReferenceBase("main"))
        versions = records_of(monorepo.work, "configuration-version")
        runs = runs_of(monorepo.work)

    assert batch.caused == {"stacks/net:prod": ["aws_vpc.caused"]}
    assert set(batch.results.values()) == {ComparisonResult.COMPARED}
    assert {name: outcome.result for name, outcome in batch.outcomes.items()} == {
        "stacks/dns:prod": Result.NO_CHANGES,
        "dev": Result.NO_CHANGES,
        "stacks/net:prod": Result.CHANGES,
        "web": Result.NO_CHANGES,
    }
    assert batch.compared_with == ComparedWith(
        kind="commit", name=f"main, {commit[:7]}", commit=commit
    )
    assert (len(versions), len(runs)) == (2, 8)
    assert sum("base of a comparison" in run["message"] for run in runs) == 4
    bases = {
        (event.workspace, event.configuration)
        for event in batch.events
        if isinstance(event, BaseStatusChanged)
    }
    assert bases == {
        ("dev", "stacks/net"),
        ("stacks/net:prod", "stacks/net"),
        ("stacks/dns:prod", "stacks/dns"),
        ("web", "apps"),
    }
    assert sum(isinstance(event, SlugPacked) for event in batch.events) == 1


@pytest.mark.parametrize("before", [None, "stacks/dns/README.md"], ids=["none", "a README"])
async def test_a_new_directory_is_new_by_itself(tmp_path: Path, before: str | None) -> None:
    """Its workspaces have one run and everything is caused; the others are compared."""
    async with serving(tmp_path) as monorepo:
        repository = monorepo.repository
        files = {
            name: (repository.path / name).read_text()
            for name in ("stacks/dns/main.tf", f"stacks/dns/{SCRIPT}")
        }
        shutil.rmtree(repository.path / "stacks/dns")
        repository.commit({before: "to come"} if before else {})
        monorepo.branch(files)
        batch = await monorepo.plan(ReferenceBase("main"))
        runs = runs_of(monorepo.work)

    assert batch.results == {
        "stacks/dns:prod": ComparisonResult.NEW,
        "stacks/net:prod": ComparisonResult.COMPARED,
        "dev": ComparisonResult.COMPARED,
        "web": ComparisonResult.COMPARED,
    }
    assert batch.caused == {"stacks/dns:prod": ["aws_vpc.pending"]}
    assert len(runs) == 7
    said = [text for text in batch.warnings if "so everything is new" in text]
    assert [text.partition(":")[0] for text in said] == (["stacks/dns"] if before else [])


async def test_a_directory_outside_of_a_repository(tmp_path: Path) -> None:
    """Its plans are reported whole, a warning says why, and all others are compared."""
    async with serving(
        tmp_path, [*SEED, SeedWorkspace(name="lone-a"), SeedWorkspace(name="lone-b")]
    ) as monorepo:
        lone = tmp_path / "lone"
        lone.mkdir()
        (lone / "main.tf").write_text(monorepo.block("lone-"))
        (lone / SCRIPT).write_text(script(all_others=[PENDING]))
        monorepo.branch(NET_CAUSES)
        batch = await monorepo.plan(ReferenceBase("main"), "stacks/net", str(lone))

    assert batch.results == {
        "dev": ComparisonResult.COMPARED,
        "prod": ComparisonResult.COMPARED,
        "a": ComparisonResult.NO_BASE,
        "b": ComparisonResult.NO_BASE,
    }
    assert batch.outcomes["a"].result is Result.CHANGES
    [warning] = [text for text in batch.warnings if "no base to compare with" in text]
    assert warning.startswith(f"{lone}: there is no base to compare with: git cannot read")


async def test_a_base_for_each_repository(tmp_path: Path) -> None:
    """A directory in another repository has the base of that one, and both are named."""
    async with serving(tmp_path, [*SEED, SeedWorkspace(name="lone-a")]) as monorepo:
        other = new_repository(
            tmp_path / "other",
            {
                "main.tf": monorepo.block("lone-"),
                SCRIPT: script(all_others=[PENDING]),
            },
        )
        of_other = other.git("rev-parse", "HEAD")
        other.git("checkout", "--quiet", "-b", "change")
        other.commit({SCRIPT: script(all_others=[PENDING, CAUSED])})
        commit = monorepo.branch(NET_CAUSES)
        batch = await monorepo.plan(ReferenceBase("main"), "stacks/net", str(other.path))

    assert batch.caused == {"a": ["aws_vpc.caused"], "prod": ["aws_vpc.caused"]}
    assert batch.compared_with == ComparedWith(
        kind="commit", name=f"main, {commit[:7]} and main, {of_other[:7]}"
    )


@pytest.mark.parametrize(
    ("is_repository", "kind", "message"),
    [
        (True, BadReference, "'nobody' is not a commit of this repository"),
        (False, GitError, "git cannot read the repository of"),
    ],
    ids=["no such reference", "no repository"],
)
async def test_no_base_at_all_is_an_error(
    tmp_path: Path, is_repository: bool, kind: type[GitError], message: str
) -> None:
    """It is raised before anything is sent, as for one configuration."""
    async with serving(tmp_path) as monorepo:
        if not is_repository:
            shutil.rmtree(monorepo.repository.path / ".git")
        with pytest.raises(kind, match=message):
            await monorepo.plan(ReferenceBase("nobody"))
        assert runs_of(monorepo.work) == []


async def test_two_versions_of_terraform(tmp_path: Path) -> None:
    """The rehearsal of an upgrade in all directories, from one archive for both sides."""
    async with serving(tmp_path) as monorepo:
        plans = script(
            all_others=[PENDING],
            **{"dns-prod 1.15.0": [PENDING, CAUSED], "apps-web 1.15.0": "x"},
        )
        for directory in ("stacks/net", "stacks/dns", "apps"):
            monorepo.repository.write({f"{directory}/{SCRIPT}": plans})
        batch = await monorepo.plan(
            VersionBase(), plan=PlanOptions(terraform_version="1.15.0")
        )
        runs = runs_of(monorepo.work)

    assert batch.caused == {"stacks/dns:prod": ["aws_vpc.caused"]}
    assert batch.results["web"] is ComparisonResult.BREAKS
    assert batch.compared_with is not None
    assert batch.compared_with.name == "the versions of the workspaces"
    assert sorted(str(run.get("terraform_version")) for run in runs) == [
        *["1.15.0"] * 4,
        *["None"] * 4,
    ]


async def test_a_stored_plan_is_found_under_another_name(tmp_path: Path) -> None:
    """A name that had its directory in the earlier batch, because it was not unique, is unique now."""
    async with serving(tmp_path) as monorepo:
        earlier = (await monorepo.plan(None)).outcomes
        monorepo.branch(NET_CAUSES)
        before = len(runs_of(monorepo.work))
        stored = StoredBase(name="a report", outcomes=earlier)
        batch = await monorepo.plan(stored, "stacks/net", "apps")
        made = len(runs_of(monorepo.work)) - before

    assert batch.results == dict.fromkeys(("dev", "prod", "web"), ComparisonResult.COMPARED)
    assert batch.caused == {"prod": ["aws_vpc.caused"]}
    assert made == 3


async def test_stored_plans_of_another_organization(tmp_path: Path) -> None:
    """They are no base for that directory alone; where none is left, it is an error."""
    async with serving(tmp_path) as monorepo:
        earlier = (await monorepo.plan(None, "stacks/net", "apps")).outcomes
        before = len(runs_of(monorepo.work))
        places = tuple(
            ConfigurationPlace(
                name=name,
                hostname=monorepo.server.hostname,
                organization=organization,
                mapping=mapping,
            )
            for name, organization, mapping in (
                ("stacks/net", "acme", "net-*"),
                ("apps", "other", "apps-*"),
            )
        )
        some = StoredBase(name="a report", outcomes=earlier, configurations=places)
        batch = await monorepo.plan(some, "stacks/net", "apps")
        made = len(runs_of(monorepo.work)) - before
        none = StoredBase(name="a report", outcomes=earlier, configurations=places[1:])
        with pytest.raises(RunOptionsError, match="a report is of .*compare with plans of"):
            await monorepo.plan(none, "stacks/net", "apps")

    assert batch.results == {
        "dev": ComparisonResult.COMPARED,
        "prod": ComparisonResult.COMPARED,
        "web": ComparisonResult.NO_BASE,
    }
    [warning] = batch.warnings
    assert warning.startswith("apps: there is no base to compare with: a report is of ")
    assert "/other/apps-*" in warning
    assert made == 3


async def test_full_plans_that_may_not_be_read_are_requested_once(tmp_path: Path) -> None:
    """Once for the batch, and not for each directory."""
    sides = {
        "before": {"password": "a"},
        "after": {"password": "b"},
        "before_sensitive": {"password": True},
        "after_sensitive": {"password": True},
    }
    secret = script(all_others=[change("aws_db.a", "update", change=sides)])
    refusal = FaultRule(
        kind="status", method="GET", path=r"/api/v2/plans/[^/]+/json-output$", status=404
    )
    async with serving(tmp_path, faults=FaultSettings(rules=[refusal])) as monorepo:
        files = {
            f"{directory}/{SCRIPT}": secret
            for directory in ("stacks/net", "stacks/dns", "apps")
        }
        monorepo.repository.commit(files)
        monorepo.branch({"README.md": "another commit"})
        batch = await monorepo.plan(ReferenceBase("main"))
        refused = monorepo.server.faults.injected

    assert refused == 1
    for outcome in batch.outcomes.values():
        assert outcome.comparison is not None
        assert outcome.comparison.count(ChangeClass.CANNOT_TELL) == 1


async def test_the_oldest_of_all_directories(tmp_path: Path) -> None:
    """The number is that of the whole batch, by journals of one directory and of several."""
    journals = tmp_path / "journals"
    async with serving(tmp_path) as monorepo:
        nights = [
            set((await monorepo.plan(None, oldest=2, journal_folder=journals)).outcomes)
            for _ in range(3)
        ]
        path = monorepo.repository.path / "stacks/net"
        async with open_backend(path, environ=monorepo.environ) as backend:
            options = BatchOptions(oldest=1, journal_folder=journals)
            async with backend.plan_all(options) as batch:
                [of_one] = await batch.wait()

    everyone = {"dev", "stacks/net:prod", "stacks/dns:prod", "web"}
    assert [len(night) for night in nights] == [2, 2, 2]
    assert nights[0] | nights[1] == everyone
    assert nights[2] == nights[0]
    planned_last = {"net-dev", "net-prod"} & {_remote(name) for name in nights[2]}
    assert of_one.full_name not in planned_last


def _remote(name: str) -> str:
    return {"dev": "net-dev", "stacks/net:prod": "net-prod"}.get(name, name)
