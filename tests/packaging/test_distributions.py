"""The wheel and the sdist hold everything, install, and work away from the repository."""

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

from remote_backend import __version__
from tests.support.paths import REPOSITORY

PACKAGE = REPOSITORY / "remote_backend"


def contents(wheel: Path) -> dict[str, bytes]:
    """Return the files of a wheel by name."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def metadata_of(wheel: Path) -> Message:
    """Return the metadata of a wheel."""
    [data] = (data for name, data in contents(wheel).items() if name.endswith("/METADATA"))
    return message_from_bytes(data)


@pytest.fixture(scope="module")
def installed(
    distributions: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return the programs of an environment with the wheel and the dependencies of this one."""
    environment = tmp_path_factory.mktemp("installed")
    venv.create(environment)
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--python", programs / "python"),
            *("install", "--quiet", "--no-deps", "--no-index", distributions["wheel"]),
        ],
        check=True,
    )
    [packages] = environment.glob("lib/python*/site-packages")
    # A path file of this environment would lead to the repository; those of a folder that a path
    # file names are not read.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return programs


def test_the_wheel_holds_every_file_of_the_package(distributions: dict[str, Path]) -> None:
    """Modules, pages, schemas, demo and type marker are in it, and nothing else is."""
    ours = {
        path.relative_to(REPOSITORY).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    packed = {
        name for name in contents(distributions["wheel"]) if ".dist-info/" not in name
    }
    assert packed == ours
    assert "remote_backend/py.typed" in packed


def test_the_sdist_builds_the_same_wheel(distributions: dict[str, Path]) -> None:
    """A distribution of Linux, or pip without wheels, gets what others get."""
    wheel = contents(distributions["wheel"])
    assert contents(distributions["wheel of sdist"]) == wheel
    with tarfile.open(distributions["sdist"]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "CHANGELOG.md", "setup.cfg"} <= names


def test_the_metadata_is_complete(distributions: dict[str, Path]) -> None:
    """An index and tools that check licenses find what they show."""
    metadata = metadata_of(distributions["wheel"])

    assert metadata["Name"] == "remote-backend"
    assert metadata["Version"] == __version__
    for member in ("Summary", "Author", "Keywords", "License-File", "Requires-Python"):
        assert metadata[member], member
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert "MIT" in (metadata["License"], metadata["License-Expression"])
    classifiers = metadata.get_all("Classifier", [])
    oldest = metadata["Requires-Python"].removeprefix(">=")
    assert f"Programming Language :: Python :: {oldest}" in classifiers
    assert "Typing :: Typed" in classifiers


def test_every_requirement_has_a_lower_bound(distributions: dict[str, Path]) -> None:
    """Without one, a resolver may choose a version that never worked."""
    required = metadata_of(distributions["wheel"]).get_all("Requires-Dist", [])
    unbound = [text for text in required if not re.search(r">=|==", text)]
    assert required
    assert unbound == []


def test_the_installed_command_plans_the_demo(installed: Path, tmp_path: Path) -> None:
    """Outside of the repository, with the files of the wheel alone, three workspaces are planned."""
    done = subprocess.run(
        [installed / "remote-backend", "demo"],
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "3 workspaces" in done.stdout


def test_the_module_runs_as_the_command_does(installed: Path, tmp_path: Path) -> None:
    """`python -m remote_backend` comes from the wheel, and prints the same version."""
    program = "import remote_backend; print(remote_backend.__file__)"
    place, version = (
        subprocess.run(
            [installed / "python", *arguments],
            cwd=tmp_path,
            env={"HOME": str(tmp_path), "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for arguments in (("-c", program), ("-m", "remote_backend", "--version"))
    )
    assert Path(place.strip()).is_relative_to(installed.parent)
    assert __version__ in version
