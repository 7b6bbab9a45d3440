"""The selected workspace is found as Terraform finds it."""

import os
from pathlib import Path

import pytest

from remote_backend.config.terraform_directory import (
    selected_workspace,
    user_cache_directory,
)
from remote_backend.errors import SettingsError


def select(directory: Path, content: bytes, name: str = ".terraform") -> None:
    """Write the file that keeps the selected workspace."""
    (directory / name).mkdir(parents=True)
    (directory / name / "environment").write_bytes(content)


def test_nothing_is_selected_in_a_new_directory(tmp_path: Path) -> None:
    """Without the file there is no choice."""
    assert selected_workspace(tmp_path, {}) is None


def test_the_file_is_read_without_its_white_space(tmp_path: Path) -> None:
    """Editors add a line end."""
    select(tmp_path, b" dev\r\n")

    assert selected_workspace(tmp_path, {}) == "dev"


def test_an_empty_file_selects_nothing(tmp_path: Path) -> None:
    """White space alone is not a name."""
    select(tmp_path, b"\n")

    assert selected_workspace(tmp_path, {}) is None


def test_a_variable_beats_the_file_unless_it_is_empty(tmp_path: Path) -> None:
    """TF_WORKSPACE is for one command, the file for all."""
    select(tmp_path, b"dev")

    assert selected_workspace(tmp_path, {"TF_WORKSPACE": "prod"}) == "prod"
    assert selected_workspace(tmp_path, {"TF_WORKSPACE": ""}) == "dev"


def test_the_data_directory_can_be_elsewhere(tmp_path: Path) -> None:
    """TF_DATA_DIR is relative to the directory, or absolute."""
    select(tmp_path, b"dev", "data/here")

    assert selected_workspace(tmp_path, {"TF_DATA_DIR": "data/here"}) == "dev"
    absolute = {"TF_DATA_DIR": str(tmp_path / "data/here")}
    assert selected_workspace(tmp_path / "no", absolute) == "dev"


def test_a_data_directory_that_is_a_file_selects_nothing(tmp_path: Path) -> None:
    """There is no file below a file."""
    (tmp_path / ".terraform").write_text("")

    assert selected_workspace(tmp_path, {}) is None


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    """Guessing a name could plan the wrong workspace."""
    select(tmp_path, b"\xff\xfe")

    with pytest.raises(SettingsError, match="environment cannot be read"):
        selected_workspace(tmp_path, {})


def test_a_directory_in_its_place_is_told(tmp_path: Path) -> None:
    """What is there but cannot be read is an error."""
    (tmp_path / ".terraform/environment").mkdir(parents=True)

    with pytest.raises(SettingsError, match="select a workspace again"):
        selected_workspace(tmp_path, {})


@pytest.mark.skipif(os.name == "nt", reason="Windows has a place of its own")
def test_what_can_be_found_out_again_is_kept_in_the_cache(tmp_path: Path) -> None:
    """By the XDG specification, which lets relative paths be ignored."""
    home = {"HOME": str(tmp_path)}

    assert user_cache_directory(home) == tmp_path / ".cache" / "remote-backend"
    assert user_cache_directory({**home, "XDG_CACHE_HOME": "x"}) == user_cache_directory(
        home
    )
    given = {"XDG_CACHE_HOME": str(tmp_path / "c")}
    assert user_cache_directory(given) == tmp_path / "c" / "remote-backend"
