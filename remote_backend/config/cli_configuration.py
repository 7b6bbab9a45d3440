"""The CLI configuration: `.terraformrc`, `terraform.rc` and the files of its directory."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

from remote_backend.config.hcl1 import parse_hcl1
from remote_backend.config.hostname import normalize_hostname
from remote_backend.decoding import TextFault, decode_text
from remote_backend.errors import BadHostname
from remote_backend.formats.hcl import write_hcl
from remote_backend.structured_logging import Log

__all__ = (
    "CliConfiguration",
    "CliDocument",
    "CredentialsHelper",
    "configuration_directory",
    "read_cli_configuration",
    "read_cli_document",
    "searched_files",
    "write_cli_document",
)

log = Log()

_OVERRIDES = ("TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG")
_LINE = re.compile(r"line (\d+)", re.IGNORECASE)


@frozen
class CredentialsHelper:
    """A program that returns tokens."""

    name: str
    args: tuple[str, ...] = field(default=(), repr=False)


@frozen(kw_only=True)
class CliConfiguration:
    """The merged content of the files of the CLI configuration; hosts are normalized names."""

    credentials: Mapping[str, str] = field(factory=dict, repr=False)
    credential_files: Mapping[str, Path] = field(factory=dict)
    """The file that each of the credentials comes from."""

    hosts: Mapping[str, Mapping[str, str]] = field(factory=dict)
    credentials_helper: CredentialsHelper | None = None
    warnings: tuple[str, ...] = ()


def read_cli_configuration(environ: Mapping[str, str]) -> CliConfiguration:
    """Read the CLI configuration as Terraform 1.x finds it.

    A file that an override variable names stands alone; else the main file counts less than
    the files of the configuration directory, of which the last by name counts most. Never
    fails: problems are reported in `warnings`, without any text of the files.
    """
    reading = _Reading()
    for path in _paths(environ, reading.warnings):
        reading.add(path)
    return CliConfiguration(
        credentials=reading.credentials,
        credential_files=reading.credential_files,
        hosts=reading.hosts,
        credentials_helper=reading.helper,
        warnings=tuple(reading.warnings),
    )


@frozen(kw_only=True)
class CliDocument:
    """The merged blocks of the CLI configuration as they can be written into one file again."""

    content: Mapping[str, Any] = field(factory=dict, repr=False)
    warnings: tuple[str, ...] = ()


# Terraform reads these, and none of them depends on the place of the file. A plugin cache is
# left out, because engines that run at the same time would break it for each other.
_PORTABLE = (
    "credentials_helper",
    "disable_checkpoint",
    "disable_checkpoint_signature",
    "provider_installation",
)


def read_cli_document(environ: Mapping[str, str]) -> CliDocument:
    """Read the files of `read_cli_configuration` for a program that gets a file of its own."""
    warnings: list[str] = []
    content: dict[str, Any] = {}
    for path in _paths(environ, warnings):
        document = _load(path, warnings)
        content |= {name: document[name] for name in _PORTABLE if name in document}
        for name in ("credentials", "host"):
            if blocks := dict(_labelled(document.get(name))):
                content[name] = {**content.get(name, {}), **blocks}
    return CliDocument(content=content, warnings=tuple(warnings))


def write_cli_document(content: Mapping[str, Any]) -> str:
    """Return the text of a file with merged blocks, in HCL 1.

    JSON would not do: Terraform 1.15 refuses `provider_installation` in it.
    """
    lines = []
    for name, value in content.items():
        if name == "provider_installation":
            lines.append(f"{name} {{")
            lines += [
                f"  {method} {write_hcl(block)}"
                for method, blocks in _merged(value).items()
                for block in (blocks if isinstance(blocks, list) else [blocks])
            ]
            lines.append("}")
        elif isinstance(value, dict | list):
            lines += [
                f"{name} {write_hcl(label)} {write_hcl(body)}"
                for label, body in _labelled(value)
            ]
        else:
            lines.append(f"{name} = {write_hcl(value)}")
    return "\n".join((*lines, ""))


def searched_files(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return where files of the CLI configuration are looked for, for a message."""
    override = next((environ[name] for name in _OVERRIDES if environ.get(name)), None)
    if override is not None:
        return (override,)
    directory = configuration_directory(environ)
    if directory is None:
        return ()
    return (str(_main_file(directory)), str(directory / "*.tfrc.json"))


def configuration_directory(environ: Mapping[str, str]) -> Path | None:
    """Return the directory with credentials, more files and plugins; None without a home."""
    if os.name == "nt":
        home = environ.get("APPDATA")
        return Path(home) / "terraform.d" if home else None
    home = environ.get("HOME")
    return Path(home) / ".terraform.d" if home else None


def _main_file(directory: Path) -> Path:
    return directory.parent / ("terraform.rc" if os.name == "nt" else ".terraformrc")


def _paths(environ: Mapping[str, str], warnings: list[str]) -> Iterator[Path]:
    for variable in _OVERRIDES:
        if name := environ.get(variable):
            # The file can be a pipe, as in TF_CLI_CONFIG_FILE=<(op inject ...).
            if os.path.exists(name):
                yield Path(name)
            else:
                warnings.append(f"{name}, which {variable} names, does not exist")
            return
    directory = configuration_directory(environ)
    if directory is None:
        return
    main = _main_file(directory)
    if os.path.exists(main):
        yield main
    try:
        names = sorted(os.listdir(directory))
    except FileNotFoundError:
        return
    except OSError as error:
        warnings.append(f"{directory} cannot be listed: {error.strerror}")
        return
    for name in names:
        path = directory / name
        if name.endswith((".tfrc", ".tfrc.json")) and not os.path.isdir(path):
            yield path


class _Reading:
    """The entries of the files read so far; a later file replaces whole entries of earlier ones."""

    def __init__(self) -> None:
        self.credentials: dict[str, str] = {}
        self.credential_files: dict[str, Path] = {}
        self.hosts: dict[str, dict[str, str]] = {}
        self.helper: CredentialsHelper | None = None
        self.warnings: list[str] = []

    def add(self, path: Path) -> None:
        document = _load(path, self.warnings)
        for name, body in _labelled(document.get("credentials")):
            if (host := self._hostname(name, path)) is not None:
                self.credentials.pop(host, None)
                if isinstance(token := body.get("token"), str):
                    self.credentials[host] = token
                    self.credential_files[host] = path
        for name, body in _labelled(document.get("host")):
            if (host := self._hostname(name, path)) is not None:
                self.hosts[host] = {
                    service: address
                    for service, address in _merged(body.get("services")).items()
                    if isinstance(address, str)
                }
        for name, body in _labelled(document.get("credentials_helper")):
            self._set_helper(name, body.get("args", []), path)

    def _hostname(self, name: str, path: Path) -> str | None:
        try:
            return normalize_hostname(name)
        except BadHostname as error:
            self.warnings.append(f"{path}: {error}; the block is left out")
            return None

    def _set_helper(self, name: str, args: Any, path: Path) -> None:
        if self.helper is not None:
            self.warnings.append(
                f"{path}: there is a second credentials_helper; only the first one is used"
            )
        elif not isinstance(args, list) or not all(
            isinstance(argument, str) for argument in args
        ):
            self.warnings.append(
                f"{path}: args of credentials_helper is not a list of texts; it is left out"
            )
        else:
            self.helper = CredentialsHelper(name, tuple(args))


def _load(path: Path, warnings: list[str]) -> dict[str, Any]:
    """Read one file; the texts of errors are not passed on, since tokens may be in them."""
    try:
        text = decode_text(path.read_bytes())
    except OSError as error:
        warnings.append(f"{path} cannot be read: {error.strerror}")
        return {}
    if isinstance(text, TextFault):
        where = path if text.line is None else f"{path}:{text.line}"
        warnings.append(f"{where} {text.problem}; the whole file is left out")
        return {}
    if not text.strip():
        return {}
    try:
        document = _parse(text)
    except (ValueError, RecursionError) as error:
        position = _LINE.search(str(error))
        where = f"{path}:{position[1]}" if position else str(path)
        warnings.append(f"{where} cannot be parsed; the whole file is left out")
        log.info("cli_configuration.unreadable", path=str(path))
        return {}
    if not isinstance(document, dict):
        warnings.append(f"{path} holds no blocks; the whole file is left out")
        return {}
    return document


def _parse(text: str) -> Any:
    return json.loads(text) if text.lstrip().startswith("{") else parse_hcl1(text)


def _labelled(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield label and body of each block, also of blocks inside of nested lists."""
    for labels in value if isinstance(value, list) else [value]:
        if isinstance(labels, dict):
            for label, body in labels.items():
                yield str(label), _merged(body)


def _merged(body: Any) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for part in body if isinstance(body, list) else [body]:
        if isinstance(part, dict):
            merged.update(part)
    return merged
