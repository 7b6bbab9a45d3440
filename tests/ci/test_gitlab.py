"""The template for GitLab, run by a runner of ours."""

import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from attrs import evolve, field, frozen

from remote_backend.engine.simulated import Simulation
from remote_backend.models.plan import Counts
from remote_backend.server.seed import SeedWorkspace
from tests.support.code_hosts import FakeGitlab, listening_at
from tests.support.documents import blocks
from tests.support.gitlab_runner import GitlabRunner
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

TEMPLATE = CI / "gitlab" / "remote-backend.yml"
CHANGES = Simulation(counts=Counts(2, 0, 1, 0))
QUIET = Simulation(counts=Counts())
FAILS = Simulation(succeeds=False)
MERGE_REQUEST = {
    "CI_PIPELINE_SOURCE": "merge_request_event",
    "CI_MERGE_REQUEST_IID": "7",
    "CI_MERGE_REQUEST_PROJECT_ID": "3",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "3",
}
SCHEDULE = {"CI_PIPELINE_SOURCE": "schedule", "REMOTE_BACKEND_DRIFT": "true"}
ME = "project_3_bot"


@frozen
class Project:
    """A project on GitLab, and its runner."""

    gitlab: FakeGitlab
    runner: GitlabRunner
    folder: Path

    more: dict[str, Any] = field(factory=dict)

    async def run(self, pipeline: dict[str, str], **plans: Simulation) -> dict[str, Job]:
        """Run the jobs of a pipeline while the workspaces have these plans."""
        folder = self.folder / f"service-{len(list(self.folder.iterdir()))}"
        folder.mkdir()
        seed = (
            SeedWorkspace(name=f"net-{name}", simulation=plan)
            for name, plan in plans.items()
        )
        async with service(folder, *seed) as environ:
            token = environ.pop("token")
            environ["TF_TOKEN_app_terraform_io"] = token
            runner = evolve(self.runner, environ={**self.runner.environ, **environ})
            return await runner.run(TEMPLATE, pipeline, more=self.more)

    def reports(self, job: str) -> Path:
        """Return the artifact of the last job of a name."""
        *_, artifacts = sorted(self.runner.folder.glob(f"*/{job}-artifacts"))
        return artifacts / "remote-backend-reports"


@pytest.fixture
async def project(tmp_path: Path) -> AsyncIterator[Project]:
    """Run GitLab's API beside a project with a configuration."""
    gitlab = FakeGitlab(me=ME)
    pipelines = tmp_path / "pipelines"
    pipelines.mkdir()
    programs = install_programs(tmp_path)
    async with listening_at(gitlab) as url:
        environ = {
            "CI": "true",
            "CI_API_V4_URL": url,
            "CI_PROJECT_ID": "3",
            "GITLAB_CI": "true",
            "LANG": "C.UTF-8",
            "PATH": f"{programs}:{os.environ['PATH']}",
            "REMOTE_BACKEND_PACKAGE": "remote-backend.whl",
            "REMOTE_BACKEND_WRITE_TOKEN": gitlab.token,
        }
        checkout = write_configuration(tmp_path)
        yield Project(gitlab, GitlabRunner(pipelines, checkout, environ), tmp_path)


@pytest.mark.parametrize("shell", [("bash", "-eo", "pipefail"), ("sh", "-e")])
async def test_a_merge_request_has_one_note_that_is_kept_up_to_date(
    shell: tuple[str, ...], project: Project
) -> None:
    """Found behind more than a page of others, in the shells of both images."""
    project = evolve(project, runner=evolve(project.runner, shell=shell))
    project.gitlab.crowd("<!-- remote-backend plan app.terraform.io/acme/net-* plan -->")

    first = await project.run(MERGE_REQUEST, dev=CHANGES, prod=QUIET)
    assert first["remote-backend-note"].result == "success", first[
        "remote-backend-note"
    ].log
    [posted] = project.gitlab.mine
    await project.run(MERGE_REQUEST, dev=CHANGES, prod=CHANGES)
    [updated] = project.gitlab.mine
    await project.run(MERGE_REQUEST, dev=QUIET)
    [quiet] = project.gitlab.mine

    assert [job.result for job in first.values()] == [
        "success",
        "success",
        "skipped",
        "skipped",
    ]
    assert posted.startswith(
        "<!-- remote-backend plan app.terraform.io/acme/net-* plan -->\n"
    )
    assert "1 of 2 workspaces destroys or replaces" in posted
    assert "2 workspaces destroy or replace" in updated
    assert "1 workspace unchanged" in quiet
    methods = [line.partition(" ")[0] for line in project.gitlab.written]
    assert methods == ["POST", "PUT", "PUT"]


async def test_a_plan_that_fails_fails_its_job_and_is_shown_all_the_same(
    project: Project,
) -> None:
    """Note, widget and artifact are there; the exit code is the gate."""
    jobs = await project.run(MERGE_REQUEST, dev=FAILS, prod=CHANGES)

    assert jobs["remote-backend-plan"].result == "failure"
    assert jobs["remote-backend-note"].result == "success"
    [note] = project.gitlab.mine
    assert "1 of 2 workspaces failed, 1 destroy or replace" in note
    artifacts = load_recipe(TEMPLATE)[".remote-backend-plan"]["artifacts"]
    widget = (
        project.reports("remote-backend-plan").parent / artifacts["reports"]["terraform"]
    )
    assert json.loads(widget.read_text()) == {"create": 2, "update": 0, "delete": 1}
    assert (artifacts["access"], artifacts["when"]) == ("developer", "always")
    junit = widget.parent.parent / artifacts["reports"]["junit"]
    assert "<failure" in junit.read_text()


async def test_the_package_to_install_must_be_named(project: Project) -> None:
    """There is no name on an index that would be right for everybody."""
    environ = {**project.runner.environ, "REMOTE_BACKEND_PACKAGE": ""}
    project = evolve(project, runner=evolve(project.runner, environ=environ))

    job = (await project.run(MERGE_REQUEST, dev=CHANGES))["remote-backend-plan"]

    assert job.result == "failure"
    assert "REMOTE_BACKEND_PACKAGE: set it to what pip should install" in job.log


async def test_a_merge_request_of_a_fork_runs_no_job(project: Project) -> None:
    """In the fork's project there is no token, and in ours its files should not get one."""
    fork = {**MERGE_REQUEST, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "4"}

    jobs = await project.run(fork, dev=CHANGES)

    assert {job.result for job in jobs.values()} == {"skipped"}
    assert project.gitlab.written == []


async def test_a_configuration_that_cannot_be_read_updates_the_same_note(
    project: Project,
) -> None:
    """Host and organization are unknown then, so the label alone finds it, before and afterwards."""
    main = project.runner.checkout / "main.tf"
    configuration = main.read_text()
    await project.run(MERGE_REQUEST, dev=CHANGES)
    main.write_text("terraform {")

    await project.run(MERGE_REQUEST, dev=CHANGES)

    [note] = project.gitlab.mine
    assert "no workspace was planned" in note and "main.tf" in note

    main.write_text(configuration)
    await project.run(MERGE_REQUEST, dev=CHANGES)

    [note] = project.gitlab.mine
    assert "1 workspace destroys or replaces" in note


async def test_drift_is_one_issue_until_it_is_gone(project: Project) -> None:
    """Opened, updated, left alone by nights that failed, closed; new drift opens another."""
    states = []
    nights: list[dict[str, Simulation]] = [
        {"dev": QUIET, "prod": QUIET},
        {"dev": CHANGES, "prod": QUIET},
        {"dev": CHANGES, "prod": CHANGES},
        {"dev": FAILS, "prod": QUIET},
        {},
        {"dev": QUIET, "prod": QUIET},
        {"dev": CHANGES, "prod": QUIET},
    ]
    for plans in nights:
        await project.run(SCHEDULE, **plans)
        states.append(
            [f"{issue['state']}: {issue['title']}" for issue in project.gitlab.issues]
        )

    one = "Terraform drift: 1 of 2 workspaces destroys or replaces"
    two = "Terraform drift: 2 workspaces destroy or replace"
    assert states == [
        [],
        [f"opened: {one}"],
        [f"opened: {two}"],
        [f"opened: {two}"],
        [f"opened: {two}"],
        [f"closed: {two}"],
        [f"closed: {two}", f"opened: {one}"],
    ]


async def test_a_second_configuration_has_a_note_of_its_own(project: Project) -> None:
    """By jobs that extend those of the template, as the guide shows them."""
    guide = REPOSITORY / "docs" / "guides" / "gitlab.md"
    [example] = (block.text for block in blocks(guide) if "dns-plan:" in block.text)
    more = yaml.safe_load(example)
    stack = project.runner.checkout / "stacks" / "dns"
    stack.mkdir(parents=True)
    shutil.copy(project.runner.checkout / "main.tf", stack)

    jobs = await evolve(project, more=more).run(MERGE_REQUEST, dev=CHANGES)

    assert jobs["dns-plan"].result == jobs["dns-note"].result == "success"
    firsts = [note.partition("\n")[0] for note in project.gitlab.mine]
    place = "<!-- remote-backend plan app.terraform.io/acme/net-*"
    assert firsts == [f"{place} plan -->", f"{place} dns -->"]


async def test_the_token_is_an_argument_of_no_program(project: Project) -> None:
    """Anybody on a shared runner can read the arguments of processes."""
    curl = shutil.which("curl")
    log = project.folder / "arguments.txt"
    program = project.folder / "programs" / "curl"
    program.write_text(f'#!/bin/bash\necho "$@" >> {log}\nexec {curl} "$@"\n')
    program.chmod(0o755)

    await project.run(MERGE_REQUEST, dev=CHANGES)

    arguments = log.read_text()
    assert "/merge_requests/7/notes" in arguments
    assert project.gitlab.token not in arguments
