"""A small server that answers as a real OTF did, from recorded documents.

The documents in `samples/otf` were recorded in November 2026 (leg100/otf, after v0.6.3); only ids,
names and addresses are replaced. What it does, and others do not:

- a run with the configuration version of another workspace is made (201), and errors later;
- lists of runs whose filter names `save_plan` are empty pages with the number 0;
- there is no list of the runs of an organization, and `include=plan` is ignored;
- `refresh-only` is accepted and ignored;
- a plan never has numbers; its JSON exists, and the redacted JSON does not;
- the state of a state version is taken once; a repeated upload is answered with 500.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from attrs import define, field

from tests.support.paths import SAMPLES

__all__ = ("TOKEN", "OtfLikeServer", "PlannedRun", "serve_otf_like")

TOKEN = "otf-token-of-a-test"
_SAMPLES = SAMPLES / "otf"
_SUFFIX = "nRPgMDecRPLPZS8m"
_VERSION, _WORKSPACE = "cv-vQqMFaXUPAB3454x", "ws-3KoMC2taLXK6PaG3"
_STATE_VERSION = "sv-MYjVffLp2iH6CHPp"
_HEADERS = {"Tfp-Api-Version": "2.5"}
_REFUSED = (
    b"\n\x1b[91mError: \x1b[0munable to download config: "
    b"access to the resource is not permitted\n"
)


@define(eq=False)
class PlannedRun:
    """A run, and how far it has come."""

    number: int
    workspace: str
    version: str
    asked: dict[str, Any]
    reads: int = 0
    is_canceled: bool = False

    @property
    def id(self) -> str:
        """The id of the run."""
        return f"run-{self.suffix}"

    @property
    def suffix(self) -> str:
        """What the ids of the run and its plan have in common."""
        return f"{self.number:016}"


@define(eq=False)
class OtfLikeServer:
    """The state of the server; tests change what goes wrong, and look at what was made."""

    workspaces: list[str]
    """Full names; ids are `ws-` and the name."""

    url: str = ""
    runs: list[PlannedRun] = field(factory=list)
    versions: dict[str, str] = field(factory=dict)
    """The workspaces in which configuration versions were made, by id."""

    uploads: Counter[str] = field(factory=Counter)
    """How often the archive of a configuration version, or a state, was sent."""

    requests: list[str] = field(factory=list)
    refuses_all: bool = False
    """Whether no worker may read a configuration version, as after a change of rights."""

    reads_to_end: int = 1
    """How many reads of a run pass until its plan is over."""

    planning: asyncio.Event = field(factory=asyncio.Event)
    """Until it is set, the plans that have begun go on."""

    in_flight: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(0))
    """Released for each run that was made and whose answer is held."""

    lost: str | None = None
    """What becomes of the answers to runs that are made: "dropped", "502", "html", "held"."""

    app_name: str | None = None
    """What it calls itself; OTF says nothing."""

    applies: bool = False
    """Whether runs are made that might be applied, whatever was requested."""

    log: tuple[bytes, bytes] = (b"Terraform v1.11.4\n", b"Plan: 2 to add, 0 to change\n")
    """The two parts of each log, of which the first is there while a run is planned."""

    def runs_of(self, workspace_id: str) -> list[PlannedRun]:
        """Return the runs of a workspace, the newest first."""
        return [run for run in reversed(self.runs) if run.workspace == workspace_id]

    def document(self, name: str, run: PlannedRun | None = None, **ids: str) -> Any:
        """Return a recorded document with other ids and addresses."""
        text = (_SAMPLES / f"{name}.json").read_text()
        text = text.replace("https://otf.example", self.url)
        if run is not None:
            text = text.replace(_SUFFIX, run.suffix)
            ids = {"workspace": run.workspace, "version": run.version, **ids}
        text = text.replace(_WORKSPACE, ids.get("workspace", _WORKSPACE))
        return json.loads(text.replace(_VERSION, ids.get("version", _VERSION)))

    def is_refused(self, run: PlannedRun) -> bool:
        """Say whether the worker of a run may not read its configuration version."""
        return self.refuses_all or self.versions[run.version] != run.workspace

    def status_of(self, run: PlannedRun) -> str:
        """Return how a run is."""
        if run.is_canceled:
            return "canceled"
        if run.reads == 0:
            return "pending"
        if run.reads < self.reads_to_end or not self.planning.is_set():
            return "planning"
        return "errored" if self.is_refused(run) else "planned_and_finished"

    def run_document(self, run: PlannedRun) -> dict[str, Any]:
        """Return a run as OTF answers with it."""
        status = self.status_of(run)
        name = {"pending": "run_pending", "planning": "run_planning"}.get(
            status, "run_finished"
        )
        document: dict[str, Any] = self.document(name, run)
        attributes = document["data"]["attributes"]
        kept = ("message", "is-destroy", "refresh", "target-addrs", "replace-addrs")
        attributes.update({key: run.asked[key] for key in kept if key in run.asked})
        attributes["plan-only"] = not self.applies
        attributes["variables"] = run.asked.get("variables", [])
        attributes["status"] = status
        attributes["has-changes"] = status == "planned_and_finished"
        return document

    def plan_document(self, run: PlannedRun) -> dict[str, Any]:
        """Return a plan as OTF answers with it, without any numbers."""
        status = self.status_of(run)
        name = {"pending": "plan_queued", "planning": "plan_running"}.get(
            status, "plan_finished"
        )
        document: dict[str, Any] = self.document(name, run)
        if status in ("errored", "canceled"):
            document["data"]["attributes"].update({"status": status, "has-changes": False})
        return document

    def log_of(self, run: PlannedRun) -> bytes:
        """Return the log of a plan as far as it is written."""
        status = self.status_of(run)
        if status in ("pending", "canceled"):
            return b""
        if self.is_refused(run):
            return b"\x02" + _REFUSED + b"\x03"
        if status == "planning":
            return b"\x02" + self.log[0]
        return b"\x02" + b"".join(self.log) + b"\x03"


_SERVER: web.AppKey[OtfLikeServer] = web.AppKey("server", OtfLikeServer)
routes = web.RouteTableDef()


@asynccontextmanager
async def serve_otf_like(
    folder: Path, *, workspaces: list[str]
) -> AsyncIterator[OtfLikeServer]:
    """Run the server, with a CLI configuration `terraform.rc` in the folder."""
    server = OtfLikeServer(workspaces)
    server.planning.set()
    app = web.Application(middlewares=[_guard], client_max_size=1 << 24)
    app[_SERVER] = server
    app.add_routes(routes)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host = f"127.0.0.1:{runner.addresses[0][1]}"
    server.url = f"http://{host}"
    services = {
        name: f"{server.url}{path}"
        for name, path in server.document("discovery").items()
        if name.startswith("tfe.")
    }
    configuration = {
        "credentials": {host: {"token": TOKEN}},
        "host": {host: {"services": services}},
    }
    (folder / "terraform.rc").write_text(json.dumps(configuration))
    try:
        yield server
    finally:
        await runner.cleanup()


@web.middleware
async def _guard(request: web.Request, handler: Any) -> web.StreamResponse:
    server = request.app[_SERVER]
    server.requests.append(f"{request.method} {request.path}")
    token = request.headers.get("Authorization")
    is_api = request.path.startswith("/api/")
    if is_api and token != f"Bearer {TOKEN}":
        return _text("invalid JWT\n", 401)
    assert is_api or token is None, "a signed address must never get the token"
    try:
        response: web.StreamResponse = await handler(request)
    except web.HTTPNotFound:
        response = _text("404 page not found\n", 404)
    if is_api and not response.prepared:
        response.headers.update(_HEADERS)
        if server.app_name is not None:
            response.headers["Tfp-AppName"] = server.app_name
    return response


def _text(text: str, status: int) -> web.Response:
    return web.Response(status=status, text=text)


def _json(document: Any, status: int = 200) -> web.Response:
    return web.json_response(
        document, status=status, content_type="application/vnd.api+json"
    )


def _page(items: list[Any]) -> web.Response:
    numbers = {"current-page": 1, "next-page": None, "total-pages": 1}
    return _json({"data": items, "meta": {"pagination": numbers}})


def _run(request: web.Request) -> PlannedRun:
    number = int(request.match_info["id"].rpartition("-")[2])
    return request.app[_SERVER].runs[number]


@routes.get("/api/v2/ping")
async def _ping(request: web.Request) -> web.Response:
    return web.Response(status=204)


@routes.get("/api/v2/organizations/acme/entitlement-set")
async def _entitlements(request: web.Request) -> web.Response:
    return _json(request.app[_SERVER].document("entitlement_set"))


def _workspace(server: OtfLikeServer, name: str) -> Any:
    document = server.document("workspace", workspace=f"ws-{name}")
    document["data"]["attributes"]["name"] = name
    return document


@routes.get("/api/v2/organizations/acme/workspaces")
async def _list_workspaces(request: web.Request) -> web.Response:
    server = request.app[_SERVER]
    wanted = request.query.get("search[name]", "")
    found = [name for name in server.workspaces if wanted in name]
    return _page([_workspace(server, name)["data"] for name in found])


@routes.get("/api/v2/organizations/acme/workspaces/{name}")
async def _read_workspace(request: web.Request) -> web.Response:
    server, name = request.app[_SERVER], request.match_info["name"]
    if name not in server.workspaces:
        raise web.HTTPNotFound
    return _json(_workspace(server, name))


@routes.post("/api/v2/workspaces/{id}/configuration-versions")
async def _make_version(request: web.Request) -> web.Response:
    server = request.app[_SERVER]
    id = f"cv-{len(server.versions):016}"
    server.versions[id] = request.match_info["id"]
    return _json(server.document("configuration_version_pending", version=id), 201)


@routes.get("/api/v2/configuration-versions/{id}")
async def _read_version(request: web.Request) -> web.Response:
    server, id = request.app[_SERVER], request.match_info["id"]
    document = server.document("configuration_version_uploaded", version=id)
    if not server.uploads[id]:
        document["data"]["attributes"]["status"] = "pending"
    return _json(document)


@routes.put("/signed/SIGNATURE/configuration-versions/{id}/upload")
async def _upload(request: web.Request) -> web.Response:
    server = request.app[_SERVER]
    assert await request.read()
    server.uploads[request.match_info["id"]] += 1
    return web.Response()


@routes.post("/api/v2/runs")
async def _make_run(request: web.Request) -> web.StreamResponse:
    server = request.app[_SERVER]
    data = (await request.json())["data"]
    related = {key: one["data"]["id"] for key, one in data["relationships"].items()}
    run = PlannedRun(
        number=len(server.runs),
        workspace=related["workspace"],
        version=related["configuration-version"],
        asked=data["attributes"],
    )
    server.runs.append(run)
    if server.lost == "held":
        server.in_flight.release()
        await asyncio.Event().wait()
    if server.lost == "dropped" and request.transport is not None:
        request.transport.abort()
    if server.lost == "502":
        return _text("bad gateway", 502)
    if server.lost == "html":
        return web.Response(text="<html>welcome</html>", content_type="text/html")
    return _json(server.run_document(run), 201)


@routes.get("/api/v2/workspaces/{id}/runs")
async def _list_runs(request: web.Request) -> web.Response:
    server = request.app[_SERVER]
    if "save_plan" in request.query.get("filter[operation]", "").split(","):
        return _json(server.document("runs_vacant"))
    runs = server.runs_of(request.match_info["id"])
    return _page([server.run_document(run)["data"] for run in runs])


@routes.get("/api/v2/runs/{id}")
async def _read_run(request: web.Request) -> web.Response:
    run = _run(request)
    run.reads += 1
    return _json(request.app[_SERVER].run_document(run))


@routes.post("/api/v2/runs/{id}/actions/{action}")
async def _stop_run(request: web.Request) -> web.Response:
    _run(request).is_canceled = True
    return web.Response(status=202)


@routes.get("/api/v2/plans/{id}")
async def _read_plan(request: web.Request) -> web.Response:
    return _json(request.app[_SERVER].plan_document(_run(request)))


@routes.get("/api/v2/plans/{id}/json-output")
async def _read_json_plan(request: web.Request) -> web.Response:
    return web.json_response(request.app[_SERVER].document("json_plan"))


@routes.get("/signed/SIGNATURE/runs/{id}/logs/plan")
async def _read_log(request: web.Request) -> web.Response:
    log = request.app[_SERVER].log_of(_run(request))
    offset, limit = int(request.query["offset"]), int(request.query["limit"])
    return web.Response(body=log[offset : offset + limit])


@routes.post("/api/v2/workspaces/{id}/state-versions")
async def _make_state_version(request: web.Request) -> web.Response:
    return _json(request.app[_SERVER].document("state_version_pending"), 201)


@routes.get("/api/v2/state-versions/{id}")
async def _read_state_version(request: web.Request) -> web.Response:
    server = request.app[_SERVER]
    is_stored = server.uploads[request.match_info["id"]]
    name = "state_version_finalized" if is_stored else "state_version_pending"
    return _json(server.document(name))


@routes.put("/signed/SIGNATURE/state-versions/{id}/upload")
async def _upload_state(request: web.Request) -> web.Response:
    server, id = request.app[_SERVER], request.match_info["id"]
    assert await request.read()
    server.uploads[id] += 1
    if server.uploads[id] > 1:
        return _json(server.document("state_upload_repeated"), 500)
    if server.lost == "dropped" and request.transport is not None:
        request.transport.abort()
    return web.Response()
