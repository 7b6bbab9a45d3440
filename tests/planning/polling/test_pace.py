"""How long pollers pause: tables of what is known against the pause that follows."""

import pytest
from attrs import evolve

from remote_backend.planning.polling import PollSettings
from remote_backend.planning.polling.pace import (
    BatchPace,
    BatchView,
    SinglePace,
    delay_of_large_batch_seconds,
    minimum_pause_seconds,
    pages_to_oldest_moving,
    pause_after_round,
    polls_lists,
    shortest_seconds,
)

SETTINGS = PollSettings()
FRESH = SinglePace(SETTINGS.first_wait_seconds)
LIMITED = BatchView(unfinished=250, pages=3, lists_work=True, is_limited=True)
UNLIMITED = evolve(LIMITED, is_limited=False)
NO_LISTS = evolve(LIMITED, lists_work=False)


@pytest.mark.parametrize(
    ("view", "seconds"),
    [
        (evolve(LIMITED, is_searched=True), 1.0),
        (evolve(LIMITED, is_searched=True, all_notified=True), 1.0),
        (evolve(NO_LISTS, is_searched=True), 1.0),
        (evolve(LIMITED, all_notified=True), 30.0),
        (evolve(UNLIMITED, all_notified=True), 30.0),
        (evolve(UNLIMITED, all_notified=True, unfinished=0, pages=0), 0.0),
        (UNLIMITED, 0.18),
        (evolve(UNLIMITED, is_growing=True), 0.18),
        (evolve(UNLIMITED, unfinished=2, pages=1), 0.06),
        (evolve(UNLIMITED, unfinished=9, pages=1, is_growing=True, expected=300), 0.06),
        (evolve(UNLIMITED, unfinished=9, pages=1, is_growing=True, expected=301), 2.0),
        (evolve(UNLIMITED, unfinished=3, pages=1, is_growing=True, expected=301), 0.06),
        (evolve(UNLIMITED, unfinished=9, pages=1, expected=400), 0.06),
        (evolve(LIMITED, unfinished=3, pages=1), 1.0),
        (evolve(LIMITED, unfinished=3, pages=3, is_growing=True), 1.0),
        (evolve(NO_LISTS, unfinished=15, pages=1), 1.0),
        (evolve(NO_LISTS, unfinished=300), 20.0),
        (evolve(NO_LISTS, is_limited=False, unfinished=300), 20.0),
        (evolve(LIMITED, is_growing=True), 18.0),
    ],
)
def test_the_pause_of_a_batch(view: BatchView, seconds: float) -> None:
    """It follows from what the server allows, and earlier rounds do not count."""
    for pace in (BatchPace(), BatchPace(growing_pauses=7)):
        pause_seconds, next_pace = pause_after_round(pace, view, SETTINGS)
        assert pause_seconds == pytest.approx(seconds)
        assert next_pace == pace


@pytest.mark.parametrize(
    ("growing_pauses", "seconds"),
    [(0, 0.9), (1, 1.35), (2, 2.025), (4, 4.55625), (5, 6.0), (6, 6.0), (9999, 6.0)],
)
def test_pauses_grow_once_all_runs_are_made(growing_pauses: int, seconds: float) -> None:
    """From a fraction of the regular pause to the whole, and no further for hours."""
    pace = BatchPace(growing_pauses=growing_pauses)

    pause_seconds, next_pace = pause_after_round(pace, LIMITED, SETTINGS)

    assert pause_seconds == pytest.approx(seconds)
    assert next_pace == BatchPace(growing_pauses=growing_pauses + 1)
    assert pace == BatchPace(growing_pauses=growing_pauses)


def test_rounds_of_many_lists_are_rare_without_a_limit_too() -> None:
    """From four lists on the pauses are those of servers with a rate limit."""
    view = evolve(UNLIMITED, unfinished=350, pages=4)

    pause_seconds, _ = pause_after_round(BatchPace(), view, SETTINGS)

    assert pause_seconds == pytest.approx(1.2)


@pytest.mark.parametrize(
    ("view", "seconds"),
    [
        (evolve(UNLIMITED, unfinished=250, expected=300), 0.0),
        (evolve(UNLIMITED, unfinished=250, expected=301), 1.5),
        (evolve(UNLIMITED, unfinished=350), 1.5),
        (evolve(UNLIMITED, unfinished=3, expected=400), 0.0),
        (evolve(LIMITED, unfinished=350, expected=400), 0.0),
    ],
)
def test_the_first_round_of_a_large_batch_waits_longer(
    view: BatchView, seconds: float
) -> None:
    """Where runs are made fast, and unless the few that were made can be canaries."""
    assert delay_of_large_batch_seconds(view, SETTINGS) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("failed_rounds", "view", "seconds"),
    [
        (0, UNLIMITED, 0.18),
        (1, UNLIMITED, 0.2),
        (3, UNLIMITED, 0.8),
        (99, UNLIMITED, 10.0),
        (1, evolve(LIMITED, is_growing=True), 18.0),
        (5, evolve(LIMITED, is_searched=True), 3.2),
    ],
)
def test_failed_rounds_make_pauses_longer(
    failed_rounds: int, view: BatchView, seconds: float
) -> None:
    """The back-off is the least pause, and never shortens a longer one."""
    pace = BatchPace(failed_rounds=failed_rounds)

    pause_seconds, next_pace = pause_after_round(pace, view, SETTINGS)

    assert pause_seconds == pytest.approx(seconds)
    assert next_pace == pace


@pytest.mark.parametrize(
    ("unfinished", "lists_work", "is_searched", "reads_lists"),
    [
        (0, True, False, False),
        (3, True, False, False),
        (4, True, False, True),
        (0, True, True, True),
        (500, False, False, False),
        (500, False, True, False),
    ],
)
def test_when_lists_are_read(
    unfinished: int, lists_work: bool, is_searched: bool, reads_lists: bool
) -> None:
    """Where they work, for more than three runs or for a search."""
    assert (
        polls_lists(unfinished, lists_work=lists_work, is_searched=is_searched)
        is reads_lists
    )


@pytest.mark.parametrize(
    ("are_over", "pages"),
    [
        ([], 0),
        ([True] * 300, 0),
        ([False], 1),
        ([False] * 100, 1),
        ([False] * 101, 2),
        ([True] * 100 + [False] + [True] * 100, 2),
        ([True] * 101 + [False] * 100, 1),
    ],
)
def test_pages_to_the_oldest_moving_run(are_over: list[bool], pages: int) -> None:
    """Lists begin with the newest run, so only older runs save pages."""
    assert pages_to_oldest_moving(are_over) == pages


def test_requests_keep_a_distance() -> None:
    """More of it where the server has announced a rate limit."""
    assert minimum_pause_seconds(is_limited=True) == 0.3
    assert minimum_pause_seconds(is_limited=False) == 0.05


@pytest.mark.parametrize(
    ("pace", "slowed_seconds"),
    [
        (FRESH, 0.13),
        (SinglePace(0.5), 0.65),
        (SinglePace(0.9), 1.0),
        (SinglePace(1.0), 1.0),
    ],
)
def test_a_single_run_is_polled_more_and_more_seldom(
    pace: SinglePace, slowed_seconds: float
) -> None:
    """Up to the longest pause, until its status changes."""
    slowed = pace.slowed(SETTINGS)

    assert slowed.pause_seconds(SETTINGS) == pytest.approx(slowed_seconds)
    assert slowed.restarted(SETTINGS) == FRESH


def test_only_the_first_hint_of_a_status_shortens_pauses() -> None:
    """A status that lags behind its hints is polled no more often for them."""
    hinted = SinglePace(1.0).hinted(SETTINGS)
    slowed = hinted.slowed(SETTINGS)

    assert hinted.wait_seconds == shortest_seconds(SETTINGS) == 0.025
    assert slowed.hinted(SETTINGS) == slowed
    assert slowed.restarted(SETTINGS).hinted(SETTINGS) == hinted


def test_a_notified_run_is_polled_seldom() -> None:
    """Until the next notification, and in each of its statuses."""
    notified = evolve(FRESH, is_notified=True)

    assert notified.pause_seconds(SETTINGS) == 30.0
    assert notified.slowed(SETTINGS).restarted(SETTINGS).pause_seconds(SETTINGS) == 30.0
    assert notified.pause_seconds(PollSettings(notified_poll_seconds=0.0)) == 0.1
