"""A server of one workspace in memory, with faults and with other people at work."""

import base64
import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

import anyio.lowlevel

from remote_backend.api.messages import Request, Response
from remote_backend.errors import TransportError
from remote_backend.models.addresses import SignedUrl
from tests.support.fakes import answer

__all__ = ("StateServer",)


class StateServer:
    """A server of one workspace, with the rules of the API for locks and states."""

    def __init__(self) -> None:
        self.locked_reason: str | None = None
        self.keeps_reasons = True
        """Whether answers say why the workspace is locked; OTF never does."""

        self.locked_by: str | None = None
        self.versions: list[dict[str, Any]] = []
        self.plan: list[str] = []
        """Faults of the next requests, whatever they are."""

        self.faults: dict[str, list[str]] = {}
        """Faults of the next requests of an action, as `PUT` or `unlock`."""

        self.meanwhile: Callable[[str], None] = lambda action: None
        """Called with the action of each request before it is answered."""

        self.hold: Callable[[], Awaitable[None]] = anyio.lowlevel.checkpoint
        """What each answer waits for after its request had its effect."""

        self.conflicts: list[str] = []
        """Why the next state versions are refused, with 409."""

        self.sent: list[str] = []

    @property
    def current(self) -> dict[str, Any] | None:
        """The newest state version that has its bytes."""
        return next(
            (version for version in reversed(self.versions) if version["data"] is not None),
            None,
        )

    async def send(self, request: Request) -> Response:
        """Answer, unless the plan of faults says otherwise."""
        action = _action_of(request)
        self.sent.append(action)
        self.meanwhile(action)
        faults = self.faults.get(action) or self.plan
        fault = faults.pop(0) if faults else "none"
        if fault == "lost before":
            raise TransportError(request.method, "x", "broke", may_have_happened=True)
        if fault == "502":
            return answer(502)
        if fault == "409" and request.method == "POST":
            return answer(409, {"errors": ["conflict"]})
        if fault.isdecimal() and fault != "409":
            return answer(int(fault), {"errors": ["a fault"]})
        response = self._answer(request)
        await self.hold()
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
        if self.conflicts:
            return answer(409, {"errors": [self.conflicts.pop(0)]})
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
        attributes: dict[str, Any] = {
            "name": "net-dev",
            "locked": self.locked_reason is not None,
        }
        if self.keeps_reasons:
            attributes["locked-reason"] = self.locked_reason or ""
        resource: dict[str, Any] = {
            "id": "ws-1",
            "type": "workspaces",
            "attributes": attributes,
        }
        if self.locked_by is None:
            return answer(200, {"data": resource})
        holder = {"id": self.locked_by, "type": self.locked_by.partition("-")[0] + "s"}
        resource["relationships"] = {"locked-by": {"data": holder}}
        included = [{**holder, "attributes": {"username": "ann"}}]
        return answer(200, {"data": resource, "included": included})

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


def _action_of(request: Request) -> str:
    """Return what a request is about, in a word: `lock`, `PUT` or `GET net-dev`."""
    if isinstance(request.target, SignedUrl):
        return request.method
    action = request.where.rpartition("/")[2]
    return f"GET {action}" if request.method == "GET" else action
