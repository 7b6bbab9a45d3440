"""States as clients store them on a server."""

import base64
import hashlib
import json
from typing import Any

__all__ = ("state_body", "state_of")


def state_of(serial: int = 1, lineage: str = "line", **outputs: Any) -> bytes:
    """Return a state file."""
    return json.dumps(
        {
            "version": 4,
            "terraform_version": "1.9.8",
            "serial": serial,
            "lineage": lineage,
            "outputs": outputs,
            "resources": [],
        }
    ).encode()


def state_body(content: bytes, *, inline: bool = True, **more: Any) -> dict[str, Any]:
    """Return the body of a request to store a state."""
    attributes = {
        "serial": json.loads(content)["serial"],
        "md5": hashlib.md5(content).hexdigest(),
        "lineage": json.loads(content)["lineage"],
    }
    if inline:
        attributes["state"] = base64.b64encode(content).decode()
    attributes |= more
    return {"data": {"type": "state-versions", "attributes": attributes}}
