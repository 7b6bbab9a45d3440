"""The smallest versions that setup.cfg declares install together and work."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.version import Version

from tests.support.paths import REPOSITORY
from tests.support.requirements import RUNTIME_EXTRAS, declared

UV = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))


@pytest.mark.skipif(
    UV is None,
    reason="the lowest declared versions are not tried: uv is not installed (pip install uv)",
)
def test_the_lowest_declared_versions_plan(tmp_path: Path) -> None:
    """Each lower bound is what a resolver takes that wants the oldest, and the demo plans with it."""
    assert UV is not None
    python = tmp_path / "lowest" / "bin" / "python"
    extras = ",".join(RUNTIME_EXTRAS)
    for command in (
        ["venv", "--quiet", "--python", sys.executable, str(tmp_path / "lowest")],
        [
            *("pip", "install", "--quiet", "--python", str(python)),
            *("--resolution", "lowest-direct", f"{REPOSITORY}[{extras}]"),
        ],
    ):
        subprocess.run([UV, *command], check=True)
    frozen = subprocess.run(
        [UV, "pip", "freeze", "--python", str(python)],
        check=True,
        capture_output=True,
        text=True,
    )
    installed = dict(
        line.split("==") for line in frozen.stdout.splitlines() if "==" in line
    )

    requirements = list(declared(*RUNTIME_EXTRAS))
    assert requirements
    for requirement in requirements:
        lowest = [
            bound.version for bound in requirement.specifier if bound.operator == ">="
        ]
        # Metadata with 42 and a resolver with 42.0.0 mean the same.
        assert [Version(installed[requirement.name])] == [Version(text) for text in lowest]
    subprocess.run(
        [python, "-m", "remote_backend", "demo"],
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "PATH": ""},
        check=True,
    )
