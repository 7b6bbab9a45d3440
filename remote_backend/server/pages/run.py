"""The page of a run: its phases, what it would change, policies, cost, and its log."""

from collections.abc import Iterator

from aiohttp import web
from anyio import to_thread
from attrs import frozen

from remote_backend.formats.amounts import difference_text, money
from remote_backend.models.changes import PlannedChanges
from remote_backend.models.outcome import Outcome
from remote_backend.planning.batch_id import short_id
from remote_backend.plans.titles import title_of
from remote_backend.reports.html_changes import changes_html
from remote_backend.reports.html_kinds import Kind, sign
from remote_backend.reports.html_text import breakable, count_of, html_text
from remote_backend.server.context import USER, conflict, context_of
from remote_backend.server.pages.addresses import (
    batch_path,
    run_path,
    workspace_path,
)
from remote_backend.server.pages.found import named_run, names_of_users
from remote_backend.server.pages.layout import Page, respond_with_page
from remote_backend.server.pages.log_html import log_section
from remote_backend.server.pages.markup import form, link, moment, section, table
from remote_backend.server.pages.outcomes import OUTCOMES
from remote_backend.server.pages.phases import phases_html
from remote_backend.server.pages.run_words import (
    kind_of_run,
    numbers_html,
    result_html,
    word_of_run,
)
from remote_backend.server.pages.sessions import form_token
from remote_backend.server.pages.signed_in import Form, for_forms, for_people
from remote_backend.server.pages.start_form import start_fields
from remote_backend.server.pages.workspace import workspace_crumbs
from remote_backend.server.records import CommentRecord, RunRecord, WorkspaceRecord
from remote_backend.server.store import Records

__all__ = ("routes",)

routes = web.RouteTableDef()

_RUN = "/app/{organization}/workspaces/{workspace}/runs/{run_id}"


@frozen(kw_only=True)
class _ShownRun:
    workspace: WorkspaceRecord
    run: RunRecord
    comments: list[CommentRecord]
    users: dict[str | None, str]


@routes.get(_RUN)
@for_people
async def read_run(request: web.Request) -> web.Response:
    """Show a run; while it goes on, its log grows as it is written."""
    context, outcomes = context_of(request), request.app[OUTCOMES]
    shown = await context.store.read(lambda records: _read(records, request))
    run, name = shown.run, shown.workspace.name

    def write() -> str:
        outcome = outcomes.outcome(run, name)
        path = run_path(request, name, run.id)
        return (
            f'<div id="facts">\n{_facts(request, shown, outcome)}{phases_html(run)}'
            f"{_changes(run, outcome)}{_policies(run)}{_cost(outcome)}"
            f"{_actions(request, shown)}{_comments(shown)}</div>\n"
            f"{log_section(context.files, run, path)}"
        )

    page = Page(
        title=f"{sign(kind_of_run(run))} {word_of_run(run)} \u00b7 {name}",
        heading=f"Run of {breakable(name)}",
        body=await to_thread.run_sync(write),
        crumbs=(
            *workspace_crumbs(request, name),
            (workspace_path(request, name, "runs"), "Runs"),
        ),
        scripts=() if run.is_over else ("run.js",),
        refreshes=not run.is_over,
    )
    return respond_with_page(request, page)


@routes.post(_RUN + "/cancel")
@for_forms
async def cancel_run(request: web.Request, form: Form) -> web.Response:
    """Stop a run that waits or is being planned."""
    context = context_of(request)
    workspace, run = await context.store.read(lambda records: named_run(records, request))
    if not context.run_queue.cancel(run.id, user_id=request[USER].id):
        raise conflict(f"the run is {run.status} and cannot be canceled")
    raise web.HTTPSeeOther(run_path(request, workspace.name, run.id))


def _read(records: Records, request: web.Request) -> _ShownRun:
    workspace, run = named_run(records, request)
    comments = records.all(CommentRecord, run.id)
    ids = [run.created_by, run.canceled_by, *(comment.created_by for comment in comments)]
    users = names_of_users(records, ids)
    return _ShownRun(workspace=workspace, run=run, comments=comments, users=users)


def _facts(request: web.Request, shown: _ShownRun, outcome: Outcome) -> str:
    run = shown.run
    title = (
        title_of(outcome) if run.is_over and kind_of_run(run) is not Kind.CANCELED else ""
    )
    line = " ".join(filter(None, (numbers_html(run), html_text(title))))
    facts = [
        *_people(shown),
        *_place_in_queue(request, run),
        link(batch_path(request, run.batch_id), f"batch {short_id(run.batch_id)}")
        if run.batch_id
        else "",
        *map(html_text, _options(run)),
        f"Terraform {html_text(run.terraform_version)}" if run.terraform_version else "",
        f"status {html_text(run.status)}",
        html_text(run.id),
    ]
    return (
        f'<p class="verdict"><b>{result_html(run, word_id="status")}</b> {line}</p>\n'
        f"<p>{html_text(run.message)}</p>\n"
        f'<p class="quiet">{", ".join(filter(None, facts))}</p>\n{_error(outcome)}'
    )


def _people(shown: _ShownRun) -> Iterator[str]:
    """Yield who did what to a run."""
    run = shown.run
    yield f"begun {moment(run.created_at)}"
    for word, user_id in (("by", run.created_by), ("canceled by", run.canceled_by)):
        if user_id:
            yield f"{word} {html_text(shown.users.get(user_id, 'a user'))}"


def _place_in_queue(request: web.Request, run: RunRecord) -> Iterator[str]:
    waiting = context_of(request).run_queue.waiting
    if run.id in waiting:
        before = waiting.index(run.id)
        yield f"waiting for a free worker, {count_of(before, 'run')} before it"


def _options(run: RunRecord) -> list[str]:
    options = {
        "plan to destroy": run.is_destroy,
        "refresh only": run.refresh_only,
        "without refresh": not run.refresh,
        f"targets {', '.join(run.target_addrs)}": run.target_addrs,
        f"replaces {', '.join(run.replace_addrs)}": run.replace_addrs,
    }
    return [text for text, is_set in options.items() if is_set] or ["plan only"]


def _error(outcome: Outcome) -> str:
    failure = outcome.failure
    if failure is None or not failure.text or outcome.still_running:
        return ""
    more = failure.further_errors
    rest = f"<p>and {count_of(more, 'more error')}</p>\n" if more else ""
    return (
        '<pre class="error" tabindex="0" role="group" aria-label="Error">'
        f"{html_text(failure.text)}</pre>\n{rest}"
    )


def _changes(run: RunRecord, outcome: Outcome) -> str:
    changes = outcome.changes
    if changes is None:
        return ""
    html = changes_html(changes)
    if not html:
        return ""
    return section(f"Changes ({_number(changes):,})", f'<div class="plan">{html}</div>\n')


def _number(changes: PlannedChanges) -> int:
    lists = (changes.resources, changes.outputs, changes.drift, changes.deferred)
    return sum(map(len, lists)) + len(changes.actions)


def _policies(run: RunRecord) -> str:
    if not run.policies:
        return ""
    ordered = sorted(run.policies, key=lambda policy: policy.passed)
    rows = (
        (
            html_text(policy.name),
            f'<span class="{"green" if policy.passed else "red"}">{policy.verdict}</span>',
            html_text(policy.level),
            html_text(policy.text),
        )
        for policy in ordered
    )
    failed = sum(not policy.passed for policy in run.policies)
    title = f"Policies ({failed:,} failed)" if failed else "Policies (passed)"
    body = table(("Policy", "Result", "Level", "Text"), rows)
    return section(title, body, is_open=bool(failed))


def _cost(outcome: Outcome) -> str:
    cost = outcome.cost
    if cost is None:
        return ""
    change = difference_text(cost.delta, cost.currency)
    row = (money(cost.prior, cost.currency), money(cost.proposed, cost.currency), change)
    heads = ("Before", "After", "Change")
    return section(f"Cost a month ({change})", table(heads, [row]), is_open=False)


def _actions(request: web.Request, shown: _ShownRun) -> str:
    run, name = shown.run, shown.workspace.name
    token = form_token(request)
    if not run.is_over:
        return form(
            run_path(request, name, run.id, "cancel"),
            token,
            '<details class="confirm"><summary>Cancel the run</summary>'
            "<button>Yes, cancel it</button></details>\n",
        )
    start = form(workspace_path(request, name, "runs"), token, start_fields())
    return section("Plan again", start, is_open=False)


def _comments(shown: _ShownRun) -> str:
    if not shown.comments:
        return ""
    items = "".join(
        f"<li><b>{html_text(shown.users.get(comment.created_by, 'a user'))}</b>, "
        f'{moment(comment.created_at)}: <span class="lines">{html_text(comment.body)}</span></li>\n'
        for comment in shown.comments
    )
    return section("Comments", f"<ul>\n{items}</ul>\n")
