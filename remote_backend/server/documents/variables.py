"""Variables of workspaces and variable sets, as a server answers and receives them."""

import re
import secrets

from attrs import evolve

from remote_backend.server.documents.documents import Resource, resource_of, to_one
from remote_backend.server.documents.request_documents import (
    RequestDocument,
    invalid,
    rejected,
)
from remote_backend.server.records import VariableRecord

__all__ = ("dump_variable", "variable_from_request")

# https://developer.hashicorp.com/terraform/cloud-docs/variables#variable-values-and-format
# The service takes keys that are no names of Terraform variables, such as `1a`.
_KEY = re.compile(r"[\w-]{1,128}\Z")
_LONGEST_DESCRIPTION = 512
_LARGEST_VALUE_BYTES = 256 << 10


def dump_variable(variable: VariableRecord) -> Resource:
    """Return a variable as a resource; sensitive values can only be written."""
    owner = variable.owner_id
    if owner.startswith("varset-"):
        relationships = {"varset": to_one("varsets", owner)}
        link = f"/api/v2/varsets/{owner}/relationships/vars/{variable.id}"
    else:
        relationships = {"configurable": to_one("workspaces", owner)}
        link = f"/api/v2/workspaces/{owner}/vars/{variable.id}"
    return resource_of(
        "vars",
        variable.id,
        {
            "key": variable.key,
            "value": None if variable.sensitive else variable.value,
            "description": variable.description,
            "category": variable.category,
            "hcl": variable.hcl,
            "sensitive": variable.sensitive,
            "created-at": variable.created_at or None,
            "version-id": variable.version_id or variable.id,
        },
        relationships=relationships,
        links={"self": link},
    )


def variable_from_request(
    variable: VariableRecord, document: RequestDocument
) -> VariableRecord:
    """Return a variable with what a client sent; raises `Rejected` for a wrong member."""
    category = document.text("category", variable.category)
    if category not in ("terraform", "env"):
        raise invalid("category", "terraform or env")
    key = document.text("key", variable.key) or ""
    if not (_KEY.match(key) if category == "terraform" else _is_env_name(key)):
        raise invalid("key", "the name of a variable")
    if variable.sensitive and not document.flag("sensitive", True):
        raise rejected(
            "a sensitive variable cannot become readable; delete it and make a new one"
        )
    return evolve(
        variable,
        key=key,
        value=_value(variable, document),
        category=category,
        hcl=document.flag("hcl", variable.hcl),
        sensitive=document.flag("sensitive", variable.sensitive),
        description=_description(variable, document),
        version_id=secrets.token_hex(32),
    )


def _value(variable: VariableRecord, document: RequestDocument) -> str:
    value = document.text("value", variable.value) or ""
    if len(value.encode()) > _LARGEST_VALUE_BYTES:
        raise invalid("value", f"at most {_LARGEST_VALUE_BYTES >> 10} KiB long")
    return value


def _description(variable: VariableRecord, document: RequestDocument) -> str:
    description = document.changed_text("description", variable.description) or ""
    if len(description) > _LONGEST_DESCRIPTION:
        raise invalid("description", f"at most {_LONGEST_DESCRIPTION} characters long")
    return description


def _is_env_name(key: str) -> bool:
    return bool(key) and "=" not in key and "\0" not in key
