"""Several engines side by side."""

import os
import sys
from pathlib import Path

import pytest

from remote_backend.engine.program import find_program, find_programs
from remote_backend.errors import EngineError
from tests.support.fake_engines import write_engine

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="fakes are shell scripts")
SYSTEM = {"PATH": os.environ["PATH"]}


def test_programs_are_named_by_name_path_or_folder(tmp_path: Path) -> None:
    """The first one stays first, those of a folder come newest first, and versions come once."""
    write_engine(tmp_path / "bin" / "terraform", "1.9.8")
    single = write_engine(tmp_path / "my-terraform", "1.5.7")
    write_engine(tmp_path / "versions" / "1.9.8" / "terraform", "1.9.8")
    write_engine(tmp_path / "versions" / "1.10.0" / "terraform", "1.10.0")
    write_engine(tmp_path / "versions" / "tofu_1.8.1", "1.8.1")
    (tmp_path / "versions" / "README").write_text("none of them")
    environ = {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{SYSTEM['PATH']}"}

    programs = find_programs(
        ["terraform", str(single), str(tmp_path / "versions")], environ
    )

    assert [program.version for program in programs] == [
        *("1.9.8", "1.5.7", "1.10.0", "1.8.1"),
    ]
    assert [program.product for program in programs[2:]] == ["Terraform", "OpenTofu"]


def test_an_engine_of_a_folder_that_cannot_be_used_does_not_end_the_others(
    tmp_path: Path,
) -> None:
    """A folder of versions often has some that are too old."""
    write_engine(tmp_path / "0.12.31" / "terraform", "0.12.31")
    write_engine(tmp_path / "1.9.8" / "terraform", "1.9.8")

    programs = find_programs([str(tmp_path)], SYSTEM)

    assert [program.version for program in programs] == ["1.9.8"]


def test_engines_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    """Each message says which one, and why."""
    old = write_engine(tmp_path / "terraform", "0.12.31")
    (tmp_path / "empty").mkdir()
    text = tmp_path / "terraform.txt"
    text.write_text("no program")

    for name, problem in (
        (str(old), r"terraform is 0\.12\.31, and 1\.0 or newer is needed"),
        (str(text), "txt cannot be run"),
        (str(tmp_path / "gone"), "gone cannot be run"),
        (str(tmp_path / "empty"), "no file in it is named like terraform or tofu"),
        (str(tmp_path), "terraform is 0.12.31, and 1.0"),
        ("chef", "there is no engine 'chef'"),
    ):
        with pytest.raises(EngineError, match=problem):
            find_programs([name], SYSTEM)


def test_a_link_to_opentofu_says_so(tmp_path: Path) -> None:
    """Many put OpenTofu in the place of Terraform."""
    (tmp_path / "terraform").symlink_to(write_engine(tmp_path / "tofu", "1.10.6"))

    (program,) = find_programs([str(tmp_path / "terraform")], SYSTEM)

    assert program.product == "OpenTofu"


def test_a_version_is_read_behind_warnings(tmp_path: Path) -> None:
    """OpenTofu writes problems of its CLI configuration to the same stream (S10)."""
    noise = "There are some problems with v1.2.3 of\n\x1b[33mWarning {\x1b[0m\n"
    write_engine(tmp_path / "tofu", "1.10.6", noise=noise)

    program = find_program("tofu", {"PATH": f"{tmp_path}{os.pathsep}{SYSTEM['PATH']}"})

    assert program.version == "1.10.6"
