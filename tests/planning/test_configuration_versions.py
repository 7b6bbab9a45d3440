"""One upload for many workspaces: where it is promised, after a canary, and never on trust."""

import json
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import anyio
import pytest

from remote_backend.api.client import Client
from remote_backend.api.messages import Request, Response
from remote_backend.errors import (
    ApiError,
    ConfigurationVersionFailed,
    NotFound,
    Rejected,
    TransportError,
)
from remote_backend.events import Event, LogChunkRead, LogEnded, WarningRaised
from remote_backend.models.addresses import SignedUrl
from remote_backend.models.configuration import UploadMode
from remote_backend.models.outcome import Outcome
from remote_backend.models.run import WaitLimits
from remote_backend.models.workspace import Workspace
from remote_backend.planning.batch import run_batch
from remote_backend.planning.configuration_versions import is_refusal
from remote_backend.planning.options import BatchOptions
from remote_backend.planning.recorded_batch import Begun, RecordedBatch
from remote_backend.planning.sharing_cache import SharingCache
from remote_backend.planning.upload_canary import LONGEST_WAIT_SECONDS, Canary
from remote_backend.workspaces import LocalWorkspace
from tests.support.fakes import answer, batch_context
from tests.support.servers import run_virtually

HCP = {"tfp_appname": "HCP Terraform", "tfp_api_version": "2.6"}
TFE = {"x_tfe_version": "v202410-1", "tfp_api_version": "2.6"}
OTF = {"tfp_api_version": "2.5"}
OURS = {"tfp_appname": "remote-backend", "tfp_api_version": "2.6"}
REFUSED_LOG = (
    b"\x02\n\x1b[91mError: \x1b[0munable to download config: "
    b"access to the resource is not permitted\n\x03"
)
PLANNED_LOG = b"\x02Terraform v1.11.4\non linux_amd64\nPlan: 1 to add, 0 to change, 0 to destroy.\n\x03"
FAILED_LOG = b"\x02Terraform v1.11.4\non linux_amd64\nError: no such variable\n\x03"
QUEUED, PLANNING, OVER = range(3)


class Server:
    """A server that takes each run, and that may not let it read what another workspace has."""

    def __init__(self, headers: dict[str, str], *, shares: bool) -> None:
        self.headers = headers
        self.shares = shares
        self.requests: Counter[str] = Counter()
        self.runs: list[dict[str, Any]] = []
        self.versions: list[str] = []
        """The workspaces in which configuration versions were made, in turn."""

        self.polls_until: dict[str, tuple[int, int]] = {}
        """How many polls of a run of a workspace pass until it plans, and until it is over."""

        self.fails: set[str] = set()
        """Workspaces with a mistake in their variables."""

        self.refusal: ApiError | None = None
        """How runs with the version of another workspace are refused; None to make them."""

        self.takes_uploads = 10**9
        """How many configuration versions can be made."""

        self.canceled: set[str] = set()
        self.at_first_plan = 0
        """How many runs had been made when the first foreign one had planned."""

    async def send(self, request: Request) -> Response:
        """Answer a request."""
        await anyio.lowlevel.checkpoint()
        response = self._answer(request)
        return answer(response.status, response.body, **self.headers)

    def is_foreign(self, run: dict[str, Any]) -> bool:
        """Say whether a run uses the configuration version of another workspace."""
        workspace = self.versions[int(run["cv"].removeprefix("cv-"))]
        return workspace != str(run["workspace"])

    def _answer(self, request: Request) -> Response:
        if isinstance(request.target, SignedUrl):
            return self._signed(request, request.target.address)
        self.requests[f"{request.method} {request.where.split('/')[0]}"] += 1
        match request.method, request.where.split("/"):
            case "GET", ["ping"]:
                return answer(204)
            case "POST", ["workspaces", workspace, _]:
                if len(self.versions) >= self.takes_uploads:
                    return answer(422, {"errors": [{"title": "too many"}]})
                self.versions.append(workspace)
                id = f"cv-{len(self.versions) - 1}"
                attributes = {"status": "pending", "upload-url": f"https://t.test/up/{id}"}
                return _document("configuration-versions", id, attributes)
            case "GET", ["configuration-versions", id]:
                return _document("configuration-versions", id, {"status": "uploaded"})
            case "POST", ["runs"]:
                return self._make(request)
            case "POST", ["runs", id, "actions", _]:
                self.canceled.add(id)
                return answer(202)
            case "GET", ["runs", id]:
                run = self.runs[int(id.removeprefix("run-"))]
                run["polls"] += 1
                return self._run(run)
            case "GET", ["plans", id]:
                return self._plan(self.runs[int(id.removeprefix("plan-"))])
        return answer(404)

    def _make(self, request: Request) -> Response:
        assert isinstance(request.body, bytes)
        linked = json.loads(request.body)["data"]["relationships"]
        run = {
            "id": f"run-{len(self.runs)}",
            "workspace": linked["workspace"]["data"]["id"],
            "cv": linked["configuration-version"]["data"]["id"],
            "polls": 0,
        }
        if self.refusal is not None and self.is_foreign(run):
            errors = [{"title": problem} for problem in self.refusal.problems]
            return answer(self.refusal.status, {"errors": errors})
        self.runs.append(run)
        return self._run(run)

    def _stage(self, run: dict[str, Any]) -> int:
        planning, over = self.polls_until.get(run["workspace"], (1, 2))
        stage = QUEUED if run["polls"] < planning else PLANNING
        return OVER if run["polls"] >= over else stage

    def _status(self, run: dict[str, Any]) -> str:
        if run["id"] in self.canceled:
            return "canceled"
        stage = self._stage(run)
        if stage < OVER:
            return ("pending", "planning")[stage]
        return "errored" if self._is_broken(run) else "planned_and_finished"

    def _is_broken(self, run: dict[str, Any]) -> bool:
        return run["workspace"] in self.fails or (self.is_foreign(run) and not self.shares)

    def _run(self, run: dict[str, Any]) -> Response:
        plan = {"data": {"id": run["id"].replace("run", "plan"), "type": "plans"}}
        attributes = {"status": self._status(run), "has-changes": not self._is_broken(run)}
        return _document("runs", run["id"], attributes, {"plan": plan})

    def _plan(self, run: dict[str, Any]) -> Response:
        status = {"planned_and_finished": "finished", "planning": "running"}
        attributes = {
            "status": status.get(self._status(run), self._status(run)),
            "log-read-url": f"https://t.test/logs/{run['id']}",
        }
        return _document("plans", run["id"].replace("run", "plan"), attributes)

    def _signed(self, request: Request, address: str) -> Response:
        if request.method == "PUT":
            return answer(200)
        run = self.runs[int(address.rpartition("-")[2])]
        if self._stage(run) < PLANNING or run["id"] in self.canceled:
            return answer(200)
        log = self._log(run)
        if self.is_foreign(run) and log is not REFUSED_LOG and not self.at_first_plan:
            self.at_first_plan = len(self.runs)
        return answer(200, log[int(dict(request.query)["offset"]) :])

    def _log(self, run: dict[str, Any]) -> bytes:
        if self.is_foreign(run) and not self.shares:
            return REFUSED_LOG
        return FAILED_LOG if run["workspace"] in self.fails else PLANNED_LOG


def _document(
    kind: str, id: str, attributes: dict[str, Any], more: dict[str, Any] | None = None
) -> Response:
    data = {"id": id, "type": kind, "attributes": attributes, "relationships": more or {}}
    return answer(200, {"data": data})


class Planned:
    """What a batch of workspaces on a server came to."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.events: list[Event] = []
        self.outcomes: tuple[Outcome, ...] = ()

    async def plan(
        self,
        options: BatchOptions | None = None,
        *,
        earlier: RecordedBatch | None = None,
        count: int = 6,
    ) -> None:
        """Plan workspaces named ws-0, ws-1, ..."""
        (self.folder / "main.tf").write_text("")
        named = [
            LocalWorkspace(f"{number}", Workspace(id=f"ws-{number}", name=f"net-{number}"))
            for number in range(count)
        ]
        context = batch_context(self.folder, earlier=earlier)
        client = Client(self.server, "acme")
        # In practice the list of workspaces comes first, and its answer may name the server.
        await client.find_workspace("net-0")
        async with run_batch(client, named, options or BatchOptions(), context) as batch:
            async for event in batch:
                self.events.append(event)
        self.outcomes = batch.outcomes

    def log(self, workspace: str) -> bytes:
        """Return the log that was shown for a workspace."""
        return b"".join(
            event.data
            for event in self.events
            if isinstance(event, LogChunkRead) and event.workspace == workspace
        )

    @property
    def warnings(self) -> list[str]:
        """Return what was warned of."""
        return [event.text for event in self.events if isinstance(event, WarningRaised)]


def virtually(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a test in virtual time; one that hangs is reported."""

    async def main() -> None:
        with anyio.fail_after(10_000):
            await work()

    run_virtually(main)


def planned(
    server: Server,
    folder: Path,
    options: BatchOptions | None = None,
    earlier: RecordedBatch | None = None,
) -> Planned:
    """Plan workspaces in virtual time."""
    story = Planned(server, folder)
    virtually(lambda: story.plan(options, earlier=earlier))
    return story


def all_planned(story: Planned) -> bool:
    """Say whether every workspace has its plan and the log of that plan, once."""
    ends = Counter(e.workspace for e in story.events if isinstance(e, LogEnded))
    return all(
        outcome.succeeded
        and story.log(outcome.workspace) == PLANNED_LOG[1:-1]
        and ends[outcome.workspace] == 1
        for outcome in story.outcomes
    )


@pytest.mark.parametrize(
    ("headers", "shares", "uploads", "pings"),
    [
        (HCP, True, 1, 0),
        (TFE, True, 1, 0),
        (OURS, True, 1, 0),
        (OTF, False, 6, 1),
        ({}, False, 6, 1),
        ({"tfp_appname": "Another"}, False, 6, 0),
    ],
)
def test_uploads_are_shared_only_where_that_is_promised(
    headers: dict[str, str], shares: bool, uploads: int, pings: int, tmp_path: Path
) -> None:
    """Servers that do not say that they are HCP or TFE get an upload each (W1)."""
    server = Server(headers, shares=shares)

    story = planned(server, tmp_path)

    assert all_planned(story)
    assert (len(server.versions), len(server.runs)) == (uploads, 6)
    assert server.requests["GET ping"] == pings


def test_the_first_foreign_run_is_a_canary(tmp_path: Path) -> None:
    """Two runs are made until it plans: that of the owner of the upload, and the canary (W1)."""
    server = Server(HCP, shares=True)

    story = planned(server, tmp_path)

    assert all_planned(story)
    assert server.at_first_plan == 2


def test_our_own_server_needs_no_canary(tmp_path: Path) -> None:
    """It is known to share, so all runs are made at once."""
    server = Server(OURS, shares=True)
    server.polls_until = {f"ws-{number}": (3, 4) for number in range(6)}

    planned(server, tmp_path)

    assert server.at_first_plan == 6


def test_a_canary_that_errors_is_planned_again_with_its_own_upload(tmp_path: Path) -> None:
    """One run is lost; the others upload their own, and no log of the lost run is shown (W1)."""
    server = Server(HCP, shares=False)

    story = planned(server, tmp_path)

    assert all_planned(story)
    assert (len(server.versions), len(server.runs)) == (6, 7)
    assert (
        sum(
            "planned again with an upload of its own" in warning
            for warning in story.warnings
        )
        == 1
    )


def test_a_plan_that_fails_by_itself_is_not_planned_again(tmp_path: Path) -> None:
    """The log shows that Terraform ran, so the upload was taken, and sharing goes on."""
    server = Server(HCP, shares=True)
    server.fails = {f"ws-{number}" for number in range(6)}

    story = planned(server, tmp_path)

    assert not any(outcome.succeeded for outcome in story.outcomes)
    assert (len(server.versions), len(server.runs)) == (1, 6)
    assert story.log("1") == FAILED_LOG[1:-1]


def test_a_canary_that_is_stopped_lets_another_try(tmp_path: Path) -> None:
    """A run that waits too long is canceled, and its workspace blocks nobody."""
    server = Server(HCP, shares=True)
    server.polls_until = {"ws-1": (10**9, 10**9)}

    options = BatchOptions(limits=WaitLimits(queue_seconds=20))
    story = planned(server, tmp_path, options)

    assert [outcome.succeeded for outcome in story.outcomes] == [
        True,
        False,
        True,
        True,
        True,
        True,
    ]
    assert len(server.versions) == 1


def test_nobody_waits_for_a_canary_for_ever(tmp_path: Path) -> None:
    """While it is queued the others wait, say so once, and upload their own after a minute."""
    server = Server(HCP, shares=True)
    server.polls_until = {"ws-1": (1000, 1001)}

    story = planned(server, tmp_path)

    assert all_planned(story)
    assert len(server.versions) == 5
    told = [
        warning
        for warning in story.warnings
        if "the other runs wait until 1 has begun" in warning
    ]
    assert len(told) == 1


def test_a_batch_that_is_left_with_a_canary_ends(tmp_path: Path) -> None:
    """The workspaces that wait for it make no run when all are canceled."""
    server = Server(HCP, shares=True)
    server.polls_until = {f"ws-{number}": (10**9, 10**9) for number in range(6)}
    story = Planned(server, tmp_path)

    async def work() -> None:
        with anyio.move_on_after(20):
            await story.plan()

    virtually(work)

    assert len(server.runs) == len(server.canceled) == 2


def test_what_was_found_out_is_remembered(tmp_path: Path) -> None:
    """The second batch has no canary, by host and organization; a refusal is kept as well."""
    for number, shares in enumerate((True, False)):
        remembering = BatchOptions(cache_folder=tmp_path / str(number))
        first = Server(HCP, shares=shares)
        planned(first, tmp_path, remembering)
        second = Server(HCP, shares=shares)
        second.polls_until = {f"ws-{number}": (3, 4) for number in range(6)}

        story = planned(second, tmp_path, remembering)

        assert all_planned(story)
        assert len(second.versions) == (1 if shares else 6)
        assert len(second.runs) == 6
        assert second.at_first_plan == (6 if shares else 0)


def test_a_remembered_success_is_no_proof(tmp_path: Path) -> None:
    """Where the server shares no more, each run is planned again, and the refusal is kept."""
    memory = SharingCache(tmp_path / "cache", "tfe.test", "acme")
    server = Server(HCP, shares=False)

    async def work() -> None:
        await memory.remember(works=True)
        await story.plan(BatchOptions(cache_folder=tmp_path / "cache"))
        assert await memory.recall() is False

    story = Planned(server, tmp_path)
    virtually(work)

    assert all_planned(story)
    assert len(server.versions) == 6


def test_a_resumed_run_may_turn_out_to_be_refused(tmp_path: Path) -> None:
    """The journal says that a run uses a foreign upload, so it is planned again as well."""
    server = Server(HCP, shares=False)
    server.versions = ["ws-0"]
    server.runs = [{"id": "run-0", "workspace": "ws-1", "cv": "cv-0", "polls": 0}]
    begun = Begun(configuration_version_id="cv-0", run_id="run-0", is_foreign=True)
    earlier = RecordedBatch(
        id="batch-1",
        directory=tmp_path,
        hostname="tfe.test",
        organization="acme",
        started_at="2026-01-01T00:00:00.000+00:00",
        workspaces={str(number): f"ws-{number}" for number in range(6)},
        options=BatchOptions(),
        begun={"1": begun},
    )

    story = planned(server, tmp_path, earlier=earlier)

    assert all_planned(story)
    assert "planned again" in "".join(story.warnings)


@pytest.mark.parametrize(
    ("mode", "uploads"), [(UploadMode.EACH, 6), (UploadMode.SHARED, 1)]
)
def test_people_who_choose_are_obeyed(
    mode: UploadMode, uploads: int, tmp_path: Path
) -> None:
    """EACH on a server that shares, and SHARED on one of which nothing is known."""
    server = Server(HCP if mode is UploadMode.EACH else OTF, shares=True)

    story = planned(server, tmp_path, BatchOptions(upload=mode))

    assert all_planned(story)
    assert len(server.versions) == uploads
    assert server.requests["GET ping"] == 0


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\xff\x00",
        b"[]",
        b'{"tfe.test/acme": true}',
        b'{"tfe.test/acme": {"works": "yes", "at": 1}}',
        b'{"tfe.test/acme": {"works": true}}',
        b"[" * 100_000,
    ],
)
async def test_a_damaged_memory_knows_nothing(damage: bytes, tmp_path: Path) -> None:
    """It is ignored, and written anew."""
    memory = SharingCache(tmp_path, "tfe.test", "acme")
    (tmp_path / "sharing.json").write_bytes(damage)

    assert await memory.recall() is None
    await memory.remember(works=True)
    assert await memory.recall() is True


async def test_a_memory_without_a_place_is_a_lost_optimization(tmp_path: Path) -> None:
    """A folder that cannot be made is not an error."""
    (tmp_path / "file").write_text("")
    memory = SharingCache(tmp_path / "file" / "cache", "tfe.test", "acme")

    await memory.remember(works=True)

    assert await memory.recall() is None


async def test_answers_are_kept_by_host_and_organization(tmp_path: Path) -> None:
    """A refusal counts for thirty days, a success until it is refuted."""
    now = [0.0]
    acme, other = (
        SharingCache(tmp_path, "tfe.test", name, clock=lambda: now[0])
        for name in ("acme", "other")
    )
    await acme.remember(works=False)
    await other.remember(works=True)

    assert (await acme.recall(), await other.recall()) == (False, True)
    now[0] = 31 * 24 * 3600
    assert (await acme.recall(), await other.recall()) == (None, True)


async def test_a_proof_outweighs_an_earlier_refusal() -> None:
    """Every workspace that asks after a run has planned is admitted at once."""
    canary = Canary()
    canary.refuse()
    assert not await canary.admit("a")
    canary.prove()

    assert await canary.admit("a")
    assert LONGEST_WAIT_SECONDS == 60


NOT_FOUND = NotFound(404, "POST", "runs", ("not found",))
NAMED = Rejected(422, "POST", "runs", ("Configuration version is not of this workspace",))
OTHER = Rejected(422, "POST", "runs", ("the workspace is locked",))
LOST = ConfigurationVersionFailed("cv-1", "errored", "cannot be unpacked")
BROKEN = TransportError("POST", "runs", "the connection broke", may_have_happened=True)


@pytest.mark.parametrize(
    ("error", "mode", "is_foreign", "refused"),
    [
        (NOT_FOUND, UploadMode.AUTO, True, True),
        (NAMED, UploadMode.AUTO, True, True),
        (LOST, UploadMode.AUTO, True, True),
        (OTHER, UploadMode.AUTO, True, False),
        (BROKEN, UploadMode.AUTO, True, False),
        (NOT_FOUND, UploadMode.AUTO, False, False),
        (NAMED, UploadMode.SHARED, True, False),
        (LOST, UploadMode.SHARED, True, False),
    ],
)
def test_a_version_is_refused_by_certain_errors_only(
    error: Exception, mode: UploadMode, is_foreign: bool, refused: bool
) -> None:
    """Only where an upload of the workspace's own helps, and nobody has chosen a mode (W1)."""
    assert is_refusal(error, mode=mode, is_foreign=is_foreign) is refused


@pytest.mark.parametrize("error", [NOT_FOUND, NAMED, OTHER])
def test_a_refused_run_is_made_again_with_an_own_upload(
    error: ApiError, tmp_path: Path
) -> None:
    """No run is lost: the refused one was never made; other refusals fail the workspace (W1)."""
    server = Server(HCP, shares=False)
    server.refusal = error

    story = planned(server, tmp_path)

    if error is OTHER:
        assert [outcome.succeeded for outcome in story.outcomes].count(True) == 1
        assert {outcome.phase for outcome in story.outcomes} == {None, "queue"}
    else:
        assert all_planned(story)
        assert (len(server.versions), len(server.runs)) == (6, 6)
        assert story.warnings == []


def test_a_failing_own_upload_is_a_failed_upload(tmp_path: Path) -> None:
    """A workspace whose run was refused before is again in the phase of its upload."""
    server = Server(HCP, shares=False)
    server.refusal = NOT_FOUND
    server.takes_uploads = 1

    story = planned(server, tmp_path)

    assert [outcome.phase for outcome in story.outcomes] == [None, *["upload"] * 5]
