"""The lock of a workspace: who holds it, and forms that lock and unlock."""

from aiohttp import web

from remote_backend.reports.html_text import html_text
from remote_backend.server.context import USER, context_of
from remote_backend.server.documents.request_documents import invalid
from remote_backend.server.pages.addresses import workspace_path
from remote_backend.server.pages.found import named_workspace, names_of_users
from remote_backend.server.pages.layout import Page, respond_with_page
from remote_backend.server.pages.markup import form, moment
from remote_backend.server.pages.sessions import form_token
from remote_backend.server.pages.signed_in import Form, first, for_forms, for_people
from remote_backend.server.pages.workspace import workspace_crumbs, workspace_tabs
from remote_backend.server.records import WorkspaceRecord
from remote_backend.server.store import Records
from remote_backend.server.workspace_locking import force_unlock, lock, unlock

__all__ = ("routes",)

routes = web.RouteTableDef()

_LOCKING = "/app/{organization}/workspaces/{workspace}/settings/locking"
_LONGEST_REASON = 500


@routes.get(_LOCKING)
@for_people
async def read_lock(request: web.Request) -> web.Response:
    """Show who holds the lock, with the form that changes it."""
    context = context_of(request)

    def read(records: Records) -> tuple[WorkspaceRecord, str]:
        workspace = named_workspace(records, request)
        users = names_of_users(records, [workspace.locked_by])
        return workspace, users.get(workspace.locked_by, "a user")

    workspace, holder = await context.store.read(read)
    body = (
        f"{workspace_tabs(request, workspace.name)}{_sentence(workspace, holder)}"
        f"{_form(request, workspace, holder)}"
    )
    crumbs = workspace_crumbs(request, workspace.name)
    return respond_with_page(request, Page(title="Lock", body=body, crumbs=crumbs))


@routes.post(_LOCKING)
@for_forms
async def change_lock(request: web.Request, form: Form) -> web.Response:
    """Lock or unlock a workspace."""
    context, user, action = context_of(request), request[USER], first(form, "action")

    def change(records: Records) -> WorkspaceRecord:
        workspace = named_workspace(records, request)
        if action == "lock":
            reason = first(form, "reason").strip()[:_LONGEST_REASON]
            return lock(records, workspace, user, reason)
        if action == "unlock":
            return unlock(records, workspace, user)
        if action == "force-unlock":
            return force_unlock(records, workspace)
        raise invalid("action", "lock, unlock or force-unlock")

    workspace = await context.store.write(change)
    path = workspace_path(request, workspace.name, "settings", "locking")
    raise web.HTTPSeeOther(path)


def _sentence(workspace: WorkspaceRecord, holder: str) -> str:
    if workspace.locked_by is None:
        return "<p>The workspace is not locked.</p>\n"
    since = f" {moment(workspace.locked_at)}" if workspace.locked_at else ""
    reason = f": {html_text(workspace.locked_reason)}" if workspace.locked_reason else "."
    return f'<p class="yellow">Locked by {html_text(holder)}{since}{reason}</p>\n'


def _form(request: web.Request, workspace: WorkspaceRecord, holder: str) -> str:
    if workspace.locked_by is None:
        body = (
            f'<label>Reason <input name="reason" maxlength="{_LONGEST_REASON}"></label>\n'
            '<button name="action" value="lock">Lock</button>\n'
        )
    elif workspace.locked_by == request[USER].id:
        body = '<button name="action" value="unlock">Unlock</button>\n'
    else:
        body = (
            f"<p>A command of {html_text(holder)} may still be at work. If it is not, the lock "
            "can be opened.</p>\n"
            '<button name="action" value="force-unlock">Force unlock</button>\n'
        )
    path = workspace_path(request, workspace.name, "settings", "locking")
    return form(path, form_token(request), body)
