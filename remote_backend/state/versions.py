"""State versions on a server: read the current one, write a new one once and confirm it."""

from collections.abc import Awaitable, Callable

import anyio
from attrs import evolve, field, frozen

from remote_backend.api.client import Client
from remote_backend.api.error_texts import is_state_content_required, state_conflict_cause
from remote_backend.errors import (
    ApiError,
    Conflict,
    NotAuthorized,
    NotFound,
    OtherState,
    Rejected,
    RemoteBackendError,
    StateConflict,
    StateError,
    StateUnconfirmed,
    TransportError,
    UnexpectedAnswer,
    may_have_happened,
)
from remote_backend.models.addresses import SignedUrl
from remote_backend.models.state import StateVersion, StateVersionRequest
from remote_backend.models.workspace import Workspace
from remote_backend.state.file import StateFile, md5_of
from remote_backend.structured_logging import Log

__all__ = ("download_state", "write_state")

log = Log()

_ATTEMPTS = 4
_UPLOAD_ATTEMPTS = 3
_PENDING_SECONDS = 60.0
_LONGEST_PENDING_WAIT_SECONDS = 3.0
_LOST = frozenset({"discarded", "errored"})
_UNSURE = (ApiError, TransportError, UnexpectedAnswer)


async def download_state(client: Client, workspace: Workspace) -> bytes:
    """Return the bytes of the current state without parsing them; empty when there is none.

    Raises `StateError` for bytes that were damaged on their way.
    """
    version = await client.find_current_state_version(workspace.id)
    if version is not None:
        return await _download(client, workspace, version)
    if workspace.current_state_version_id is not None or (
        workspace.permissions.can_read_state_versions is False
    ):
        # Without the permission, servers respond as if there were no state.
        raise StateError(
            f"the token may not read the state of {workspace.name}; ask for that permission"
        )
    return b""


async def write_state(
    client: Client,
    workspace: Workspace,
    state: StateFile,
    *,
    force: bool = False,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    on_part_sent: Callable[[], None] | None = None,
) -> None:
    """Store a state and confirm that it is the current one; we must hold the lock.

    Writing the same bytes with the same serial is idempotent. `on_part_sent` is called after
    each part of the state. Raises `StateConflict` when something else was stored, and
    `StateUnconfirmed` with the bytes when the outcome is unknown.
    """
    data = state.data
    request = StateVersionRequest(
        workspace_id=workspace.id,
        serial=state.serial,
        md5=md5_of(data),
        lineage=state.lineage or None,
        force=force,
    )
    writing = _Writing(client, workspace, request, data, sleep, on_part_sent)
    problem: Exception | None = None
    for attempt in range(_ATTEMPTS):
        if attempt:
            await sleep(0.2 * 2**attempt)
        try:
            await writing.write_once()
            return
        except (Conflict, StateConflict) as error:
            if await writing.is_current(problem or error):
                return
            raise _conflict(workspace, error) from error
        except _UNSURE as error:
            if problem is None and not may_have_happened(error):
                raise _refused(workspace, error) from error
            log.info("state.doubtful", workspace=workspace.name, problem=str(error))
            # A refusal now does not mean that an earlier attempt had no effect.
            problem = problem or error
            if await writing.is_current(problem):
                return
            if not may_have_happened(error):
                break
    raise StateUnconfirmed(workspace.name, str(problem), data)


@frozen
class _Writing:
    """The write of a state to a server, in several attempts."""

    client: Client
    workspace: Workspace
    request: StateVersionRequest
    data: bytes = field(repr=False)
    sleep: Callable[[float], Awaitable[None]]
    on_part_sent: Callable[[], None] | None

    async def write_once(self) -> None:
        """Create a state version, upload its bytes, and wait until it is final."""
        version = await self._create()
        if version.upload_url is not None and version.status != "finalized":
            version = await self._upload(version, version.upload_url)
        await _await_final(self.client, version)

    async def _create(self) -> StateVersion:
        try:
            return await self.client.create_state_version(self.request)
        except ApiError as error:
            if not is_state_content_required(error):
                raise
        inline = evolve(self.request, state=self.data)
        return await self.client.create_state_version(
            inline, on_part_sent=self.on_part_sent
        )

    async def _upload(self, version: StateVersion, address: SignedUrl) -> StateVersion:
        """Upload the bytes and return the version as it is afterwards.

        Servers refuse a second upload of bytes that have arrived (OTF responds with 500), so
        the version is read after each failure: the server still waits for the bytes only while
        it is pending.
        """
        problem: Exception | None = None
        for attempt in range(_UPLOAD_ATTEMPTS):
            if attempt:
                await self.sleep(0.2 * 2**attempt)
            try:
                await self.client.upload_state(
                    address, self.data, on_part_sent=self.on_part_sent
                )
                return version
            except _UNSURE as error:
                # The first ambiguous failure stays the one to report.
                problem = problem or error
                is_final = not may_have_happened(error)
            try:
                version = await self.client.read_state_version(version.id)
            except _UNSURE:
                break
            if version.status != "pending":
                return version
            if is_final:
                break
        assert problem is not None
        raise problem

    async def is_current(self, problem: Exception) -> bool:
        """Return whether exactly these bytes are the current state: only the response was lost."""
        try:
            current = await self.client.find_current_state_version(self.workspace.id)
            if current is None or current.serial not in (None, self.request.serial):
                return False
            if current.md5:
                return current.md5 == self.request.md5
            return await _download(self.client, self.workspace, current) == self.data
        except RemoteBackendError:
            raise StateUnconfirmed(
                self.workspace.name, str(problem), self.data
            ) from problem


def _refused(workspace: Workspace, error: Exception) -> Exception:
    """Return the error to raise for a request that was refused in the first attempt."""
    if not isinstance(error, Rejected):
        return error
    problems = "; ".join(error.problems) or str(error)
    return StateError(f"the server refused the state of {workspace.name}: {problems}")


def _conflict(workspace: Workspace, error: Exception) -> StateConflict:
    """Return why a server refused a state (409 and 412), and what to do."""
    cause = state_conflict_cause(error)
    kind = StateConflict
    if cause == "lock":
        why = "its lock is not ours any more; find out who works on it before you try again"
    elif cause == "md5":
        kind = OtherState
        why = "the workspace has another state with the same serial; compare both"
    elif cause == "lineage":
        why = (
            "the workspace has a state of another lineage; check whether this is the right "
            "workspace"
        )
    else:
        kind = OtherState
        why = "the workspace has another state; compare both"
    return kind(f"the state of {workspace.name} was not stored: {why} ({error})")


async def _await_final(client: Client, version: StateVersion) -> None:
    """Poll a state version whose bytes were sent until it is final.

    Raises `TransportError`, an ambiguous failure, when it does not become final in time.
    """
    problem = "it stays pending"
    wait_seconds = 0.05
    try:
        with anyio.move_on_after(_PENDING_SECONDS):
            while version.status == "pending":
                version = await client.read_state_version(version.id)
                if version.status == "pending":
                    await anyio.sleep(wait_seconds)
                    wait_seconds = min(_LONGEST_PENDING_WAIT_SECONDS, wait_seconds * 2)
    except _UNSURE as error:
        problem = str(error)
    if version.status == "pending":
        where = f"state-versions/{version.id}"
        raise TransportError("PUT", where, problem, may_have_happened=True)
    if version.status in _LOST:
        raise StateConflict(f"state version {version.id} is {version.status}")


async def _download(client: Client, workspace: Workspace, version: StateVersion) -> bytes:
    if version.download_address is None:
        raise StateError(f"the server gives no address of the state of {workspace.name}")
    try:
        data = await client.download_state(version.download_address)
    except (NotFound, NotAuthorized):
        # The address may have expired; reading the version again gives a new one.
        renewed = await client.read_state_version(version.id)
        if renewed.download_address is None:
            raise
        data = await client.download_state(renewed.download_address)
    wrong_size = version.size is not None and version.size not in (0, len(data))
    if wrong_size or (version.md5 and version.md5 != md5_of(data)):
        raise StateError(
            f"the state of {workspace.name} was damaged on its way; try again, and check "
            f"state version {version.id} on the server"
        )
    return data
