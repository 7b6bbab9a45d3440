"""`plan -plan-json`: the JSON plans of a batch as files, for scanners."""

import json
import stat
from pathlib import Path

import pytest

from remote_backend.server.fault_rules import FaultRule, FaultSettings
from remote_backend.server.seed import SeedWorkspace
from tests.support.command_line import CommandLine, configured_server, records_of

PLAN = ("plan", "-all", "-plan-json=plans")


def names_in(folder: Path) -> set[str]:
    """Return the names of all files in a folder."""
    return {path.name for path in folder.iterdir()}


async def test_each_plan_has_a_file_and_the_index_names_it(
    command_line: CommandLine,
) -> None:
    """The folder is private, git ignores it, and the command warns of secrets."""
    done = await command_line.run(*PLAN)

    folder = command_line.directory / "plans"
    assert done.code == 0
    assert names_in(folder) == {
        *("dev.json", "eu-7.json", "prod.json"),
        *("index.json", ".gitignore"),
    }
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert (folder / ".gitignore").read_text() == "*\n"
    plan = json.loads((folder / "prod.json").read_text())
    assert plan["format_version"] and len(plan["resource_changes"]) == 3
    index = json.loads((folder / "index.json").read_text())
    runs = {record["id"] for record in records_of(command_line, "run")}
    assert {entry["run_id"] for entry in index["plans"]} == runs
    assert [
        (entry["workspace"], entry["file"], entry["form"]) for entry in index["plans"]
    ] == [
        ("dev", "dev.json", "full"),
        ("eu-7", "eu-7.json", "full"),
        ("prod", "prod.json", "full"),
    ]
    assert "holds secrets in clear text" in done.err
    assert "Wrote the JSON of 3 plans to plans.\n" in done.err


async def test_the_redacted_form_is_named_and_recognized(command_line: CommandLine) -> None:
    """Tools look for `format_version`, which the service leaves out of it (beyond.md 5)."""
    done = await command_line.run(*PLAN, "-plan-json-form=redacted")

    folder = command_line.directory / "plans"
    plan = json.loads((folder / "dev.redacted.json").read_text())
    assert plan["format_version"] == plan["plan_format_version"]
    assert "holds secrets" not in done.err and done.code == 0
    assert "Wrote the JSON of 3 plans, all of them redacted, to plans." in done.err


async def test_what_an_earlier_batch_left_is_removed(command_line: CommandLine) -> None:
    """A scanner reads the whole folder, so a plan of a workspace that is gone must not lie there."""
    await command_line.run(*PLAN)
    await command_line.run("plan", "-select=dev", "-plan-json=plans")
    assert names_in(command_line.directory / "plans") == {
        *("dev.json", "index.json", ".gitignore"),
    }


async def test_a_folder_with_other_files_is_refused(command_line: CommandLine) -> None:
    """Nothing is removed that no batch has written, and no run is made."""
    folder = command_line.directory / "plans"
    folder.mkdir()
    folder.chmod(0o755)
    (folder / "notes.txt").write_text("mine")

    done = await command_line.run(*PLAN)

    assert done.code == 1
    assert "-plan-json=plans holds 'notes.txt', which no batch has written" in done.err
    assert names_in(folder) == {"notes.txt"} and not records_of(command_line, "run")
    # It may be a directory that others read.
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


async def test_a_folder_that_cannot_be_made_is_refused(command_line: CommandLine) -> None:
    """As with reports, before anything is planned."""
    (command_line.directory / "plans").write_text("a file")
    done = await command_line.run(*PLAN)
    assert done.code == 1 and "-plan-json=plans cannot be written: " in done.err
    assert not records_of(command_line, "run")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("-plan-json=",), "-plan-json needs a folder: -plan-json=DIR"),
        (("-plan-json-form=redacted",), "-plan-json-form=redacted is for -plan-json"),
    ],
    ids=["an empty name", "a form without a folder"],
)
async def test_flags_that_would_write_nothing_are_refused(
    command_line: CommandLine, flags: tuple[str, ...], message: str
) -> None:
    """An empty variable of a script must not mean the current directory, which git would ignore then."""
    done = await command_line.run("plan", "-all", *flags)
    assert done.code == 1 and message in done.err
    assert not (command_line.directory / ".gitignore").exists()
    assert not records_of(command_line, "run")


@pytest.mark.parametrize(
    ("refused", "file"),
    [
        (("json-output",), "dev.redacted.json"),
        (("json-output", "json-output-redacted"), None),
    ],
)
async def test_a_token_that_may_not_read_the_full_form_gets_the_redacted_one(
    refused: tuple[str, ...], file: str | None, tmp_path: Path
) -> None:
    """Without either the command fails: a scanner would report that all is well."""
    rules = [
        FaultRule(kind="status", path=f".*/{name}(\\?|$)", status=404) for name in refused
    ]
    seed = [SeedWorkspace(name="net-dev")]
    async with configured_server(
        tmp_path, "net-", seed=seed, faults=FaultSettings(rules=rules)
    ) as command_line:
        done = await command_line.run(*PLAN)
    index = json.loads((command_line.directory / "plans" / "index.json").read_text())
    assert index["plans"][0]["file"] == file
    assert done.code == (0 if file else 1)
    assert ("dev has no JSON plan: the server has no JSON" in done.err) is (file is None)
