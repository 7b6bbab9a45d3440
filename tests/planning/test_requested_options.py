"""A run that does something else than was requested is stopped, and never believed."""

from typing import Any

import pytest

from remote_backend.api.client import Client
from remote_backend.errors import RunDiffers
from remote_backend.models.run import PlanOptions, Run, RunSettings
from remote_backend.planning.requested_options import differences_of, require_as_requested
from tests.support.fakes import ScriptedTransport, answer

ASKED = PlanOptions(
    targets=("a.b", 'module.x["k"].c.d'),
    replace=("c.d",),
    refresh=False,
    variables=(("x", '"secret-value"'), ("y", "2")),
)
AS_ASKED: dict[str, Any] = {
    "plan-only": True,
    "is-destroy": False,
    "refresh": False,
    "refresh-only": False,
    "target-addrs": ['module.x["k"].c.d', "a.b"],
    "replace-addrs": ["c.d"],
    "variables": [{"key": "y", "value": "2"}, {"key": "x", "value": "changed"}],
}


async def loaded(attributes: dict[str, Any]) -> Run:
    """Return the run that a server answers with."""
    data = {
        "id": "run-1",
        "type": "runs",
        "attributes": {"status": "pending", **attributes},
    }
    transport = ScriptedTransport({"GET runs/run-1": answer(200, {"data": data})})
    return (await Client(transport, "acme").read_run("run-1"))[0]


@pytest.mark.parametrize(
    ("attribute", "value", "option"),
    [
        ("plan-only", False, "plan_only"),
        ("is-destroy", True, "destroy"),
        ("refresh", True, "refresh"),
        ("refresh-only", True, "refresh_only"),
        ("target-addrs", [], "targets"),
        ("target-addrs", ["a.b"], "targets"),
        ("replace-addrs", ["c.d", "e.f"], "replace"),
        ("variables", [], "variables"),
        ("variables", [{"key": "x"}, {"key": "z"}], "variables"),
    ],
)
async def test_each_difference_is_named(attribute: str, value: Any, option: str) -> None:
    """One attribute that differs is one difference, and no value of a variable is told (W3)."""
    run = await loaded({**AS_ASKED, attribute: value})

    with pytest.raises(RunDiffers) as raised:
        require_as_requested(run, ASKED)

    assert raised.value.options == (option,)
    assert (raised.value.run_id, "secret" in str(raised.value)) == ("run-1", False)


@pytest.mark.parametrize(
    "attributes",
    [
        AS_ASKED,
        {},
        dict.fromkeys(AS_ASKED),
        {"plan-only": "yes", "target-addrs": [7], "variables": ["x"], "refresh": 1},
    ],
)
async def test_what_the_server_does_not_say_is_right(attributes: dict[str, Any]) -> None:
    """Absent, null and of another kind is unknown, and the run can be read all the same."""
    require_as_requested(await loaded(attributes), ASKED)


def test_an_ignored_option_is_told_in_a_sentence() -> None:
    """The text names the option as people know it."""
    differences = differences_of(
        RunSettings(refresh_only=False), PlanOptions(refresh_only=True)
    )

    assert differences == ("refresh_only",)
    assert "it ignored refresh-only" in str(RunDiffers("run-1", differences))
