"""Cost estimates and policy checks, as a server answers."""

from typing import Any

from remote_backend.engine.judgement import SimulatedCost, SimulatedPolicy
from remote_backend.server.documents.documents import resource_of, to_one
from remote_backend.server.records import RunRecord

__all__ = ("dump_cost_estimate", "dump_policy_check", "write_policy_output")


def dump_cost_estimate(run: RunRecord, cost: SimulatedCost) -> dict[str, Any]:
    """Return the cost estimate of a run as a resource; amounts are decimal text."""
    id = run.cost_estimate_id
    return resource_of(
        "cost-estimates",
        id,
        {
            "status": "finished",
            "error-message": None,
            "prior-monthly-cost": cost.prior,
            "proposed-monthly-cost": cost.proposed,
            "delta-monthly-cost": cost.delta,
            "resources-count": cost.resources,
            "matched-resources-count": cost.matched,
            "unmatched-resources-count": cost.resources - cost.matched,
            "status-timestamps": {"finished-at": run.times.get("cost_estimated")},
        },
        links={"self": f"/api/v2/cost-estimates/{id}"},
    )


def dump_policy_check(run: RunRecord) -> dict[str, Any]:
    """Return the policy check of a run as a resource."""
    failed = [policy.level for policy in run.policies if not policy.passed]
    id, status = run.policy_check_id, run.policy_status
    return resource_of(
        "policy-checks",
        id,
        {
            "status": status,
            "scope": "organization",
            "result": {
                "result": not failed,
                "passed": len(run.policies) - len(failed),
                "total-failed": len(failed),
                "hard-failed": failed.count("hard-mandatory"),
                "soft-failed": failed.count("soft-mandatory"),
                "advisory-failed": failed.count("advisory"),
                "duration-ms": 0,
                "sentinel": None,
            },
            "actions": {"is-overridable": status == "soft_failed"},
            "permissions": {"can-override": False},
            "status-timestamps": {
                f"{status.replace('_', '-')}-at": run.times.get("policy_checked")
            },
        },
        relationships={"run": to_one("runs", run.id)},
        links={"output": f"/api/v2/policy-checks/{id}/output"},
    )


def write_policy_output(policies: tuple[SimulatedPolicy, ...]) -> bytes:
    """Return what a policy check writes for people."""
    verdict = "true" if all(policy.passed for policy in policies) else "false"
    subject = "1 policy was" if len(policies) == 1 else f"{len(policies)} policies were"
    parts = [f"Result: {verdict}\n\n{subject} simulated.\n"]
    for policy in policies:
        text = f"  {policy.text}\n" if policy.text else ""
        parts.append(f"\n{policy.name} ({policy.level}): {policy.verdict}\n{text}")
    return "".join(parts).encode()
