"""Changes to states: what is asked for, and not one byte more."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_backend.errors import AddressError, StateError
from remote_backend.state.address import parse_address, parse_module
from remote_backend.state.edits import addresses, move, remove, set_tainted
from remote_backend.state.file import StateFile, parse_state
from remote_backend.state.json_edits import Edit
from tests.support.old_states import old_state

NAMES = st.sampled_from(["a", "b", "c"])
KEYS = st.one_of(
    st.none(), st.integers(0, 2), st.sampled_from(["k", 'q"x', "$" + "{y}", "é"])
)
MODULES = st.sampled_from(["", "module.m", 'module.m["x"]', "module.m.module.n[0]"])
NUMBERS = [
    "1",
    "-0",
    "1.50",
    "1e3",
    "12345678901234567890123",
    "0.1000000000000000055511151231257827",
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=5),
    st.sampled_from(NUMBERS).map(lambda n: f"#{n}#"),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=6,
)


def text_of(document: Any, indent: int | None) -> str:
    """Return JSON in which marked texts are numbers with exactly their digits."""
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    for number in NUMBERS:
        text = text.replace(f'"#{number}#"', number)
    return text


@st.composite
def states(draw: st.DrawFn) -> StateFile:
    """Return a state of format 4 with unknown members here and there."""
    resources: dict[tuple[str, str, str], dict[str, Any]] = {}
    for _ in range(draw(st.integers(0, 4))):
        module, name = draw(MODULES), draw(NAMES)
        mode = draw(st.sampled_from(["managed", "data"]))
        resource: dict[str, Any] = {"module": module} if module else {}
        keys = draw(
            st.lists(KEYS, min_size=1, max_size=3, unique_by=lambda key: (type(key), key))
        )
        resource |= {"mode": mode, "type": "aws_vpc", "name": name, "new": draw(VALUES)}
        resource["instances"] = [
            ({"index_key": key} if key is not None else {})
            | ({"status": "tainted"} if draw(st.booleans()) else {})
            | {"schema_version": 0, "attributes": draw(VALUES), "later": draw(VALUES)}
            for key in keys
        ]
        resources[(module, mode, name)] = resource
    document = {
        "version": 4,
        "terraform_version": "1.99.0",
        "serial": draw(st.integers(0, 10**12)),
        "lineage": "l",
        "outputs": {"o": {"value": draw(VALUES), "type": "string"}},
        "resources": list(resources.values()),
        "unknown": draw(VALUES),
    }
    indent = draw(st.sampled_from([None, 2, 4]))
    return parse_state(
        (text_of(document, indent) + draw(st.sampled_from(["", "\n"]))).encode()
    )


def plain(state: StateFile) -> dict[str, Any]:
    """Return what a state says, its numbers as digits."""
    found: dict[str, Any] = json.loads(
        state.text, parse_float=lambda n: f"#{n}", parse_int=lambda n: f"#{n}"
    )
    return found


@given(states(), st.integers(0, 10**12))
def test_a_state_survives_its_reading(state: StateFile, serial: int) -> None:
    """A new serial changes the serial: no number, order or unknown member moves."""
    changed = state.with_head(serial=serial)
    assert plain(changed) == plain(state) | {"serial": f"#{serial}"}
    assert changed.with_head(serial=state.serial).text == state.text


@given(states(), st.data())
def test_a_taint_changes_one_status(state: StateFile, data: st.DataObject) -> None:
    """And an untaint takes it back, byte for byte."""
    managed = [address for address in addresses(state) if address.address.mode == "managed"]
    if not managed:
        return
    chosen = data.draw(st.sampled_from(managed))
    after = set_tainted(state, chosen.address, not chosen.is_tainted)
    assert after is not None
    assert {address.address for address in addresses(after)} == {
        address.address for address in addresses(state)
    }
    flipped = [one.address for one, two in zip(addresses(state), addresses(after), strict=True)
               if one.is_tainted != two.is_tainted]  # fmt: skip
    assert flipped == [chosen.address]
    back = set_tainted(after, chosen.address, chosen.is_tainted)
    assert back is not None
    assert plain(back) == plain(state)
    assert set_tainted(after, chosen.address, not chosen.is_tainted) is None


@given(states(), st.data())
def test_what_is_removed_is_gone_and_the_rest_is_as_it_was(
    state: StateFile, data: st.DataObject
) -> None:
    """By instance, by resource, or by module."""
    found = addresses(state)
    if not found:
        return
    one = data.draw(st.sampled_from(found)).address
    wanted = data.draw(st.sampled_from([str(one), one.module or str(one)]))
    address = parse_address(wanted)

    after, gone = remove(state, [address])

    assert set(gone) == {one.address for one in found if address.covers(one.address)}
    left = [one for one in found if not address.covers(one.address)]
    assert [(one.address, one.value) for one in addresses(after)] == [
        (one.address, one.value) for one in left
    ]
    assert {k: v for k, v in plain(after).items() if k != "resources"} == {
        k: v for k, v in plain(state).items() if k != "resources"
    }


@given(states(), st.data())
def test_what_moves_arrives_and_comes_back(state: StateFile, data: st.DataObject) -> None:
    """With all it holds; a place that is taken is refused."""
    found = addresses(state)
    if not found:
        return
    one = data.draw(st.sampled_from(found))
    if one.address.key is None and len(
        [x for x in found if str(x.address).startswith(str(one.address) + "[")]
    ):
        return
    prefix = "data." if one.address.mode == "data" else ""
    target = parse_address(f"module.new.{prefix}aws_vpc.moved[7]")

    after, _ = move(state, one.address, target)
    [moved] = [x for x in addresses(after) if x.address == target]
    changed = {k: v for k, v in moved.value.items() if k != "index_key"}
    assert changed == {k: v for k, v in one.value.items() if k != "index_key"}
    assert len(addresses(after)) == len(found)
    with pytest.raises(AddressError, match="in the state already"):
        move(after, target, target)
    back, _ = move(after, target, one.address)
    assert {x.address: x.value for x in addresses(back)} == {
        x.address: x.value for x in found
    }


@pytest.mark.parametrize(
    "text",
    [
        "aws_vpc.a",
        "data.aws_vpc.a[0]",
        'module.m["x"].module.n[0].aws_vpc.a["k.1"]',
        r'aws_vpc.a["q\"x"]',
        "module.m",
        'module.m["a.b"].module.n',
    ],
)
def test_addresses_are_written_as_they_were_read(text: str) -> None:
    """All forms of Terraform 1.x."""
    assert str(parse_address(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "a", "a.b.c", "aws_vpc.a.0", "aws_vpc.a['k']", "aws_vpc.a[x]", "module.", "module.a.",
     "data.a", "aws_vpc.a[0][1]", "a.b ", 'a.b["\\x"]'],
)  # fmt: skip
def test_what_is_no_address_is_told(text: str) -> None:
    """With what one looks like."""
    with pytest.raises(AddressError):
        parse_address(text)


def test_modules_of_old_states() -> None:
    """Dotted names, without the word before each."""
    assert parse_module("a.b") == "module.a.module.b"
    assert parse_module("") == ""
    with pytest.raises(AddressError):
        parse_module("a..b")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "not valid JSON"),
        ("[]", "not valid JSON"),
        ("{", "not valid JSON"),
        ('{"version": 4} x', "more text after its JSON document"),
        ('{"serial": 1}', "no version"),
        ('{"version": 2}', "Terraform 0.11 upgrades it"),
        ('{"version": 5}', "a newer remote-backend"),
        ('{"version": 4.0}', "no version"),
        ('{"version": true}', "no version"),
        ('{"version": 4, "serial": -1}', "serial"),
        ('{"version": 4, "serial": "1"}', "serial"),
        ('{"version": 4, "lineage": 1}', "lineage"),
        ('{"version": 4, "resources": [NaN]}', "not valid JSON"),
        ('{"version": 4, "outputs": ' + "[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_state_is_told(text: str, told: str) -> None:
    """Formats, heads and faults; trailing text after the document too."""
    with pytest.raises(StateError, match=told):
        parse_state(text.encode())


@given(st.one_of(st.binary(), states().map(lambda one: one.data[:-3])))
def test_any_bytes_are_a_state_or_an_error(data: bytes) -> None:
    """Never anything else."""
    try:
        state = parse_state(data)
        addresses(state)
        state.outputs()
    except StateError as error:
        assert str(error)


def test_old_states_are_listed_tainted_and_thinned() -> None:
    """Their keys are addresses, and all else stays."""
    state = old_state()
    assert [str(address.address) for address in addresses(state)] == [
        "data.null_data_source.d",
        "null_resource.a[0]",
        "null_resource.a[1]",
        "module.child.null_resource.b",
    ]
    tainted = set_tainted(state, parse_address("null_resource.a[1]"), True)
    assert tainted is not None
    assert tainted.text == state.text.replace(
        '"2"\n                        },\n                        "meta": {},\n                        "tainted": false',
        '"2"\n                        },\n                        "meta": {},\n                        "tainted": true',
    )
    thinned, gone = remove(
        state, [parse_address("module.child"), parse_address("null_resource.a[0]")]
    )
    assert [str(one) for one in gone] == [
        "module.child.null_resource.b",
        "null_resource.a[0]",
    ]
    modules = json.loads(thinned.text)["modules"]
    assert list(modules[0]["resources"]) == ["null_resource.a.1", "data.null_data_source.d"]
    assert modules[1]["resources"] == {}
    assert state.outputs()["o"].value == "v"
    with pytest.raises(AddressError, match="terraform state mv"):
        move(state, parse_address("null_resource.a[0]"), parse_address("null_resource.c"))


@st.composite
def old_states(draw: st.DrawFn) -> StateFile:
    """Return a state of format 3 with unknown members here and there."""
    modules = []
    for path in (["root"], ["root", "m"], ["root", "m", "n"]):
        resources: dict[str, Any] = {}
        for name in draw(st.lists(NAMES, unique=True, max_size=3)):
            for key in draw(st.sampled_from([[""], [".0", ".1"]])):
                primary = {
                    "id": "i",
                    "attributes": {"id": "i", "n": draw(st.text(max_size=3))},
                    "meta": draw(VALUES),
                    "tainted": draw(st.booleans()),
                    "later": draw(VALUES),
                }
                resources[f"aws_vpc.{name}{key}"] = {
                    "type": "aws_vpc",
                    "primary": primary,
                    "deposed": [],
                    "new": draw(VALUES),
                }
        modules.append(
            {
                "path": path,
                "outputs": {},
                "resources": resources,
                "depends_on": draw(VALUES),
            }
        )
    document = {
        "version": 3,
        "terraform_version": "0.11.11",
        "serial": draw(st.integers(0, 10**6)),
        "lineage": "l",
        "modules": modules,
        "unknown": draw(VALUES),
    }
    return parse_state(text_of(document, draw(st.sampled_from([None, 4]))).encode())


@given(old_states(), st.data())
def test_old_states_change_only_where_asked(state: StateFile, data: st.DataObject) -> None:
    """Serial, taint and removal; every other member, digit and place stays."""
    assert plain(state.with_head(serial=7)) == plain(state) | {"serial": "#7"}
    found = addresses(state)
    if not found:
        return
    chosen = data.draw(st.sampled_from(found))
    after = set_tainted(state, chosen.address, not chosen.is_tainted)
    assert after is not None
    back = set_tainted(after, chosen.address, chosen.is_tainted)
    assert back is not None and back.text == state.text
    thinned, gone = remove(state, [chosen.address])
    assert gone == [chosen.address]
    assert [(address.address, address.value) for address in addresses(thinned)] == [
        (one.address, one.value) for one in found if one.address != chosen.address
    ]


def test_changes_that_wait_are_put_in_together() -> None:
    """Heads are changed any number of times, before and after what is in the state."""
    text = '{"version": 4, "serial": 1, "lineage": "l", "resources": [{"a": 1}]}'
    state = parse_state(text.encode())
    place = text.index('"a": 1')
    edited = state.edited([Edit(place, place + 6, '"a": "\u00fc"')])
    once = edited.with_head(serial=7)
    twice = once.with_head(serial=8).with_head(lineage="m", serial=9)
    assert (once.serial, twice.serial, twice.lineage) == (7, 9, "m")
    assert once.text == text.replace('"a": 1', '"a": "\u00fc"').replace(": 1,", ": 7,", 1)
    assert twice.data.decode() == once.text.replace(": 7,", ": 9,").replace('"l"', '"m"')
    assert twice == parse_state(twice.data)
    assert state.text == text
    for same in (state.edited([]), state.with_head(), twice.edited([])):
        assert len(list(same.resources())) == 1


def test_a_change_that_breaks_a_state_never_comes_out() -> None:
    """Not as a text, not as bytes, however often it is asked for."""
    state = parse_state(b'{"version": 4, "serial": 1, "resources": [{"a": 1}]}')
    place = state.text.index("]")
    broken = state.edited([Edit(place, place + 1, "")])
    for _ in range(2):
        with pytest.raises(StateError):
            _ = broken.text
        with pytest.raises(StateError):
            _ = broken.data
        with pytest.raises(StateError):
            list(broken.resources())
