"""The pages: the organization, a workspace, a run with its log, and the way in."""

import codecs
import json
from functools import partial
from html import escape
from urllib.parse import quote

import anyio
from aiohttp import ClientError, web
from anyio import to_thread

from remote_backend.errors import Rejected
from remote_backend.formats.ansi_html import ansi_to_html
from remote_backend.models.changes import PlannedChanges
from remote_backend.plans.actions import action_symbol
from remote_backend.plans.json_plan import parse_json_plan
from remote_backend.plans.value_text import address_text, path_text, value_text
from remote_backend.server.context import ServerContext, context_of
from remote_backend.server.pages.layout import asset, link, page, table
from remote_backend.server.pages.sessions import (
    begin_session,
    end_session,
    user_of_session,
)
from remote_backend.server.query_parameters import parse_offset
from remote_backend.server.records import (
    RunRecord,
    StateVersionRecord,
    VariableRecord,
    WorkspaceRecord,
)
from remote_backend.server.store import Records

__all__ = ("routes",)

routes = web.RouteTableDef()

_MOST_RUNS = 50
_LONGEST_LOG_BYTES = 500_000
_POLL_SECONDS = 0.2


@routes.get("/app/-/{name}")
async def read_asset(request: web.Request) -> web.Response:
    """Return a file that pages use."""
    return asset(request.match_info["name"])


@routes.get("/app")
async def read_start(request: web.Request) -> web.Response:
    """Send to the organization."""
    raise web.HTTPFound(f"/app/{quote(context_of(request).organization)}")


@routes.get("/app/settings/tokens")
async def explain_tokens(request: web.Request) -> web.Response:
    """Say where the token is; `terraform login` sends people here."""
    return page(
        "Tokens",
        "<p>The token of this server is in the file <code>token</code> of the data "
        "directory, which the server prints when it starts. People who can write to that "
        "directory can make others, each with a name of its own.</p>\n",
    )


@routes.post("/app/-/login")
async def log_in(request: web.Request) -> web.StreamResponse:
    """Take a token and go on to the requested page."""
    try:
        form = await request.post()
    except (ValueError, LookupError):
        raise web.HTTPBadRequest from None
    token, following = str(form.get("token", "")), str(form.get("next", ""))
    # Only pages of this server are gone on to, and only by what a header may hold.
    if not following.startswith("/app") or "\\" in following or not following.isprintable():
        following = "/app"
    limit, address = context_of(request).login_limit, request.remote or ""
    if limit.is_exceeded(address):
        return _login(following, "Too many tries. Wait a minute.", status=429)
    response = web.Response(status=303, headers={"Location": following})
    if token.strip() and await begin_session(request, response, token):
        return response
    limit.count_failure(address)
    return _login(following, "That token is not valid.", status=401)


@routes.post("/app/-/logout")
async def log_out(request: web.Request) -> web.Response:
    """End the session."""
    response = web.Response(status=303, headers={"Location": "/app"})
    end_session(response)
    return response


@routes.get("/app/{organization}")
@routes.get("/app/{organization}/workspaces")
async def read_organization(request: web.Request) -> web.Response:
    """Show all workspaces with their last results."""
    if await user_of_session(request) is None:
        return _login(request.path)
    context = context_of(request)

    def find(records: Records) -> list[tuple[WorkspaceRecord, RunRecord | None]]:
        workspaces = sorted(
            records.all(WorkspaceRecord), key=lambda workspace: workspace.name
        )
        return [
            (workspace, records.newest(RunRecord, workspace.id)) for workspace in workspaces
        ]

    rows = [
        (
            link(_path(context, workspace), workspace.name),
            _result(run) if run else "",
            link(_path(context, workspace, run), _time(run.created_at)) if run else "",
            "locked" if workspace.locked_by else "",
        )
        for workspace, run in await context.store.read(find)
    ]
    body = table(("workspace", "last result", "last run", ""), rows)
    empty = "<p>There are no workspaces yet.</p>\n"
    return page(context.organization, (body if rows else empty) + _LOGOUT)


@routes.get("/app/{organization}/{workspace}")
@routes.get("/app/{organization}/workspaces/{workspace}")
@routes.get("/app/{organization}/{workspace}/runs")
@routes.get("/app/{organization}/{workspace}/variables")
async def read_workspace(request: web.Request) -> web.Response:
    """Show a workspace: its runs, variables and state versions."""
    if await user_of_session(request) is None:
        return _login(request.path)
    context = context_of(request)
    workspace = await _workspace(request)
    runs, variables, versions = await context.store.read(
        lambda records: (
            records.all(RunRecord, workspace.id)[-_MOST_RUNS:][::-1],
            records.all(VariableRecord, workspace.id),
            records.all(StateVersionRecord, workspace.id)[-_MOST_RUNS:][::-1],
        )
    )
    reason = f": {workspace.locked_reason}" if workspace.locked_reason else ""
    locked = f"<p>locked{escape(reason)}</p>\n" if workspace.locked_by else ""
    parts = [
        f"<p>{link(f'/app/{quote(context.organization)}', context.organization)}</p>\n{locked}<h2>Runs</h2>\n",
        table(
            ("run", "result", "changes", "message"),
            (
                (
                    link(_path(context, workspace, run), _time(run.created_at)),
                    _result(run),
                    _counts(run),
                    escape(run.message),
                )
                for run in runs
            ),
        ),
        "<h2>Variables</h2>\n",
        table(
            ("name", "value", "kind"),
            (
                (
                    escape(variable.key),
                    "<i>sensitive</i>"
                    if variable.sensitive
                    else f"<code>{escape(variable.value)}</code>",
                    escape(variable.category),
                )
                for variable in variables
            ),
        ),
        "<h2>State versions</h2>\n",
        table(
            ("serial", "made at", "bytes", "status"),
            (
                (
                    str(version.serial),
                    escape(_time(version.created_at)),
                    str(version.size),
                    escape(version.status),
                )
                for version in versions
            ),
        ),
    ]
    return page(workspace.name, "".join(parts))


@routes.get("/app/{organization}/{workspace}/runs/{run_id}")
@routes.get("/app/{organization}/workspaces/{workspace}/runs/{run_id}")
async def read_run(request: web.Request) -> web.Response:
    """Show a run: how it is, what it would change, and its log as it is written."""
    if await user_of_session(request) is None:
        return _login(request.path)
    context = context_of(request)
    workspace, run = await _workspace(request), await _run(request)
    data = await to_thread.run_sync(
        lambda: context.files.read_log(run.id, offset=0, limit=_LONGEST_LOG_BYTES)
    )
    log_html = ansi_to_html(data.decode("utf-8", "replace"))
    follow = "" if run.is_over else f' data-follow="{escape(request.path)}/log"'
    body = (
        f"<p>{link(_path(context, workspace), workspace.name)}</p>\n"
        f'<p>Status: <b id="status">{escape(run.status)}</b> {_counts(run)}</p>\n'
        f"{await _changes(context, run)}{_policies(run)}{_cost(run)}<h2>Log</h2>\n"
        f'<pre id="log" data-offset="{len(data)}"{follow}>{log_html}</pre>\n'
    )
    return page(f"Run {run.id}", body, script=not run.is_over, refresh=not run.is_over)


@routes.get("/app/{organization}/{workspace}/runs/{run_id}/log")
async def stream_log(request: web.Request) -> web.StreamResponse:
    """Stream the log of a run from an offset on, as server-sent events of HTML."""
    if await user_of_session(request) is None:
        raise web.HTTPForbidden
    context = context_of(request)
    run = await _run(request)
    requested = request.headers.get("Last-Event-ID") or request.query.get("offset", "")
    try:
        offset = parse_offset(requested, "offset")
    except Rejected as error:
        raise web.HTTPBadRequest from error
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
    )
    await response.prepare(request)
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    try:
        while True:
            # Looked at before the log is read: then nothing can follow what was read.
            run = await _run(request)
            part = partial(context.files.read_log, run.id, offset=offset, limit=1 << 16)
            data = await to_thread.run_sync(part)
            if data:
                offset += len(data)
                event = {"html": ansi_to_html(decoder.decode(data)), "status": run.status}
                await response.write(
                    f"id: {offset}\ndata: {json.dumps(event)}\n\n".encode()
                )
            elif run.is_over:
                event = {"html": "", "status": run.status}
                await response.write(f"event: end\ndata: {json.dumps(event)}\n\n".encode())
                return response
            else:
                await anyio.sleep(_POLL_SECONDS)
    except (ConnectionError, ClientError):
        return response


_LOGOUT = '<form method="post" action="/app/-/logout"><button>Log out</button></form>\n'


def _login(following: str, problem: str = "", *, status: int = 200) -> web.Response:
    alert = f'<p role="alert">{escape(problem)}</p>\n' if problem else ""
    body = (
        f'{alert}<form method="post" action="/app/-/login">\n'
        f'<input type="hidden" name="next" value="{escape(following)}">\n'
        '<label>Token of the server <input name="token" type="password" required autofocus>'
        "</label>\n<button>Log in</button>\n</form>\n"
    )
    return page("Log in", body, status=status)


async def _workspace(request: web.Request) -> WorkspaceRecord:
    name = request.match_info["workspace"]
    workspace = await context_of(request).store.read(
        lambda records: records.find_named(WorkspaceRecord, name)
    )
    if workspace is None:
        raise web.HTTPNotFound
    return workspace


async def _run(request: web.Request) -> RunRecord:
    id = request.match_info["run_id"]
    run = await context_of(request).store.read(lambda records: records.find(RunRecord, id))
    if run is None:
        raise web.HTTPNotFound
    return run


async def _changes(context: ServerContext, run: RunRecord) -> str:
    path = context.files.json_plan_path(run.id)
    if run.plan_status != "finished" or not path.exists():
        return ""
    changes = await to_thread.run_sync(lambda: parse_json_plan(path.read_bytes()))
    if changes is None:
        return ""
    rows = _change_rows(changes)
    if not rows and not changes.diagnostics:
        return ""
    paragraphs = "".join(
        f"<p>{escape(diagnostic.text)}</p>\n" for diagnostic in changes.diagnostics
    )
    return f"<h2>Changes</h2>\n{paragraphs}" + table(("", "what", "how"), rows)


def _policies(run: RunRecord) -> str:
    if not run.policies:
        return ""
    rows = [
        (
            f'<span class="{policy.verdict}">{policy.verdict}</span>',
            escape(policy.name),
            escape(policy.level),
            escape(policy.text),
        )
        for policy in run.policies
    ]
    return "<h2>Policies</h2>\n" + table(("", "policy", "level", "why"), rows)


def _cost(run: RunRecord) -> str:
    cost = run.cost
    if cost is None:
        return ""
    sign = "-$" if cost.delta.startswith("-") else "+$"
    row = (
        f"<span>${escape(cost.prior)}</span>",
        f"<span>${escape(cost.proposed)}</span>",
        f"<span>{sign}{escape(cost.delta.removeprefix('-'))}</span>",
        f"{cost.matched} of {cost.resources}",
    )
    heads = ("before", "after", "change", "resources estimated")
    return "<h2>Monthly cost</h2>\n" + table(heads, [row])


def _change_rows(changes: PlannedChanges) -> list[tuple[str, str, str]]:
    rows = []
    for change in (*changes.resources, *changes.drift, *changes.deferred):
        how = "<br>".join(
            f"<code>{escape(path_text(attribute.path))}</code>: {escape(value_text(attribute.before))} &rarr; {escape(value_text(attribute.after))}"
            for attribute in change.attributes
        )
        rows.append(
            (
                escape(action_symbol(change.action)),
                f"<code>{escape(address_text(change))}</code>",
                how,
            )
        )
    for output in changes.outputs:
        how = (
            f"{escape(value_text(output.before))} &rarr; {escape(value_text(output.after))}"
        )
        rows.append(
            (
                escape(action_symbol(output.action)),
                f"output <code>{escape(output.name)}</code>",
                how,
            )
        )
    return rows


def _result(run: RunRecord) -> str:
    words = run.status.replace("_", " ")
    if run.status == "planned_and_finished":
        words = "changes" if run.has_changes else "no changes"
    elif run.status == "policy_soft_failed":
        words = "a policy failed"
    return f'<span class="{escape(run.status)}">{escape(words)}</span>'


def _time(text: str) -> str:
    """Return a time of the API for people: to the second, in UTC."""
    return f"{text[:19].replace('T', ' ')} UTC"


def _counts(run: RunRecord) -> str:
    if run.counts is None:
        return ""
    return f"+{run.counts.add} ~{run.counts.change} -{run.counts.destroy}"


def _path(
    context: ServerContext, workspace: WorkspaceRecord, run: RunRecord | None = None
) -> str:
    base = f"/app/{quote(context.organization)}/{quote(workspace.name)}"
    return f"{base}/runs/{run.id}" if run else base
