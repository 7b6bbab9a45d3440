"""The server reads states with the reader of the client."""

import json
from typing import Any

import pytest

from remote_backend.errors import Rejected
from remote_backend.server.documents.state import (
    dump_output,
    manages_resources,
    outputs_of,
    require_state,
)


def state_of(version: int = 4, **members: Any) -> bytes:
    """Return a state with these members."""
    return json.dumps({"version": version, "serial": 1, **members}).encode()


def test_outputs_keep_their_numbers() -> None:
    """Fractions and large numbers, also inside lists and objects, are written as JSON."""
    value = {"list": [1.5, 2], "large": 10**20}
    state = state_of(outputs={"x": {"value": value, "type": ["object", {}]}})

    (output,) = outputs_of(state).values()
    resource = dump_output("sv-1", "x", output, reveal=False)

    assert json.loads(json.dumps(resource))["attributes"]["value"] == value
    assert resource["attributes"]["type"] == "object"


def test_a_sensitive_output_is_shown_to_who_asks_for_it_alone() -> None:
    """Lists of outputs hold null in its place."""
    state = state_of(outputs={"x": {"value": "hush", "type": "string", "sensitive": True}})

    (output,) = outputs_of(state).values()
    hidden, revealed = (
        dump_output("sv-1", "x", output, reveal=reveal)["attributes"]["value"]
        for reveal in (False, True)
    )

    assert (hidden, revealed) == (None, "hush")


@pytest.mark.parametrize(
    ("mode", "instances", "expected"),
    [("managed", [{}], True), ("managed", [], False), ("data", [{}], False)],
)
def test_only_managed_objects_keep_a_workspace(
    mode: str, instances: list[Any], expected: bool
) -> None:
    """Data that was read and resources without instances are not forgotten."""
    resource = {"mode": mode, "type": "a", "name": "b", "instances": instances}

    assert manages_resources(state_of(resources=[resource])) is expected


@pytest.mark.parametrize(
    ("key", "expected"), [("aws_vpc.main", True), ("data.aws_vpc.main", False)]
)
def test_states_of_format_3_are_judged_alike(key: str, expected: bool) -> None:
    """There each instance has an entry of its own, and data has a prefix."""
    module = {"path": ["root"], "resources": {key: {"type": "aws_vpc", "primary": {}}}}

    assert manages_resources(state_of(3, modules=[module])) is expected


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"version": 9}', b"\xff"])
def test_a_file_that_terraform_cannot_read_is_refused(data: bytes) -> None:
    """With 422; where such bytes are stored already they have no outputs."""
    with pytest.raises(Rejected, match="the state cannot be read"):
        require_state(data)
    assert outputs_of(data) == {}
