"""A runner of GitLab's pipelines: the scripts of jobs in a shell, images by what is on PATH.

It knows what our template uses, by the rules of https://docs.gitlab.com/ci/yaml
"""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
from attrs import define, field, frozen

from tests.support.expressions import evaluate
from tests.support.recipes import Job, load_recipe

__all__ = ("GitlabRunner",)


@frozen
class GitlabRunner:
    """Runs pipelines one after the other, for the same project."""

    folder: Path
    checkout: Path
    """What is in the repository."""

    environ: Mapping[str, str]
    shell: tuple[str, ...] = ("bash", "-eo", "pipefail")

    async def run(
        self, template: Path, variables: Mapping[str, str], *, more: Mapping[str, Any] = {}
    ) -> dict[str, Job]:
        """Run the jobs of a pipeline with these variables, which includes a template.

        `more` is what the file that includes it says.
        """
        document = {**load_recipe(template), **more}
        pipeline = self.folder / f"pipeline-{len(list(self.folder.iterdir()))}"
        run = _PipelineRun(self, document, pipeline, {**self.environ, **variables})
        for name, body in document.items():
            if not name.startswith(".") and "extends" in body:
                await run.run_job(name)
        return run.jobs


@define
class _PipelineRun:
    runner: GitlabRunner
    document: dict[str, Any]
    folder: Path
    settings: Mapping[str, str]
    """Variables of the project and of the pipeline, which win over those of files."""

    jobs: dict[str, Job] = field(factory=dict)

    async def run_job(self, name: str) -> None:
        body = self._extended(name)
        variables = {**self.document["variables"], **body["variables"], **self.settings}
        rule = _rule_of(body, variables)
        needed = [self.jobs[need].result for need in body.get("needs", ())]
        if rule is None or (rule.get("when") != "always" and "failure" in needed):
            self.jobs[name] = Job(result="skipped")
            return
        directory = self.folder / name
        if variables.get("GIT_STRATEGY") == "empty":
            directory.mkdir(parents=True)
        else:
            shutil.copytree(self.runner.checkout, directory)
        for need in body.get("needs", ()):
            _copy(self.folder / f"{need}-artifacts", directory)
        self.jobs[name] = await self._run_script(body, directory, variables)
        for path in body.get("artifacts", {}).get("paths", ()):
            _copy(directory / path, self.folder / f"{name}-artifacts" / path)

    def _extended(self, name: str) -> dict[str, Any]:
        body = self.document[name]
        base = self._extended(body["extends"]) if "extends" in body else {"variables": {}}
        variables = {**base["variables"], **body.get("variables", {})}
        return {**base, **body, "variables": variables}

    async def _run_script(
        self, body: dict[str, Any], directory: Path, variables: Mapping[str, str]
    ) -> Job:
        home = directory.with_name(f"{directory.name}-home")
        home.mkdir()
        environ = {
            **variables,
            "HOME": str(home),
            "CI_PROJECT_DIR": str(directory),
        }
        script = home / "script.sh"
        script.write_text("\n".join([*body["before_script"], *body["script"]]))
        done = await anyio.run_process(
            [*self.runner.shell, str(script)],
            cwd=directory,
            env=environ,
            check=False,
            stderr=subprocess.STDOUT,
        )
        result = "success" if done.returncode == 0 else "failure"
        return Job(result=result, log=done.stdout.decode(), variables=[environ])


def _copy(source: Path, target: Path) -> None:
    # A job that failed early has left no artifact, which is a warning on GitLab.
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)


def _rule_of(body: dict[str, Any], variables: Mapping[str, str]) -> dict[str, str] | None:
    """Return the first rule of a job whose condition is met."""
    rules: list[dict[str, str]] = body["rules"]
    return next(
        (
            rule
            for rule in rules
            if evaluate(rule["if"], lambda name: variables.get(name[1:]))
        ),
        None,
    )
