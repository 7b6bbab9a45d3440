"""State versions and outputs, as a server answers and receives them."""

import base64
import binascii
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from attrs import evolve, field, frozen

from remote_backend.errors import StateError
from remote_backend.models.state import StateOutput
from remote_backend.server.documents.documents import (
    Resource,
    resource_of,
    to_many,
    to_one,
)
from remote_backend.server.documents.request_documents import (
    RequestDocument,
    invalid,
    rejected,
)
from remote_backend.server.records import StateVersionRecord
from remote_backend.state.file import Instance, StateFile, parse_state

__all__ = (
    "StateAddresses",
    "StateVersionUpload",
    "dump_output",
    "dump_state_resource",
    "dump_state_version",
    "dump_workspace_output",
    "managed_instances",
    "manages_resources",
    "output_id",
    "outputs_of",
    "parse_state_version_upload",
    "require_state",
    "version_id_of_output",
)


_LARGEST_SERIAL = (1 << 63) - 1


@frozen(kw_only=True)
class StateVersionUpload:
    """A state that a client wants to store."""

    serial: int
    md5: str
    lineage: str = ""
    force: bool = False
    run_id: str | None = None
    state: bytes | None = field(default=None, repr=False)
    """None when the bytes come later."""


@frozen(kw_only=True)
class StateAddresses:
    """Where the bytes of a state version can be read, and written as long as they are awaited."""

    download: str = field(repr=False)
    upload: str | None = field(default=None, repr=False)
    upload_json: str | None = field(default=None, repr=False)


def parse_state_version_upload(document: RequestDocument) -> StateVersionUpload:
    """Read the request to store a state; raises `Rejected` for what is missing or wrong."""
    serial, md5 = document.number("serial"), document.text("md5")
    if serial is None or not 0 <= serial <= _LARGEST_SERIAL:
        raise invalid("serial", "a whole number from 0 to 2^63 - 1")
    if not md5:
        raise invalid("md5", "the digest of the state")
    encoded = document.text("state")
    try:
        state = None if encoded is None else base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise invalid("state", "base64") from None
    return StateVersionUpload(
        serial=serial,
        md5=md5,
        lineage=document.text("lineage") or "",
        force=document.flag("force", False),
        run_id=document.related_ids.get("run"),
        state=state,
    )


def dump_state_version(
    version: StateVersionRecord, addresses: StateAddresses, output_names: Iterable[str]
) -> Resource:
    """Return a state version as a resource."""
    finalized = version.status == "finalized"
    return resource_of(
        "state-versions",
        version.id,
        {
            "serial": version.serial,
            "size": version.size,
            "md5": version.md5,
            "status": version.status,
            "intermediate": False,
            "state-version": version.state_format,
            "terraform-version": version.terraform_version,
            "created-at": version.created_at,
            "resources-processed": finalized,
            "hosted-state-download-url": addresses.download if finalized else None,
            "hosted-json-state-download-url": None,
            "hosted-state-upload-url": addresses.upload,
            "hosted-json-state-upload-url": addresses.upload_json,
            "vcs-commit-sha": None,
            "vcs-commit-url": None,
        },
        relationships={
            "workspace": to_one("workspaces", version.workspace_id),
            "run": to_one("runs", version.run_id),
            "created-by": to_one("users", version.created_by),
            "outputs": to_many(
                "state-version-outputs",
                (output_id(version.id, name) for name in output_names),
            ),
        },
        links={"self": f"/api/v2/state-versions/{version.id}"},
    )


def dump_output(
    version_id: str, name: str, output: StateOutput, *, reveal: bool
) -> Resource:
    """Return an output as a resource; `reveal` shows a sensitive value too."""
    id = output_id(version_id, name)
    value = _plain_numbers(output.value) if reveal or not output.sensitive else None
    return resource_of(
        "state-version-outputs",
        id,
        {
            "name": name,
            "sensitive": output.sensitive,
            "type": _short_type(output),
            "value": value,
            "detailed-type": output.type,
        },
        links={"self": f"/api/v2/state-version-outputs/{id}"},
    )


def dump_workspace_output(version_id: str, name: str, output: StateOutput) -> Resource:
    """Return an output as it is included in its workspace; sensitive values are hidden."""
    return resource_of(
        "workspace-outputs",
        output_id(version_id, name),
        {
            "name": name,
            "sensitive": output.sensitive,
            "output-type": _short_type(output),
            "value": None if output.sensitive else _plain_numbers(output.value),
        },
    )


def dump_state_resource(
    version: StateVersionRecord, provider: str, instance: Instance
) -> Resource:
    """Return an instance in the current state of a workspace as a resource.

    The service writes modules without `module.`, and providers of the public registry
    without its host (go-tfe 1.109.0, workspace_resources_integration_test.go).
    """
    address = instance.address
    module = address.module.removeprefix("module.").replace(".module.", ".")
    source = provider.removeprefix("provider[").removesuffix("]").strip('"')
    return resource_of(
        "resources",
        f"wsr-{version.id.removeprefix('sv-')}.{address}",
        {
            "address": str(evolve(address, module=module)),
            "name": address.name,
            "created-at": version.created_at,
            "updated-at": version.created_at,
            "module": module or "root",
            "provider": source.removeprefix("registry.terraform.io/"),
            "provider-type": address.type,
            "modified-by-state-version-id": version.id,
            "name-index": None if address.key is None else str(address.key),
        },
    )


def output_id(version_id: str, name: str) -> str:
    """Return the id of an output, which holds its state version and name."""
    return f"wsout-{version_id.removeprefix('sv-')}.{name}"


def version_id_of_output(id: str) -> str:
    """Return the id of the state version of an output."""
    return "sv-" + id.removeprefix("wsout-").partition(".")[0]


def outputs_of(data: bytes) -> dict[str, StateOutput]:
    """Return the outputs of a stored state; a state that cannot be read has none."""
    try:
        return parse_state(data).outputs()
    except StateError:
        return {}


def _short_type(output: StateOutput) -> str:
    detailed = output.type
    kind = detailed[0] if isinstance(detailed, list) and detailed else detailed
    if isinstance(kind, str):
        return {"bool": "boolean", "list": "array", "tuple": "array", "set": "array"}.get(
            kind, kind
        )
    return {bool: "boolean", str: "string", list: "array", dict: "object"}.get(
        type(output.value), "number"
    )


def manages_resources(data: bytes) -> bool:
    """Return whether a stored state holds anything that would be forgotten with it."""
    return next(managed_instances(require_state(data)), None) is not None


def managed_instances(state: StateFile) -> Iterator[tuple[str, Instance]]:
    """Yield the instances of managed resources, each after the address of its provider."""
    for resource in state.resources():
        provider = resource.value.get("provider")
        for instance in resource.instances if resource.address.mode != "data" else ():
            yield provider if isinstance(provider, str) else "", instance


def require_state(data: bytes) -> StateFile:
    """Parse a state; raises `Rejected` when it is not one."""
    try:
        return parse_state(data)
    except StateError as error:
        raise rejected(f"the state cannot be read: {error}") from None


def _plain_numbers(value: Any) -> Any:
    """Return a value with the numbers that JSON is written with."""
    if isinstance(value, Decimal):
        return int(value) if value.as_tuple().exponent == 0 else float(value)
    if isinstance(value, list):
        return [_plain_numbers(element) for element in value]
    if isinstance(value, dict):
        return {key: _plain_numbers(element) for key, element in value.items()}
    return value
