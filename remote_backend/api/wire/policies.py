"""Policies, run tasks and cost estimates on the wire."""

from collections.abc import Mapping
from typing import Any

from remote_backend.api.messages import Request, Response
from remote_backend.api.wire.document import (
    load_resource,
    members_of,
    optional_request,
    parse_document,
)
from remote_backend.models.policy import (
    CostEstimate,
    PolicyCheck,
    PolicySetOutcome,
    TaskStage,
)

__all__ = (
    "load_cost_estimate",
    "load_policy_check",
    "load_policy_set_outcomes",
    "load_task_stage",
    "request_to_read_cost_estimate",
    "request_to_read_policy_check",
    "request_to_read_policy_check_output",
    "request_to_read_policy_set_outcomes",
    "request_to_read_task_stage",
)


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/policy-checks#show-policy-check
def request_to_read_policy_check(policy_check_id: str) -> Request:
    """Read a policy check."""
    return optional_request(f"policy-checks/{policy_check_id}")


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/policy-checks
def request_to_read_policy_check_output(policy_check_id: str) -> Request:
    """Read the text that a policy check wrote."""
    return optional_request(
        f"policy-checks/{policy_check_id}/output", accept="text/plain, */*"
    )


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/run-tasks/run-task-stages-and-results
def request_to_read_task_stage(task_stage_id: str) -> Request:
    """Read a task stage with its task results and policy evaluations."""
    query = (("include", "task_results,policy_evaluations"),)
    return optional_request(f"task-stages/{task_stage_id}", query=query)


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/policy-evaluations
def request_to_read_policy_set_outcomes(policy_evaluation_id: str) -> Request:
    """List the results of the policies of an evaluation, set by set."""
    target = f"policy-evaluations/{policy_evaluation_id}/policy-set-outcomes"
    return optional_request(target, query=(("page[size]", "100"),))


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/cost-estimates#show-a-cost-estimate
def request_to_read_cost_estimate(cost_estimate_id: str) -> Request:
    """Read a cost estimate."""
    return optional_request(f"cost-estimates/{cost_estimate_id}")


def load_policy_check(response: Response) -> PolicyCheck:
    """Load a policy check."""
    return load_resource(parse_document(response).resource, PolicyCheck)


def load_task_stage(response: Response) -> TaskStage:
    """Load a stage with the results that the response includes."""
    document = parse_document(response)
    results: list[dict[str, Any]] = []
    evaluations: list[dict[str, Any]] = []
    for (kind, _), item in document.included.items():
        if kind.replace("_", "-") == "task-results":
            results.append(members_of(item))
        elif kind.replace("_", "-") == "policy-evaluations":
            evaluations.append(members_of(item))
    return load_resource(
        document.resource,
        TaskStage,
        task_results=results,
        policy_evaluations=evaluations,
    )


def load_policy_set_outcomes(response: Response) -> tuple[PolicySetOutcome, ...]:
    """Load the results of policies, set by set."""
    resources = parse_document(response).resources
    return tuple(_load_set(item) for item in resources)


def _load_set(item: Mapping[str, Any]) -> PolicySetOutcome:
    outcomes = members_of(item).get("outcomes")
    if not isinstance(outcomes, list):
        return load_resource(item, PolicySetOutcome)
    with_texts = [
        {**outcome, "printed": _printed(outcome)} if isinstance(outcome, dict) else outcome
        for outcome in outcomes
    ]
    return load_resource(item, PolicySetOutcome, outcomes=with_texts)


def _printed(outcome: Mapping[str, Any]) -> list[str]:
    output = outcome.get("output")
    lines = (
        [line for line in output if isinstance(line, dict)]
        if isinstance(output, list)
        else []
    )
    return [line["print"] for line in lines if isinstance(line.get("print"), str)]


def load_cost_estimate(response: Response) -> CostEstimate:
    """Load a cost estimate."""
    return load_resource(parse_document(response).resource, CostEstimate)
