"""Explorer: which modules, providers and versions the workspaces of the organization use."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from aiohttp import web

from remote_backend.server.components import Component, Components, components_of
from remote_backend.server.context import context_of, organization_of
from remote_backend.server.documents.documents import resource_of
from remote_backend.server.dumping import as_they_are
from remote_backend.server.files import Files
from remote_backend.server.lists import respond_with_list
from remote_backend.server.organization_records import ProjectRecord
from remote_backend.server.query_parameters import accepts_anything, bad_query
from remote_backend.server.records import (
    ConfigurationVersionRecord,
    RunRecord,
    WorkspaceRecord,
)
from remote_backend.server.store import Records

__all__ = ("routes",)

routes = web.RouteTableDef()

Row = dict[str, Any]

_FILTER = re.compile(r"filter\[\d+\]\[(\w+)\]\[([\w ]+)\]\[0\]\Z")
_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "is": lambda value, text: value == text,
    "is_not": lambda value, text: value != text,
    "contains": lambda value, text: text in value,
    "does not contain": lambda value, text: text not in value,
}


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/explorer#execute-a-query
@routes.get("/api/v2/organizations/{organization}/explorer")
@accepts_anything
async def query_explorer(request: web.Request) -> web.Response:
    """Return the rows of a view that pass its filters."""
    view = request.query.get("type", "")
    if view not in _VIEWS:
        raise bad_query(f"type must be one of {', '.join(_VIEWS)}")
    for name in ("fields", "sort"):
        if request.query.get(name):
            raise bad_query(f"{name} is not supported here")
    conditions = [
        (match[1], _OPERATORS[match[2]], text)
        for name, text in request.query.items()
        if (match := _filter(name)) is not None
    ]
    files, organization = context_of(request).files, organization_of(request)

    def find(records: Records) -> Sequence[Row]:
        rows = _VIEWS[view](records, organization.id, files)
        for field, _, _ in conditions:
            if rows and field not in rows[0]:
                raise bad_query(f"the view {view} has no field {field}")
        passing = [
            row
            for row in rows
            if all(holds(str(row[field] or ""), text) for field, holds, text in conditions)
        ]
        return [_resource(view, number, row) for number, row in enumerate(passing)]

    return await respond_with_list(request, find, as_they_are)


def _filter(name: str) -> re.Match[str] | None:
    if not name.startswith("filter"):
        return None
    match = _FILTER.match(name)
    if match is None or match[2] not in _OPERATORS:
        raise bad_query(f"{name} is not supported here")
    return match


def _resource(view: str, number: int, row: Row) -> Row:
    attributes = {name.replace("_", "-"): value for name, value in row.items()}
    kind = f"visibility-{view.removesuffix('s').replace('_', '-')}"
    return resource_of(kind, str(row.get("external_id") or number), attributes)


Used = list[tuple[WorkspaceRecord, Components]]


def _components(records: Records, organization_id: str, files: Files) -> Used:
    """Return what the newest configuration of each workspace is made of, by name."""
    workspaces = sorted(
        records.all(WorkspaceRecord, organization_id), key=lambda each: each.name
    )
    ids = [each.id for each in workspaces]
    uploaded = records.newest_ids_of(ConfigurationVersionRecord, ids, provisional=False)
    # Workspaces that share an upload have runs, and no configuration version of their own.
    planned = records.newest_of(RunRecord, ids)
    newest = uploaded | {id: run.configuration_version_id for id, run in planned.items()}
    return [(each, _read(files, newest.get(each.id), each)) for each in workspaces]


def _read(files: Files, id: str | None, workspace: WorkspaceRecord) -> Components:
    if id is None or not (archive := files.archive_path(id)).exists():
        return Components()
    return components_of(archive, workspace.working_directory)


def _workspaces(records: Records, organization_id: str, files: Files) -> list[Row]:
    projects = {
        project.id: project.name for project in records.all(ProjectRecord, organization_id)
    }
    return [
        {
            "external_id": workspace.id,
            "workspace_name": workspace.name,
            "workspace_terraform_version": workspace.terraform_version,
            "workspace_created_at": workspace.created_at,
            "project_external_id": workspace.project_id,
            "project_name": projects.get(workspace.project_id),
            "module_count": len(components.modules),
            "modules": _joined(map(_label, components.modules)),
            "provider_count": len(components.providers),
            "providers": _joined(map(_label, components.providers)),
        }
        for workspace, components in _components(records, organization_id, files)
    ]


def _modules(records: Records, organization_id: str, files: Files) -> list[Row]:
    return _by_component(
        _components(records, organization_id, files), lambda used: used.modules
    )


def _providers(records: Records, organization_id: str, files: Files) -> list[Row]:
    return _by_component(
        _components(records, organization_id, files), lambda used: used.providers
    )


def _versions(records: Records, organization_id: str, files: Files) -> list[Row]:
    names: defaultdict[str, list[str]] = defaultdict(list)
    for workspace in sorted(
        records.all(WorkspaceRecord, organization_id), key=lambda each: each.name
    ):
        names[workspace.terraform_version].append(workspace.name)
    return [{"version": version, **_users(names[version])} for version in sorted(names)]


def _by_component(
    used: Used, choose: Callable[[Components], Iterable[Component]]
) -> list[Row]:
    names: defaultdict[Component, list[str]] = defaultdict(list)
    for workspace, components in used:
        for component in choose(components):
            names[component].append(workspace.name)
    return [
        {
            "name": component.name,
            "source": component.source,
            "version": component.version or None,
            **_users(names[component]),
        }
        for component in sorted(names)
    ]


def _users(names: Sequence[str]) -> Row:
    return {"workspace_count": len(names), "workspaces": ", ".join(names)}


def _joined(texts: Iterable[str]) -> str | None:
    return ", ".join(texts) or None


def _label(component: Component) -> str:
    return f"{component.source}/{component.version}".rstrip("/")


_VIEWS: Mapping[str, Callable[[Records, str, Files], list[Row]]] = {
    "modules": _modules,
    "providers": _providers,
    "tf_versions": _versions,
    "workspaces": _workspaces,
}
