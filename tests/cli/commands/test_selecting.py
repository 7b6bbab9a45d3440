"""`plan` selects by tags, project, version, mode and by a change, and says why."""

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from remote_backend.server.embedded import backend_block
from remote_backend.server.seed import SeedWorkspace
from tests.support.command_line import (
    CommandLine,
    Finished,
    configured_server,
    rows_of,
    runs_of,
)
from tests.support.repositories import TestRepository, new_repository

SEED = [
    SeedWorkspace(
        name="networking-dev", tags=("team=web", "shared"), terraform_version="1.9.5"
    ),
    SeedWorkspace(
        name="networking-prod",
        tags=("shared",),
        project="Networks",
        terraform_version="1.9.8",
    ),
    SeedWorkspace(name="networking-test", terraform_version="1.14.0"),
]


@pytest.fixture
async def command_line(tmp_path: Path) -> AsyncIterator[CommandLine]:
    """Run a server of three workspaces beside their configuration."""
    async with configured_server(tmp_path, "networking-", seed=SEED) as made:
        yield made


@pytest.fixture
def work(command_line: CommandLine, tmp_path: Path) -> TestRepository:
    """A repository with the configuration of the workspaces."""
    block = backend_block(command_line.server.hostname, "acme", "networking-")
    return new_repository(tmp_path / "work", {"main.tf": block})


async def run(
    command_line: CommandLine, work: TestRepository, *arguments: str, **environ: str
) -> Finished:
    """Run the command line in the repository."""
    variables = {**work.environ, "PATH": os.environ["PATH"], **environ}
    return await command_line.run(f"-chdir={work.path}", *arguments, **variables)


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        (["-select-tag=shared"], ["dev", "prod"]),
        (["-select-tag=shared", "-select-tag=team=web"], ["dev"]),
        (["-project=networks"], ["prod"]),
        (["-where=version=1.9.*", "-exclude=dev"], ["prod"]),
        (["-all", "-where=mode=remote", "-select=t*"], ["test"]),
    ],
)
async def test_flags_that_select(
    command_line: CommandLine, flags: list[str], names: list[str]
) -> None:
    """Each of them makes a batch of the workspaces that are left."""
    done = await command_line.run("plan", *flags)

    assert done.code == 0
    assert sorted(rows_of(done.out)) == names


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (["-select-tag=none"], "no workspace of networking-* has -select-tag=none"),
        (["-where=version=3.*"], "-where=version=3.* matches no workspace"),
        (
            ["-where=size=3"],
            "-where=size=3 is not a condition KEY=PATTERN with one of the keys mode, version",
        ),
        (["-project=Nets"], "-project=Nets: organization acme has no such project"),
        (["-all", "-why"], "-why lists the reasons of -changed-since; add it"),
        (
            ["-changed-since=--all"],
            "'--all' begins with a dash; give a branch, a tag or the id of a commit",
        ),
    ],
)
async def test_flags_that_cannot_select(
    command_line: CommandLine, work: TestRepository, flags: list[str], text: str
) -> None:
    """Errors name the flag; nothing is planned."""
    done = await run(command_line, work, "plan", *flags)

    assert done.code == 1
    assert text in done.err
    assert runs_of(command_line) == []


async def test_a_change_selects_and_says_why(
    command_line: CommandLine, work: TestRepository
) -> None:
    """The summary ends with what is not touched, reports have reasons, the journal keeps them."""
    base = work.git("rev-parse", "HEAD")
    work.write({"dev.tfvars": "a = 1\n"})
    files = [f"-report={work.path.parent}/plan.{form}" for form in ("json", "md", "html")]

    done = await run(command_line, work, "plan", f"-changed-since={base}", *files)
    again = await run(
        command_line, work, "report", f"-report={work.path.parent}/again.json"
    )

    assert done.code == 0
    assert sorted(rows_of(done.out)) == ["dev"]
    assert "2 not touched (-why lists the reasons)\n" in done.out
    for name in ("plan.json", "again.json"):
        report = json.loads((work.path.parent / name).read_text())
        assert report["changed_since"] == base[:7]
        assert report["not_touched"] == ["prod", "test"]
        assert [each["reasons"] for each in report["workspaces"]] == [
            ["dev.tfvars: its variables"]
        ]
    assert again.code == 0
    sentence = f"The change since {base[:7]} touches 1 of 3 workspaces"
    for name in ("plan.md", "plan.html"):
        text = (work.path.parent / name).read_text()
        assert sentence in text
        assert "dev.tfvars: its variables" in text


async def test_all_reasons(command_line: CommandLine, work: TestRepository) -> None:
    """With -why the end lists them, and which workspaces are left."""
    base = work.git("rev-parse", "HEAD")
    work.write({"dev.tfvars": "", "prod.tfvars": "", "gone.md": ""})
    work.write({".terraformignore": ""})

    done = await run(
        command_line, work, "plan", f"-changed-since={base}", "-why", "-table=none"
    )

    reasons = done.out.partition(f"TOUCHED BY THE CHANGE SINCE {base[:7]}\n")[2]
    assert reasons == (
        "   1  dev.tfvars: its variables\n"
        "      .terraformignore: decides what is uploaded or with which versions\n"
        "      gone.md: its configuration\n"
        "      dev\n"
        "   1  prod.tfvars: its variables\n"
        "      .terraformignore: decides what is uploaded or with which versions\n"
        "      gone.md: its configuration\n"
        "      prod\n"
        "   1  .terraformignore: decides what is uploaded or with which versions\n"
        "      gone.md: its configuration\n"
        "      test\n"
        "0 not touched\n"
    )


async def test_a_change_that_touches_nothing(
    command_line: CommandLine, work: TestRepository, tmp_path: Path
) -> None:
    """A required check is green, with a sentence; reports and outputs are written all the same."""
    outputs, summary = tmp_path / "outputs", tmp_path / "summary"
    base = work.git("rev-parse", "HEAD")

    done = await run(
        command_line,
        work,
        "plan",
        f"-changed-since={base}",
        "-why",
        "-detailed-exitcode",
        f"-report={tmp_path}/plan.md",
        GITHUB_ACTIONS="true",
        NO_COLOR="1",
        GITHUB_OUTPUT=str(outputs),
        GITHUB_STEP_SUMMARY=str(summary),
    )

    assert done.code == 0
    assert done.out == (
        f"Nothing to plan: the change since {base[:7]} touches none of 3 workspaces.\n"
        "\n"
        "NOT TOUCHED\n"
        "      dev, prod, test\n"
    )
    assert done.err == f"Wrote {tmp_path}/plan.md.\n"
    assert (
        "### \u2713 Terraform plan: the change touches no workspace\n"
        in (tmp_path / "plan.md").read_text()
    )
    assert "result=unchanged\n" in outputs.read_text()
    assert "touches no workspace" in summary.read_text()
    assert runs_of(command_line) == []


async def test_events_of_a_change_that_touches_nothing(
    command_line: CommandLine, work: TestRepository
) -> None:
    """Programs read that too, between the first and the last event."""
    base = work.git("rev-parse", "HEAD")

    done = await run(command_line, work, "plan", f"-changed-since={base}", "-json")

    events = [json.loads(line) for line in done.out.splitlines()]
    assert [event["type"] for event in events] == [
        "batch_started",
        "workspaces_selected",
        "batch_finished",
    ]
    assert events[1]["not_touched"] == ["dev", "prod", "test"]
    assert events[2]["exit_code"] == 0


async def test_a_deleted_configuration_is_named(tmp_path: Path) -> None:
    """Its workspaces are said to be left out; a plan of them would only fail."""
    seed = [
        SeedWorkspace(name="networking-dev"),
        SeedWorkspace(name="networking-old", working_directory="old"),
    ]
    async with configured_server(tmp_path, "networking-", seed=seed) as command_line:
        block = backend_block(command_line.server.hostname, "acme", "networking-")
        work = new_repository(tmp_path / "work", {"main.tf": block, "old/main.tf": ""})
        work.git("rm", "-r", "--quiet", "old")
        work.commit()
        done = await run(command_line, work, "plan", "-changed-since=HEAD^", "-table=none")
        planned = len(runs_of(command_line))

    assert done.code == 0
    assert "1 not planned, configuration deleted: old\n0 not touched" in done.out
    assert planned == 1


async def test_the_base_is_found_by_itself(
    command_line: CommandLine, work: TestRepository
) -> None:
    """Without a reference the target of the pull request counts."""
    work.git("update-ref", "refs/remotes/origin/main", "HEAD")
    work.commit({"dev.tfvars": ""})

    done = await run(
        command_line, work, "plan", "-changed-since", "-json", GITHUB_BASE_REF="main"
    )

    selected = json.loads(done.out.splitlines()[1])
    assert selected["changed_since"] == f"main, {work.git('rev-parse', 'HEAD^')[:7]}"
    assert list(selected["reasons"]) == ["dev"]
