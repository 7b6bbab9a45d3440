"""Batches that compare the plans of a change with those of its base."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import anyio
import pytest
from attrs import field, frozen

from remote_backend.backend import Backend
from remote_backend.errors import RunOptionsError
from remote_backend.events import (
    BaseStatusChanged,
    Event,
    PlanFinished,
    RunQueued,
    WarningRaised,
)
from remote_backend.models.comparison import ChangeClass, ComparedWith, ComparisonResult
from remote_backend.models.configuration import UploadMode
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.plan import Counts
from remote_backend.models.run import PlanOptions
from remote_backend.opening import open_backend
from remote_backend.planning.base_choice import (
    BaseChoice,
    ReferenceBase,
    StoredBase,
    VersionBase,
)
from remote_backend.planning.options import BatchOptions
from remote_backend.plans.groups import group_outcomes
from remote_backend.server.embedded import EmbeddedServer
from remote_backend.server.fault_rules import FaultRule, FaultSettings
from remote_backend.server.seed import SeedWorkspace
from tests.support.fake_engines import write_engine
from tests.support.report_builders import change, update
from tests.support.repositories import TestRepository, new_repository
from tests.support.scripted_engine import SCRIPT, ScriptedEngine, script
from tests.support.servers import running_server

LONGEST_SECONDS = 120
PENDING = update("aws_vpc.pending", "1", "2")
CAUSED = update("aws_vpc.caused", "1", "2")


@frozen
class Story:
    """What a batch came to."""

    outcomes: dict[str, Outcome]
    events: tuple[Event, ...]
    compared_with: ComparedWith
    requests: int
    server: EmbeddedServer = field(repr=False)

    def count(self, kind: type[Event]) -> int:
        """Return how many events of a kind there were."""
        return sum(isinstance(event, kind) for event in self.events)


@asynccontextmanager
async def serving(
    folder: Path, names: Sequence[str], **settings: Any
) -> AsyncIterator[tuple[EmbeddedServer, TestRepository]]:
    """Run a server with workspaces, and make a repository whose configuration names it."""
    async with running_server(
        folder,
        simulated=ScriptedEngine(),
        seed=[SeedWorkspace(name=f"net-{name}") for name in names],
        **{"workers": 50, **settings},
    ) as server:
        block = (
            'terraform {\n backend "remote" {\n'
            f'  hostname = "{server.hostname}"\n  organization = "acme"\n'
            '  workspaces {\n   prefix = "net-"\n  }\n }\n}\n'
        )
        repository = new_repository(folder / "repo", {"main.tf": block, SCRIPT: "{}"})
        yield server, repository


@asynccontextmanager
async def opened(
    server: EmbeddedServer, repository: TestRepository, directory: str = ""
) -> AsyncIterator[Backend]:
    """Open the backend of a repository."""
    environ = {**repository.environ, "TF_CLI_CONFIG_FILE": str(server.cli_config_file)}
    async with open_backend(repository.path / directory, environ=environ) as backend:
        yield backend


async def compared(
    server: EmbeddedServer,
    repository: TestRepository,
    base: BaseChoice | None = None,
    *,
    directory: str = "",
    **options: Any,
) -> Story:
    """Compare all workspaces of a repository, by default with its branch main."""
    wishes = BatchOptions(base=base or ReferenceBase("main"), **options)
    async with opened(server, repository, directory) as backend:
        before = server.faults.api_requests
        with anyio.fail_after(LONGEST_SECONDS):
            async with backend.plan_all(wishes) as batch:
                events = [event async for event in batch]
        assert batch.compared_with is not None
        return Story(
            {outcome.workspace: outcome for outcome in batch.outcomes},
            tuple(events),
            batch.compared_with,
            server.faults.api_requests - before,
            server,
        )


def branch(repository: TestRepository, base: str, head: str) -> str:
    """Commit a script to main and another one to a branch; return the commit of main."""
    commit = repository.commit({SCRIPT: base})
    repository.git("checkout", "--quiet", "-b", "change")
    repository.commit({SCRIPT: head})
    return commit


def runs_of(folder: Path) -> list[str]:
    """Return the messages of all runs in the order in which they were made."""
    with closing(sqlite3.connect(folder / "data" / "records.sqlite")) as records:
        rows = records.execute(
            "select json_extract(body, '$.workspace_id') || ' ' ||"
            " json_extract(body, '$.message') from record where kind = 'run'"
            " order by json_extract(body, '$.created_at'), rowid"
        ).fetchall()
    return [text for (text,) in rows]


async def test_only_what_a_branch_causes_counts(tmp_path: Path) -> None:
    """Result, counts and changes are those of the change; the whole plan is in the comparison."""
    async with serving(tmp_path, ["dev", "prod", "same"]) as (server, repository):
        commit = branch(
            repository,
            script(all_others=[PENDING], **{"net-same": []}),
            script(
                all_others=[PENDING],
                **{"net-prod": [PENDING, CAUSED], "net-same": []},
            ),
        )
        story = await compared(server, repository)

    dev, prod, same = (story.outcomes[name] for name in ("dev", "prod", "same"))
    assert [one.result for one in (dev, prod, same)] == [
        Result.NO_CHANGES,
        Result.CHANGES,
        Result.NO_CHANGES,
    ]
    assert prod.counts == Counts(0, 1, 0)
    assert prod.changes is not None and prod.comparison is not None
    assert [one.address for one in prod.changes.resources] == ["aws_vpc.caused"]
    assert [one.change_class for one in prod.comparison.changes] == [
        ChangeClass.PENDING,
        ChangeClass.CAUSED,
    ]
    assert story.compared_with.name == f"main, {commit[:7]}"


async def test_a_workspace_is_reported_once(tmp_path: Path) -> None:
    """One row for both runs: of the base there is the status alone."""
    async with serving(tmp_path, ["a", "b"]) as (server, repository):
        branch(repository, script(all_others=[PENDING]), script(all_others=[PENDING]))
        story = await compared(server, repository)

    assert story.count(RunQueued) == 2
    assert story.count(PlanFinished) == 2
    assert story.count(BaseStatusChanged) >= 2


async def test_the_runs_of_a_workspace_are_created_back_to_back(tmp_path: Path) -> None:
    """Both plans begin with the same state, whichever configuration is uploaded first."""
    names = [f"{number:02}" for number in range(12)]
    async with serving(tmp_path, names) as (server, repository):
        branch(repository, script(all_others=[PENDING]), script(all_others=[CAUSED]))
        story = await compared(server, repository, upload=UploadMode.SHARED)
        made = runs_of(tmp_path)

    assert all(outcome.comparison for outcome in story.outcomes.values())
    assert len(made) == 24
    workspaces = [text.split()[0] for text in made]
    distances = sorted(
        abs(places[0] - places[1])
        for workspace in set(workspaces)
        for places in [[i for i, one in enumerate(workspaces) if one == workspace]]
    )
    # Requests of several connections can overtake each other, and the first workspace uploads.
    assert distances[len(names) // 2] == 1
    assert distances[-2] < len(names)
    assert sum("base of a comparison" in text for text in made) == 12


async def test_two_plans_need_two_requests(tmp_path: Path) -> None:
    """A request makes each run, one reads each plan, and all others are few, whatever the number.

    The others are the lists of runs, a hundred with each, two uploads, and those of every command.
    """
    count = 60
    names = [f"{number:02}" for number in range(count)]
    limits = FaultSettings(requests_per_second=300, run_lists_per_minute=300)
    async with serving(tmp_path, names, faults=limits) as (server, repository):
        branch(repository, script(all_others=[PENDING]), script(all_others=[CAUSED]))
        story = await compared(server, repository)

    assert {one.result for one in story.outcomes.values()} == {Result.CHANGES}
    assert story.server.faults.throttled == 0
    made, read = 2 * count, 2 * count
    assert story.requests - made - read <= 20


async def test_a_base_that_fails_hides_no_plan(tmp_path: Path) -> None:
    """Repairs, breaks, failed before too, and no base to compare with."""
    async with serving(tmp_path, ["a", "b", "c", "d"]) as (server, repository):
        branch(
            repository,
            script(
                **{
                    "net-a": "Unsupported argument",
                    "net-b": [PENDING],
                    "net-c": "Unsupported argument",
                    "net-d": "Unsupported argument",
                }
            ),
            script(
                **{
                    "net-a": [CAUSED],
                    "net-b": "Unsupported argument",
                    "net-c": "Unsupported argument",
                    "net-d": "Another error",
                }
            ),
        )
        story = await compared(server, repository)

    results = {
        name: one.comparison.result
        for name, one in story.outcomes.items()
        if one.comparison is not None
    }
    assert results == {
        "a": ComparisonResult.REPAIRS,
        "b": ComparisonResult.BREAKS,
        "c": ComparisonResult.FAILED_BEFORE,
        "d": ComparisonResult.NO_BASE,
    }
    repaired = story.outcomes["a"]
    assert repaired.changes is not None
    assert [one.address for one in repaired.changes.resources] == ["aws_vpc.caused"]


async def test_a_new_configuration_has_no_base_run(tmp_path: Path) -> None:
    """Where the base has no such directory, everything is caused and nothing is planned twice."""
    async with serving(tmp_path, ["a"]) as (server, repository):
        block = (repository.path / "main.tf").read_text()
        repository.git("checkout", "--quiet", "-b", "change")
        repository.commit(
            {"new/main.tf": block, f"new/{SCRIPT}": script(all_others=[CAUSED])}
        )
        story = await compared(server, repository, directory="new")
        made = runs_of(tmp_path)

    [outcome] = story.outcomes.values()
    assert outcome.comparison is not None
    assert outcome.comparison.result is ComparisonResult.NEW
    assert outcome.result is Result.CHANGES
    assert len(made) == 1


async def test_a_directory_that_held_other_files_is_new(tmp_path: Path) -> None:
    """A base without any configuration is not an error: all of it is caused."""
    async with serving(tmp_path, ["a"]) as (server, repository):
        block = (repository.path / "main.tf").read_text()
        repository.commit({"new/README.md": "to come"})
        repository.git("checkout", "--quiet", "-b", "change")
        repository.commit(
            {"new/main.tf": block, f"new/{SCRIPT}": script(all_others=[CAUSED])}
        )
        story = await compared(server, repository, directory="new")

    [outcome] = story.outcomes.values()
    assert outcome.comparison is not None
    assert outcome.comparison.result is ComparisonResult.NEW
    [warning] = [one for one in story.events if isinstance(one, WarningRaised)]
    assert "so everything is new" in warning.text


def secret(value: str) -> Any:
    """Return an update of a sensitive value."""
    sides = {
        "before": {"password": "old-password"},
        "after": {"password": value},
        "before_sensitive": {"password": True},
        "after_sensitive": {"password": True},
    }
    return change("aws_db.a", "update", change=sides)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("new-password", ChangeClass.PENDING), ("other-password", ChangeClass.CAUSED)],
)
async def test_the_full_plans_are_read_where_secrets_are_in_doubt(
    tmp_path: Path, value: str, expected: ChangeClass
) -> None:
    """A token that may read them learns whether the secrets differ, and no more than that."""
    async with serving(tmp_path, ["a"]) as (server, repository):
        branch(
            repository,
            script(all_others=[secret("new-password")]),
            script(all_others=[secret(value)]),
        )
        story = await compared(server, repository)

    [outcome] = story.outcomes.values()
    assert outcome.comparison is not None
    [only] = outcome.comparison.changes
    assert only.change_class is expected
    assert "password" not in repr(outcome)
    assert value not in repr(only)


async def test_without_the_right_nobody_can_tell(tmp_path: Path) -> None:
    """A refused full plan is requested once for the batch, and the class says so."""
    refusal = FaultRule(
        kind="status", method="GET", path=r"/api/v2/plans/[^/]+/json-output$", status=404
    )
    async with serving(
        tmp_path, ["a", "b", "c"], faults=FaultSettings(rules=[refusal])
    ) as (server, repository):
        branch(
            repository,
            script(all_others=[secret("new-password")]),
            script(all_others=[secret("other-password")]),
        )
        story = await compared(server, repository)

    for outcome in story.outcomes.values():
        assert outcome.comparison is not None
        assert outcome.comparison.count(ChangeClass.CANNOT_TELL) == 1
        assert outcome.result is Result.NO_CHANGES


async def test_one_full_plan_that_fails_hides_no_other(tmp_path: Path) -> None:
    """A single fault leaves one workspace undecided; the others learn what their secrets are."""
    fault = FaultRule(
        kind="status",
        method="GET",
        path=r"/api/v2/plans/[^/]+/json-output$",
        status=422,
        times=(1,),
    )
    async with serving(tmp_path, ["a", "b", "c"], faults=FaultSettings(rules=[fault])) as (
        server,
        repository,
    ):
        branch(
            repository,
            script(all_others=[secret("new-password")]),
            script(all_others=[secret("other-password")]),
        )
        story = await compared(server, repository)

    classes = [
        only.change_class
        for outcome in story.outcomes.values()
        if outcome.comparison is not None
        for only in outcome.comparison.changes
    ]
    assert sorted(each.value for each in classes) == ["cannot_tell", "caused", "caused"]


async def test_two_versions_of_terraform_share_one_configuration(tmp_path: Path) -> None:
    """The rehearsal of an upgrade shows what it changes, and where it fails."""
    async with serving(tmp_path, ["a", "b"]) as (server, repository):
        repository.commit(
            {
                SCRIPT: script(
                    **{
                        "net-a": [PENDING],
                        "net-a 1.15.0": [PENDING, CAUSED],
                        "net-b": [],
                        "net-b 1.15.0": "Unsupported Terraform Core version",
                    }
                )
            }
        )
        story = await compared(
            server,
            repository,
            VersionBase(),
            plan=PlanOptions(terraform_version="1.15.0"),
        )

    a, b = story.outcomes["a"], story.outcomes["b"]
    assert a.changes is not None and b.comparison is not None
    assert [one.address for one in a.changes.resources] == ["aws_vpc.caused"]
    assert b.comparison.result is ComparisonResult.BREAKS
    assert story.compared_with.name == "the versions of the workspaces"
    assert story.compared_with.head == "Terraform 1.15.0"


@pytest.mark.parametrize(
    ("base", "word"),
    [(VersionBase("1.11.4"), ""), (ReferenceBase("main"), "; failed before too")],
)
async def test_workspaces_with_a_refused_version_are_one_group(
    base: BaseChoice, word: str, tmp_path: Path
) -> None:
    """The server refuses once, and the others, which are not requested, say the same."""
    engine = write_engine(tmp_path / "engines/terraform", "1.11.4")
    async with serving(tmp_path, ["a", "b", "prod-1"], engine=str(engine)) as (
        server,
        repository,
    ):
        branch(repository, script(), script())
        plan = PlanOptions(terraform_version="9.9.9")
        story = await compared(server, repository, base, plan=plan)

    [family] = group_outcomes(tuple(story.outcomes.values()))
    [group] = family.groups
    assert len(group.outcomes) == 3
    assert group.title.startswith("the server does not take Terraform 9.9.9: ")
    assert group.title.endswith(f"1.11.4{word}")


async def test_a_base_with_a_refused_version_is_warned_of_once(tmp_path: Path) -> None:
    """All plans of the head are fine, and nothing else would show that they are not compared."""
    engine = write_engine(tmp_path / "engines/terraform", "1.11.4")
    async with serving(tmp_path, ["a", "b"], engine=str(engine)) as (server, repository):
        repository.commit({SCRIPT: script()})
        story = await compared(server, repository, VersionBase("9.9.9"))

    [warning] = [event.text for event in story.events if isinstance(event, WarningRaised)]
    assert warning.startswith(
        "no base to compare with: the server does not take Terraform 9.9.9: "
    )


async def test_equal_versions_are_no_comparison(tmp_path: Path) -> None:
    """Head and base with the same version are a mistake, which is named before any request."""
    async with serving(tmp_path, ["a"]) as (server, repository):
        with pytest.raises(RunOptionsError, match="same version"):
            await compared(server, repository, VersionBase())
        assert runs_of(tmp_path) == []


async def test_a_stored_plan_is_a_base_without_a_run(tmp_path: Path) -> None:
    """An earlier batch is the base: no second run, and workspaces that it lacks are new."""
    async with serving(tmp_path, ["a", "b"]) as (server, repository):
        repository.commit({SCRIPT: script(all_others=[PENDING])})
        async with opened(server, repository) as backend:
            options = BatchOptions(details=True, select=["a"])
            async with backend.plan_all(options) as batch:
                earlier = {one.workspace: one for one in await batch.wait()}
        repository.commit({SCRIPT: script(all_others=[PENDING, CAUSED])})
        before = len(runs_of(tmp_path))
        stored = StoredBase(outcomes=earlier, name="a report of today")
        story = await compared(server, repository, stored)
        made = len(runs_of(tmp_path)) - before

    assert made == 2
    results = {
        name: one.comparison.result
        for name, one in story.outcomes.items()
        if one.comparison is not None
    }
    assert results == {"a": ComparisonResult.COMPARED, "b": ComparisonResult.NEW}
    assert story.outcomes["a"].counts == Counts(0, 1, 0)
    assert story.outcomes["b"].counts == Counts(0, 2, 0)


async def test_stored_plans_of_another_organization_are_refused(tmp_path: Path) -> None:
    """Workspaces of the same name in another organization are other workspaces."""
    async with serving(tmp_path, ["a"]) as (server, repository):
        stored = StoredBase(
            outcomes={}, name="a report", hostname=server.hostname, organization="other"
        )
        with pytest.raises(RunOptionsError, match="/other"):
            await compared(server, repository, stored)


async def test_leaving_a_comparison_stops_the_runs_of_both(tmp_path: Path) -> None:
    """No run of the base is left behind."""
    async with serving(tmp_path, ["a", "b", "c"], workers=1) as (server, repository):
        branch(repository, script(all_others=[PENDING]), script(all_others=[CAUSED]))
        async with opened(server, repository) as backend:
            with anyio.fail_after(LONGEST_SECONDS):
                options = BatchOptions(base=ReferenceBase("main"))
                async with backend.plan_all(options) as batch:
                    async for event in batch:
                        if isinstance(event, RunQueued):
                            batch.cancel()
                    outcomes = batch.outcomes

    assert len(outcomes) == 3
    assert batch.still_running == ()
    canceled = [one for one in outcomes if one.result is Result.CANCELED]
    assert all(one.comparison is None for one in canceled)
