"""The token for a host: from the block, the variables, the files or a helper program."""

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from remote_backend.config.cliconfig import (
    CliConfiguration,
    CredentialsHelper,
    configuration_directory,
)
from remote_backend.config.hostname import display_hostname, normalize_hostname
from remote_backend.errors import BadHostname, CredentialsError
from remote_backend.log import Log
from remote_backend.private_files import replace_file

__all__ = ("check_token", "find_token", "forget_token", "keep_token", "missing_token")

log = Log()

_PREFIX = "TF_TOKEN_"
_HELPER_SECONDS = 60.0
_ASCII_WHITE_SPACE = " \t\n\r\v\f"
_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def find_token(
    hostname: str,
    block_token: str | None,
    cli: CliConfiguration,
    environ: Mapping[str, str],
) -> str | None:
    """Return the token for a normalized host name, or None if there is none.

    The first source that has one wins, in the order of Terraform 1.x: the block, a variable
    TF_TOKEN_*, the CLI configuration, its helper program. An empty variable counts as unset,
    an empty entry hides the helper. White space around a token is dropped. Raises `CredentialsError` for a token that cannot be sent.
    """
    if block_token:
        return _sendable(block_token, "token in the backend block")
    variable = _variable_for(hostname, environ)
    if variable is not None:
        return _sendable(environ[variable], f"variable {variable}")
    if hostname in cli.credentials:
        source = f"token for {display_hostname(hostname)} in the CLI configuration"
        return _sendable(cli.credentials[hostname], source)
    helper = cli.credentials_helper
    if helper is None:
        return None
    token = _ask_helper(helper, hostname, environ)
    return _sendable(token or "", f"answer of the credentials helper {helper.name}")


def check_token(text: str, source: str) -> str | None:
    """Return a token without white space around it, None for an empty one.

    Raises `CredentialsError` that names its source when it cannot be sent; never shows it.
    """
    return _sendable(text, source)


def keep_token(hostname: str, token: str, environ: Mapping[str, str]) -> Path:
    """Store a token for a host where Terraform stores its own, and return the file.

    All else in the file stays; it is written whole or not at all, for its owner alone.
    """
    path = _credentials_path(environ)
    document = _credentials(path)
    entries = document.setdefault("credentials", {})
    for name in _names_of(entries, hostname):
        del entries[name]
    entries[display_hostname(hostname)] = {"token": token}
    _write_credentials(path, document)
    return path


def forget_token(hostname: str, environ: Mapping[str, str]) -> Path | None:
    """Remove the stored token for a host; return the file, or None when there was none."""
    path = _credentials_path(environ)
    document = _credentials(path)
    entries = document.get("credentials", {})
    names = _names_of(entries, hostname)
    for name in names:
        del entries[name]
    if not names:
        return None
    _write_credentials(path, document)
    return path


def _credentials_path(environ: Mapping[str, str]) -> Path:
    directory = configuration_directory(environ)
    if directory is None:
        raise CredentialsError(
            "no home directory is known; set HOME, or TF_TOKEN_* instead"
        )
    return directory / "credentials.tfrc.json"


def _credentials(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes() or b"{}")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise CredentialsError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or not isinstance(
        document.get("credentials", {}), dict
    ):
        raise CredentialsError(
            f"{path} is no file of credentials; correct it or move it away"
        )
    return document


def _names_of(entries: dict[str, Any], hostname: str) -> list[str]:
    names = []
    for name in entries:
        try:
            normalized = normalize_hostname(name)
        except BadHostname:
            continue
        if normalized == hostname:
            names.append(name)
    return names


def _write_credentials(path: Path, document: dict[str, Any]) -> None:
    text = json.dumps(document, indent=2, ensure_ascii=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_file(path, text.encode())
    except OSError as error:
        raise CredentialsError(f"{path} cannot be written: {error.strerror}") from None


def missing_token(hostname: str) -> CredentialsError:
    """Make the error that says where a token for a normalized host name can be put."""
    shown = display_hostname(hostname)
    places = [
        f'a credentials "{shown}" block in the CLI configuration file',
        f"the answer to `terraform login {shown}`, which stores it there",
    ]
    if ":" not in hostname:  # a shell cannot set a variable with a colon in its name
        encoded = hostname.replace("-", "__").replace(".", "_")
        places.insert(0, f"the variable {_PREFIX}{encoded}")
    return CredentialsError(
        f"there is no token for {shown}; put one into {', '.join(places[:-1])}, "
        f"or give {places[-1]}"
    )


def _sendable(token: str, source: str) -> str | None:
    # Files and secret stores like to add a line end, which no token has.
    token = token.removeprefix("\ufeff").strip(_ASCII_WHITE_SPACE)
    for position, character in enumerate(token, start=1):
        if not "!" <= character <= "~":
            raise CredentialsError(
                f"the {source} has at position {position} a character that no token has; copy "
                "the token again"
            )
    return token or None


def _variable_for(hostname: str, environ: Mapping[str, str]) -> str | None:
    matching = sorted(
        name
        for name in environ
        if name.startswith(_PREFIX)
        # Whoever clears a variable means that it is not set.
        and environ[name]
        and _decoded(name.removeprefix(_PREFIX)) == hostname
    )
    # Which of two Terraform takes depends on chance.
    if len({environ[name] for name in matching}) > 1:
        raise CredentialsError(
            f"the variables {' and '.join(matching)} hold different tokens for "
            f"{display_hostname(hostname)}; unset all but one"
        )
    return matching[0] if matching else None


def _decoded(encoded: str) -> str | None:
    hostname = encoded.replace("__", "-").replace("_", ".")
    try:
        # Here, unlike elsewhere, xn-- labels are welcome.
        return normalize_hostname(display_hostname(hostname))
    except BadHostname:
        return None


def _ask_helper(
    helper: CredentialsHelper, hostname: str, environ: Mapping[str, str]
) -> str | None:
    """Run `terraform-credentials-NAME ARGS get HOST`; one that fails has no token."""
    program = _find_helper(helper.name, environ)
    if program is None:
        log.warning("credentials_helper.missing", helper=helper.name)
        return None
    try:
        finished = subprocess.run(
            [str(program), *helper.args, "get", hostname],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=dict(environ),
            timeout=_HELPER_SECONDS,
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        log.warning(
            "credentials_helper.failed", helper=helper.name, reason=type(error).__name__
        )
        return None
    if finished.returncode:
        log.warning(
            "credentials_helper.failed", helper=helper.name, exit_code=finished.returncode
        )
        return None
    try:
        answer = json.loads(finished.stdout)
    except (ValueError, RecursionError):
        log.warning("credentials_helper.failed", helper=helper.name, reason="no JSON")
        return None
    token = answer.get("token") if isinstance(answer, dict) else None
    return token if isinstance(token, str) else None


def _find_helper(name: str, environ: Mapping[str, str]) -> Path | None:
    """Return the newest version of a helper from the first plugin directory that has one."""
    pattern = re.compile(
        rf"terraform-credentials-{re.escape(name)}(?:_v([0-9][0-9.]*))?(?:_x[0-9]+)?(?:\.exe)?"
    )
    for directory in _plugin_directories(environ):
        found = [
            (_version(match[1]), entry)
            for entry in _entries(directory)
            if (match := pattern.fullmatch(entry))
        ]
        if found:
            return directory / max(found)[1]
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
