"""Costs and policies as tables: the largest change first, what failed first."""

from collections import defaultdict
from collections.abc import Sequence

from attrs import evolve

from remote_backend.formats.amounts import difference_text, money
from remote_backend.models.cost import Cost
from remote_backend.models.outcome import Outcome
from remote_backend.models.policy import CheckReport, PolicyResult
from remote_backend.reports.html_text import breakable, count_of, html_text, names_html
from remote_backend.reports.html_workspaces import anchor_link

__all__ = ("costs_section", "policies_section")

_PASSED = ("passed", "overridden")


def costs_section(outcomes: Sequence[Outcome], total: Cost | None) -> str:
    """Return the estimated costs of a month; empty where none is known."""
    costs = [
        (outcome.workspace, cost)
        for outcome in outcomes
        if (cost := outcome.cost) is not None
    ]
    if total is None or not costs:
        return ""
    changed = [pair for pair in costs if pair[1].delta]
    changed.sort(key=lambda pair: -abs(pair[1].delta))
    rows = "".join(_cost_row(workspace, cost) for workspace, cost in changed)
    return _section(
        "cost",
        "Cost a month",
        '<table class="numbers">\n<thead><tr><th scope="col">Workspace</th><th scope="col">Before'
        '</th><th scope="col">After</th><th scope="col">Change</th></tr></thead>\n<tbody>\n'
        f'{rows}</tbody><tfoot><tr><th scope="row">All</th>{_amounts(total)}</tr></tfoot></table>\n'
        f"{_note(len(costs) - len(changed), 'whose cost stays the same')}"
        f"{_note(len(outcomes) - len(costs), 'without an estimate')}",
    )


def _note(number: int, what: str) -> str:
    return f"<p>{count_of(number, 'workspace')} {what}</p>\n" if number else ""


def _cost_row(workspace: str, cost: Cost) -> str:
    return (
        f'<tr data-ws="{html_text(workspace)}"><th scope="row">{anchor_link(workspace)}</th>'
        f"{_amounts(cost)}</tr>\n"
    )


def _amounts(cost: Cost) -> str:
    currency = cost.currency
    return (
        f"<td>{money(cost.prior, currency)}</td><td>{money(cost.proposed, currency)}</td>"
        f"<td>{difference_text(cost.delta, currency)}</td>"
    )


def policies_section(outcomes: Sequence[Outcome]) -> str:
    """Return each result of each policy and task with its workspaces; empty without any."""
    names: dict[PolicyResult, list[str]] = defaultdict(list)
    texts: dict[PolicyResult, str] = {}
    for outcome in outcomes:
        for result in (*outcome.policies, *map(_task, outcome.tasks)):
            key = evolve(result, text="")
            names[key].append(outcome.workspace)
            texts.setdefault(key, result.text)
    if not names:
        return ""
    rows = "".join(
        _policy(policy, names[policy], texts[policy]) for policy in sorted(names, key=_rank)
    )
    return _section(
        "policies",
        "Policies and tasks" if any(outcome.tasks for outcome in outcomes) else "Policies",
        '<table>\n<thead><tr><th scope="col">Name</th><th scope="col">Result</th>'
        f'<th scope="col">Workspaces</th></tr></thead>\n<tbody>\n{rows}</tbody></table>\n',
    )


def _task(task: CheckReport) -> PolicyResult:
    name = f"task {task.name}"
    return PolicyResult(name=name, level=task.level, status=task.status, text=task.text)


def _rank(policy: PolicyResult) -> tuple[bool, bool, str, str]:
    return (
        policy.status in _PASSED,
        policy.level == "advisory",
        policy.name,
        policy.status,
    )


def _policy(policy: PolicyResult, workspaces: Sequence[str], text: str) -> str:
    is_failed = policy.status not in _PASSED
    color = " red" if is_failed else ""
    return (
        f'<tr><th scope="row">{breakable(policy.title)}</th><td class="status{color}">'
        f"{html_text(policy.status)}</td><td>{len(workspaces):,}: {names_html(workspaces)}"
        f"{_text_of(workspaces[0], text) if is_failed else ''}</td></tr>\n"
    )


def _text_of(workspace: str, text: str) -> str:
    if not text:
        return ""
    name = html_text(workspace)
    return (
        f'<pre tabindex="0" role="group" aria-label="Text for {name}">{name}:\n'
        f"{html_text(text)}</pre>"
    )


def _section(name: str, title: str, body: str) -> str:
    return (
        f'<section id="{name}">\n<details class="facts"><summary><h2>{title}</h2></summary>\n'
        f"{body}</details></section>\n"
    )
