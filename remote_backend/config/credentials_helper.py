"""The credentials helper: a program that returns tokens."""

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from remote_backend.config.cli_configuration import (
    CredentialsHelper,
    configuration_directory,
)

__all__ = ("HelperFailed", "ask_helper")

# A person may have to unlock a vault; a CI job must not hang.
_HELPER_SECONDS = 30.0
_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


class HelperFailed(Exception):
    """A helper gave no token; the text says why and never holds what the helper wrote."""

    def __init__(self, helper: CredentialsHelper, problem: str) -> None:
        super().__init__(f"the credentials helper {helper.name} {problem}")


def ask_helper(helper: CredentialsHelper, hostname: str, environ: Mapping[str, str]) -> str:
    """Run `terraform-credentials-NAME ARGS get HOST` and return the token that it prints.

    Raises `HelperFailed`. Terraform only logs that, and then sends no token.
    """
    program = _find_helper(helper.name, environ)
    if program is None:
        raise HelperFailed(helper, f"was not found{_where(environ)}")
    answer = _object(helper, _run(helper, program, hostname, environ))
    token = answer.get("token")
    if not isinstance(token, str):
        raise HelperFailed(helper, f"has no token for {hostname}")
    return token


def _run(
    helper: CredentialsHelper, program: Path, hostname: str, environ: Mapping[str, str]
) -> bytes:
    try:
        finished = subprocess.run(
            [str(program), *helper.args, "get", hostname],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=dict(environ),
            timeout=_HELPER_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise HelperFailed(
            helper, f"({program}) did not answer within {_HELPER_SECONDS:g} s"
        ) from None
    except OSError as error:
        raise HelperFailed(
            helper, f"({program}) cannot be started: {error.strerror}"
        ) from None
    except ValueError:  # an argument with a NUL
        raise HelperFailed(
            helper, f"({program}) cannot be started with its arguments"
        ) from None
    if finished.returncode:
        raise HelperFailed(
            helper,
            f"failed with exit code {finished.returncode}; "
            f"`{program} get {hostname}` shows why",
        )
    return finished.stdout


def _object(helper: CredentialsHelper, data: bytes) -> dict[str, object]:
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise HelperFailed(helper, "did not answer with a JSON object")
    return answer


def _where(environ: Mapping[str, str]) -> str:
    places = " or ".join(str(directory) for directory in _plugin_directories(environ))
    return f" in {places}" if places else "; no home directory is known"


def _find_helper(name: str, environ: Mapping[str, str]) -> Path | None:
    """Return the newest version of a helper from the first plugin directory that has one."""
    pattern = re.compile(
        rf"terraform-credentials-{re.escape(name)}(?:_v([0-9][0-9.]*))?(?:_x[0-9]+)?(?:\.exe)?"
    )
    for directory in _plugin_directories(environ):
        versions = [
            (_version(match[1]), entry)
            for entry in _entries(directory)
            if (match := pattern.fullmatch(entry))
        ]
        if versions:
            return directory / max(versions)[1]
    return None


def _plugin_directories(environ: Mapping[str, str]) -> Iterator[Path]:
    configuration = configuration_directory(environ)
    if configuration is not None:
        system = "windows" if os.name == "nt" else sys.platform
        machine = platform.machine().lower()
        architecture = _ARCHITECTURES.get(machine, machine)
        yield configuration / "plugins"
        yield configuration / "plugins" / f"{system}_{architecture}"


def _entries(directory: Path) -> list[str]:
    try:
        return [name for name in os.listdir(directory) if os.path.isfile(directory / name)]
    except OSError:
        return []


def _version(text: str | None) -> tuple[int, ...]:
    return tuple(int(number) for number in (text or "0").split(".") if number)
