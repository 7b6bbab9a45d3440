"""Commands about states beside real Terraform: the same state, the same answers."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from remote_backend.server.embedded import EmbeddedServer
from tests.support.old_states import old_state
from tests.support.terraform_clients import (
    STATE,
    TERRAFORM_0_11,
    TERRAFORM_1_15,
    Finished,
    Terraform,
    ours,
    terraform,
)

OUTPUTS: dict[str, tuple[Any, Any]] = {
    "text": ("plain", "string"),
    "empty": ("", "string"),
    "unicode": ("käse \u2603 \U0001f600 \u200b", "string"),
    "quotes": ('a "b" \\ c\ttab ${x} %{y} <&>', "string"),
    "controls": ("\x00\x1b[31m\x7f", "string"),
    "lines": ("one\ntwo\n", "string"),
    "marker": ("EOT\n  EOT_\nx", "string"),
    "number": (42, "number"),
    "fraction": (1.5, "number"),
    "large": (123456789012345678901234567890, "number"),
    "small": (0.0000001, "number"),
    "exponent": (1e21, "number"),
    "negative": (-7, "number"),
    "yes": (True, "bool"),
    "list": (["a", "b"], ["list", "string"]),
    "empty_list": ([], ["list", "string"]),
    "set": ([1, 2], ["set", "number"]),
    "map": ({"b": "2", "a": "1\n2"}, ["map", "string"]),
    "empty_map": ({}, ["map", "string"]),
    "tuple": (["a", 1, True, None], ["tuple", ["string", "number", "bool", "dynamic"]]),
    "object": (
        {"z": [1], "a b": {"x": None}, "t": "l1\nl2"},
        [
            "object",
            {"z": ["list", "number"], "a b": ["object", {"x": "string"}], "t": "string"},
        ],
    ),
    "nested": ([[["deep\nlines"]]], ["list", ["list", ["list", "string"]]]),
    "nulls": (
        {"s": None, "n": None, "b": None, "l": None, "d": None},
        [
            "object",
            {
                "s": "string",
                "n": "number",
                "b": "bool",
                "l": ["list", "string"],
                "d": "dynamic",
            },
        ],
    ),
}
INSTANCES: list[dict[str, Any]] = [
    {
        "index_key": key,
        "schema_version": 0,
        "attributes": {
            "id": f"id-{key}",
            "input": {"value": "x", "type": "string"},
            "output": {"value": "x", "type": "string"},
            "triggers_replace": None,
        },
        "sensitive_attributes": [],
    }
    for key in (0, 1)
]


def state_file(**changes: Any) -> str:
    """Return a state as Terraform lays it out."""
    return json.dumps({**STATE, **changes}, indent=2) + "\n"


def corpus() -> str:
    """Return a state with an output of every kind."""
    outputs = {
        name: {"value": value, "type": kind} for name, (value, kind) in OUTPUTS.items()
    }
    outputs["secret"] = {"value": "hush", "type": "string", "sensitive": True}
    return state_file(outputs=outputs)


async def configured(server: EmbeddedServer, folder: Path) -> Terraform:
    """Return Terraform in an initialized directory."""
    theirs = terraform(TERRAFORM_1_15, folder, server)
    theirs.environ["TF_WORKSPACE"] = "dev"
    assert (await theirs.run("init", "-input=false")).code == 0
    return theirs


async def pushed(client: Terraform, text: str, workspace: str = "dev") -> None:
    """Store a state."""
    client.write("pushed.json", text)
    done = await ours(client).run(
        "state", "push", "-force", "pushed.json", TF_WORKSPACE=workspace
    )
    assert done.code == 0, done.all


def assert_same(mine: Finished, other: Finished) -> None:
    """Both wrote the same and ended alike."""
    assert (mine.out, mine.code) == (other.out, other.code), (mine.err, other.err)


async def test_outputs_look_the_same(server: EmbeddedServer, tmp_path: Path) -> None:
    """All of them, and one by one, for people, as JSON and raw (P115, P116)."""
    theirs = await configured(server, tmp_path)
    mine = ours(theirs)
    await pushed(theirs, corpus())

    assert_same(await mine.run("output"), await theirs.run("output", "-no-color"))
    assert_same(await mine.run("output", "-json"), await theirs.run("output", "-json"))
    for name in ("object", "lines", "large", "secret", "nulls"):
        for form in ([], ["-json"], ["-raw"]):
            flags = [*form, *([] if form else ["-no-color"])]
            assert_same(
                await mine.run("output", *form, name),
                await theirs.run("output", *flags, name),
            )
    missing = (
        (await mine.run("output", "nowhere")).code,
        (await theirs.run("output", "nowhere")).code,
    )
    assert missing == (1, 1)


async def test_without_outputs(server: EmbeddedServer, tmp_path: Path) -> None:
    """JSON and exit codes; the warning for people goes beside, so that pipes stay clean."""
    theirs = await configured(server, tmp_path)
    mine = ours(theirs)
    assert_same(await mine.run("output", "-json"), await theirs.run("output", "-json"))
    assert (await mine.run("output")).code == (await theirs.run("output")).code == 0
    await pushed(theirs, state_file(outputs={}))
    assert_same(await mine.run("output", "-json"), await theirs.run("output", "-json"))
    assert (await mine.run("output", "-json", "x")).code == 1


async def test_states_are_listed_alike(server: EmbeddedServer, tmp_path: Path) -> None:
    """Resources, instances and modules, some of them, and those of an id."""
    theirs = await configured(server, tmp_path)
    mine = ours(theirs)
    one = STATE["resources"][0]  # type: ignore[index]
    many = {**one, "name": "many", "instances": INSTANCES}
    keyed = {**many, "name": "keyed", "instances": [{**INSTANCES[0], "index_key": 'a"b'}]}
    inner = {**one, "module": 'module.m["x"]', "name": "inner"}
    await pushed(theirs, state_file(resources=[one, many, keyed, inner]))

    for arguments in (
        (),
        ("terraform_data.many",),
        ("terraform_data.many[1]",),
        ("module.m",),
        ("-id=id-1",),
        ("terraform_data.none",),
    ):
        assert_same(
            await mine.run("state", "list", *arguments),
            await theirs.run("state", "list", *arguments),
        )


@pytest.mark.parametrize(
    ("command", "address", "code"),
    [
        ("taint", "terraform_data.one", 0),
        ("taint", "terraform_data.many[1]", 0),
        ("untaint", "terraform_data.bad", 0),
        ("untaint", "terraform_data.one", 1),
        ("taint", "terraform_data.many", 1),
        ("taint", "terraform_data.nowhere", 1),
        ("taint", "data.terraform_data.one", 1),
        ("taint", "terraform_data.many.0", 1),
    ],
)
async def test_taints_are_the_same(
    command: str, address: str, code: int, server: EmbeddedServer, tmp_path: Path
) -> None:
    """The stored states are equal but for serial, lineage and who wrote them."""
    theirs = await configured(server, tmp_path)
    one = STATE["resources"][0]  # type: ignore[index]
    plain = {**one["instances"][0], "sensitive_attributes": []}
    resources = [
        {**one, "name": "bad", "instances": [{"status": "tainted", **plain}]},
        {**one, "name": "many", "instances": INSTANCES},
        {**one, "instances": [plain]},
    ]
    for workspace in ("dev", "prod"):
        await pushed(theirs, state_file(outputs={}, resources=resources), workspace)

    other = await theirs.run(command, address)
    mine = await ours(theirs).run(command, address, TF_WORKSPACE="prod")

    assert (mine.code, other.code) == (code, code), (mine.err, other.err)
    pulled = [
        (await ours(theirs).run("state", "pull", TF_WORKSPACE=w)).out
        for w in ("dev", "prod")
    ]
    first, second = (normalized(text) for text in pulled)
    assert first == second


def normalized(text: str) -> str:
    """Leave out what may differ: serial, lineage, version, and members that newer ones add."""
    text = re.sub(r'\n  "(serial|lineage|terraform_version)": [^\n]*', "", text)
    return re.sub(r',\s*"identity_schema_version": 0', "", text)


async def test_taints_of_old_states_are_the_same(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    """Format 3 stays format 3, and is what 0.11 makes of it but for the serial."""
    theirs = terraform(TERRAFORM_0_11, tmp_path, server)
    assert (await theirs.run("init", "-input=false", TF_WORKSPACE="dev")).code == 0
    for workspace in ("dev", "prod"):
        await pushed(theirs, old_state().text, workspace)

    other = await theirs.run("taint", "null_resource.a.1", TF_WORKSPACE="dev")
    mine = await ours(theirs).run("taint", "null_resource.a.1", TF_WORKSPACE="prod")
    listed = [
        await theirs.run("state", "list", TF_WORKSPACE="prod"),
        await ours(theirs).run("state", "list", TF_WORKSPACE="prod"),
    ]

    assert (mine.code, other.code) == (0, 0), (mine.err, other.err)
    first, second = [
        json.loads((await ours(theirs).run("state", "pull", TF_WORKSPACE=w)).out)
        for w in ("dev", "prod")
    ]
    assert {**first, "serial": 0} == {**second, "serial": 0}
    # 0.11 leaves out the word that tells data sources apart, and has another order.
    assert sorted(listed[0].out.split()) == sorted(
        line.removeprefix("data.") for line in listed[1].out.split()
    )


async def test_what_one_has_moved_the_other_sees(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    """mv and rm of ours leave states that Terraform plans without a surprise."""
    theirs = await configured(server, tmp_path)
    mine = ours(theirs)
    await pushed(theirs, state_file(outputs={}))
    theirs.write("main.tf", 'resource "terraform_data" "moved" {\n  input = "dev"\n}\n')

    moved = await mine.run("state", "mv", "terraform_data.one", "terraform_data.moved")
    assert moved.code == 0, moved.all
    assert (await theirs.run("state", "list")).out == "terraform_data.moved\n"
    plan = await theirs.run("plan", "-no-color")
    assert "No changes" in plan.out, plan.all
    removed = await mine.run("state", "rm", "terraform_data.moved")
    assert removed.code == 0, removed.all
    assert (await theirs.run("state", "list")).out == ""
    locked = await theirs.run("force-unlock", "-force", "acme/networking-dev")
    assert locked.code == 1  # nothing has left a lock


async def test_engine_commands_are_those_of_the_engine(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    """Output and exit code pass through, and no server is asked."""
    theirs = await configured(server, tmp_path)
    mine = ours(theirs)
    for name in [one for one in mine.environ if one.startswith("TF_CLI_CONFIG")]:
        del mine.environ[name]
    theirs.write("ugly.tf", "locals {\na=1\n}\n")
    before = server.faults.api_requests

    checked = await mine.run("fmt", "-check")
    valid = await mine.run("validate", "-json")
    got = await mine.run("get")
    version = await mine.run("version")

    assert (checked.code, checked.out) == (3, "ugly.tf\n")
    assert valid.code == 0 and json.loads(valid.out)["valid"] is True
    assert got.code == 0
    assert "remote-backend " in version.out and "Terraform v" not in version.out
    assert server.faults.api_requests == before
    none = await mine.run("fmt", PATH="")
    assert none.code in (0, 1, 3)
