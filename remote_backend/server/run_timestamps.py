"""When a run and its plan got each of their statuses."""

from attrs import evolve

from remote_backend.server.ids import now_text
from remote_backend.server.records import RunRecord

__all__ = ("with_new_timestamps",)

# The API names the time of a plan that is running `started-at`; other statuses have their own.
_TIMESTAMP_OF_PLAN_STATUS = {"running": "started"}


def with_new_timestamps(before: RunRecord, after: RunRecord) -> RunRecord:
    """Return a run with the times of what has changed in it."""
    times, plan_times, now = dict(after.times), dict(after.plan_times), now_text()
    if after.status != before.status:
        times[after.status] = now
    if after.cost is not None and before.cost is None:
        times["cost_estimated"] = now
    if after.policies and not before.policies:
        times["policy_checked"] = now
    if after.plan_status != before.plan_status:
        plan_times[_TIMESTAMP_OF_PLAN_STATUS.get(after.plan_status, after.plan_status)] = (
            now
        )
    return evolve(after, times=times, plan_times=plan_times)
