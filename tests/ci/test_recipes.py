"""Rules that every recipe keeps: rights, pinned actions, and no foreign text in a script."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from remote_backend.cli.output.github import write_outputs
from remote_backend.models.outcome import Outcome
from remote_backend.plans.gates import judge_gates, parse_gate
from tests.support.github_runner import OUR_ACTION
from tests.support.recipes import CI, load_recipe
from tests.support.report_builders import outcome

GITHUB = CI / "github"
WORKFLOWS = ["plan.yml", "drift.yml"]
WRITING = {"comment", "issue"}


def steps_of(document: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    """Give the steps of a workflow or of an action."""
    if "runs" in document:
        yield from document["runs"]["steps"]
    for job in document.get("jobs", {}).values():
        yield from job["steps"]


@pytest.mark.parametrize("name", [*WORKFLOWS, "action.yml"])
def test_scripts_hold_no_expressions(name: str) -> None:
    """The text of an expression becomes part of the script, so anybody's title could be a command."""
    scripts = [
        step["run"] for step in steps_of(load_recipe(GITHUB / name)) if "run" in step
    ]

    assert scripts and not any("${{" in script for script in scripts)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_only_jobs_that_read_no_plan_can_write(name: str) -> None:
    """Each job names its rights, and only the one that posts has one to write."""
    workflow = load_recipe(GITHUB / name)

    assert workflow["permissions"] == {}
    for job_name, job in workflow["jobs"].items():
        can_write = "write" in job["permissions"].values()
        plans = any(step.get("uses") == OUR_ACTION for step in job["steps"])
        assert len(job["permissions"]) == 1
        assert (can_write, plans) == (job_name in WRITING, job_name not in WRITING)


@pytest.mark.parametrize("name", [*WORKFLOWS, "action.yml"])
def test_actions_of_others_are_pinned(name: str) -> None:
    """By the id of a commit, since anybody who owns a repository can move its tags."""
    actions = [
        step["uses"] for step in steps_of(load_recipe(GITHUB / name)) if "uses" in step
    ]

    others = [action for action in actions if action != OUR_ACTION]
    assert others
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action) for action in others)


def test_the_action_passes_on_all_that_the_command_reports(tmp_path: Path) -> None:
    """Each name that is written to GITHUB_OUTPUT is an output of docs/ci/github/action.yml."""
    file = tmp_path / "output.txt"
    outcomes: list[Outcome] = [outcome("dev")]
    gates = judge_gates(outcomes, (parse_gate("destroy"),))
    environ = {"GITHUB_OUTPUT": str(file)}
    write_outputs(outcomes, batch_id="", reports=(), environ=environ, gates=gates)
    written = {line.partition("=")[0] for line in file.read_text().splitlines()}

    outputs = load_recipe(GITHUB / "action.yml")["outputs"]

    assert set(outputs) == written
    for name, output in outputs.items():
        assert output["value"] == f"${{{{ steps.plan.outputs.{name} }}}}"
        assert output["description"]


def test_the_jobs_of_the_template_keep_tokens_apart() -> None:
    """The token that writes has the scope of an environment, which only these two jobs have."""
    template = load_recipe(CI / "gitlab" / "remote-backend.yml")

    jobs = {
        name: job for name, job in template.items() if name.startswith("remote-backend-")
    }
    writing = {
        name for name, job in jobs.items() if job["extends"] == ".remote-backend-write"
    }
    assert writing == {"remote-backend-note", "remote-backend-issue"}
    assert template[".remote-backend-write"]["environment"]["action"] == "access"
    assert "environment" not in template[".remote-backend-plan"]
    assert "WRITE_TOKEN" not in str(template[".remote-backend-plan"])
