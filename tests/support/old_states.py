"""States of Terraform 0.11."""

import json
from typing import Any

from remote_backend.state.file import StateFile, parse_state


def old_state() -> StateFile:
    """Return a state of Terraform 0.11 with a count, a module and a data source."""

    def resource(id: str, **more: Any) -> dict[str, Any]:
        primary = {"id": id, "attributes": {"id": id}, "meta": {}, "tainted": False}
        return {"type": "null_resource", "depends_on": [], "primary": primary, "deposed": [],
                "provider": "provider.null", **more}  # fmt: skip

    modules = [
        {
            "path": ["root"],
            "outputs": {"o": {"sensitive": False, "type": "string", "value": "v"}},
            "resources": {"null_resource.a.0": resource("1"), "null_resource.a.1": resource("2"),
                          "data.null_data_source.d": resource("3")},
            "depends_on": [],
        },
        {"path": ["root", "child"], "outputs": {}, "resources": {"null_resource.b": resource("4")},
         "depends_on": []},
    ]  # fmt: skip
    document = {"version": 3, "terraform_version": "0.11.11", "serial": 4, "lineage": "x",
                "modules": modules}  # fmt: skip
    return parse_state((json.dumps(document, indent=4) + "\n").encode())
