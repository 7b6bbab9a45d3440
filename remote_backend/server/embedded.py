"""A whole server in this process: open it, use its address, leave the block to end it."""

import ipaddress
import json
import socket
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from aiohttp import web
from anyio import to_thread
from attrs import evolve, field, frozen

from remote_backend.engine.plan import CommandEngine, PlanEngine
from remote_backend.engine.program import find_programs
from remote_backend.engine.simulated import SimulatedEngine
from remote_backend.errors import PlainTraffic, SettingsError
from remote_backend.exception_groups import raise_lone_exception
from remote_backend.server.app import make_app
from remote_backend.server.auth import (
    Signer,
    digest_of,
    make_token,
    read_or_create_secret,
    write_secret,
)
from remote_backend.server.connection_log import connection_logger
from remote_backend.server.context import ServerContext
from remote_backend.server.data_directory import (
    CLI_CONFIG,
    RECORDS,
    SECRET,
    TOKEN,
    used_alone,
)
from remote_backend.server.documents.organizations import discovery_document
from remote_backend.server.documents.request_documents import RequestDocument
from remote_backend.server.documents.variables import variable_from_request
from remote_backend.server.documents.workspaces import workspace_from_request
from remote_backend.server.embedded_server import EmbeddedServer, backend_block
from remote_backend.server.fault_rules import Faults, FaultSettings
from remote_backend.server.files import Files
from remote_backend.server.ids import make_id, now_text
from remote_backend.server.metrics import Metrics
from remote_backend.server.records import (
    DEFAULT_PROJECT_ID,
    OWNER,
    ProjectRecord,
    UserRecord,
    VariableRecord,
    WorkspaceRecord,
    new_default_project,
    new_variable,
    new_workspace,
)
from remote_backend.server.retention import Retention
from remote_backend.server.run_queue import RunQueue
from remote_backend.server.seed import SeedWorkspace
from remote_backend.server.silent_connections import SilentConnections
from remote_backend.server.store import Records, Store, open_store

__all__ = ("EmbeddedServer", "ServerSettings", "backend_block", "serve")

# Variables of the server and of its user, which the plans of others must not see.
_HIDDEN_PREFIXES = ("TF_VAR_", "TF_CLI_ARGS", "TF_TOKEN_", "REMOTE_BACKEND_")
_HIDDEN_VARIABLES = (
    "TF_WORKSPACE",
    "TF_DATA_DIR",
    "TF_LOG",
    "TF_LOG_PATH",
    "TFE_RUN_ID",
)


@frozen(kw_only=True)
class ServerSettings:
    """How a server is set up."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 0
    """0 takes any port that is free."""

    organization: str = "local"
    token: str | None = field(default=None, repr=False)
    """None keeps the one of last time, or makes one."""

    seed: Sequence[SeedWorkspace] = ()
    engine: str | None = None
    """Which program plans: its name, its path, or a folder of programs. None takes the first
    that is installed."""

    more_engines: Sequence[str] = ()
    """Programs, in the same way, for runs and workspaces of other versions."""

    simulated: SimulatedEngine = field(factory=SimulatedEngine, repr=False)
    """How the engine of that name pretends."""

    workers: int = 4
    keep_days: float = 90.0
    """How long logs, JSON plans and superseded archives stay; 0 keeps them for ever."""

    tls: bool = False
    open_metrics: bool = False
    """Whether metrics can be read without a token."""

    plain_http: bool = False
    """Whether HTTP may leave this machine, for instance to a proxy that adds TLS."""

    faults: FaultSettings = field(factory=FaultSettings)
    """How it misbehaves, for tests and benchmarks."""


@asynccontextmanager
async def serve(
    settings: ServerSettings, environ: Mapping[str, str]
) -> AsyncIterator[EmbeddedServer]:
    """Run a server until the block is left; what it was planning then ends as errored, and
    what waits gets its turn when the same data are served again.

    Raises `EngineError` without an engine and `SettingsError` for a folder that another
    server uses or an address that cannot be had.
    """
    engine, engine_name = await to_thread.run_sync(_find_engine, settings, environ)
    await to_thread.run_sync(_require_private_traffic, settings)
    with used_alone(settings.data):
        async with open_store(settings.data / RECORDS) as store:
            token = _token(settings)
            await _store_seed(store, settings, token)
            files = Files(settings.data)
            faults, metrics = Faults(settings.faults), Metrics()
            run_queue = RunQueue(
                store,
                files,
                engine,
                environ=_environment_of_plans(environ),
                workers=settings.workers,
                faults=faults,
                count_run=metrics.count_run,
            )
            retention = Retention(store=store, files=files, keep_days=settings.keep_days)
            secret = read_or_create_secret(settings.data / SECRET, make_token)
            context = ServerContext(
                store=store,
                files=files,
                run_queue=run_queue,
                signer=Signer(secret.encode()),
                organization=settings.organization,
                created_at=now_text(),
                faults=faults,
                metrics=metrics,
                open_metrics=settings.open_metrics,
                engine_versions=engine.versions,
            )
            with raise_lone_exception():
                async with anyio.create_task_group() as group:
                    await retention.start()
                    group.start_soon(retention.sweep_regularly)
                    await group.start(run_queue.process_runs)
                    async with _listening(context, settings) as (port, ca_file):
                        yield _describe_server(
                            settings, port, ca_file, token, engine_name, faults
                        )
                    group.cancel_scope.cancel()


def _find_engine(
    settings: ServerSettings, environ: Mapping[str, str]
) -> tuple[PlanEngine, str]:
    if settings.engine == "simulated":
        seeded = {
            workspace.name: workspace.simulation
            for workspace in settings.seed
            if workspace.simulation
        }
        by_workspace = {**seeded, **settings.simulated.by_workspace}
        return evolve(settings.simulated, by_workspace=by_workspace), "simulated"
    names = [name for name in (settings.engine, *settings.more_engines) if name]
    programs = find_programs(names, environ)
    described = [f"{each.product} {each.version} ({each.name})" for each in programs]
    return CommandEngine(programs[0], programs[1:]), ", ".join(described)


def _token(settings: ServerSettings) -> str:
    path = settings.data / TOKEN
    token = settings.token
    if token is None:
        token = read_or_create_secret(path, make_token)
    if not token.strip():
        # Everyone would know it.
        raise SettingsError(
            "the token is empty; leave it out to have one made, after removing an empty "
            f"{path}"
        )
    if settings.token is not None:
        write_secret(path, token)
    return token


def _require_private_traffic(settings: ServerSettings) -> None:
    """Raise `SettingsError` where others in the network could read tokens and states."""
    if not (settings.tls or settings.plain_http or _is_loopback(settings.host)):
        raise PlainTraffic(settings.host)


def _is_loopback(host: str) -> bool:
    try:
        addresses = {entry[4][0] for entry in socket.getaddrinfo(host, None)}
    except OSError:
        # Listening there fails too, with a better error.
        return True
    return all(
        ipaddress.ip_address(str(address).partition("%")[0]).is_loopback
        for address in addresses
    )


async def _store_seed(store: Store, settings: ServerSettings, token: str) -> None:
    def fill(records: Records) -> None:
        digest = digest_of(token)
        # Tokens of earlier starts stop being valid when another one is given.
        owner = next((user for user in records.all(UserRecord) if user.name == OWNER), None)
        if owner is None:
            owner = UserRecord(id=make_id("user"), name=OWNER, token_digest=digest)
        same = records.find_named(UserRecord, digest)
        if same is not None and same.id != owner.id:
            raise SettingsError(f"the token is that of {same.name}; choose another one")
        records.put(evolve(owner, token_digest=digest))
        if records.find(ProjectRecord, DEFAULT_PROJECT_ID) is None:
            records.put(new_default_project())
        for seed in settings.seed:
            _store_seed_workspace(records, seed)

    await store.write(fill)


def _store_seed_workspace(records: Records, seed: SeedWorkspace) -> None:
    workspace = records.find_named(WorkspaceRecord, seed.name) or new_workspace(seed.name)
    attributes: dict[str, object] = {
        "working-directory": seed.working_directory,
        "terraform-version": seed.terraform_version,
    }
    # What a seed does not name stays as clients have set it.
    if seed.description is not None:
        attributes["description"] = seed.description
    if seed.tags:
        attributes["tag-names"] = list(seed.tags)
    workspace = records.put(
        workspace_from_request(workspace, RequestDocument(attributes=attributes))
    )
    stored_variables = {
        (variable.key, variable.category): variable
        for variable in records.all(VariableRecord, workspace.id)
    }
    for variable in seed.variables:
        before = stored_variables.get(
            (variable.key, variable.category), new_variable(workspace.id, variable.key)
        )
        asked_variable = RequestDocument(
            attributes={
                "value": variable.value,
                "category": variable.category,
                "hcl": variable.hcl,
                "sensitive": variable.sensitive or before.sensitive,
                "description": variable.description,
            }
        )
        records.put(variable_from_request(before, asked_variable))


def _tls_for(settings: ServerSettings) -> tuple[ssl.SSLContext, Path]:
    """Make a certificate; return a context with it, and the file of its authority."""
    try:
        from remote_backend.server.certificate import make_certificate
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"HTTPS needs a certificate, and the package {error.name} that makes it is not "
            "installed; run: pip install cryptography"
        ) from None
    hosts = dict.fromkeys(("localhost", "127.0.0.1", "::1", settings.host))
    certificate = make_certificate(settings.data, hosts)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.file, certificate.key_file)
    return context, certificate.authority_file


@asynccontextmanager
async def _listening(
    context: ServerContext, settings: ServerSettings
) -> AsyncIterator[tuple[int, Path | None]]:
    """Serve on the address of the settings; yield the port and the authority of HTTPS."""
    tls, ca_file = None, None
    if settings.tls:
        tls, ca_file = await to_thread.run_sync(_tls_for, settings)
    silent_connections = SilentConnections()
    runner = web.AppRunner(
        make_app(context, silent_connections),
        access_log=None,
        logger=connection_logger(),
        shutdown_timeout=2.0,
    )
    await runner.setup()
    try:
        listener = _listen(settings)
        site = web.SockSite(runner, listener, ssl_context=tls)
        await site.start()
        async with anyio.create_task_group() as group:
            group.start_soon(silent_connections.watch, lambda: _connections(runner))
            yield listener.getsockname()[1], ca_file
            group.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await runner.cleanup()


def _connections(runner: web.AppRunner) -> list[web.RequestHandler]:
    return runner.server.connections if runner.server is not None else []


def _listen(settings: ServerSettings) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        return socket.create_server(
            (settings.host, settings.port), family=family, backlog=1024
        )
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror or error}"
        ) from None


def _describe_server(
    settings: ServerSettings,
    port: int,
    ca_file: Path | None,
    token: str,
    engine_name: str,
    faults: Faults,
) -> EmbeddedServer:
    scheme = "https" if ca_file else "http"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"{scheme}://{_connectable(host)}:{port}"
    hostname = f"{'localhost' if settings.host in _LOCAL_HOSTS else settings.host}:{port}"
    server = EmbeddedServer(
        url=url,
        hostname=hostname,
        organization=settings.organization,
        token=token,
        token_file=settings.data / TOKEN,
        cli_config_file=settings.data / CLI_CONFIG,
        ca_file=ca_file,
        engine=engine_name,
        faults=faults,
    )
    write_secret(server.cli_config_file, _cli_configuration(server))
    return server


_LOCAL_HOSTS = frozenset({"127.0.0.1", "::1", "localhost", "0.0.0.0", "::"})


def _connectable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)


def _cli_configuration(server: EmbeddedServer) -> str:
    # Clients of all ages read JSON too, and ours in less time.
    services = discovery_document(server.url)
    configuration = {
        "credentials": {server.hostname: {"token": server.token}},
        "host": {server.hostname: {"services": services}},
    }
    return json.dumps(configuration, indent=2) + "\n"


def _environment_of_plans(environ: Mapping[str, str]) -> dict[str, str]:
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith(_HIDDEN_PREFIXES) and name not in _HIDDEN_VARIABLES
    }
    # Each log would begin with a warning about a file that is not there.
    if not Path(kept.get("TF_CLI_CONFIG_FILE", "")).is_file():
        kept.pop("TF_CLI_CONFIG_FILE", None)
    return kept
