"""State versions and outputs, as a server answers and is asked."""

import base64
import binascii
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from remote_backend.errors import Rejected, StateError
from remote_backend.models.state import StateOutput
from remote_backend.server.documents.documents import (
    RequestDocument,
    invalid,
    resource_of,
    to_many,
    to_one,
)
from remote_backend.server.records import StateVersionRecord
from remote_backend.state.file import StateFile, parse_state

__all__ = (
    "StateAddresses",
    "StateVersionUpload",
    "dump_output",
    "dump_state_version",
    "manages_resources",
    "output_id",
    "outputs_of",
    "parse_state_version_upload",
    "require_state",
)


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
    if serial is None:
        raise invalid("serial", "a whole number")
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
) -> dict[str, Any]:
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
) -> dict[str, Any]:
    """Return an output as a resource; `reveal` shows a sensitive value too."""
    id = output_id(version_id, name)
    value = _plain_numbers(output.value) if reveal or not output.sensitive else None
    return resource_of(
        "state-version-outputs",
        id,
        {
            "name": name,
            "sensitive": output.sensitive,
            "type": _short_type(output.type, output.value),
            "value": value,
            "detailed-type": output.type,
        },
        links={"self": f"/api/v2/state-version-outputs/{id}"},
    )


def output_id(version_id: str, name: str) -> str:
    """Return the id of an output, which tells its state version and name."""
    return f"wsout-{version_id.removeprefix('sv-')}.{name}"


def outputs_of(data: bytes) -> dict[str, StateOutput]:
    """Return the outputs of a stored state; a state that cannot be read has none."""
    try:
        return parse_state(data).outputs()
    except StateError:
        return {}


def _short_type(detailed: Any, value: Any) -> str:
    kind = detailed[0] if isinstance(detailed, list) and detailed else detailed
    if isinstance(kind, str):
        return {"bool": "boolean", "list": "array", "tuple": "array", "set": "array"}.get(
            kind, kind
        )
    return {bool: "boolean", str: "string", list: "array", dict: "object"}.get(
        type(value), "number"
    )


def manages_resources(data: bytes) -> bool:
    """Return whether a stored state holds anything that would be forgotten with it."""
    return any(
        resource.address.mode != "data" and resource.instances
        for resource in require_state(data).resources()
    )


def require_state(data: bytes) -> StateFile:
    """Parse a state; raises `Rejected` when it is not one."""
    try:
        return parse_state(data)
    except StateError as error:
        raise Rejected(422, "", "", (f"the state cannot be read: {error}",)) from None


def _plain_numbers(value: Any) -> Any:
    """Return a value with the numbers that JSON is written with."""
    if isinstance(value, Decimal):
        return int(value) if value.as_tuple().exponent == 0 else float(value)
    if isinstance(value, list):
        return [_plain_numbers(element) for element in value]
    if isinstance(value, dict):
        return {key: _plain_numbers(element) for key, element in value.items()}
    return value
