"""The action and the workflows for GitHub, run by a runner of ours."""

import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import anyio
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream
from attrs import evolve, frozen

from remote_backend.engine.simulated import Simulation
from remote_backend.models.plan import Counts
from remote_backend.server.seed import SeedWorkspace
from tests.support.code_hosts import FakeGithub, listening_at
from tests.support.github_runner import SHELL, GithubRunner
from tests.support.paths import REPOSITORY
from tests.support.recipes import (
    CI,
    Job,
    install_programs,
    load_recipe,
    needs_jq,
    service,
    write_configuration,
)

pytestmark = needs_jq

GITHUB = CI / "github"
CHANGES = Simulation(counts=Counts(2, 0, 1, 0))
FAILS = Simulation(succeeds=False)
PULL_REQUEST = {
    "github.repository": "acme/net",
    "github.event.pull_request.number": "7",
    "github.event.pull_request.head.repo.full_name": "acme/net",
    "github.event.pull_request.user.login": "alice",
}


@frozen
class Project:
    """A repository on GitHub, and its runner."""

    github: FakeGithub
    runner: GithubRunner
    folder: Path
    workflows: Path = GITHUB

    async def run(self, workflow: str, **plans: Simulation) -> dict[str, Job]:
        """Run a workflow while the workspaces have these plans."""
        folder = self.folder / f"service-{len(list(self.folder.iterdir()))}"
        folder.mkdir()
        seed = (
            SeedWorkspace(name=f"net-{name}", simulation=plan)
            for name, plan in plans.items()
        )
        async with service(folder, *seed) as environ:
            token = environ.pop("token")
            runner = evolve(
                self.runner,
                environ={**self.runner.environ, **environ},
                contexts={**self.runner.contexts, "secrets.TF_API_TOKEN": token},
            )
            return await runner.run(self.workflows / workflow)


@pytest.fixture
async def project(tmp_path: Path) -> AsyncIterator[Project]:
    """Run GitHub's API beside a repository with a configuration."""
    github = FakeGithub()
    runs = tmp_path / "runs"
    runs.mkdir()
    programs = install_programs(tmp_path)
    async with listening_at(github) as url:
        runner = GithubRunner(
            folder=runs,
            checkout=write_configuration(tmp_path),
            action=GITHUB,
            environ={
                "CI": "true",
                "GITHUB_ACTIONS": "true",
                "GITHUB_API_URL": url,
                "GITHUB_REPOSITORY": "acme/net",
                "HOME": str(tmp_path),
                "LANG": "C.UTF-8",
                "PATH": f"{programs}:{os.environ['PATH']}",
            },
            contexts={**PULL_REQUEST, "github.token": github.token},
            python=programs / "python3",
        )
        yield Project(github, runner, tmp_path)


async def test_a_pull_request_has_one_comment_that_is_kept_up_to_date(
    project: Project,
) -> None:
    """Found behind more than a page of others, one of which imitates its first line."""
    project.github.crowd("<!-- remote-backend plan app.terraform.io/acme/net-* plan -->")
    first = await project.run("plan.yml", dev=CHANGES, prod=Simulation(counts=Counts()))
    [posted] = project.github.mine
    await project.run("plan.yml", dev=CHANGES, prod=CHANGES)
    [updated] = project.github.mine
    third = await project.run("plan.yml", dev=Simulation(counts=Counts()))
    [quiet] = project.github.mine

    assert [job.result for job in first.values()] == ["success", "success"], first
    assert posted.startswith(
        "<!-- remote-backend plan app.terraform.io/acme/net-* plan -->\n"
    )
    assert "1 of 2 workspaces destroys or replaces" in posted
    assert "2 workspaces destroy or replace" in updated
    assert (
        "1 workspace unchanged" in quiet and third["plan"].outputs["result"] == "unchanged"
    )
    assert [line.partition(" ")[0] for line in project.github.written] == [
        "POST",
        "PATCH",
        "PATCH",
    ]


async def test_a_plan_that_fails_fails_its_job_and_is_shown_all_the_same(
    project: Project,
) -> None:
    """Comment, step summary, annotation and artifact are there; the exit code is the gate."""
    jobs = await project.run("plan.yml", dev=FAILS, prod=CHANGES)

    assert (jobs["plan"].result, jobs["comment"].result) == ("failure", "success")
    [comment] = project.github.mine
    heading = "1 of 2 workspaces failed, 1 destroy or replace"
    assert heading in comment and heading in jobs["plan"].summary
    assert "::error title=dev%3A this simulation fails" in jobs["plan"].log
    artifact = project.runner.folder / "artifacts" / "remote-backend"
    assert {path.suffix for path in artifact.iterdir()} == {".md", ".html", ".json", ".xml"}


async def test_a_gate_fails_the_job_and_stands_in_the_comment(project: Project) -> None:
    """With a rule among the arguments; everything was planned, and it is exit code 3."""
    workflow = (GITHUB / "plan.yml").read_text()
    gated = workflow.replace(
        "            -all\n", "            -all\n            -fail-on=destroy\n"
    )
    (project.folder / "plan.yml").write_text(gated)

    jobs = await evolve(project, workflows=project.folder).run("plan.yml", dev=CHANGES)

    assert (jobs["plan"].result, jobs["comment"].result) == ("failure", "success")
    [comment] = project.github.mine
    assert "1 gate failed" in comment.splitlines()[1]


async def test_text_of_plans_is_run_nowhere(project: Project) -> None:
    """Neither by a shell nor by an expression: it reaches the comment as it is."""
    text = "$(touch pwned) `touch pwned` ${{ github.token }} '; touch pwned"
    hostile = Simulation(succeeds=False, parts=(f"Error: {text}\n\n{text}\n".encode(),))

    jobs = await project.run("plan.yml", dev=hostile)

    [comment] = project.github.mine
    assert jobs["comment"].result == "success" and text in comment
    assert list(project.folder.rglob("pwned")) == []
    assert project.github.token not in comment


async def test_a_configuration_that_cannot_be_read_updates_the_same_comment(
    project: Project,
) -> None:
    """Host and organization are unknown then, so the label alone finds it, before and afterwards."""
    main = project.runner.checkout / "main.tf"
    configuration = main.read_text()
    await project.run("plan.yml", dev=CHANGES)
    main.write_text("terraform {")

    jobs = await project.run("plan.yml", dev=CHANGES)

    assert (jobs["plan"].result, jobs["comment"].result) == ("failure", "success")
    [comment] = project.github.mine
    assert "no workspace was planned" in comment and "main.tf" in comment

    main.write_text(configuration)
    await project.run("plan.yml", dev=CHANGES)

    [comment] = project.github.mine
    assert "1 workspace destroys or replaces" in comment


@pytest.mark.parametrize(
    "event",
    [
        {"github.event.pull_request.head.repo.full_name": "mallory/net"},
        {"github.event.pull_request.user.login": "dependabot[bot]"},
    ],
)
async def test_forks_and_dependabot_run_no_job(
    event: dict[str, str], project: Project
) -> None:
    """They have no secrets, and a job without a token would only fail."""
    runner = evolve(project.runner, contexts={**project.runner.contexts, **event})

    jobs = await evolve(project, runner=runner).run("plan.yml", dev=CHANGES)

    assert [job.result for job in jobs.values()] == ["skipped", "skipped"]
    assert project.github.written == []


async def test_no_process_has_both_tokens(project: Project) -> None:
    """The one that reads plans cannot write to GitHub; the one that writes cannot plan."""
    jobs = await project.run("plan.yml", dev=CHANGES)

    planning = [name for process in jobs["plan"].variables for name in process]
    writing = [name for process in jobs["comment"].variables for name in process]
    assert "TF_TOKEN_app_terraform_io" in planning and "GH_TOKEN" in writing
    assert "TF_TOKEN_app_terraform_io" not in writing
    values = {text for process in jobs["plan"].variables for text in process.values()}
    assert project.github.token not in values


async def test_drift_is_one_issue_until_it_is_gone(project: Project) -> None:
    """Opened, updated, left alone by a night that failed, closed; new drift opens another."""
    project.github.crowd(
        "<!-- remote-backend drift app.terraform.io/acme/net-* nightly -->"
    )
    project.github.issues, project.github.comments = project.github.comments, []
    quiet = Simulation(counts=Counts())
    states = []
    for plans in (
        {"dev": quiet, "prod": quiet},
        {"dev": CHANGES, "prod": quiet},
        {"dev": CHANGES, "prod": CHANGES},
        {"dev": FAILS, "prod": quiet},
        {"dev": quiet, "prod": quiet},
        {"dev": CHANGES, "prod": quiet},
    ):
        await project.run("drift.yml", **plans)
        states.append(
            [
                f"{issue['state']}: {issue['title']}"
                for issue in project.github.issues
                if issue["user"]["login"] == project.github.me
            ]
        )

    one = "Terraform drift: 1 of 2 workspaces destroys or replaces"
    two = "Terraform drift: 2 workspaces destroy or replace"
    assert states == [
        [],
        [f"open: {one}"],
        [f"open: {two}"],
        [f"open: {two}"],
        [f"closed: {two}"],
        [f"closed: {two}", f"open: {one}"],
    ]


async def test_the_action_installs_the_version_to_which_it_belongs(
    project: Project,
) -> None:
    """From its own repository, so that no name of a registry has to be trusted."""
    await project.run("plan.yml", dev=CHANGES)

    *_, source = (project.folder / "pip.txt").read_text().split()
    assert Path(source).resolve() == REPOSITORY


async def test_a_canceled_workflow_cancels_its_runs(project: Project) -> None:
    """GitHub signals the shell of the step alone, in whose place the command stands by then."""
    [script] = (
        step["run"]
        for step in load_recipe(GITHUB / "action.yml")["runs"]["steps"]
        if step["name"] == "Plan"
    )
    (project.folder / "step.sh").write_text(script)
    slow = SeedWorkspace(name="net-dev", simulation=Simulation(seconds=120))
    async with service(project.folder, slow) as service_environ:
        environ = {
            **project.runner.environ,
            "ARGUMENTS": "-all\n-json",
            "GITHUB_OUTPUT": str(project.folder / "output.txt"),
            "LABEL": "plan",
            "RUNNER_TEMP": str(project.folder),
            "TF_CLI_CONFIG_FILE": service_environ["TF_CLI_CONFIG_FILE"],
            "TF_TOKEN_app_terraform_io": service_environ["token"],
        }
        shell = [*SHELL, str(project.folder / "step.sh")]
        async with await anyio.open_process(
            shell, cwd=project.runner.checkout, env=environ
        ) as process:
            assert process.stdout is not None
            lines = BufferedByteReceiveStream(process.stdout)
            with anyio.fail_after(60):
                while b"run_queued" not in await lines.receive_until(b"\n", 1 << 20):
                    pass
                process.send_signal(signal.SIGINT)
                with suppress(anyio.EndOfStream):
                    while True:
                        await lines.receive()
                await process.wait()

    assert process.returncode == 130
    assert "result=canceled\n" in (project.folder / "output.txt").read_text()


@pytest.mark.skipif(
    shutil.which("gh") is None, reason="gh is not installed (Debian: apt-get install gh)"
)
async def test_the_real_gh_posts_and_updates(project: Project) -> None:
    """Paging, filters and bodies from files are those of `gh`, and not of the stand-in alone."""
    project.github.crowd("<!-- remote-backend plan app.terraform.io/acme/net-* plan -->")
    (project.folder / "programs" / "gh").unlink()
    # For this host `gh` speaks HTTP, and a proxy receives what it sends there.
    environ = {
        **project.runner.environ,
        "GH_HOST": "github.localhost",
        "http_proxy": project.runner.environ["GITHUB_API_URL"],
    }
    project = evolve(project, runner=evolve(project.runner, environ=environ))

    first = await project.run("plan.yml", dev=CHANGES)
    await project.run("plan.yml", dev=Simulation(counts=Counts()))

    assert first["comment"].result == "success", first["comment"].log
    [comment] = project.github.mine
    assert "1 workspace unchanged" in comment
