"""What an engine needs to reach this server: a CLI configuration with the token of its run.

The file holds what the user of the server has configured for Terraform too, such as mirrors of
providers and credentials of other hosts: an engine reads one file only. It is private, stands
in a folder of the run outside of the configuration, and goes away with the run.
"""

import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import field, frozen

from remote_backend.config.cli_configuration import read_cli_document, write_cli_document
from remote_backend.config.hostname import normalize_hostname
from remote_backend.decoding import read_text
from remote_backend.engine.provider_cache import providers_in
from remote_backend.errors import BadHostname, SettingsError
from remote_backend.server.auth import write_private, write_secret
from remote_backend.server.documents.organizations import discovery_document
from remote_backend.server.run_tokens import RunTokens
from remote_backend.structured_logging import Log

__all__ = ("RunAccess", "cli_configuration", "environment_of_plans", "make_run_access")

log = Log()

# Variables of the server and of its user, which the plans of others must not see.
_HIDDEN_PREFIXES = ("TF_VAR_", "TF_CLI_ARGS", "TF_TOKEN_", "REMOTE_BACKEND_")
_HIDDEN_VARIABLES = (
    "TF_WORKSPACE",
    "TF_DATA_DIR",
    "TF_LOG",
    "TF_LOG_PATH",
    "TFE_RUN_ID",
    # An engine gets a file of its own, which holds what these lead to.
    "TF_CLI_CONFIG_FILE",
    "TERRAFORM_CONFIG",
)
_CA_BUNDLE = "engine-authorities.pem"
_FILE = "terraform.rc"


@frozen(kw_only=True)
class RunAccess:
    """Gives engines access to this server, each as long as its run is planned."""

    url: str
    hostname: str
    """What stands as hostname in a backend block of this machine."""

    users: Mapping[str, Any] = field(factory=dict, repr=False)
    """The CLI configuration of the user of the server."""

    provider_mirror: Path | None = None
    ca_bundle: Path | None = None
    tokens: RunTokens = field(factory=RunTokens)

    @contextmanager
    def granted(
        self, organization_id: str, folder: Path, hostname: str
    ) -> Iterator[dict[str, str]]:
        """Write the CLI configuration of a run; yield the variables that lead an engine to it.

        The token in it reads in one organization. `hostname` is the name by which the client that made the run reaches the server.
        """
        folder.mkdir(mode=0o700, exist_ok=True)
        with self.tokens.issued(organization_id) as token:
            hostnames = dict.fromkeys((self.hostname, hostname or self.hostname))
            own = cli_configuration(self.url, hostnames, token)
            path = folder / _FILE
            document = _merged(self.users, own)
            if self.provider_mirror is not None:
                document["provider_installation"] = _installation(self.provider_mirror)
            write_private(path, write_cli_document(document))
            variables = {"TF_CLI_CONFIG_FILE": str(path)}
            if self.ca_bundle is not None:
                variables["SSL_CERT_FILE"] = str(self.ca_bundle)
            yield variables


def make_run_access(
    url: str,
    hostname: str,
    environ: Mapping[str, str],
    *,
    ca_file: Path | None,
    provider_mirror: Path | None = None,
) -> RunAccess:
    """Read the CLI configuration of the user of the server, and prepare that of runs.

    Raises `SettingsError` for a mirror that is not a folder.
    """
    if provider_mirror is not None and not provider_mirror.is_dir():
        raise SettingsError(f"the provider mirror {provider_mirror} is not a folder")
    users = read_cli_document(environ)
    for warning in users.warnings:
        log.warning("cli_configuration.not_used", problem=warning)
    return RunAccess(
        url=url,
        hostname=hostname,
        users=users.content,
        provider_mirror=provider_mirror,
        ca_bundle=ca_file and _write_ca_bundle(ca_file, environ.get("SSL_CERT_FILE")),
    )


def environment_of_plans(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of the server that engines get."""
    return {
        name: value
        for name, value in environ.items()
        if not name.startswith(_HIDDEN_PREFIXES) and name not in _HIDDEN_VARIABLES
    }


def cli_configuration(
    url: str, hostnames: Iterable[str], token: str
) -> dict[str, dict[str, Any]]:
    """Return the CLI configuration that leads a client to this server by some names."""
    services = discovery_document(url)
    return {
        "credentials": {hostname: {"token": token} for hostname in hostnames},
        "host": {hostname: {"services": services} for hostname in hostnames},
    }


def _installation(mirror: Path) -> dict[str, Any]:
    """Return that providers of a mirror come from it alone, as from those that Terraform finds.

    https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
    """
    return {
        "filesystem_mirror": {"path": str(mirror)},
        "direct": {"exclude": providers_in(mirror)},
    }


def _merged(users: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration of the user in which this server is only what it is to the run."""
    merged = dict(users)
    for kind, hosts in own.items():
        names = {_normalized(name) for name in hosts}
        others = {
            name: body
            for name, body in users.get(kind, {}).items()
            if _normalized(name) not in names
        }
        merged[kind] = {**others, **hosts}
    return merged


def _normalized(hostname: str) -> str:
    try:
        return normalize_hostname(hostname)
    except BadHostname:
        return hostname


def _write_ca_bundle(ca_file: Path, users_bundle: str | None) -> Path:
    """Write a file with the authority of this server and those that engines trust otherwise."""
    others = users_bundle or ssl.get_default_verify_paths().cafile
    texts = [read_text(ca_file)]
    if others is not None:
        try:
            texts.append(Path(others).read_text(encoding="utf-8", errors="replace"))
        except OSError as error:
            raise SettingsError(f"SSL_CERT_FILE={others}: {error.strerror}") from None
    bundle = ca_file.with_name(_CA_BUNDLE)
    write_secret(bundle, "\n".join(texts))
    return bundle
