"""The changes and diagnostics of a plan, which the server has after the plan has ended."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import anyio

from remote_backend.api.client import Client
from remote_backend.errors import RemoteBackendError
from remote_backend.models.changes import PlannedChanges
from remote_backend.models.plan import Plan
from remote_backend.plans.json_plan import parse_json_plan
from remote_backend.plans.structured_log import parse_structured_log
from remote_backend.structured_logging import Log

__all__ = ("read_changes", "read_diagnostics", "read_json_plan", "read_plan_document")

Value = TypeVar("Value")

_LONGEST_LOG_BYTES = 16 << 20
# Servers answer 204 while they make the JSON of a plan that has just ended:
# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/plans#retrieve-the-json-execution-plan
_SECONDS_UNTIL_READY = 5.0
_FIRST_WAIT_SECONDS = 0.25
log = Log()


async def read_changes(
    client: Client,
    plan: Plan,
    *,
    marks_old_values: bool = False,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
) -> PlannedChanges | None:
    """Return the changes of a finished plan, or None where the server does not have them.

    The redacted JSON is requested first. The full JSON is for tokens that may read secrets,
    which are masked here. Where there is neither, the changes in a structured log are used.
    While the server answers that it has no JSON yet, the request is repeated for five seconds.
    Details never decide about a plan, so nothing is raised.
    """
    parse = partial(parse_json_plan, marks_old_values=marks_old_values)
    changes = await _read_when_ready(client, plan.id, parse, sleep)
    return changes or await _read_structured_log(client, plan)


async def read_json_plan(
    client: Client, plan_id: str, *, sleep: Callable[[float], Awaitable[None]] = anyio.sleep
) -> bytes:
    """Return the JSON of a finished plan as the server sends it, empty where it has none.

    The redacted JSON is preferred, because the full one can hold secrets. While the server
    answers that it has none yet, the request is repeated for five seconds. Nothing is raised.
    """
    return await _read_when_ready(client, plan_id, bytes, sleep) or b""


async def read_plan_document(
    client: Client,
    plan_id: str,
    *,
    redacted_only: bool = False,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
) -> tuple[bytes, bool]:
    """Return the JSON of a finished plan, the full one before the redacted one, and which it is.

    Empty where the server has none, or none for this token. It waits as `read_json_plan` does.
    """
    forms = (True,) if redacted_only else (False, True)
    return await _read_form_when_ready(client, plan_id, bytes, sleep, forms) or (b"", False)


async def _read_when_ready(
    client: Client,
    plan_id: str,
    parse: Callable[[bytes], Value | None],
    sleep: Callable[[float], Awaitable[None]],
) -> Value | None:
    found = await _read_form_when_ready(client, plan_id, parse, sleep, (True, False))
    return None if found is None else found[0]


async def _read_form_when_ready(
    client: Client,
    plan_id: str,
    parse: Callable[[bytes], Value | None],
    sleep: Callable[[float], Awaitable[None]],
    forms: tuple[bool, ...],
) -> tuple[Value, bool] | None:
    """Return the parsed JSON of a plan, and whether it is the redacted form."""
    waited_seconds, wait_seconds = 0.0, _FIRST_WAIT_SECONDS
    while True:
        found, is_awaited = await _read_once(client, plan_id, parse, forms)
        if not is_awaited or waited_seconds >= _SECONDS_UNTIL_READY:
            return found
        await sleep(wait_seconds)
        waited_seconds += wait_seconds
        wait_seconds *= 2


async def _read_once(
    client: Client,
    plan_id: str,
    parse: Callable[[bytes], Value | None],
    forms: tuple[bool, ...],
) -> tuple[tuple[Value, bool] | None, bool]:
    """Return the parsed JSON of a plan and its form, and whether the server is still making it."""
    is_awaited = False
    for redacted in forms:
        try:
            data = await client.read_json_plan(plan_id, redacted=redacted)
        except RemoteBackendError as error:
            log.info("plan.details_missing", plan_id=plan_id, problem=str(error))
            continue
        value = parse(data) if data else None
        if value is not None:
            return (value, redacted), False
        is_awaited |= not data
    return None, is_awaited


async def read_diagnostics(client: Client, plan: Plan) -> PlannedChanges | None:
    """Return the diagnostics of a plan that failed, or None where there are none.

    Only structured logs have them; the text of other logs is for people. The changes that were
    found before the failure are left out, because they are incomplete.
    """
    if not plan.structured_run_output_enabled:
        return None
    changes = await _read_structured_log(client, plan)
    if changes is None or not changes.diagnostics:
        return None
    return PlannedChanges(diagnostics=changes.diagnostics)


async def _read_structured_log(client: Client, plan: Plan) -> PlannedChanges | None:
    if plan.log_read_url is None:
        return None
    try:
        text = await client.read_log(plan, offset=0, limit=_LONGEST_LOG_BYTES)
    except RemoteBackendError:
        return None
    return parse_structured_log(text)
