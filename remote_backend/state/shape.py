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
# Go reads null as a value that is not there.
_TEXT = (str, type(None))
_LIST = (list, type(None))
_OBJECT = (dict, type(None))
_NO_KEYS = frozenset({bool, dict, list})
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
    _require(head.get("lineage"), _TEXT, "its lineage is not text")
    _require(head.get("terraform_version"), _TEXT, "its terraform_version is not text")
    _require(head.get("check_results"), _LIST, "its check_results are not a list")
    outputs = _require(head.get("outputs"), _OBJECT, "its outputs are not an object")
    for name, output in (outputs or {}).items():
        if not isinstance(output, dict):
            raise StateError(f"its output {name!r} is not an object")


def check_element(key: str, number: int, value: Any) -> None:
    """Check an element of `resources` or, in format 3, of `modules`; raises `StateError`."""
    check = _ELEMENTS.get(key)
    problem = check(value) if check is not None else None
    if problem is not None:
        raise StateError(f"{key.removesuffix('s')} {number} in it {problem}")


def _problem_of_resource(resource: Any) -> str | None:
    """Return what is wrong with a resource; states have many, so texts are made only then."""
    if not isinstance(resource, dict):
        return "is not an object"
    for name in _TEXTS_OF_RESOURCE:
        if name in resource and not isinstance(resource[name], _TEXT):
            return f"has a {name} that is not text"
    instances = resource.get("instances")
    if not isinstance(instances, _LIST):
        return "has instances that are not a list"
    for instance in instances or ():
        if not isinstance(instance, dict):
            return "has an instance that is not an object"
        for name in _TEXTS_OF_INSTANCE:
            if name in instance and not isinstance(instance[name], _TEXT):
                return f"has an instance whose {name} is not text"
        if type(instance.get("index_key")) in _NO_KEYS:
            return "has an index_key that is neither a number nor text"
    return None


def _problem_of_module(module: Any) -> str | None:
    if not isinstance(module, dict):
        return "is not an object"
    if not isinstance(module.get("path"), _LIST):
        return "has a path that is not a list"
    for name in ("outputs", "resources"):
        if not isinstance(module.get(name), _OBJECT):
            return f"has {name} that are not an object"
    for key, resource in (module.get("resources") or {}).items():
        if not isinstance(resource, dict):
            return f"has a resource {key!r} that is not an object"
        if not isinstance(resource.get("primary"), _OBJECT):
            return f"has a resource {key!r} whose primary is not an object"
        if not isinstance(resource.get("deposed"), _LIST):
            return f"has a resource {key!r} whose deposed objects are not a list"
    return None


_ELEMENTS: dict[str, Callable[[Any], str | None]] = {
    "resources": _problem_of_resource,
    "modules": _problem_of_module,
}


def _require(value: Any, kind: Any, problem: str) -> Any:
    if not isinstance(value, kind):
        raise StateError(problem)
    return value
