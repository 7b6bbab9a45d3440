"""Log events as lines on standard error."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from remote_backend.cli.output.log_events import write_log_events


@pytest.fixture(autouse=True)
def defaults() -> Iterator[None]:
    """Leave structlog as it was."""
    yield
    structlog.reset_defaults()


def test_a_traceback_stands_below_its_event(capsys: pytest.CaptureFixture[str]) -> None:
    """With its cause, as lines; control characters in it do nothing (S15)."""
    write_log_events(logging.WARNING)
    try:
        raise LookupError("why \x1b[2J")
    except LookupError:
        structlog.get_logger().exception("request.broke", method="GET")

    first, *traceback = capsys.readouterr().err.splitlines()
    assert "level='error' event='request.broke' method='GET'" in first
    assert traceback[0].startswith("Traceback")
    assert "LookupError: why" in traceback[-1]
    assert "\x1b" not in "".join(traceback)


def test_a_server_reports_problems_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Steps are for -debug."""
    write_log_events(logging.WARNING)
    structlog.get_logger().info("run.deleted")

    assert capsys.readouterr().err == ""
