"""Changes of states by address: taint, untaint, remove and move."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from attrs import evolve

from remote_backend.errors import AddressError
from remote_backend.state.address import Address, Key, is_inside
from remote_backend.state.file import Instance, Resource, StateFile
from remote_backend.state.json_edits import (
    Edit,
    apply_edits,
    array_elements,
    members,
    remove_elements,
    remove_member,
    set_member,
)
from remote_backend.state.positions import (
    blanks_before,
    elements_with_key,
    find_resource,
    instance_start,
    member_start,
    require_resource,
    resource_elements,
    why_missing,
)

__all__ = ("addresses", "move", "remove", "set_tainted")


def addresses(state: StateFile) -> list[Instance]:
    """Return all instances in reading order: those of the root first, then those of modules."""
    instances = [
        instance for resource in state.resources() for instance in resource.instances
    ]
    return sorted(instances, key=lambda instance: _sort_key(instance.address))


def set_tainted(state: StateFile, address: Address, tainted: bool) -> StateFile | None:
    """Return the state with an instance tainted or untainted; None when it already is.

    Raises `AddressError` for an instance that does not exist or cannot be tainted.
    """
    if address.is_module:
        raise AddressError(str(address), "it is a module; name a resource in it")
    if address.mode == "data":
        raise AddressError(
            str(address),
            "data sources cannot be tainted; each plan reads them again anyway",
        )
    resource = require_resource(state, address)
    instances = [
        instance
        for instance in resource.instances
        if instance.address == address and not instance.deposed
    ]
    if not instances:
        raise AddressError(str(address), why_missing(resource, address))
    if instances[0].is_tainted is tainted:
        return None
    if resource.legacy_key:
        primary = member_start(state.text, resource.start, "primary")
        value = "true" if tainted else "false"
        edit = set_member(
            state.text, primary, "tainted", value, after=("id", "attributes", "meta")
        )
        return state.edited([edit])
    start = instance_start(state.text, resource, address)
    if tainted:
        edit = set_member(state.text, start, "status", '"tainted"', after=("index_key",))
    else:
        removal = remove_member(state.text, start, "status")
        assert removal is not None
        edit = removal
    return state.edited([edit])


def remove(
    state: StateFile, addresses_to_remove: Iterable[Address]
) -> tuple[StateFile, list[Address]]:
    """Return the state without the instances of the addresses, and the addresses it removed.

    Raises `AddressError` for an address of which the state has no instance.
    """
    removed: list[Address] = []
    for address in addresses_to_remove:
        covered = [
            instance.address
            for instance in addresses(state)
            if address.covers(instance.address)
        ]
        if not covered:
            raise AddressError(str(address), "the state has nothing of this address")
        removed += [
            covered_address for covered_address in covered if covered_address not in removed
        ]
        state = state.edited(_removal_edits(state, address))
    return state, removed


def move(state: StateFile, source: Address, target: Address) -> tuple[StateFile, list[str]]:
    """Return the state with an address renamed, and each move as `from to`.

    Raises `AddressError` when the source does not exist or the target does.
    """
    if source.is_module != target.is_module:
        raise AddressError(
            str(target), f"{source} and {target} must both be modules, or both resources"
        )
    if state.format == 3:
        raise AddressError(
            str(source),
            "resources in states of Terraform 0.11 cannot be moved here; use `terraform state mv`",
        )
    if source.is_module:
        return _move_module(state, source.module, target.module)
    if (source.mode, source.type) != (target.mode, target.type):
        raise AddressError(str(target), f"its type must be that of {source}")
    resource = require_resource(state, source)
    moved_instances = [
        instance for instance in resource.instances if source.covers(instance.address)
    ]
    if not moved_instances:
        raise AddressError(str(source), why_missing(resource, source))
    if any(target.covers(instance.address) for instance in addresses(state)):
        raise AddressError(str(target), "it is in the state already")
    if (
        source.key is None
        and target.key is None
        and len(moved_instances) == len(resource.instances)
    ):
        edits = _rename_edits(state.text, resource.start, target)
        return state.edited(edits), [f"{source} {target}"]
    keyed_instances = [
        instance for instance in moved_instances if instance.address.key is not None
    ]
    if (
        source.key is None
        and target.key is not None
        and (keyed_instances or len(moved_instances) > 1)
    ):
        raise AddressError(str(target), f"{source} has several instances; name one of them")
    return _move_instance(state, resource, source, target), [f"{source} {target}"]


def _move_module(state: StateFile, source: str, target: str) -> tuple[StateFile, list[str]]:
    resources = list(state.resources())
    if any(is_inside(resource.address.module, target) for resource in resources):
        raise AddressError(target, "it is in the state already")
    edits: list[Edit] = []
    for resource in resources:
        module = resource.address.module
        if is_inside(module, source):
            new_module = target + module[len(source) :]
            edits.append(
                set_member(state.text, resource.start, "module", json.dumps(new_module))
            )
    if not edits:
        raise AddressError(source, "the state has nothing of this address")
    return state.edited(edits), [f"{source} {target}"]


def _move_instance(
    state: StateFile, resource: Resource, source: Address, target: Address
) -> StateFile:
    key = source.key if source.key is not None else resource.instances[0].address.key
    destination = find_resource(state, evolve(target, key=None))
    if destination is None:
        return state.edited(_edits_to_new_resource(state, resource, key, target))
    if destination.start == resource.start:
        return state.edited(_edits_to_new_key(state.text, resource, key, target))
    return state.edited(_edits_to_other_resource(state, resource, key, target, destination))


def _edits_to_new_key(
    text: str, resource: Resource, key: Key, target: Address
) -> list[Edit]:
    """Return the edits that give instances of a key another key in their resource."""
    return [
        Edit(
            element.start,
            element.end,
            _with_key_of(text[element.start : element.end], target),
        )
        for element in elements_with_key(text, resource.start, key)
    ]


def _edits_to_other_resource(
    state: StateFile, resource: Resource, key: Key, target: Address, destination: Resource
) -> list[Edit]:
    """Return the edits that move instances of a key into a resource that exists."""
    text = state.text
    elements = elements_with_key(text, resource.start, key)
    indent = blanks_before(text, elements[0].start)
    last = list(array_elements(text, member_start(text, destination.start, "instances")))[
        -1
    ]
    # Deposed objects have the key of their instance, so they move with it.
    added = "".join(
        f",{indent}{_with_key_of(text[element.start : element.end], target)}"
        for element in elements
    )
    if len(elements) == len(resource.instances):
        removal = _removal_edits(state, evolve(resource.address, key=None))
    else:
        removal = _key_removal_edits(text, resource.start, lambda other: bool(other == key))
    return [Edit(last.end, last.end, added), *removal]


def _edits_to_new_resource(
    state: StateFile, resource: Resource, key: Key, target: Address
) -> list[Edit]:
    """Return the edits that move instances of a key into a copy of their resource."""
    text = state.text
    element = next(
        element for element in resource_elements(state) if element.start == resource.start
    )
    copy = text[element.start : element.end]
    copy = apply_edits(copy, _key_removal_edits(copy, 0, lambda other: bool(other != key)))
    copy = apply_edits(
        copy,
        [
            *(
                Edit(
                    part.start, part.end, _with_key_of(copy[part.start : part.end], target)
                )
                for part in array_elements(copy, member_start(copy, 0, "instances"))
            ),
            *_rename_edits(copy, 0, target),
        ],
    )
    if len(elements_with_key(text, resource.start, key)) == len(resource.instances):
        return [Edit(element.start, element.end, copy)]
    separator = f",{blanks_before(text, element.start)}"
    return [
        *_key_removal_edits(text, resource.start, lambda other: bool(other == key)),
        Edit(element.end, element.end, f"{separator}{copy}"),
    ]


def _key_removal_edits(
    text: str, start: int, is_removed: Callable[[Any], bool]
) -> list[Edit]:
    """Return the edits that remove instances of the resource at `start` by their keys."""
    instances = member_start(text, start, "instances")
    return remove_elements(
        text, instances, lambda instance: is_removed(instance.get("index_key"))
    )


def _with_key_of(instance: str, target: Address) -> str:
    if target.key is None:
        removal = remove_member(instance, 0, "index_key")
        return apply_edits(instance, [removal]) if removal else instance
    return apply_edits(
        instance, [set_member(instance, 0, "index_key", json.dumps(target.key))]
    )


def _rename_edits(text: str, start: int, target: Address) -> list[Edit]:
    edits = [set_member(text, start, "name", json.dumps(target.name))]
    if target.module:
        edits.append(set_member(text, start, "module", json.dumps(target.module)))
    else:
        removal = remove_member(text, start, "module")
        edits += [removal] if removal else []
    return edits


def _removal_edits(state: StateFile, address: Address) -> list[Edit]:
    if state.format == 3:
        return _legacy_removal_edits(state, address)
    array = state.value_start("resources")
    if array is None:
        return []
    emptied: set[int] = set()
    edits: list[Edit] = []
    for resource in state.resources():
        remaining = [
            instance
            for instance in resource.instances
            if not address.covers(instance.address)
        ]
        if not remaining and resource.instances:
            emptied.add(resource.start)
        elif len(remaining) < len(resource.instances):
            edits += _key_removal_edits(
                state.text, resource.start, lambda key: bool(key == address.key)
            )
    return edits + _element_removal_edits(state.text, array, emptied)


def _element_removal_edits(text: str, array: int, starts: set[int]) -> list[Edit]:
    if not starts:
        return []
    element_starts = iter([element.start for element in array_elements(text, array)])
    return remove_elements(text, array, lambda _: next(element_starts) in starts)


def _legacy_removal_edits(state: StateFile, address: Address) -> list[Edit]:
    edits = []
    for start, module, _ in state.modules():
        resources = member_start(state.text, start, "resources")
        removed_keys = {
            resource.legacy_key
            for resource in state.resources()
            # The same key can stand in several modules.
            if resource.address.module == module and address.covers(resource.address)
        }
        resource_members = list(members(state.text, resources))
        remaining = [
            member for member in resource_members if member.key not in removed_keys
        ]
        if len(remaining) == len(resource_members):
            continue
        if not remaining:
            closing = state.text.index("}", resource_members[-1].value_end)
            edits.append(Edit(resources, closing + 1, "{}"))
            continue
        blanks = blanks_before(state.text, resource_members[0].start)
        body = f",{blanks}".join(
            state.text[member.start : member.value_end] for member in remaining
        )
        edits.append(Edit(resource_members[0].start, resource_members[-1].value_end, body))
    return edits


def _sort_key(address: Address) -> tuple[Any, ...]:
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
