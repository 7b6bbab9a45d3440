"""CI recipes of docs/ci, the jobs that they run, and the programs that these call."""

import json
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from attrs import define, field

from remote_backend.server.embedded import backend_block
from remote_backend.server.seed import SeedWorkspace
from tests.support.paths import REPOSITORY
from tests.support.servers import running_server

__all__ = (
    "CI",
    "Job",
    "install_programs",
    "load_recipe",
    "needs_jq",
    "service",
    "write_configuration",
)

CI = REPOSITORY / "docs" / "ci"

needs_jq = pytest.mark.skipif(
    not (shutil.which("bash") and shutil.which("curl") and shutil.which("jq")),
    reason="bash, curl or jq is not installed (Debian: apt-get install curl jq)",
)

HOSTNAME = "app.terraform.io"

_PYTHON = """# What `python -m venv FOLDER` makes, with a pip that notes what it should install.
mkdir -p "$3/bin"
printf '#!/bin/bash\\necho "$@" >> {log}\\n' > "$3/bin/pip"
chmod +x "$3/bin/pip"
ln -s {programs}/remote-backend "$3/bin/remote-backend\""""


def load_recipe(path: Path) -> dict[Any, Any]:
    """Return a document of YAML."""
    document: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document


@define
class Job:
    """A job that has ended, or was skipped."""

    result: str = "success"
    outputs: dict[str, str] = field(factory=dict)
    log: str = ""
    summary: str = ""
    variables: list[dict[str, str]] = field(factory=list)
    """The variables of each process that the job ran."""


def install_programs(folder: Path) -> Path:
    """Write the programs that a runner's machine has; return the folder for PATH.

    `pip.txt` beside it gets the arguments of each `pip`.
    """
    programs = folder / "programs"
    programs.mkdir()
    scripts = {
        "apk": "",
        "gh": f'exec {sys.executable} {REPOSITORY}/tests/support/gh_stand_in.py "$@"',
        "python3": _PYTHON.format(log=folder / "pip.txt", programs=programs),
        "remote-backend": (
            f'PYTHONPATH={REPOSITORY} exec {sys.executable} -m remote_backend "$@"'
        ),
    }
    for name, script in scripts.items():
        (programs / name).write_text(f"#!/bin/bash\n{script}\n")
        (programs / name).chmod(0o755)
    return programs


@asynccontextmanager
async def service(
    folder: Path, *workspaces: SeedWorkspace
) -> AsyncIterator[dict[str, str]]:
    """Run a server as app.terraform.io; give the variables that lead there, and its token."""
    async with running_server(folder, seed=list(workspaces)) as server:
        services = {
            name: f"{server.url}/api/v2/" for name in ("tfe.v2", "tfe.v2.1", "tfe.v2.2")
        }
        settings = folder / "terraform.json"
        settings.write_text(json.dumps({"host": {HOSTNAME: {"services": services}}}))
        yield {"TF_CLI_CONFIG_FILE": str(settings), "token": server.token}


def write_configuration(folder: Path) -> Path:
    """Write what is in the repository of the user, and return its folder."""
    checkout = folder / "checkout"
    checkout.mkdir()
    (checkout / "main.tf").write_text(backend_block(HOSTNAME, "acme", "net-"))
    return checkout
