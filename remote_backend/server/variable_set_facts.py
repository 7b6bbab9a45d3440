"""Variable sets as resources, with the ids of their variables."""

from collections.abc import Sequence

from aiohttp import web

from remote_backend.server.context import context_of, not_found
from remote_backend.server.documents.documents import Resource
from remote_backend.server.documents.variable_sets import dump_variable_set
from remote_backend.server.organization_records import VariableSetRecord
from remote_backend.server.records import VariableRecord
from remote_backend.server.store import Records

__all__ = ("SET_MEMBERS", "variable_set_named", "variable_set_resources")

# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/variable-sets#available-related-resources
SET_MEMBERS = ("organization", "parent", "projects", "stacks", "vars", "workspaces")


def variable_set_resources(
    records: Records, request: web.Request, sets: Sequence[VariableSetRecord]
) -> list[Resource]:
    """Return variable sets as resources."""
    organizations = context_of(request).organizations
    variable_ids = records.ids_of(
        VariableRecord, [variable_set.id for variable_set in sets]
    )
    return [
        dump_variable_set(
            variable_set,
            organizations.of_id(variable_set.organization_id).name,
            variable_ids.get(variable_set.id, ()),
        )
        for variable_set in sets
    ]


def variable_set_named(records: Records, request: web.Request) -> VariableSetRecord:
    """Return the variable set that a path names; raises `NotFound`."""
    id = request.match_info["variable_set_id"]
    variable_set = records.find(VariableSetRecord, id)
    if variable_set is None:
        raise not_found(f"variable set {id}")
    return variable_set
