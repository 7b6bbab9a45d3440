"""Typed methods: build a request, send it, load the response."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from attrs import evolve

from remote_backend.api.messages import FileBody, Request, Response, Transport
from remote_backend.api.wire import (
    configurations,
    explorer,
    organizations,
    policies,
    problems,
    projects,
    runs,
    state,
    workspaces,
)
from remote_backend.api.wire.document import JSON_API, Page
from remote_backend.api.wire.paging import MOST_PAGES, doubt_about, number_after
from remote_backend.errors import NotFound, Rejected, UnexpectedAnswer
from remote_backend.models.addresses import SignedUrl
from remote_backend.models.configuration import ConfigurationVersion
from remote_backend.models.explorer import UsedComponent
from remote_backend.models.organization import Entitlements
from remote_backend.models.plan import Plan
from remote_backend.models.policy import (
    CostEstimate,
    PolicyCheck,
    PolicySetOutcome,
    TaskStage,
)
from remote_backend.models.run import Run, RunRequest
from remote_backend.models.state import StateVersion, StateVersionRequest
from remote_backend.models.workspace import Workspace
from remote_backend.notices import Notices

__all__ = ("Client", "server_name_of")

Value = TypeVar("Value")


class Client:
    """The requests of the API that plans, workspaces and states need.

    Each method raises `TransportError` without a response, an `ApiError` for an error
    response, and `UnexpectedAnswer` for a response that is not a document of this API.
    """

    def __init__(
        self, transport: Transport, organization: str, notices: Notices | None = None
    ) -> None:
        self._transport = transport
        self.organization = organization
        self.notices = notices or Notices()
        """Where long waits and warnings are reported."""

        self.api_version: str | None = None
        """The version in the last `TFP-API-Version` header; None without one."""

        self.server_name: str | None = None
        """The product that the server names, like `HCP Terraform`; None without a name."""

        self.announces_limits = False
        """Whether a response has announced a rate limit."""

        self.requests_per_second = math.inf
        """The rate limit that responses announce; infinite until one does."""

        self.answered_count = 0
        """How many responses of the API have come; signed addresses are not counted."""

    async def read_entitlements(self) -> Entitlements:
        """Read the entitlements of the organization."""
        request = organizations.request_to_read_entitlements(self.organization)
        return await self._send_and_load(request, organizations.load_entitlements)

    async def list_organization_names(self) -> tuple[str, ...]:
        """Return the names of the first organizations that the token sees."""
        request = organizations.request_to_list_organizations()
        return await self._send_and_load(request, organizations.load_organization_names)

    async def ping(self) -> None:
        """Read only the headers in which a server describes itself."""
        await self._send(Request(method="GET", target="ping"))

    async def list_workspaces(
        self,
        search: str = "",
        tags: Sequence[tuple[str, str]] = (),
        project_id: str | None = None,
    ) -> list[Workspace]:
        """Return all workspaces with all of these tags whose names contain a text.

        Workspaces that cannot be read are left out, and a warning names them. Another warning
        is given when the list may be incomplete.
        """
        request = partial(
            workspaces.request_to_list_workspaces,
            self.organization,
            search=search,
            tags=tags,
            project_id=project_id,
        )
        try:
            return await self._list_all_workspaces(request)
        except Rejected as error:
            if error.status != 400:
                raise
            return await self._list_all_workspaces(partial(request, with_empty=True))

    async def _list_all_workspaces(
        self, request: Callable[..., Request]
    ) -> list[Workspace]:
        listed: dict[str, Workspace] = {}
        number: int | None = 1
        while number is not None:
            page = await self._send_and_load(
                request(page=number), workspaces.load_workspaces
            )
            for problem in page.problems:
                self.notices.warn(problem)
            before = len(listed)
            # A workspace that is created meanwhile shifts pages, so another can come twice.
            listed.update((workspace.id, workspace) for workspace in page.items)
            following = number_after(page, number, workspaces.PAGE_SIZE)
            goes_on = len(listed) > before and number < MOST_PAGES
            number = following if goes_on else None
        doubt = doubt_about(page, len(listed), following, workspaces.PAGE_SIZE)
        if doubt is not None:
            self.notices.warn(f"workspaces: {doubt}")
        return list(listed.values())

    async def find_project_ids(self, name: str) -> dict[str, str]:
        """Return the ids of the projects of a name, in any case of its letters, by their names."""
        request = projects.request_to_find_projects(self.organization, name)
        return await self._send_and_load(request, projects.load_project_ids)

    async def list_components(
        self, view: str, field: str = "", text: str = ""
    ) -> list[UsedComponent]:
        """Return the rows of Explorer's view `modules` or `providers`; all without a field.

        Raises `NotFound` for tokens that may not read it, and on servers that do not have it.
        """
        listed: list[UsedComponent] = []
        number: int | None = 1
        while number is not None and number < MOST_PAGES:
            request = explorer.request_to_query_components(
                self.organization, view, field=field, text=text, page=number
            )
            page = await self._send_and_load(request, explorer.load_components)
            listed.extend(page.items)
            number = number_after(page, number, explorer.PAGE_SIZE)
        return listed

    async def find_workspace(self, name: str) -> Workspace | None:
        """Return the workspace with exactly this full name, or None."""
        request = workspaces.request_to_read_workspace(self.organization, name)
        return await self._load_if_found(request, workspaces.load_workspace)

    async def find_lock_holder(self, name: str) -> Workspace | None:
        """Return a workspace with the holder of its lock in `locked_by`, or None."""
        request = workspaces.request_to_read_lock_holder(self.organization, name)
        return await self._load_if_found(request, workspaces.load_lock_holder)

    async def create_workspace(
        self, name: str, terraform_version: str | None = None
    ) -> Workspace:
        """Create a workspace with a version of Terraform, or with the server's default."""
        request = workspaces.request_to_create_workspace(
            self.organization, name, terraform_version
        )
        return await self._send_and_load(request, workspaces.load_workspace)

    async def delete_workspace(self, workspace_id: str, *, safely: bool) -> None:
        """Delete a workspace; safely means only if it manages no resources."""
        await self._send(
            workspaces.request_to_delete_workspace(workspace_id, safely=safely)
        )

    async def lock_workspace(self, workspace_id: str, reason: str) -> Workspace:
        """Lock a workspace; raise `Conflict` when it is locked already."""
        request = workspaces.request_to_lock(workspace_id, reason)
        return await self._send_and_load(request, workspaces.load_workspace)

    async def unlock_workspace(self, workspace_id: str) -> Workspace:
        """Release the lock that the user of this token holds."""
        request = workspaces.request_to_unlock(workspace_id)
        return await self._send_and_load(request, workspaces.load_workspace)

    async def force_unlock_workspace(self, workspace_id: str) -> Workspace:
        """Release the lock of a workspace even if another user holds it."""
        request = workspaces.request_to_force_unlock(workspace_id)
        return await self._send_and_load(request, workspaces.load_workspace)

    async def create_configuration_version(self, workspace_id: str) -> ConfigurationVersion:
        """Create a configuration version that can only be planned."""
        return await self._send_and_load(
            configurations.request_to_create_configuration_version(workspace_id),
            configurations.load_configuration_version,
        )

    async def read_configuration_version(self, id: str) -> ConfigurationVersion:
        """Read a configuration version."""
        return await self._send_and_load(
            configurations.request_to_read_configuration_version(id),
            configurations.load_configuration_version,
        )

    async def list_configuration_versions(
        self, workspace_id: str
    ) -> tuple[ConfigurationVersion, ...]:
        """Return the newest configuration versions of a workspace."""
        request = configurations.request_to_list_configuration_versions(workspace_id)
        page = await self._send_and_load(
            request, configurations.load_configuration_versions
        )
        return page.items

    async def upload(self, address: SignedUrl, body: FileBody) -> None:
        """Send an archive to a signed address."""
        await self._send(configurations.request_to_upload(address, body))

    async def queue_run(
        self, request: RunRequest, in_flight: Callable[[bool], None] | None = None
    ) -> Run:
        """Create a plan-only run; `in_flight` is passed to `Request`."""
        http_request = evolve(runs.request_to_queue_run(request), in_flight=in_flight)
        return await self._send_and_load(http_request, runs.load_run)

    async def read_run(self, run_id: str) -> tuple[Run, Plan | None]:
        """Read a run, and its plan if the server includes it."""
        return await self._send_and_load(
            runs.request_to_read_run(run_id), runs.load_run_with_plan
        )

    async def find_run(self, request: RunRequest) -> Run | None:
        """Return the newest run of a workspace and configuration version, or None.

        Raises `UnexpectedAnswer` if the lists of the server do not prove what exists.
        """
        page = await self._list_runs(request.workspace_id, filtered=True)
        if page.is_vacant:
            page = await self._list_runs(request.workspace_id, filtered=False)
        if page.is_vacant:
            raise UnexpectedAnswer(
                f"the list of the runs of {request.workspace_id} is an empty page with the "
                "number 0, which does not say which runs exist"
            )
        version_id = request.configuration_version_id
        return next(
            (run for run in page.items if run.configuration_version_id == version_id), None
        )

    async def _list_runs(self, workspace_id: str, *, filtered: bool) -> Page[Run]:
        request = runs.request_to_list_runs(workspace_id, filtered=filtered)
        return await self._send_and_load(request, runs.load_runs)

    async def list_batch_runs(
        self, token: str, *, page: int
    ) -> Page[tuple[Run, Plan | None]]:
        """Return a page of the runs of the organization whose messages hold a token."""
        request = runs.request_to_list_batch_runs(self.organization, token, page=page)
        return await self._send_and_load(request, runs.load_runs_with_plans)

    async def cancel_run(self, run_id: str, comment: str) -> None:
        """Request that a run stops, which takes a while."""
        await self._send(runs.request_to_cancel_run(run_id, comment))

    async def discard_run(self, run_id: str, comment: str) -> None:
        """Discard a run that waits."""
        await self._send(runs.request_to_discard_run(run_id, comment))

    async def read_plan(self, plan_id: str) -> Plan:
        """Read a plan."""
        return await self._send_and_load(runs.request_to_read_plan(plan_id), runs.load_plan)

    async def read_json_plan(self, plan_id: str, *, redacted: bool) -> bytes:
        """Read a finished plan as JSON; empty while the server has none."""
        request = runs.request_to_read_json_plan(plan_id, redacted=redacted)
        return (await self._send(request)).body

    async def read_log(self, plan: Plan, *, offset: int, limit: int) -> bytes:
        """Read a part of the log of a plan, with framing bytes; empty at the end."""
        return (
            await self._send(runs.request_to_read_log(plan, offset=offset, limit=limit))
        ).body

    async def read_policy_check(self, id: str) -> PolicyCheck:
        """Read a policy check."""
        request = policies.request_to_read_policy_check(id)
        return await self._send_and_load(request, policies.load_policy_check)

    async def read_policy_check_output(self, id: str) -> str:
        """Read the text that a policy check wrote."""
        response = await self._send(policies.request_to_read_policy_check_output(id))
        return response.body.decode("utf-8", "replace")

    async def read_task_stage(self, id: str) -> TaskStage:
        """Read a task stage with its results."""
        return await self._send_and_load(
            policies.request_to_read_task_stage(id), policies.load_task_stage
        )

    async def read_policy_set_outcomes(self, id: str) -> tuple[PolicySetOutcome, ...]:
        """Read the results of the policies of an evaluation."""
        request = policies.request_to_read_policy_set_outcomes(id)
        return await self._send_and_load(request, policies.load_policy_set_outcomes)

    async def read_cost_estimate(self, id: str) -> CostEstimate:
        """Read a cost estimate."""
        request = policies.request_to_read_cost_estimate(id)
        return await self._send_and_load(request, policies.load_cost_estimate)

    async def find_current_state_version(self, workspace_id: str) -> StateVersion | None:
        """Return the newest state version of a workspace, or None."""
        request = state.request_to_read_current_state_version(workspace_id)
        return await self._load_if_found(request, state.load_state_version)

    async def read_state_version(self, id: str) -> StateVersion:
        """Read a state version."""
        request = state.request_to_read_state_version(id)
        return await self._send_and_load(request, state.load_state_version)

    async def download_state(self, address: SignedUrl | str) -> bytes:
        """Return the bytes of a state; empty when there is none."""
        return (await self._send(state.request_to_download_state(address))).body

    async def create_state_version(
        self, request: StateVersionRequest, on_part_sent: Callable[[], None] | None = None
    ) -> StateVersion:
        """Store a state, or prepare its upload; `on_part_sent` is passed to `Request`."""
        http_request = evolve(
            state.request_to_create_state_version(request), on_part_sent=on_part_sent
        )
        return await self._send_and_load(http_request, state.load_state_version)

    async def upload_state(
        self,
        address: SignedUrl,
        body: bytes,
        on_part_sent: Callable[[], None] | None = None,
    ) -> None:
        """Send the bytes of a state to a signed address without a retry."""
        request = state.request_to_upload_state(address, body)
        await self._send(evolve(request, on_part_sent=on_part_sent))

    async def _send_and_load(
        self, request: Request, load: Callable[[Response], Value]
    ) -> Value:
        response = await self._send(request)
        try:
            return load(response)
        except UnexpectedAnswer as error:
            raise UnexpectedAnswer(
                f"{request.method} {request.where} was answered with {error}"
            ) from None

    async def _load_if_found(
        self, request: Request, load: Callable[[Response], Value]
    ) -> Value | None:
        try:
            return await self._send_and_load(request, load)
        except NotFound as error:
            # 403 does not prove that the object does not exist.
            if error.status != 404:
                raise
            return None

    async def _send(self, request: Request) -> Response:
        if isinstance(request.target, str):
            request = evolve(request, headers={**_API_HEADERS, **request.headers})
        response = await self._transport.send(request)
        if isinstance(request.target, str):
            self.answered_count += 1
            self.api_version = response.headers.get("tfp-api-version", self.api_version)
            self.server_name = server_name_of(response) or self.server_name
            if "x-ratelimit-limit" in response.headers:
                self.announces_limits = True
                limit = response.requests_per_second
                self.requests_per_second = limit or self.requests_per_second
        if not 200 <= response.status < 300:
            raise problems.error_of(request, response)
        return response


def server_name_of(response: Response) -> str | None:
    """Return the product that a server names in a response, or None."""
    # Before 2022 Terraform Enterprise named its version alone (go-tfe v1.109.0).
    enterprise = "Terraform Enterprise" if "x-tfe-version" in response.headers else None
    return response.headers.get("tfp-appname") or enterprise


_API_HEADERS: Mapping[str, str] = {"Accept": JSON_API, "Content-Type": JSON_API}
