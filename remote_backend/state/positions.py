"""Where resources, instances and members stand in the text of a state."""

from collections.abc import Iterator

from attrs import evolve

from remote_backend.errors import AddressError
from remote_backend.state.address import Address, Key
from remote_backend.state.file import Resource, StateFile
from remote_backend.state.json_edits import Element, array_elements, find_member

__all__ = (
    "blanks_before",
    "elements_with_key",
    "find_resource",
    "instance_start",
    "member_start",
    "require_resource",
    "resource_elements",
    "why_missing",
)


def require_resource(state: StateFile, address: Address) -> Resource:
    """Return the resource of an address; raise `AddressError` without one."""
    resource = find_resource(state, address)
    if resource is None:
        raise AddressError(str(address), "there is no such resource in the state")
    return resource


def find_resource(state: StateFile, address: Address) -> Resource | None:
    """Return the resource of an address, whatever its key; None without one."""
    without_key = evolve(address, key=None)
    same_resource = [
        resource
        for resource in state.resources()
        if evolve(resource.address, key=None) == without_key
    ]
    exact = [resource for resource in same_resource if resource.address == address]
    return next(iter(exact or same_resource), None)


def why_missing(resource: Resource, address: Address) -> str:
    """Return why a resource has no instance of an address that can be changed."""
    instances = [instance for instance in resource.instances if not instance.deposed]
    if any(instance.address == address for instance in resource.instances):
        return "only a deposed object of it is left, and that cannot be tainted"
    keys = ", ".join(str(instance.address) for instance in instances[:5])
    return f"there is no such instance in the state; there are {keys}"


def instance_start(text: str, resource: Resource, address: Address) -> int:
    """Return where the current object of an instance begins; raise `AddressError` without one."""
    for element in array_elements(text, member_start(text, resource.start, "instances")):
        if element.value.get("index_key") == address.key and not element.value.get(
            "deposed"
        ):
            return element.start
    raise AddressError(str(address), "there is no such instance in the state")


def member_start(text: str, start: int, key: str) -> int:
    """Return where the value of a member begins; raise `AddressError` without one."""
    member = find_member(text, start, key)
    if member is None:
        raise AddressError(key, "the state has no such member")
    return member.value_start


def resource_elements(state: StateFile) -> Iterator[Element]:
    """Give the elements of the resources of a state."""
    array = state.value_start("resources")
    return array_elements(state.text, array) if array is not None else iter(())


def elements_with_key(text: str, start: int, key: Key) -> list[Element]:
    """Return the instances with a key, of the resource at `start`; deposed objects have it too."""
    return [
        element
        for element in array_elements(text, member_start(text, start, "instances"))
        if element.value.get("index_key") == key
    ]


def blanks_before(text: str, position: int) -> str:
    """Return the blanks and line ends in front of a position."""
    start = position
    while start and text[start - 1] in " \t\r\n":
        start -= 1
    return text[start:position]
