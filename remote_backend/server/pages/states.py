"""State versions of a workspace: the list, and one with what differs from the one before."""

import re

from aiohttp import web

from remote_backend.reports.html_text import count_of, html_text
from remote_backend.server.context import context_of
from remote_backend.server.pages.addresses import run_path, workspace_path
from remote_backend.server.pages.found import (
    named_state,
    named_workspace,
    names_of_users,
)
from remote_backend.server.pages.layout import Page, respond_with_page
from remote_backend.server.pages.markup import (
    link,
    moment,
    paging,
    section,
    size_text,
    table,
)
from remote_backend.server.pages.numbered_pages import (
    NumberedPage,
    page_number,
    page_of,
)
from remote_backend.server.pages.signed_in import for_people
from remote_backend.server.pages.state_html import (
    outputs_table,
    resources_table,
    state_difference,
)
from remote_backend.server.pages.workspace import workspace_crumbs, workspace_tabs
from remote_backend.server.records import StateVersionRecord, WorkspaceRecord
from remote_backend.server.routes.state import read_state
from remote_backend.server.state_facts import read_state_bytes
from remote_backend.server.store import Records

__all__ = ("routes",)

routes = web.RouteTableDef()

_STATES = "/app/{organization}/workspaces/{workspace}/states"

_Users = dict[str | None, str]


@routes.get(_STATES)
@for_people
async def list_states(request: web.Request) -> web.Response:
    """Show the state versions of a workspace, page by page."""
    context, number = context_of(request), page_number(request)

    def read(
        records: Records,
    ) -> tuple[WorkspaceRecord, NumberedPage[StateVersionRecord], _Users]:
        workspace = named_workspace(records, request)
        versions = records.all(StateVersionRecord, workspace.id)[::-1]
        page = page_of(versions, number)
        users = names_of_users(records, [version.created_by for version in page.items])
        return workspace, page, users

    workspace, page, users = await context.store.read(read)
    path = workspace_path(request, workspace.name, "states")
    rows = (
        (
            link(f"{path}/{version.id}", f"serial {version.serial}"),
            moment(version.created_at),
            html_text(users.get(version.created_by, "")),
            count_of(version.resource_count, "resource"),
            size_text(version.size),
            html_text(version.status),
        )
        for version in page.items
    )
    listed = table(
        ("State", "Stored", "By", "Resources", "Size", "Status"),
        rows,
        empty="There are no states yet.",
    )
    body = f"{workspace_tabs(request, workspace.name)}{listed}{paging(path, {}, page.number, page.pages)}"
    crumbs = workspace_crumbs(request, workspace.name)
    return respond_with_page(request, Page(title="States", body=body, crumbs=crumbs))


@routes.get(_STATES + "/{state_id}")
@for_people
async def read_state_page(request: web.Request) -> web.Response:
    """Show a state version, and what differs from the one before."""
    context = context_of(request)

    def read(
        records: Records,
    ) -> tuple[WorkspaceRecord, StateVersionRecord, str, str]:
        workspace, version = named_state(records, request)
        users = names_of_users(records, [version.created_by])
        earlier = _earlier(records, version)
        data = read_state_bytes(context.files, version)
        parts = [section("Outputs", outputs_table(data))]
        if earlier is not None:
            before = read_state_bytes(context.files, earlier)
            title = f"Differs from serial {earlier.serial}"
            parts.append(section(title, state_difference(before, data)))
        count = f"Resources ({version.resource_count:,})"
        parts.append(section(count, resources_table(data)))
        return workspace, version, users.get(version.created_by, ""), "".join(parts)

    workspace, version, who, parts = await context.store.read(read)
    path = workspace_path(request, workspace.name, "states")
    facts = [
        f"Stored {moment(version.created_at)}",
        f"by {html_text(who)}" if who else "",
        size_text(version.size),
        f"Terraform {html_text(version.terraform_version)}"
        if version.terraform_version
        else "",
        f"lineage {html_text(version.lineage)}" if version.lineage else "",
    ]
    if version.run_id:
        address = run_path(request, workspace.name, version.run_id)
        facts.append(f"of {link(address, version.run_id)}")
    download = link(f"{path}/{version.id}/download", "Download")
    note = f"<p>{download} has all values, also sensitive ones.</p>\n"
    body = f"<p>{', '.join(filter(None, facts))}</p>\n{note}{parts}"
    if version.status != "finalized":
        body = f"<p>This state is {html_text(version.status)}.</p>\n"
    crumbs = (*workspace_crumbs(request, workspace.name), (path, "States"))
    page = Page(title=f"State, serial {version.serial}", body=body, crumbs=crumbs)
    return respond_with_page(request, page)


@routes.get(_STATES + "/{state_id}/download")
@for_people
async def download_state(request: web.Request) -> web.StreamResponse:
    """Return the bytes of a state version."""
    context = context_of(request)
    workspace, version = await context.store.read(
        lambda records: named_state(records, request)
    )
    response = await read_state(request, version.id)
    # A header takes no name of an earlier version that has quotes or line ends.
    plain_name = re.sub(r"[^\w.-]", "_", workspace.name, flags=re.ASCII)
    name = f"{plain_name}-{version.serial}.tfstate"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response


def _earlier(records: Records, version: StateVersionRecord) -> StateVersionRecord | None:
    versions = records.all(StateVersionRecord, version.workspace_id)
    earlier = [
        other
        for other in versions
        if other.status == "finalized" and other.serial < version.serial
    ]
    return max(earlier, key=lambda other: other.serial, default=None)
