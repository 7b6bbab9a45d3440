"""The options that are sent with each run of a batch."""

from pathlib import Path

import pytest
from attrs import evolve

from remote_backend.models.run import PlanOptions
from remote_backend.planning.running_batch import requested_options
from tests.support.fakes import batch_context


@pytest.mark.parametrize(
    ("message", "origin", "is_batch", "sent"),
    [
        (None, "", True, "Planned by remote-backend (batch-1)"),
        (None, "", False, "Planned by remote-backend"),
        (None, "ada in acme/net", False, "Planned by remote-backend, ada in acme/net"),
        ("why", "ada in acme/net", True, "why (batch-1), ada in acme/net"),
        ("why", "", False, "why"),
    ],
)
def test_a_run_says_where_it_comes_from(
    message: str | None, origin: str, is_batch: bool, sent: str
) -> None:
    """Its message is the caller's or ours, and names the batch, which lists are searched for."""
    context = evolve(
        batch_context(Path("/work")), id="batch-1", origin=origin, is_batch=is_batch
    )
    options = PlanOptions(message=message, targets=("a.b",))

    assert requested_options(options, context) == evolve(options, message=sent)
