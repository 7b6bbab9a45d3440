"""The kinds of values that a state file must have where Terraform reads them.

Terraform decodes states into fixed types and refuses what does not fit
(`internal/states/statefile`, version4.go and version3_upgrade.go of Terraform 1.11). A state
that is stored here and refused there could not be repaired with Terraform any more.
"""

from collections.abc import Callable, Mapping
from typing import Any

from remote_backend.errors import StateError

__all__ = ("check_element", "check_head", "require_known_spelling")

_HEAD = {
    name.casefold(): name
    for name in (
        "version",
        "terraform_version",
        "serial",
        "lineage",
        "outputs",
        "resources",
        "modules",
        "check_results",
    )
}
_TEXTS_OF_RESOURCE = ("module", "mode", "type", "name", "provider", "each")
_TEXTS_OF_INSTANCE = ("status", "deposed")


def require_known_spelling(key: str) -> None:
    """Refuse a member of the head that Terraform would take for another one.

    Go matches names of members without regard to case, so `Serial` is `serial` there.
    Raises `StateError`.
    """
    known = _HEAD.get(key.casefold(), key)
    if known != key:
        raise StateError(f"its member {key!r} must be spelled {known!r}")


def check_head(head: Mapping[str, Any]) -> None:
    """Check the values of the head, apart from its long lists; raises `StateError`."""
    _require(head.get("lineage"), str, "its lineage is not text")
    _require(head.get("terraform_version"), str, "its terraform_version is not text")
    _require(head.get("check_results"), list, "its check_results are not a list")
    outputs = _require(head.get("outputs"), dict, "its outputs are not an object")
    for name, output in (outputs or {}).items():
        if not isinstance(output, dict):
            raise StateError(f"its output {name!r} is not an object")


def check_element(key: str, number: int, value: Any) -> None:
    """Check an element of `resources` or, in format 3, of `modules`; raises `StateError`."""
    check = _ELEMENTS.get(key)
    if check is None:
        return
    what = f"{key.removesuffix('s')} {number} in it"
    if not isinstance(value, dict):
        raise StateError(f"{what} is not an object")
    check(value, what)


def _check_resource(resource: dict[str, Any], what: str) -> None:
    for name in _TEXTS_OF_RESOURCE:
        _require(resource.get(name), str, f"the {name} of {what} is not text")
    instances = _require(
        resource.get("instances"), list, f"the instances of {what} are not a list"
    )
    for instance in instances or ():
        if not isinstance(instance, dict):
            raise StateError(f"an instance of {what} is not an object")
        for name in _TEXTS_OF_INSTANCE:
            _require(
                instance.get(name), str, f"the {name} of an instance of {what} is not text"
            )
        if isinstance(instance.get("index_key"), bool | dict | list):
            raise StateError(f"an index_key of {what} is neither a number nor text")


def _check_module(module: dict[str, Any], what: str) -> None:
    _require(module.get("path"), list, f"the path of {what} is not a list")
    _require(module.get("outputs"), dict, f"the outputs of {what} are not an object")
    resources = _require(
        module.get("resources"), dict, f"the resources of {what} are not an object"
    )
    for key, resource in (resources or {}).items():
        if not isinstance(resource, dict):
            raise StateError(f"resource {key!r} of {what} is not an object")
        _require(
            resource.get("primary"), dict, f"resource {key!r} of {what} is not an instance"
        )
        _require(
            resource.get("deposed"), list, f"the deposed objects of {key!r} are not a list"
        )


_ELEMENTS: dict[str, Callable[[dict[str, Any], str], None]] = {
    "resources": _check_resource,
    "modules": _check_module,
}


def _require(value: Any, kind: type, problem: str) -> Any:
    # Go reads null as a value that is not there.
    if value is not None and not isinstance(value, kind):
        raise StateError(problem)
    return value
