"""What an engine gets for the plan of a run, as the records say."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from attrs import frozen

from remote_backend.engine.plan import EngineInputs
from remote_backend.formats.hcl import IDENTIFIER, write_hcl
from remote_backend.models.run import PlanOptions
from remote_backend.server.applied_variables import AppliedVariables, applied_variables
from remote_backend.server.documents.organizations import estimates_cost
from remote_backend.server.organization_records import OrganizationRecord, SSHKeyRecord
from remote_backend.server.records import (
    RunRecord,
    StateVersionRecord,
    VariableRecord,
    WorkspaceRecord,
)
from remote_backend.server.store import Records

__all__ = ("StoredRun", "engine_inputs", "read_run")


@frozen(kw_only=True)
class StoredRun:
    """The records that the plan of a run depends on."""

    workspace: WorkspaceRecord
    variables: AppliedVariables
    state: StateVersionRecord | None
    ssh_key: SSHKeyRecord | None
    estimates_cost: bool


def read_run(records: Records, run: RunRecord) -> StoredRun | None:
    """Return what the plan of a run depends on; None when its workspace was deleted."""
    workspace = records.find(WorkspaceRecord, run.workspace_id)
    organization = records.find(OrganizationRecord, run.organization_id)
    if workspace is None:
        return None
    state_id = run.input_state_version_id
    return StoredRun(
        workspace=workspace,
        variables=applied_variables(records, workspace),
        state=records.find(StateVersionRecord, state_id) if state_id else None,
        ssh_key=records.find(SSHKeyRecord, workspace.ssh_key_id or ""),
        estimates_cost=organization is not None and estimates_cost(organization),
    )


def engine_inputs(
    run: RunRecord, stored: StoredRun, *, root: Path, environ: Mapping[str, str]
) -> EngineInputs:
    """Return the inputs of a plan without its files; variables of the workspace win."""
    workspace, variables = stored.workspace, stored.variables
    own = {
        variable.key: variable.value
        for variable in variables.effective()
        if variable.category == "env"
    }
    return EngineInputs(
        folder=_working_directory(root, workspace.working_directory),
        workspace=workspace.name,
        options=PlanOptions(
            targets=run.target_addrs,
            replace=run.replace_addrs,
            refresh=run.refresh,
            refresh_only=run.refresh_only,
            destroy=run.is_destroy,
            generate_config=run.allow_config_generation,
        ),
        requested_version=run.requested_version,
        version_constraint=workspace.terraform_version,
        variables=(
            *_terraform_variables(variables.ordinary),
            *run.variables,
            *_terraform_variables(variables.priority),
        ),
        environ={
            **environ,
            **own,
            "TFC_RUN_ID": run.id,
            "TFC_WORKSPACE_NAME": workspace.name,
        },
        estimates_cost=stored.estimates_cost,
    )


def _terraform_variables(variables: Iterable[VariableRecord]) -> list[tuple[str, str]]:
    # The service takes keys that Terraform does not, such as `1a`; they would break the plan.
    return [
        (variable.key, variable.value if variable.hcl else write_hcl(variable.value))
        for variable in variables
        if variable.category == "terraform" and IDENTIFIER.fullmatch(variable.key)
    ]


def _working_directory(root: Path, working_directory: str) -> Path:
    return root.joinpath(
        *(part for part in working_directory.split("/") if part not in ("", "."))
    )
