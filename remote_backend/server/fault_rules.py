"""Faults on purpose: what networks, proxies and busy services do, for tests and benchmarks."""

import json
import random
import re
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio
from attrs import define, field, frozen

from remote_backend.decoding import read_text
from remote_backend.errors import SettingsError

__all__ = ("FAULT_KINDS", "FaultRule", "FaultSettings", "Faults", "read_faults")

FAULT_KINDS = (
    "status",
    "status_after",
    "html",
    "reset_before",
    "reset_after",
    "cut",
    "hold_before",
    "hold_after",
)
_MINUTE_SECONDS = 60.0


@frozen(kw_only=True)
class FaultRule:
    """A fault that happens to some requests."""

    kind: str
    """`status` answers without doing anything, `status_after` does it first; `html` is a
    page of a proxy; `reset_before` and `reset_after` break the connection; `cut` sends half
    of a body; `hold_before` and `hold_after` wait until `Faults.release` is called."""

    method: str = ""
    """Empty for every method."""

    path: str = ""
    """A regular expression that the path begins with."""

    probability: float = 1.0
    times: tuple[int, ...] = ()
    """Which of the matching requests it happens to, from 1; empty for all."""

    status: int = 502
    headers: Mapping[str, str] = field(factory=dict)

    def matches(self, method: str, path: str) -> bool:
        """Say whether a request is one of those it may happen to."""
        return self.method in ("", method) and re.match(self.path, path) is not None


@frozen(kw_only=True)
class FaultSettings:
    """How a server misbehaves."""

    rules: Sequence[FaultRule] = ()
    seed: int = 0
    requests_per_second: int | None = None
    """Of one token, for the API; signed addresses are not counted."""

    run_lists_per_minute: int | None = None
    latency_seconds: float = 0.0
    list_lag_seconds: float = 0.0
    """How long a new run is missing from lists."""

    queue_seconds: float = 0.0
    """How long a new run is queued before its plan may begin."""


@define
class Faults:
    """Decides what happens to each request of a server; the same seed, the same decisions."""

    settings: FaultSettings = FaultSettings()
    clock: Callable[[], float] = time.monotonic
    api_requests: int = 0
    """How many requests of the API there were, refused ones among them."""

    all_requests: int = 0
    """How many requests there were of any kind, those of signed addresses among them."""

    uploads: int = 0
    """How many of them brought a configuration."""

    injected: int = 0
    """How many requests a rule has hit."""

    throttled: int = 0
    """How many were more than a limit allows."""

    held: anyio.Event = field(factory=anyio.Event)
    """Set as soon as a request is held."""

    _released: anyio.Event = field(factory=anyio.Event)
    _random: random.Random = field(init=False)
    _counts: dict[int, int] = field(factory=dict)
    _seconds: dict[str, deque[float]] = field(factory=dict)
    _minutes: dict[str, deque[float]] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self._random = random.Random(self.settings.seed)

    def replace(self, settings: FaultSettings) -> None:
        """Misbehave in another way from now on; counts begin anew."""
        self.settings = settings
        self.api_requests = 0
        self.injected = 0
        self._counts.clear()
        self.release()
        self.held, self._released = anyio.Event(), anyio.Event()

    async def hold(self) -> None:
        """Wait until the requests that are held are released."""
        self.held.set()
        await self._released.wait()

    def release(self) -> None:
        """Let the requests go on that are held."""
        self._released.set()

    def matching_rule(self, method: str, path: str) -> FaultRule | None:
        """Return what happens to a request, or None."""
        self.all_requests += 1
        self.uploads += method == "PUT" and path.startswith("/signed/configuration/")
        for number, rule in enumerate(self.settings.rules):
            if not rule.matches(method, path):
                continue
            count = self._counts[number] = self._counts.get(number, 0) + 1
            if rule.times and count not in rule.times:
                continue
            if rule.probability >= 1 or self._random.random() < rule.probability:
                self.injected += 1
                return rule
        return None

    def seconds_to_wait(self, token_digest: str, *, is_run_list: bool) -> float | None:
        """Count a request; return how long it has to wait when there were too many."""
        settings = self.settings
        self.api_requests += 1
        waits = [
            _seconds_until_free(
                self._seconds, token_digest, settings.requests_per_second, 1.0, self.clock()
            )
        ]
        if is_run_list:
            limit = settings.run_lists_per_minute
            waits.append(
                _seconds_until_free(
                    self._minutes, token_digest, limit, _MINUTE_SECONDS, self.clock()
                )
            )
        wait = max((wait for wait in waits if wait is not None), default=None)
        self.throttled += wait is not None
        return wait


def _seconds_until_free(
    times: dict[str, deque[float]],
    token_digest: str,
    limit: int | None,
    window_seconds: float,
    now: float,
) -> float | None:
    if limit is None:
        return None
    recent = times.setdefault(token_digest, deque())
    while recent and recent[0] <= now - window_seconds:
        recent.popleft()
    if len(recent) >= limit:
        return recent[0] + window_seconds - now
    recent.append(now)
    return None


def read_faults(path: Path) -> FaultSettings:
    """Read the faults of a file in JSON: settings by name, and `rules` as a list of objects.

    Raises `SettingsError` that names the file and what is wrong in it.
    """
    try:
        parsed = json.loads(read_text(path))
    except ValueError as error:
        raise SettingsError(f"{path} is not valid JSON: {error}") from None
    if not isinstance(parsed, dict):
        raise SettingsError(f"{path}: an object with settings is expected")
    rules = parsed.pop("rules", [])
    if not isinstance(rules, list):
        raise SettingsError(f"{path}: rules must be a list of objects")
    made = [
        _build(f"{path}: rule {number}", FaultRule, rule)
        for number, rule in enumerate(rules, start=1)
    ]
    for rule in made:
        if rule.kind not in FAULT_KINDS:
            raise SettingsError(
                f"{path}: kind {rule.kind!r}; possible are {', '.join(FAULT_KINDS)}"
            )
    settings: FaultSettings = _build(
        str(path), FaultSettings, {**parsed, "rules": tuple(made)}
    )
    return settings


def _build(where: str, kind: Callable[..., Any], members: Any) -> Any:
    if not isinstance(members, dict):
        raise SettingsError(f"{where}: an object is expected")
    if isinstance(members.get("times"), list):
        members = {**members, "times": tuple(members["times"])}
    try:
        return kind(**members)
    except TypeError as error:
        raise SettingsError(f"{where}: {str(error).partition(')')[2].strip()}") from None
