"""The token for a host: from the block, the variables, the files or a helper program."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from remote_backend.atomic_files import write_atomically
from remote_backend.config.cli_configuration import (
    CliConfiguration,
    configuration_directory,
    searched_files,
)
from remote_backend.config.credentials_helper import HelperFailed, ask_helper
from remote_backend.config.hostname import display_hostname, normalize_hostname
from remote_backend.decoding import decode_text
from remote_backend.errors import BadHostname, CredentialsError, NoToken

__all__ = (
    "FoundToken",
    "check_token",
    "find_token",
    "forget_token",
    "keep_token",
    "missing_token",
    "token_of_caller",
)

_PREFIX = "TF_TOKEN_"
_STORED_BY_LOGIN = "credentials.tfrc.json"
# Variables of the provider "tfe", of scripts for the API, and of Terraform before 0.12.
_OF_OTHER_TOOLS = ("TFE_TOKEN", "TF_API_TOKEN", "ATLAS_TOKEN")
# Forms that people mix up; the form does not show whose token it is.
_KINDS = (
    (re.compile(r"[^.]+\.atlasv1\."), "an API token of a user, a team or an organization"),
    (re.compile(r"eyJ[^.]*\.[^.]+\.[^.]+$"), "a JSON web token"),
    (re.compile(r"gh[opsu]_|github_pat_"), "a token of GitHub"),
    (re.compile(r"glpat-|glcbt-"), "a token of GitLab"),
    (re.compile(r"hv[sb]\."), "a token of Vault"),
    (re.compile(r"[\"']"), "it stands in quotes, which no token has"),
    (re.compile(r"[$%]|op://|vault:"), "the name of a token that was not replaced by it"),
)
_UNKNOWN_KIND = "its form is not known here"
_ASCII_WHITE_SPACE = " \t\n\r\v\f"


@frozen
class FoundToken:
    """The token for a host, and where it comes from."""

    value: str | None = field(default=None, repr=False)
    source: str = ""
    """The place that it comes from."""

    warnings: tuple[str, ...] = ()
    """Reasons why a place that can hold a token has none."""

    is_from_login: bool = False
    """Whether another login would replace it."""

    @property
    def kind(self) -> str:
        """The kind of token that its form suggests; no part of the token is in it."""
        text = self.value or ""
        return next((kind for form, kind in _KINDS if form.match(text)), _UNKNOWN_KIND)


def find_token(
    hostname: str,
    block_token: str | None,
    cli: CliConfiguration,
    environ: Mapping[str, str],
) -> FoundToken:
    """Look for the token for a normalized host name.

    The first source that has one wins, in the order of Terraform 1.x: the block, a variable
    TF_TOKEN_*, the CLI configuration, its helper program. An empty variable counts as unset,
    an empty entry hides the helper. White space around a token is dropped. Raises
    `CredentialsError` for a token that cannot be sent.
    """
    if block_token:
        return _token_from(block_token, "the backend block")
    variable = _variable_for(hostname, environ)
    if variable is not None:
        return _token_from(environ[variable], f"the variable {variable}")
    if hostname in cli.credentials:
        file = cli.credential_files.get(hostname)
        where = f" ({file})" if file is not None else ""
        found = _token_from(cli.credentials[hostname], f"the CLI configuration{where}")
        is_from_login = file is not None and file.name == _STORED_BY_LOGIN
        return evolve(found, is_from_login=is_from_login)
    if cli.credentials_helper is None:
        return FoundToken()
    try:
        token = ask_helper(cli.credentials_helper, hostname, environ)
    except HelperFailed as error:
        return FoundToken(warnings=(str(error),))
    return _token_from(token, f"the credentials helper {cli.credentials_helper.name}")


def token_of_caller(token: str) -> FoundToken:
    """Return the token that a program gives as a parameter.

    Raises `CredentialsError` for one that is empty or cannot be sent.
    """
    found = _token_from(token, "the parameter token")
    if found.value is None:
        # Another token would act in the name of somebody else.
        raise CredentialsError(
            "the parameter token is empty",
            advice="leave it out to search the places that Terraform searches",
            parameters=("token",),
        )
    return found


def _token_from(text: str, source: str) -> FoundToken:
    token = _sendable(text, f"token from {source}")
    return FoundToken(
        token, source, () if token else (f"the token from {source} is empty",)
    )


def check_token(text: str, source: str) -> str | None:
    """Return a token without white space around it, None for an empty one.

    Raises `CredentialsError` that names its source when it cannot be sent; never shows it.
    """
    return _sendable(text, source)


def keep_token(hostname: str, token: str, environ: Mapping[str, str]) -> Path:
    """Store a token for a host where Terraform stores its own, and return the file.

    Other entries of the file are kept. It is written atomically, and only its owner can read it.
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
    return directory / _STORED_BY_LOGIN


def _credentials(path: Path) -> dict[str, Any]:
    try:
        text = decode_text(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise CredentialsError(f"{path} cannot be read: {error.strerror}") from None
    if not isinstance(text, str):
        raise CredentialsError(f"{path} {text.problem}")
    try:
        document = json.loads(text or "{}")
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or not isinstance(
        document.get("credentials", {}), dict
    ):
        raise CredentialsError(
            f"{path} is not a file of credentials; correct it or move it away"
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
        # A lone surrogate in an entry of another tool is kept as a JSON escape.
        write_atomically(path, text.encode(errors="backslashreplace"))
    except OSError as error:
        raise CredentialsError(f"{path} cannot be written: {error.strerror}") from None


def missing_token(
    hostname: str, environ: Mapping[str, str], helper: str | None = None
) -> NoToken:
    """Return the error that lists where a token for a normalized host name can be put."""
    name = display_hostname(hostname)
    searched = list(searched_files(environ))
    places = [
        f'a credentials "{name}" block in the CLI configuration file',
        f"the answer to `terraform login {name}`, which stores it there",
    ]
    if ":" not in hostname:  # a shell cannot set a variable with a colon in its name
        encoded = hostname.replace("-", "__").replace(".", "_")
        places.insert(0, f"the variable {_PREFIX}{encoded}")
        searched.insert(0, f"{_PREFIX}{encoded}")
    if helper is not None:
        searched.append(f"the credentials helper {helper}")
    return NoToken(
        name,
        tuple(searched),
        advice=f"put one into {', '.join(places[:-1])}, or give {places[-1]}",
        note=_not_read(environ),
    )


def _not_read(environ: Mapping[str, str]) -> str:
    names = [name for name in _OF_OTHER_TOOLS if environ.get(name)]
    if not names:
        return ""
    verb = "is" if len(names) == 1 else "are"
    return (
        f" ({' and '.join(names)} {verb} set, but other tools read that; here and in "
        "Terraform it has no effect)"
    )


def _sendable(token: str, source: str) -> str | None:
    # Files and secret stores often add a line end, which is not part of a token.
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
        # An empty variable counts as unset.
        and environ[name]
        and _decoded(name.removeprefix(_PREFIX)) == hostname
    )
    # It depends on chance which of two variables Terraform uses.
    if len({environ[name] for name in matching}) > 1:
        raise CredentialsError(
            f"the variables {' and '.join(matching)} hold different tokens for "
            f"{display_hostname(hostname)}; unset all but one"
        )
    return matching[0] if matching else None


def _decoded(encoded: str) -> str | None:
    hostname = encoded.replace("__", "-").replace("_", ".")
    try:
        # Labels in the xn-- form are allowed here only: variables cannot have other letters.
        return normalize_hostname(display_hostname(hostname))
    except BadHostname:
        return None
