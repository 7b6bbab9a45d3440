"""The distributions of this repository, built once."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY

BUILD = "from setuptools import build_meta; build_meta.build_{}({!r})"


def built(kind: str, source: Path, folder: Path) -> Path:
    """Build a wheel or an sdist as pip does, by the hooks of PEP 517, and return its path."""
    folder.mkdir()
    subprocess.run(
        [sys.executable, "-c", BUILD.format(kind, str(folder))],
        cwd=source,
        check=True,
        capture_output=True,
    )
    [path] = folder.iterdir()
    return path


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the wheel, the sdist, and the wheel that was built from the sdist."""
    folder = tmp_path_factory.mktemp("distributions")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    )
    source = folder / "source"
    for name in listed.stdout.splitlines():
        if (REPOSITORY / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, source / name)
    sdist = built("sdist", source, folder / "sdist")
    shutil.unpack_archive(sdist, folder / "unpacked", filter="data")
    [unpacked] = (folder / "unpacked").iterdir()
    return {
        "sdist": sdist,
        "wheel": built("wheel", source, folder / "wheel"),
        "wheel of sdist": built("wheel", unpacked, folder / "wheel-of-sdist"),
    }
