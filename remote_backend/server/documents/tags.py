"""Tags and tag bindings, as a server answers and receives them."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence

from remote_backend.server.documents.documents import Resource, resource_of, to_one
from remote_backend.server.documents.request_documents import (
    RequestDocument,
    invalid,
    rejected,
)
from remote_backend.server.organization_records import ProjectRecord
from remote_backend.server.records import WorkspaceRecord

__all__ = (
    "binding_ids",
    "dump_bindings",
    "dump_effective_bindings",
    "dump_tag",
    "effective_bindings",
    "parse_bindings",
    "parse_tags",
    "tag_id",
)

# https://developer.hashicorp.com/terraform/cloud-docs/workspaces/create#workspace-tags
_TAG = re.compile(r"[\w:-]{1,255}\Z")
_LONGEST_KEY = 128
_LONGEST_VALUE = 256
_MOST_BINDINGS = 10


def tag_id(name: str) -> str:
    """Return the id of a tag; a tag is there as long as a workspace has it."""
    return f"tag-{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def dump_tag(name: str, organization: str, instances: int) -> Resource:
    """Return a tag as a resource, with the number of workspaces that have it."""
    return resource_of(
        "tags",
        tag_id(name),
        {"name": name, "instance-count": instances},
        relationships={"organization": to_one("organizations", organization)},
    )


def parse_tags(
    documents: Iterable[RequestDocument], known: Iterable[str]
) -> tuple[str, ...]:
    """Return the names of tags that are sent by name, or by the id of a known tag."""
    names_by_id = {tag_id(name): name for name in known}
    names = []
    for document in documents:
        name = document.text("name") or names_by_id.get(document.id)
        if name is None:
            raise invalid("each tag", "a name, or the id of a tag that is there")
        if not _TAG.match(name):
            raise invalid("the name of a tag", "letters, digits, _, -, and :")
        names.append(name)
    return tuple(dict.fromkeys(names))


def parse_bindings(
    documents: Sequence[RequestDocument], before: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return bindings by key, added to those of before; raises `Rejected` for too many."""
    bindings = dict(before or {})
    for document in documents:
        key, value = document.text("key"), document.text("value") or ""
        if not key or len(key) > _LONGEST_KEY:
            raise invalid("the key of a tag", f"1 to {_LONGEST_KEY} characters long")
        if len(value) > _LONGEST_VALUE:
            raise invalid("the value of a tag", f"at most {_LONGEST_VALUE} characters long")
        bindings[key] = value
    if len(bindings) > _MOST_BINDINGS:
        raise rejected(f"cannot exceed {_MOST_BINDINGS} bindings per resource")
    return bindings


def effective_bindings(
    workspace: WorkspaceRecord, project: ProjectRecord | None
) -> dict[str, str]:
    """Return the bindings of a workspace and those that it inherits from its project."""
    return {**(project.tag_bindings if project else {}), **workspace.tag_bindings}


def binding_ids(owner_id: str, bindings: Iterable[str]) -> list[str]:
    """Return ids of bindings, which hold their owner and key."""
    return [f"tb-{owner_id}.{key}" for key in bindings]


def dump_bindings(owner_id: str, bindings: Mapping[str, str]) -> list[Resource]:
    """Return the bindings of a workspace or a project as resources."""
    return [
        resource_of("tag-bindings", id, {"key": key, "value": value})
        for id, (key, value) in zip(
            binding_ids(owner_id, bindings), bindings.items(), strict=True
        )
    ]


def dump_effective_bindings(
    owner_id: str, own: Mapping[str, str], project: ProjectRecord | None = None
) -> list[Resource]:
    """Return bindings as resources; those of a project are linked to it."""
    inherited = project.tag_bindings if project else {}
    bindings = {**inherited, **own}
    link = {"inherited-from": f"/api/v2/projects/{project.id}"} if project else None
    return [
        resource_of(
            "effective-tag-bindings",
            id,
            {"key": key, "value": value},
            links=None if key in own else link,
        )
        for id, (key, value) in zip(
            binding_ids(owner_id, bindings), bindings.items(), strict=True
        )
    ]
