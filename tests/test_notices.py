"""Long waits and warnings reach a person, and short waits do not."""

from collections.abc import Callable

import pytest
from attrs import define, field

from remote_backend.notices import Notice, Notices, StillWaiting, Warned


@define
class Person:
    """Receives notices, with a clock that the test moves."""

    heard: list[Notice] = field(factory=list)
    now: float = 0.0
    timers: list[tuple[float, Callable[[], None]]] = field(factory=list)

    def notices(self) -> Notices:
        """Return notices that this person hears."""
        return Notices(self.heard.append, clock=lambda: self.now, call_later=self.arm)

    def arm(self, seconds: float, call: Callable[[], None]) -> None:
        """Remember a timer."""
        self.timers.append((self.now + seconds, call))

    def live(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while self.timers and self.timers[0][0] <= end:
            self.now, call = self.timers.pop(0)
            call()
        self.now = end


def test_a_long_wait_is_reported_after_five_seconds_and_every_half_minute() -> None:
    """So a person knows early why it takes long, and is not flooded."""
    person = Person()
    with person.notices().waiting("an answer", detail=lambda: "GET x", limit_seconds=90):
        person.live(4.9)
        assert person.heard == []
        person.live(1.0)
        assert [str(one) for one in person.heard] == [
            "Waiting for an answer (GET x), 5 s so far, at most 90 s."
        ]
        person.live(60.0)

    assert len(person.heard) == 3
    person.live(100.0)
    assert len(person.heard) == 3 and person.timers == []


def test_short_waits_are_silent_however_many_they_are() -> None:
    """Only the same wait counts, and one timer serves all."""
    person = Person()
    notices = person.notices()
    for _ in range(100):
        with notices.waiting("an answer"):
            person.live(0.3)
            assert len(person.timers) <= 1

    assert person.heard == []


def test_many_waits_of_a_kind_are_one_report() -> None:
    """A thousand requests for one slow server are one line, with their number."""
    person = Person()
    notices = person.notices()
    for _ in range(1000):
        notices.waiting("an answer", detail=lambda: "GET x").__enter__()
    notices.waiting("the lock").__enter__()
    person.live(5.0)

    assert sorted(map(str, person.heard)) == [
        "Waiting for an answer (1000 of them), 5 s so far.",
        "Waiting for the lock, 5 s so far.",
    ]


def test_a_reason_that_changes_is_reported() -> None:
    """The same wait can be for one thing first and for another later."""
    person = Person()
    with person.notices().waiting("one thing") as wait:
        person.live(6.0)
        wait.what = "another thing"
        person.live(2.0)

    assert [one.what for one in person.heard if isinstance(one, StillWaiting)] == [
        "one thing",
        "another thing",
    ]


def test_a_wait_that_fails_is_over() -> None:
    """An error ends it too."""
    person = Person()
    with pytest.raises(KeyError), person.notices().waiting("x"):
        raise KeyError
    person.live(100)

    assert person.heard == []


def test_a_warning_is_reported_at_once() -> None:
    """It needs no time."""
    person = Person()
    person.notices().warn("odd")

    assert person.heard == [Warned("odd")] and str(person.heard[0]) == "Warning: odd"
