"""Changes that people make to states by address: taint, untaint, remove, move."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from attrs import evolve

from remote_backend.errors import AddressError
from remote_backend.state.address import Address, is_inside
from remote_backend.state.file import Instance, Resource, StateFile
from remote_backend.state.json_edits import (
    Edit,
    apply_edits,
    array_elements,
    find_member,
    members,
    remove_elements,
    remove_member,
    set_member,
)

__all__ = ("addresses", "move", "remove", "set_tainted")


def addresses(state: StateFile) -> list[Instance]:
    """Return all instances in the order in which people read them: root first, then modules."""
    found = [one for resource in state.resources() for one in resource.instances]
    return sorted(found, key=lambda one: _order(one.address))


def set_tainted(state: StateFile, wanted: Address, tainted: bool) -> StateFile | None:
    """Return the state with an instance tainted or untainted; None when it already is.

    Raises `AddressError` for what is not there or cannot be tainted.
    """
    if wanted.is_module:
        raise AddressError(str(wanted), "it is a module; name a resource in it")
    if wanted.mode == "data":
        raise AddressError(
            str(wanted), "data sources cannot be tainted, they are read anew anyway"
        )
    resource = _resource(state, wanted)
    current = [
        one for one in resource.instances if one.address == wanted and not one.deposed
    ]
    if not current:
        raise AddressError(str(wanted), _why_missing(resource, wanted))
    if current[0].is_tainted is tainted:
        return None
    if resource.old_key:
        primary = _member(state.text, resource.start, "primary")
        value = "true" if tainted else "false"
        edit = set_member(
            state.text, primary, "tainted", value, after=("id", "attributes", "meta")
        )
        return state.edited([edit])
    start = _instance_start(state.text, resource, wanted)
    if tainted:
        edit = set_member(state.text, start, "status", '"tainted"', after=("index_key",))
    else:
        gone = remove_member(state.text, start, "status")
        assert gone is not None
        edit = gone
    return state.edited([edit])


def remove(state: StateFile, wanted: Iterable[Address]) -> tuple[StateFile, list[Address]]:
    """Return the state without what the addresses cover, and what was taken out of it.

    Raises `AddressError` for an address that covers nothing.
    """
    gone: list[Address] = []
    for address in wanted:
        covered = [one.address for one in addresses(state) if address.covers(one.address)]
        if not covered:
            raise AddressError(str(address), "nothing of this address is in the state")
        gone += [one for one in covered if one not in gone]
        state = state.edited(_removal(state, address))
    return state, gone


def move(state: StateFile, source: Address, target: Address) -> tuple[StateFile, list[str]]:
    """Return the state with an address renamed, and each move as `from to`.

    Raises `AddressError` for a source that is not there and a target that is.
    """
    if source.is_module != target.is_module:
        raise AddressError(
            str(target), f"a module moves to a module; {source} is something else"
        )
    if state.format == 3:
        raise AddressError(
            str(source),
            "states of Terraform 0.11 are not changed by mv; use `terraform state mv`",
        )
    if source.is_module:
        return _move_module(state, source.module, target.module)
    if (source.mode, source.type) != (target.mode, target.type):
        raise AddressError(str(target), f"the type must stay that of {source}")
    resource = _resource(state, source)
    moved = [one for one in resource.instances if source.covers(one.address)]
    if not moved:
        raise AddressError(str(source), _why_missing(resource, source))
    if any(target.covers(one.address) for one in addresses(state)):
        raise AddressError(str(target), "it is in the state already")
    if source.key is None and target.key is None and len(moved) == len(resource.instances):
        edits = _renamed(state.text, resource.start, target)
        return state.edited(edits), [f"{source} {target}"]
    keyed = [one for one in moved if one.address.key is not None]
    if source.key is None and target.key is not None and (keyed or len(moved) > 1):
        raise AddressError(str(target), f"{source} has several instances; name one of them")
    return _move_instance(state, resource, source, target), [f"{source} {target}"]


def _move_module(state: StateFile, source: str, target: str) -> tuple[StateFile, list[str]]:
    resources = list(state.resources())
    if any(is_inside(one.address.module, target) for one in resources):
        raise AddressError(target, "it is in the state already")
    edits: list[Edit] = []
    for resource in resources:
        module = resource.address.module
        if is_inside(module, source):
            moved = target + module[len(source) :]
            edits.append(
                set_member(state.text, resource.start, "module", json.dumps(moved))
            )
    if not edits:
        raise AddressError(source, "nothing of this address is in the state")
    return state.edited(edits), [f"{source} {target}"]


def _move_instance(
    state: StateFile, resource: Resource, source: Address, target: Address
) -> StateFile:
    text = state.text
    wanted = source if source.key is not None else resource.instances[0].address
    array = _member(text, resource.start, "instances")
    mine = [
        one
        for one in array_elements(text, array)
        if one.value.get("index_key") == wanted.key
    ]
    # What is deposed goes where its instance goes.
    parts = [_rekeyed(text[one.start : one.end], target) for one in mine]
    whole = next(one for one in _elements_of(state) if one.start == resource.start)
    indent = _blanks_before(text, mine[0].start)
    there = _find(state, evolve(target, key=None))
    emptied = len(mine) == len(resource.instances)
    edits: list[Edit] = []
    if there is not None and there.start != resource.start:
        last = list(array_elements(text, _member(text, there.start, "instances")))[-1]
        added = "".join(f",{indent}{part}" for part in parts)
        edits.append(Edit(last.end, last.end, added))
        edits += (
            _removal(state, evolve(source, key=None))
            if emptied
            else remove_elements(
                text, array, lambda one: one.get("index_key") == wanted.key
            )
        )
        return state.edited(edits)
    if there is not None:
        return state.edited(
            [Edit(one.start, one.end, part) for one, part in zip(mine, parts, strict=True)]
        )
    copy = text[whole.start : whole.end]
    inner = _member(copy, 0, "instances")
    trimmed = apply_edits(
        copy, remove_elements(copy, inner, lambda one: one.get("index_key") != wanted.key)
    )
    inner = _member(trimmed, 0, "instances")
    renamed = [
        Edit(one.start, one.end, _rekeyed(trimmed[one.start : one.end], target))
        for one in array_elements(trimmed, inner)
    ]
    made = apply_edits(trimmed, [*renamed, *_renamed(trimmed, 0, target)])
    if emptied:
        return state.edited([Edit(whole.start, whole.end, made)])
    edits = remove_elements(text, array, lambda one: one.get("index_key") == wanted.key)
    edits.append(Edit(whole.end, whole.end, f",{_blanks_before(text, whole.start)}{made}"))
    return state.edited(edits)


def _rekeyed(instance: str, target: Address) -> str:
    if target.key is None:
        gone = remove_member(instance, 0, "index_key")
        return apply_edits(instance, [gone]) if gone else instance
    return apply_edits(
        instance, [set_member(instance, 0, "index_key", json.dumps(target.key))]
    )


def _renamed(text: str, start: int, target: Address) -> list[Edit]:
    edits = [set_member(text, start, "name", json.dumps(target.name))]
    if target.module:
        edits.append(set_member(text, start, "module", json.dumps(target.module)))
    else:
        gone = remove_member(text, start, "module")
        edits += [gone] if gone else []
    return edits


def _removal(state: StateFile, wanted: Address) -> list[Edit]:
    if state.format == 3:
        return _old_removal(state, wanted)
    array = state.place_of("resources")
    if array is None:
        return []
    whole: set[int] = set()
    edits: list[Edit] = []
    for resource in state.resources():
        left = [one for one in resource.instances if not wanted.covers(one.address)]
        if not left and resource.instances:
            whole.add(resource.start)
        elif len(left) < len(resource.instances):
            instances = _member(state.text, resource.start, "instances")
            edits += remove_elements(state.text, instances, _has_key(wanted))
    return edits + _remove_at(state.text, array, whole)


def _remove_at(text: str, array: int, starts: set[int]) -> list[Edit]:
    order = iter([one.start for one in array_elements(text, array)])
    return remove_elements(text, array, lambda _: next(order) in starts) if starts else []


def _has_key(wanted: Address) -> Callable[[Any], bool]:
    return lambda one: bool(one.get("index_key") == wanted.key)


def _old_removal(state: StateFile, wanted: Address) -> list[Edit]:
    edits = []
    for start, module, _ in state.modules():
        resources = _member(state.text, start, "resources")
        gone = {
            one.old_key
            for one in state.resources()
            # The same key can stand in several modules.
            if one.address.module == module and wanted.covers(one.address)
        }
        found = list(members(state.text, resources))
        kept = [one for one in found if one.key not in gone]
        if len(kept) == len(found):
            continue
        if not kept:
            closing = state.text.index("}", found[-1].value_end)
            edits.append(Edit(resources, closing + 1, "{}"))
            continue
        blanks = _blanks_before(state.text, found[0].start)
        body = f",{blanks}".join(state.text[one.start : one.value_end] for one in kept)
        edits.append(Edit(found[0].start, found[-1].value_end, body))
    return edits


def _resource(state: StateFile, wanted: Address) -> Resource:
    found = _find(state, wanted)
    if found is None:
        raise AddressError(str(wanted), "there is no such resource in the state")
    return found


def _find(state: StateFile, wanted: Address) -> Resource | None:
    whole = evolve(wanted, key=None)
    near = [
        resource
        for resource in state.resources()
        if evolve(resource.address, key=None) == whole
    ]
    exact = [resource for resource in near if resource.address == wanted]
    return next(iter(exact or near), None)


def _why_missing(resource: Resource, wanted: Address) -> str:
    current = [one for one in resource.instances if not one.deposed]
    if any(one.address == wanted for one in resource.instances):
        return "only a deposed object of it is left, which cannot be tainted"
    keys = ", ".join(str(one.address) for one in current[:5])
    return f"there is no such instance in the state; there are {keys}"


def _instance_start(text: str, resource: Resource, wanted: Address) -> int:
    for one in array_elements(text, _member(text, resource.start, "instances")):
        if one.value.get("index_key") == wanted.key and not one.value.get("deposed"):
            return one.start
    raise AddressError(str(wanted), "there is no such instance in the state")


def _member(text: str, start: int, key: str) -> int:
    member = find_member(text, start, key)
    if member is None:
        raise AddressError(key, "the state lacks this member")
    return member.value_start


def _elements_of(state: StateFile) -> Iterator[Any]:
    array = state.place_of("resources")
    return array_elements(state.text, array) if array is not None else iter(())


def _blanks_before(text: str, place: int) -> str:
    begin = place
    while begin and text[begin - 1] in " \t\r\n":
        begin -= 1
    return text[begin:place]


def _order(address: Address) -> tuple[Any, ...]:
    key = address.key
    rank = (
        (0, 0, "") if key is None else (1, key, "") if isinstance(key, int) else (2, 0, key)
    )
    depth = address.module.count("module.")
    return (
        bool(address.module),
        depth,
        address.module,
        address.mode,
        address.type,
        address.name,
        rank,
    )
