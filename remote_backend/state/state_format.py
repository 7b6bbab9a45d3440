"""States as readable text with masked sensitive values, and as one JSON document."""

from decimal import Decimal
from typing import Any

from remote_backend.formats.go_quoting import go_quote
from remote_backend.formats.hcl import IDENTIFIER
from remote_backend.state.edits import addresses
from remote_backend.state.file import Instance, StateFile
from remote_backend.state.output_format import TOO_DEEP, json_text, number_text

__all__ = ("instance_text", "state_json", "state_text")

_MASK = "(sensitive value)"


def state_text(state: StateFile) -> str:
    """Return all resources and outputs of a state."""
    parts = [instance_text(instance, state.format) for instance in addresses(state)]
    outputs = state.outputs()
    if outputs:
        width = max(len(name) for name in outputs)
        lines = [
            f"{name.ljust(width)} = {_MASK if output.sensitive else _value_text(output.value, 0)}"
            for name, output in outputs.items()
        ]
        parts.append("\n".join(["Outputs:", "", *lines]))
    return "\n\n".join(parts)


def instance_text(instance: Instance, format: int) -> str:
    """Return one instance with its attributes, as a block."""
    address = instance.address
    notes = " (tainted)" if instance.is_tainted else ""
    notes += f" (deposed object {instance.deposed})" if instance.deposed else ""
    word = "data" if address.mode == "data" else "resource"
    attributes = _attributes(instance, format)
    width = max((len(name) for name in attributes), default=0)
    lines = [f"    {name.ljust(width)} = {text}" for name, text in attributes.items()]
    head = [f"# {address}:{notes}", f'{word} "{address.type}" "{address.name}" {{']
    return "\n".join([*head, *lines, "}"])


def state_json(state: StateFile | None) -> str:
    """Return a state as JSON for programs; raises `StateError` for very deep nesting."""
    return json_text(_document(state))


def _attributes(instance: Instance, format: int) -> dict[str, str]:
    value = instance.value
    if format == 3:
        flat = value.get("attributes")
        attributes = {"id": value.get("id"), **(flat if isinstance(flat, dict) else {})}
    else:
        attributes = _masked(_values(instance), value.get("sensitive_attributes"))
    return {
        name: _value_text(value, 4)
        for name, value in sorted(attributes.items())
        if value is not None
    }


def _values(instance: Instance) -> dict[str, Any]:
    """Return the attributes of an instance of format 4 as Terraform shows them."""
    for name in ("attributes", "attributes_flat"):
        attributes = instance.value.get(name)
        if isinstance(attributes, dict):
            break
    else:
        return {}
    if (instance.address.mode, instance.address.type) != ("managed", "terraform_data"):
        return attributes
    return {name: _unwrapped(value) for name, value in attributes.items()}


def _unwrapped(value: Any) -> Any:
    """Return a value of `terraform_data`; states hold it together with its type."""
    if isinstance(value, dict) and set(value) == {"type", "value"}:
        return value["value"]
    return value


def _masked(attributes: dict[str, Any], paths: Any) -> dict[str, Any]:
    for path in paths if isinstance(paths, list) else ():
        steps = [_step(step) for step in path] if isinstance(path, list) else []
        try:
            masked = _with_mask(attributes, steps)
        except RecursionError:
            masked = None
        if not isinstance(masked, dict):
            # The sensitive part is unknown, so all attributes are masked.
            return dict.fromkeys(attributes, _Masked())
        attributes = masked
    return attributes


def _step(step: Any) -> Any:
    value = step.get("value") if isinstance(step, dict) else None
    return value.get("value") if isinstance(value, dict) else value


def _with_mask(value: Any, steps: list[Any]) -> Any:
    """Return a value with the part at a path masked; a path that does not exist masks all."""
    if not steps:
        return _Masked()
    step, following_steps = steps[0], steps[1:]
    if isinstance(value, dict) and isinstance(step, str) and step in value:
        return {**value, step: _with_mask(value[step], following_steps)}
    if isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
        return [
            _with_mask(element, following_steps) if at == step else element
            for at, element in enumerate(value)
        ]
    return _Masked()


class _Masked:
    """The place of a value that is not printed."""


def _value_text(value: Any, indent: int) -> str:
    try:
        return _value(value, indent)
    except RecursionError:
        return TOO_DEEP


def _value(value: Any, indent: int) -> str:
    inner_blanks, blanks = " " * (indent + 4), " " * indent
    if isinstance(value, _Masked):
        return _MASK
    if isinstance(value, dict):
        if not value:
            return "{}"
        names = {key: key if IDENTIFIER.fullmatch(key) else go_quote(key) for key in value}
        width = max(len(name) for name in names.values())
        lines = "".join(
            f"{inner_blanks}{names[key].ljust(width)} = {_value(item, indent + 4)}\n"
            for key, item in sorted(value.items())
        )
        return f"{{\n{lines}{blanks}}}"
    if isinstance(value, list):
        lines = "".join(f"{inner_blanks}{_value(item, indent + 4)},\n" for item in value)
        return f"[\n{lines}{blanks}]" if value else "[]"
    if isinstance(value, str):
        if "\n" not in value:
            return go_quote(value)
        body = "".join(f"{inner_blanks}{line}\n" for line in value.rstrip("\n").split("\n"))
        return f"<<-EOT\n{body}{blanks}EOT"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return number_text(value) if isinstance(value, int | Decimal) else str(value)


def _document(state: StateFile | None) -> dict[str, Any]:
    if state is None:
        return {"format_version": "1.0"}
    modules: dict[str, list[dict[str, Any]]] = {}
    for instance in addresses(state):
        modules.setdefault(instance.address.module, []).append(
            _resource(instance, state.format)
        )
    root: dict[str, Any] = {"resources": modules.pop("", [])}
    if modules:
        root["child_modules"] = [
            {"address": module, "resources": resources}
            for module, resources in modules.items()
        ]
    outputs = {
        name: {"sensitive": output.sensitive, "value": output.value, "type": output.type}
        for name, output in state.outputs().items()
    }
    return {
        "format_version": "1.0",
        "terraform_version": state.terraform_version,
        "values": {"outputs": outputs, "root_module": root},
    }


def _resource(instance: Instance, format: int) -> dict[str, Any]:
    address = instance.address
    document: dict[str, Any] = {
        "address": str(address),
        "mode": address.mode,
        "type": address.type,
        "name": address.name,
        "values": _values(instance),
    }
    if address.key is not None:
        document["index"] = address.key
    if instance.is_tainted:
        document["tainted"] = True
    if instance.deposed and format == 4:
        document["deposed_key"] = instance.deposed
    return document
