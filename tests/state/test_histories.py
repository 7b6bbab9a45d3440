"""Random histories of two who change one state over a network that breaks."""

import json

import anyio
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from remote_backend.api.client import Client
from remote_backend.errors import (
    RemoteBackendError,
    StateError,
    StateUnconfirmed,
)
from remote_backend.models.workspace import Workspace
from remote_backend.state.file import StateFile, parse_state
from remote_backend.state.json_edits import set_member
from remote_backend.state.locks import LockOptions
from remote_backend.state.storage import change_state, read_state
from tests.support.state_server import StateServer

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
        self.server = StateServer()
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
        serials = [
            version["serial"]
            for version in self.server.versions
            if version["data"] is not None
        ]
        assert serials == sorted(set(serials))

    async def _add(self, name: str) -> None:
        def change(before: StateFile | None) -> StateFile:
            state = before or first()
            place = state.value_start("outputs")
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
