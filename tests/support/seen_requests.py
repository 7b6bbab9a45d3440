"""The requests that servers of this process get, as they count them."""

import re
from collections import Counter

import pytest
from attrs import define, field

from remote_backend.server.auth import digest_of
from remote_backend.server.embedded import EmbeddedServer
from remote_backend.server.fault_rules import FaultRule, Faults

__all__ = ("SeenRequests", "see_requests")

_ID = re.compile(r"(?<=/)(?:ws|cv|run|plan)-\w+|(?<=/signed/)(configuration|log)/.*")


@define
class SeenRequests:
    """What each server got, by the object with which it counts."""

    _requests: dict[int, Counter[str]] = field(factory=dict)
    _tokens: dict[int, set[str]] = field(factory=dict)

    def of(self, server: EmbeddedServer) -> Counter[str]:
        """Return how often a server got each request; ids are `ID`, signed paths end early."""
        return self._requests.get(id(server.faults), Counter())

    def only_token_of(self, server: EmbeddedServer) -> bool:
        """Return whether all its requests of the API had the token of the server itself."""
        return self._tokens[id(server.faults)] == {digest_of(f"Bearer {server.token}")}

    def clear(self) -> None:
        """Forget all requests so far."""
        self._requests.clear()
        self._tokens.clear()

    def took(self, faults: Faults, method: str, path: str) -> None:
        """Take down a request."""
        text = _ID.sub(lambda match: match[1] or "ID", path.removeprefix("/api/v2"))
        self._requests.setdefault(id(faults), Counter())[f"{method} {text}"] += 1

    def took_token(self, faults: Faults, digest: str) -> None:
        """Take down the token of a request of the API."""
        self._tokens.setdefault(id(faults), set()).add(digest)


def see_requests(monkeypatch: pytest.MonkeyPatch) -> SeenRequests:
    """Return what sees all requests from now on; nothing about them changes."""
    seen = SeenRequests()
    matching_rule, seconds_to_wait = Faults.matching_rule, Faults.seconds_to_wait

    def matching(self: Faults, method: str, path: str) -> FaultRule | None:
        seen.took(self, method, path)
        return matching_rule(self, method, path)

    def waiting(self: Faults, token_digest: str, *, is_run_list: bool) -> float | None:
        seen.took_token(self, token_digest)
        return seconds_to_wait(self, token_digest, is_run_list=is_run_list)

    monkeypatch.setattr(Faults, "matching_rule", matching)
    monkeypatch.setattr(Faults, "seconds_to_wait", waiting)
    return seen
