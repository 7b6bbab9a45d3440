"""The results of policies, run tasks and cost estimates for a plan."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from decimal import Decimal, InvalidOperation
from typing import TypeVar

import anyio

from remote_backend.api.client import Client
from remote_backend.errors import NotFound, RemoteBackendError
from remote_backend.models.cost import Cost
from remote_backend.models.policy import (
    CheckReport,
    CostEstimate,
    PolicyOutcome,
    PolicyResult,
    PolicySetOutcome,
    TaskStage,
)
from remote_backend.models.run import Run
from remote_backend.plans.policy_output import parse_policy_output
from remote_backend.structured_logging import Log

__all__ = ("read_policy_results",)

log = Log()

Value = TypeVar("Value")

_POLLS = 20
_WAIT_SECONDS = 0.25
_MOST_DIGITS = 30
_BAD_CHECKS = frozenset({"hard_failed", "soft_failed", "errored"})
_BAD_RESULTS = frozenset({"failed", "errored"})


async def read_policy_results(client: Client, run: Run) -> AsyncIterator[CheckReport]:
    """Yield a report for each policy, run task and cost estimate of a run that is over.

    A server without such features, or a response that cannot be read, is not a reason to fail
    a plan: the status of the run decides. Nothing is raised.
    """
    for id in run.task_stage_ids:
        stage = await _poll_until_over(
            id, client.read_task_stage, lambda stage: stage.is_over
        )
        if stage is not None:
            for report in await _stage_reports(client, stage):
                yield report
    for id in run.policy_check_ids:
        check = await _poll_until_over(
            id, client.read_policy_check, lambda check: check.is_over
        )
        if check is not None:
            text = await _read_or_none(client.read_policy_check_output(id), id)
            yield CheckReport(
                kind="policy check",
                name=check.scope or "policies",
                status=check.status,
                text=(text or "").strip(),
                failed=check.status in _BAD_CHECKS,
                policies=parse_policy_output(text or ""),
            )
    if run.cost_estimate_id is not None:
        cost = await _poll_until_over(
            run.cost_estimate_id,
            client.read_cost_estimate,
            lambda cost: cost.status not in ("pending", "queued"),
        )
        if cost is not None:
            yield _cost_report(cost)


async def _stage_reports(client: Client, stage: TaskStage) -> list[CheckReport]:
    reports = [
        CheckReport(
            kind="run task",
            name=result.task_name or result.id,
            status=result.status,
            text=result.message or "",
            level=result.workspace_task_enforcement_level,
            failed=result.status in _BAD_RESULTS
            and result.workspace_task_enforcement_level == "mandatory",
        )
        for result in stage.task_results
    ]
    for evaluation in stage.policy_evaluations:
        outcomes = await _read_or_none(
            client.read_policy_set_outcomes(evaluation.id), evaluation.id
        )
        reports.append(
            CheckReport(
                kind="policy evaluation",
                name=evaluation.policy_kind or "policies",
                status=evaluation.status,
                text=_outcome_text(outcomes or ()),
                failed=evaluation.status in _BAD_RESULTS,
                policies=tuple(_policies_in(outcomes or ())),
            )
        )
    return reports


def _outcome_text(outcomes: tuple[PolicySetOutcome, ...]) -> str:
    lines = []
    for policies in outcomes:
        if policies.error:
            lines.append(f"{policies.policy_set_name}: {policies.error}")
        # Many policies that passed would hide the one that failed.
        lines.extend(
            _policy_text(policies, policy)
            for policy in policies.outcomes
            if policy.status != "passed"
        )
    return "\n".join(lines)


def _policy_text(policies: PolicySetOutcome, policy: PolicyOutcome) -> str:
    result = _policy_result(policies, policy)
    head = f"{result.name}: {result.status} ({result.level})"
    return "\n  ".join([head, *result.text.splitlines()])


def _policies_in(outcomes: tuple[PolicySetOutcome, ...]) -> Iterator[PolicyResult]:
    for policies in outcomes:
        if policies.error:
            yield PolicyResult(
                name=policies.policy_set_name, status="errored", text=policies.error
            )
        for policy in policies.outcomes:
            yield _policy_result(policies, policy)


def _policy_result(policies: PolicySetOutcome, policy: PolicyOutcome) -> PolicyResult:
    return PolicyResult(
        name=f"{policies.policy_set_name}/{policy.policy_name}",
        level=policy.enforcement_level,
        status=policy.status,
        text="\n".join(filter(None, (policy.description, *policy.printed))),
    )


def _cost_report(cost: CostEstimate) -> CheckReport:
    text = ""
    if cost.status == "finished" and cost.proposed_monthly_cost:
        delta = cost.delta_monthly_cost or "0"
        sign = "" if delta.startswith("-") else "+"
        text = f"${cost.proposed_monthly_cost}/mo {sign}${delta}".replace("$-", "-$")
    return CheckReport(
        kind="cost estimate",
        name="monthly cost",
        status=cost.status,
        text=text or cost.error_message or "",
        cost=_amounts(cost),
    )


def _amounts(cost: CostEstimate) -> Cost | None:
    """Return the amounts of an estimate; None while two of the three are not known."""
    if cost.status != "finished":
        return None
    prior = _amount(cost.prior_monthly_cost)
    proposed = _amount(cost.proposed_monthly_cost)
    delta = _amount(cost.delta_monthly_cost)
    if proposed is None and prior is not None and delta is not None:
        proposed = prior + delta
    if prior is None and proposed is not None and delta is not None:
        prior = proposed - delta
    if prior is None or proposed is None:
        return None
    return Cost(
        prior=prior,
        proposed=proposed,
        delta=proposed - prior if delta is None else delta,
    )


def _amount(text: str | None) -> Decimal | None:
    try:
        amount = Decimal(text or "")
    except InvalidOperation:
        return None
    # Written out, 1e999999 would be a million digits.
    is_usable = amount.is_finite() and abs(amount.adjusted()) <= _MOST_DIGITS
    return amount if is_usable else None


async def _poll_until_over(
    id: str, read: Callable[[str], Awaitable[Value]], is_over: Callable[[Value], bool]
) -> Value | None:
    value: Value | None = None
    for _ in range(_POLLS):
        value = await _read_or_none(read(id), id)
        if value is None or is_over(value):
            return value
        await anyio.sleep(_WAIT_SECONDS)
    return value


async def _read_or_none(request: Awaitable[Value], id: str) -> Value | None:
    try:
        return await request
    except NotFound:
        return None
    except RemoteBackendError as error:
        log.warning("check.unreadable", id=id, problem=str(error))
        return None
