"""A whole server in this process: open it, use its address, leave the block to end it."""

import json
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path

import anyio
from anyio import to_thread
from attrs import evolve, field, frozen

from remote_backend.engine.plan import CommandEngine, PlanEngine
from remote_backend.engine.program import find_programs
from remote_backend.engine.provider_cache import ProviderCache
from remote_backend.engine.simulated import SimulatedEngine
from remote_backend.errors import PlainTraffic, SettingsError
from remote_backend.exception_groups import raise_lone_exception
from remote_backend.server.auth import (
    Signer,
    digest_of,
    make_token,
    read_or_create_secret,
    write_secret,
)
from remote_backend.server.context import ServerContext
from remote_backend.server.data_directory import (
    CLI_CONFIG,
    PROVIDERS,
    RECORDS,
    SECRET,
    TOKEN,
    used_alone,
)
from remote_backend.server.embedded_server import EmbeddedServer, backend_block
from remote_backend.server.fault_rules import Faults, FaultSettings
from remote_backend.server.files import Files
from remote_backend.server.ids import make_id, now_text
from remote_backend.server.listener import accepting, is_loopback, make_tls, open_listener
from remote_backend.server.metrics import Metrics
from remote_backend.server.organization_records import (
    HOME_ORGANIZATION_ID,
    OrganizationRecord,
    ProjectRecord,
    new_default_project,
)
from remote_backend.server.organizations import Organizations
from remote_backend.server.records import OWNER, UserRecord
from remote_backend.server.retention import Retention
from remote_backend.server.run_access import (
    RunAccess,
    cli_configuration,
    environment_of_plans,
    make_run_access,
)
from remote_backend.server.run_queue import RunQueue
from remote_backend.server.seed import SeedWorkspace
from remote_backend.server.seed_records import store_seed_workspace
from remote_backend.server.store import Records, open_store

__all__ = ("EmbeddedServer", "ServerSettings", "backend_block", "serve")


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

    provider_mirror: Path | None = None
    """A filesystem mirror: what it has is installed from there alone."""

    simulated: SimulatedEngine = field(factory=SimulatedEngine, repr=False)
    """How the engine of that name pretends."""

    workers: int = 4
    keep_days: float = 90.0
    """How long logs, JSON plans, superseded archives and unused providers stay; 0 keeps them
    for ever."""

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
    providers = ProviderCache(settings.data / PROVIDERS, settings.provider_mirror)
    engine, engine_name = await to_thread.run_sync(
        _find_engine, settings, environ, providers
    )
    await to_thread.run_sync(_require_private_traffic, settings)
    with (
        used_alone(settings.data),
        closing(open_listener(settings.host, settings.port)) as listener,
    ):
        tls, ca_file = None, None
        if settings.tls:
            tls, ca_file = await to_thread.run_sync(make_tls, settings.data, settings.host)
        server = _describe_server(settings, listener, ca_file, engine_name)
        access = await to_thread.run_sync(
            _make_run_access, server, environ, settings.provider_mirror
        )
        async with open_store(settings.data / RECORDS) as store:
            organizations = Organizations()
            await organizations.change(
                store, lambda records: _store_seed(records, settings, server.token)
            )
            files, metrics = Files(settings.data), Metrics()
            run_queue = RunQueue(
                store,
                files,
                engine,
                environ=environment_of_plans(environ),
                workers=settings.workers,
                faults=server.faults,
                count_run=metrics.count_run,
                access=access,
            )
            retention = Retention(
                store=store, files=files, providers=providers, keep_days=settings.keep_days
            )
            secret = read_or_create_secret(settings.data / SECRET, make_token)
            context = ServerContext(
                store=store,
                files=files,
                run_queue=run_queue,
                signer=Signer(secret.encode()),
                organizations=organizations,
                faults=server.faults,
                metrics=metrics,
                open_metrics=settings.open_metrics,
                engine_versions=engine.versions,
                run_tokens=access.tokens,
            )
            with raise_lone_exception():
                async with anyio.create_task_group() as group:
                    await retention.start()
                    group.start_soon(retention.sweep_regularly)
                    await group.start(run_queue.process_runs)
                    async with accepting(context, listener, tls):
                        yield server
                    group.cancel_scope.cancel()


def _find_engine(
    settings: ServerSettings, environ: Mapping[str, str], providers: ProviderCache
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
    return CommandEngine(programs[0], programs[1:], providers), ", ".join(described)


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
    if not (settings.tls or settings.plain_http or is_loopback(settings.host)):
        raise PlainTraffic(settings.host)


def _store_seed(records: Records, settings: ServerSettings, token: str) -> None:
    digest = digest_of(token)
    # Tokens of earlier starts stop being valid when another one is given.
    owner = next((user for user in records.all(UserRecord) if user.name == OWNER), None)
    if owner is None:
        owner = UserRecord(id=make_id("user"), name=OWNER, token_digest=digest)
    same = records.find_named(UserRecord, digest)
    if same is not None and same.id != owner.id:
        raise SettingsError(f"the token is that of {same.name}; choose another one")
    records.put(evolve(owner, token_digest=digest))
    home = _store_home(records, settings.organization)
    for seed in settings.seed:
        store_seed_workspace(records, home, seed)


def _store_home(records: Records, name: str) -> OrganizationRecord:
    """Store the organization of the settings, whose name may differ from that of last time."""
    same = records.find_named(OrganizationRecord, name)
    if same is not None and not same.is_home:
        raise SettingsError(
            f"a client made another organization {name} on this server; choose another name"
        )
    home = records.find(OrganizationRecord, HOME_ORGANIZATION_ID) or OrganizationRecord(
        id=HOME_ORGANIZATION_ID, name=name, created_at=now_text()
    )
    if records.find(ProjectRecord, home.default_project_id) is None:
        records.put(new_default_project(home))
    return records.put(evolve(home, name=name))


def _describe_server(
    settings: ServerSettings,
    listener: socket.socket,
    ca_file: Path | None,
    engine_name: str,
) -> EmbeddedServer:
    port = listener.getsockname()[1]
    scheme = "https" if ca_file else "http"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"{scheme}://{_connectable(host)}:{port}"
    hostname = f"{'localhost' if settings.host in _LOCAL_HOSTS else settings.host}:{port}"
    server = EmbeddedServer(
        url=url,
        hostname=hostname,
        organization=settings.organization,
        token=_token(settings),
        token_file=settings.data / TOKEN,
        cli_config_file=settings.data / CLI_CONFIG,
        ca_file=ca_file,
        engine=engine_name,
        faults=Faults(settings.faults),
    )
    write_secret(server.cli_config_file, _cli_configuration(server))
    return server


_LOCAL_HOSTS = frozenset({"127.0.0.1", "::1", "localhost", "0.0.0.0", "::"})


def _connectable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)


def _cli_configuration(server: EmbeddedServer) -> str:
    # Clients of all ages read JSON too, and ours in less time.
    configuration = cli_configuration(server.url, [server.hostname], server.token)
    return json.dumps(configuration, indent=2) + "\n"


def _make_run_access(
    server: EmbeddedServer, environ: Mapping[str, str], mirror: Path | None
) -> RunAccess:
    return make_run_access(
        server.url,
        server.hostname,
        environ,
        ca_file=server.ca_file,
        provider_mirror=mirror,
    )
