"""The variables of a workspace: its own can be changed, those of variable sets are listed."""

from aiohttp import web

from remote_backend.formats.ansi_html import plain_text
from remote_backend.reports.html_text import breakable, html_text
from remote_backend.server.applied_variables import applied_variables
from remote_backend.server.context import context_of, not_found
from remote_backend.server.documents.request_documents import RequestDocument
from remote_backend.server.documents.variables import variable_from_request
from remote_backend.server.pages.addresses import workspace_path
from remote_backend.server.pages.found import named_workspace
from remote_backend.server.pages.layout import Page, respond_with_page
from remote_backend.server.pages.markup import choice, form, section, table
from remote_backend.server.pages.sessions import form_token
from remote_backend.server.pages.signed_in import Form, first, for_forms, for_people
from remote_backend.server.pages.workspace import workspace_crumbs, workspace_tabs
from remote_backend.server.records import VariableRecord, WorkspaceRecord, new_variable
from remote_backend.server.store import Records
from remote_backend.server.variable_keys import require_unused_key

__all__ = ("routes",)

routes = web.RouteTableDef()

_VARIABLES = "/app/{organization}/workspaces/{workspace}/variables"
_CATEGORIES = {"terraform": "Terraform variable", "env": "environment variable"}


@routes.get(_VARIABLES)
@for_people
async def list_variables(request: web.Request) -> web.Response:
    """Show the variables that runs of a workspace get."""
    context = context_of(request)

    def read(
        records: Records,
    ) -> tuple[WorkspaceRecord, list[VariableRecord], list[VariableRecord]]:
        workspace = named_workspace(records, request)
        own = records.all(VariableRecord, workspace.id)
        applied = applied_variables(records, workspace).effective()
        return workspace, own, [v for v in applied if v.owner_id != workspace.id]

    workspace, own, of_sets = await context.store.read(read)
    path = workspace_path(request, workspace.name, "variables")
    token = form_token(request)
    rows = ((*_cells(variable), _editor(path, token, variable)) for variable in own)
    heads = ("Name", "Value", "Kind", "Description")
    listed = table((*heads, "Change"), rows, empty="There are no variables yet.")
    added = form(path, token, f"{_key_fields()}{_fields(None)}<button>Add</button>\n")
    sets = ""
    if of_sets:
        sets = section("From variable sets", table(heads, map(_cells, of_sets)))
    body = (
        f"{workspace_tabs(request, workspace.name)}{listed}"
        f"{section('Add a variable', added, is_open=False)}{sets}"
    )
    crumbs = workspace_crumbs(request, workspace.name)
    return respond_with_page(request, Page(title="Variables", body=body, crumbs=crumbs))


@routes.post(_VARIABLES)
@for_forms
async def add_variable(request: web.Request, form: Form) -> web.Response:
    """Add a variable."""

    def add(records: Records) -> None:
        workspace = named_workspace(records, request)
        document = _document(form, new_variable(workspace.id, ""))
        variable = variable_from_request(new_variable(workspace.id, ""), document)
        require_unused_key(records, variable)
        records.put(variable)

    await context_of(request).store.write(add)
    raise _back(request)


@routes.post(_VARIABLES + "/{variable_id}")
@for_forms
async def change_variable(request: web.Request, form: Form) -> web.Response:
    """Change a variable; an empty value of a sensitive one keeps the value."""

    def change(records: Records) -> None:
        before = _find_variable(records, request)
        records.put(variable_from_request(before, _document(form, before)))

    await context_of(request).store.write(change)
    raise _back(request)


@routes.post(_VARIABLES + "/{variable_id}/delete")
@for_forms
async def delete_variable(request: web.Request, form: Form) -> web.Response:
    """Remove a variable."""
    await context_of(request).store.write(
        lambda records: records.delete(_find_variable(records, request).id)
    )
    raise _back(request)


def _find_variable(records: Records, request: web.Request) -> VariableRecord:
    workspace, id = named_workspace(records, request), request.match_info["variable_id"]
    variable = records.find(VariableRecord, id)
    if variable is None or variable.owner_id != workspace.id:
        raise not_found(f"variable {id}")
    return variable


def _document(form: Form, before: VariableRecord) -> RequestDocument:
    """Return the form of a variable as a client of the API sends it."""
    attributes: dict[str, object] = {
        "description": first(form, "description"),
        "hcl": bool(first(form, "hcl")),
        "sensitive": before.sensitive or bool(first(form, "sensitive")),
    }
    if first(form, "value") or not _is_kept_when_empty(before):
        attributes["value"] = first(form, "value")
    if not before.key:
        attributes["key"] = first(form, "key").strip()
        attributes["category"] = first(form, "category") or "terraform"
    return RequestDocument(attributes=attributes)


def _is_kept_when_empty(variable: VariableRecord) -> bool:
    """Whether a form does not hold the value: a secret, or one that no form brings back.

    Browsers change line ends, and characters that are not seen are shown by their numbers.
    """
    return variable.sensitive or plain_text(variable.value) != variable.value


def _back(request: web.Request) -> web.HTTPSeeOther:
    name = request.match_info["workspace"]
    return web.HTTPSeeOther(workspace_path(request, name, "variables"))


def _cells(variable: VariableRecord) -> tuple[str, ...]:
    value = f"<code>{html_text(variable.value)}</code>"
    kind = _CATEGORIES.get(variable.category, variable.category)
    return (
        breakable(variable.key),
        '<i class="quiet">sensitive</i>' if variable.sensitive else value,
        html_text(f"{kind}, HCL" if variable.hcl else kind),
        html_text(variable.description),
    )


def _editor(path: str, token: str, variable: VariableRecord) -> str:
    key, address = html_text(variable.key), f"{path}/{variable.id}"
    return (
        f'<details class="editor"><summary>Change<span class="unseen"> {key}</span></summary>\n'
        + form(address, token, f"{_fields(variable)}<button>Save</button>\n")
        + form(f"{address}/delete", token, f"<button>Delete {key}</button>\n")
        + "</details>"
    )


def _key_fields() -> str:
    return (
        '<label>Name <input name="key" required maxlength="128" autocomplete="off"></label>\n'
        f"<label>Kind {choice('category', _CATEGORIES, 'terraform')}</label>\n"
    )


def _fields(variable: VariableRecord | None) -> str:
    is_sensitive = variable is not None and variable.sensitive
    is_kept = variable is not None and _is_kept_when_empty(variable)
    value = "" if variable is None or is_kept else html_text(variable.value)
    hint = ' placeholder="empty keeps the value"' if is_kept else ""
    hcl = " checked" if variable is not None and variable.hcl else ""
    description = html_text(variable.description) if variable is not None else ""
    sensitive = (
        ""
        if is_sensitive
        else '<label><input type="checkbox" name="sensitive" value="1"> sensitive: the value '
        "is never shown again</label>\n"
    )
    return (
        # The first line end of a text area is dropped: html.spec.whatwg.org, "textarea".
        f'<label>Value <textarea name="value" rows="2"{hint}>\n{value}</textarea></label>\n'
        f'<label>Description <input name="description" value="{description}" '
        'maxlength="512"></label>\n'
        f'<label><input type="checkbox" name="hcl" value="1"{hcl}> HCL</label>\n{sensitive}'
    )
