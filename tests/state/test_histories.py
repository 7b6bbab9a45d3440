"""Random histories of two who change one state over a network that breaks."""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import anyio
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from remote_backend.client import Client
from remote_backend.errors import (
    RemoteBackendError,
    StateError,
    StateUnconfirmed,
    TransportError,
)
from remote_backend.messages import Request, Response, SignedUrl
from remote_backend.models.workspace import Workspace
from remote_backend.state.file import StateFile, parse_state
from remote_backend.state.json_text import set_member
from remote_backend.state.storage import LockOptions, change_state, read_state
from tests.fakes import answer

WORKSPACE = Workspace(id="ws-1", name="net-dev")
FAULTS = (
    "none",
    "none",
    "none",
    "none",
    "lost before",
    "lost after",
    "502",
    "502 after",
    "409",
)


class Memory:
    """A server of one workspace, with the rules of the API for locks and states."""

    def __init__(self) -> None:
        self.locked_reason: str | None = None
        self.versions: list[dict[str, Any]] = []
        self.plan: list[str] = []

    @property
    def current(self) -> dict[str, Any] | None:
        """The newest state version that has its bytes."""
        return next(
            (one for one in reversed(self.versions) if one["data"] is not None), None
        )

    async def send(self, request: Request) -> Response:
        """Answer, unless the plan of faults says otherwise."""
        fault = self.plan.pop(0) if self.plan else "none"
        if fault == "lost before":
            raise TransportError(request.method, "x", "broke", may_have_happened=True)
        if fault == "502":
            return answer(502)
        if fault == "409" and request.method == "POST":
            return answer(409, {"errors": ["conflict"]})
        response = self._answer(request)
        if fault == "lost after":
            raise TransportError(request.method, "x", "broke", may_have_happened=True)
        return answer(502) if fault == "502 after" else response

    def _answer(self, request: Request) -> Response:
        if isinstance(request.target, SignedUrl):
            number = int(request.target.address.rpartition("/")[2])
            return self._signed(request, self.versions[number])
        assert isinstance(request.target, str)
        action = request.target.rpartition("/")[2]
        handlers: dict[str, Callable[[Request], Response]] = {
            "lock": self._lock,
            "unlock": self._unlock,
            "force-unlock": self._force,
            "current-state-version": lambda _: self._described(self.current),
            "state-versions": self._create,
            "net-dev": lambda _: self._workspace(),
        }
        if action in handlers:
            return handlers[action](request)
        return self._described(self.versions[int(action.removeprefix("sv-"))])

    def _lock(self, request: Request) -> Response:
        if self.locked_reason is not None:
            return answer(409, {"errors": ["already locked"]})
        assert isinstance(request.body, bytes)
        self.locked_reason = json.loads(request.body)["data"]["attributes"]["reason"]
        return self._workspace()

    def _unlock(self, _: Request) -> Response:
        if self.locked_reason is None:
            return answer(409, {"errors": ["not locked"]})
        if self.versions and self.versions[-1]["data"] is None:
            return answer(422, {"errors": ["the latest state version is still pending"]})
        return self._force(_)

    def _force(self, _: Request) -> Response:
        self.locked_reason = None
        return self._workspace()

    def _create(self, request: Request) -> Response:
        assert isinstance(request.body, bytes)
        asked = json.loads(request.body)["data"]["attributes"]
        current = self.current
        if self.locked_reason is None:
            return answer(409, {"errors": ["only when locked"]})
        if current is not None and asked["serial"] <= current["serial"]:
            if (asked["serial"], asked["md5"]) == (current["serial"], current["md5"]):
                return self._described(current)
            return answer(409, {"errors": ["serial"]})
        data = base64.b64decode(asked["state"]) if "state" in asked else None
        number = len(self.versions)
        self.versions.append(
            {"number": number, "serial": asked["serial"], "md5": asked["md5"], "data": data}
        )
        return self._described(self.versions[-1])

    def _signed(self, request: Request, version: dict[str, Any]) -> Response:
        if request.method == "GET":
            return answer(200, version["data"])
        assert isinstance(request.body, bytes)
        if version["data"] is not None or version is not self.versions[-1]:
            return answer(409, {"errors": ["not pending"]})
        assert hashlib.md5(request.body).hexdigest() == version["md5"]
        version["data"] = request.body
        return answer(200)

    def _workspace(self) -> Response:
        attributes = {
            "name": "net-dev",
            "locked": self.locked_reason is not None,
            "locked-reason": self.locked_reason or "",
        }
        return answer(
            200, {"data": {"id": "ws-1", "type": "workspaces", "attributes": attributes}}
        )

    def _described(self, version: dict[str, Any] | None) -> Response:
        if version is None:
            return answer(404)
        pending = version["data"] is None
        address = f"https://blobs.test/{version['number']}"
        attributes = {
            "serial": version["serial"],
            "status": "pending" if pending else "finalized",
            "hosted-state-download-url": None if pending else address,
            "hosted-state-upload-url": address if pending else None,
        }
        resource = {
            "id": f"sv-{version['number']}",
            "type": "state-versions",
            "attributes": attributes,
        }
        return answer(200, {"data": resource})


def first() -> StateFile:
    """Return the state that begins a history."""
    return parse_state(
        b'{"version": 4, "serial": 1, "lineage": "l", "outputs": {}, "resources": []}'
    )


async def pass_by(seconds: float) -> None:
    """Let a wait pass at once."""


class Histories(RuleBasedStateMachine):
    """Two clients add outputs, one name each time; what was confirmed must stay."""

    def __init__(self) -> None:
        super().__init__()
        self.server = Memory()
        self.confirmed: list[str] = []
        self.asked = 0

    @rule(plan=st.lists(st.sampled_from(FAULTS), max_size=14))
    def change(self, plan: list[str]) -> None:
        """Add an output under faults; it is confirmed, or an error tells that it may not be."""
        self.asked += 1
        name = f"o{self.asked}"
        self.server.plan = list(plan)
        try:
            anyio.run(self._add, name)
            self.confirmed.append(name)
        except StateUnconfirmed as error:
            assert name in error.state.decode()
        except RemoteBackendError as error:
            told = str(error)
            if self.server.locked_reason is not None and not isinstance(error, StateError):
                # The lock may be ours without our knowing; the next one is told by whom.
                assert (
                    "net-dev" in told
                    or "actions" in told
                    or "broke" in told
                    or "answered" in told
                )
        self.server.plan = []

    @rule()
    def recover(self) -> None:
        """Take a lock away that an error has told of."""
        if self.server.locked_reason is not None:
            anyio.run(Client(self.server, "acme").force_unlock_workspace, "ws-1")

    @invariant()
    def nothing_confirmed_is_lost(self) -> None:
        """The current state holds all of it, and is whole."""
        found = anyio.run(read_state, Client(self.server, "acme"), WORKSPACE)
        names = set(found.outputs()) if found is not None else set()
        assert set(self.confirmed) <= names
        assert found is None or found.lineage == "l"

    @invariant()
    def serials_only_grow(self) -> None:
        """No two stored states share a serial."""
        serials = [one["serial"] for one in self.server.versions if one["data"] is not None]
        assert serials == sorted(set(serials))

    async def _add(self, name: str) -> None:
        def change(before: StateFile | None) -> StateFile:
            state = before or first()
            place = state.place_of("outputs")
            assert place is not None
            value = json.dumps({"value": name, "type": "string"})
            return state.edited([set_member(state.text, place, name, value)])

        await change_state(
            Client(self.server, "acme"), WORKSPACE, change, LockOptions(sleep=pass_by)
        )


Histories.TestCase.settings = settings(
    max_examples=1000, stateful_step_count=6, deadline=None
)
TestHistories = Histories.TestCase
