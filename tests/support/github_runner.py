"""A runner of GitHub's workflows: `run` steps with bash as there, actions of others by stand-ins.

It knows what our recipes use, by the rules of
https://docs.github.com/actions/reference/workflow-syntax-for-github-actions
"""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
from attrs import define, field, frozen

from tests.support.expressions import evaluate, interpolate
from tests.support.recipes import Job, load_recipe

__all__ = ("OUR_ACTION", "SHELL", "GithubRunner")

OUR_ACTION = "OWNER/remote-backend/docs/ci/github@VERSION"
SHELL = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
_STATUS_FUNCTIONS = ("always()", "cancelled()", "failure()", "success()")


@frozen
class GithubRunner:
    """Runs workflows one after the other, for the same repository."""

    folder: Path
    checkout: Path
    """What is in the repository."""

    action: Path
    """The folder of our action."""

    environ: Mapping[str, str]
    contexts: Mapping[str, str]
    """Values of expressions: `github.repository`, `secrets.TOKEN`."""

    python: Path
    """What `actions/setup-python` installs."""

    async def run(self, workflow: Path) -> dict[str, Job]:
        """Run the jobs of a workflow in the order of the file."""
        document = load_recipe(workflow)
        jobs: dict[str, Job] = {}
        for name, body in document["jobs"].items():
            workspace = self.folder / f"run-{len(list(self.folder.iterdir()))}-{name}"
            jobs[name] = await _JobRun(self, document, workspace, jobs).run(body)
        return jobs


@define
class _Scope:
    """What the expressions of a job, or of the steps of an action, can see."""

    values: dict[str, str]
    env: dict[str, str]
    has_failed: bool = False

    def value_of(self, name: str) -> Any:
        """Return the value of a name, or "" for what does not exist."""
        match name:
            case "always()":
                return True
            case "cancelled()":
                return False
            case "success()" | "failure()":
                return self.has_failed is (name == "failure()")
        context, _, key = name.partition(".")
        return self.env.get(key, "") if context == "env" else self.values.get(name, "")

    def texts(self, mapping: Mapping[str, Any] | None) -> dict[str, str]:
        """Return the texts of a mapping with the values of their expressions."""
        items = (mapping or {}).items()
        return {name: interpolate(str(text), self.value_of) for name, text in items}


@define
class _JobRun:
    runner: GithubRunner
    document: dict[Any, Any]
    workspace: Path
    others: Mapping[str, Job]
    job: Job = field(factory=Job)
    added_to_path: list[str] = field(factory=list)

    async def run(self, body: dict[str, Any]) -> Job:
        scope = _Scope({**self.runner.contexts, **self._needs()}, {})
        scope.env = scope.texts(self.document.get("env"))
        if not _is_met(body, scope):
            self.job.result = "skipped"
            return self.job
        for folder in (self.workspace, self.temporary):
            folder.mkdir(parents=True)
        await self._run_steps(body["steps"], scope)
        self.job.result = "failure" if scope.has_failed else "success"
        self.job.outputs = scope.texts(body.get("outputs"))
        return self.job

    @property
    def temporary(self) -> Path:
        return self.workspace.with_name(f"{self.workspace.name}-temporary")

    def _needs(self) -> dict[str, str]:
        return {
            f"needs.{name}.{key}": value
            for name, job in self.others.items()
            for key, value in (
                ("result", job.result),
                *((f"outputs.{output}", text) for output, text in job.outputs.items()),
            )
        }

    async def _run_steps(self, steps: list[dict[str, Any]], scope: _Scope) -> None:
        for number, step in enumerate(steps):
            if not _is_met(step, scope):
                continue
            outputs, succeeded = await self._run_step(step, scope)
            prefix = f"steps.{step.get('id', number)}.outputs"
            scope.values |= {f"{prefix}.{name}": text for name, text in outputs.items()}
            scope.has_failed |= not succeeded

    async def _run_step(
        self, step: dict[str, Any], scope: _Scope
    ) -> tuple[dict[str, str], bool]:
        env = {**scope.env, **scope.texts(step.get("env"))}
        if "run" in step:
            directory = interpolate(step.get("working-directory", "."), scope.value_of)
            return await self._run_script(step, self.workspace / directory, env)
        inputs = scope.texts(step.get("with"))
        if step["uses"] == OUR_ACTION:
            return await self._run_action(inputs, env)
        return self._stand_in(step["uses"].partition("@")[0], inputs)

    async def _run_action(
        self, given: dict[str, str], env: dict[str, str]
    ) -> tuple[dict[str, str], bool]:
        action = load_recipe(self.runner.action / "action.yml")
        assert set(given) <= set(action["inputs"])
        inputs = {name: rule["default"] for name, rule in action["inputs"].items()} | given
        values = {f"inputs.{name}": text for name, text in inputs.items()}
        scope = _Scope(values, env | {"GITHUB_ACTION_PATH": str(self.runner.action)})
        await self._run_steps(action["runs"]["steps"], scope)
        outputs = {name: rule["value"] for name, rule in action["outputs"].items()}
        # As in the runner's source: outputs are set after a step that failed, too.
        return scope.texts(outputs), not scope.has_failed

    async def _run_script(
        self, step: dict[str, Any], directory: Path, env: dict[str, str]
    ) -> tuple[dict[str, str], bool]:
        shell = step.get("shell") or self.document["defaults"]["run"]["shell"]
        assert shell == "bash", "another shell has other options"
        names = ("GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")
        files = {name: self.temporary / f"{name}.txt" for name in names}
        for file in files.values():
            file.write_text("")
        script = self.temporary / "step.sh"
        script.write_text(step["run"])
        variables = {
            **self.runner.environ,
            **{name: str(file) for name, file in files.items()},
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(self.temporary),
            "PATH": ":".join([*self.added_to_path, self.runner.environ["PATH"]]),
            **env,
        }
        self.job.variables.append(variables)
        done = await anyio.run_process(
            [*SHELL, str(script)],
            cwd=directory,
            env=variables,
            check=False,
            stderr=subprocess.STDOUT,
        )
        self.job.log += done.stdout.decode()
        self.job.summary += files["GITHUB_STEP_SUMMARY"].read_text()
        self.added_to_path[:0] = files["GITHUB_PATH"].read_text().splitlines()
        lines = files["GITHUB_OUTPUT"].read_text().splitlines()
        return dict(line.split("=", 1) for line in lines), done.returncode == 0

    def _stand_in(self, action: str, inputs: dict[str, str]) -> tuple[dict[str, str], bool]:
        artifact = self.runner.folder / "artifacts" / inputs.get("name", "")
        match action:
            case "actions/checkout":
                shutil.copytree(self.runner.checkout, self.workspace, dirs_exist_ok=True)
            case "actions/setup-python":
                return {"python-path": str(self.runner.python)}, True
            case "actions/upload-artifact":
                shutil.rmtree(artifact, ignore_errors=True)
                shutil.copytree(inputs["path"], artifact)
            case "actions/download-artifact":
                shutil.copytree(artifact, self.workspace, dirs_exist_ok=True)
            case _:
                raise AssertionError(f"no stand-in for {action}")
        return {}, True


def _is_met(body: dict[str, Any], scope: _Scope) -> bool:
    condition = str(body.get("if", "success()")).strip()
    condition = condition.removeprefix("${{").removesuffix("}}")
    if not any(function in condition for function in _STATUS_FUNCTIONS):
        condition = f"success() && ({condition})"
    return bool(evaluate(condition, scope.value_of))
