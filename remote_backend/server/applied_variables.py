"""The variables that a run of a workspace gets: its own, and those of variable sets.

Their precedence is that of
https://developer.hashicorp.com/terraform/cloud-docs/variables#precedence: sets with priority
win over variables of the run itself, and those over the workspace, over sets of the
workspace, over sets of its project, over global sets. Of two sets of one kind the first by
name wins.
"""

from collections.abc import Iterable

from attrs import frozen

from remote_backend.server.organization_records import VariableSetRecord
from remote_backend.server.records import VariableRecord, WorkspaceRecord
from remote_backend.server.store import Records

__all__ = (
    "AppliedVariables",
    "applied_variables",
    "forget_in_variable_sets",
    "sets_of_project",
    "sets_of_workspace",
)

_GLOBAL, _PROJECT, _WORKSPACE = range(3)


@frozen
class AppliedVariables:
    """Variables of a run, those that win after those that lose."""

    ordinary: tuple[VariableRecord, ...]
    """They lose against variables that are given with the run."""

    priority: tuple[VariableRecord, ...]

    def effective(self) -> list[VariableRecord]:
        """Return one variable for each key and category."""
        variables = (*self.ordinary, *self.priority)
        winners = {(variable.key, variable.category): variable for variable in variables}
        return list(winners.values())


def applied_variables(records: Records, workspace: WorkspaceRecord) -> AppliedVariables:
    """Return the variables of a workspace and of the sets that apply to it."""
    sets = sets_of_workspace(records, workspace)
    variables = records.all_of(
        VariableRecord, [workspace.id, *(variable_set.id for variable_set in sets)]
    )
    priority = [variable_set for variable_set in sets if variable_set.has_priority]
    ordinary = [variable_set for variable_set in sets if not variable_set.has_priority]

    # Sets by rising precedence. Without priority global ones lose, with it they win.
    ordinary.sort(key=lambda variable_set: variable_set.name, reverse=True)
    ordinary.sort(key=lambda variable_set: _scope(variable_set, workspace))
    priority.sort(key=lambda variable_set: variable_set.name, reverse=True)
    priority.sort(key=lambda variable_set: _scope(variable_set, workspace), reverse=True)
    return AppliedVariables(
        ordinary=tuple(
            _owned(
                variables, [*(variable_set.id for variable_set in ordinary), workspace.id]
            )
        ),
        priority=tuple(_owned(variables, [variable_set.id for variable_set in priority])),
    )


def sets_of_workspace(
    records: Records, workspace: WorkspaceRecord
) -> list[VariableSetRecord]:
    """Return the variable sets that apply to a workspace."""
    return [
        variable_set
        for variable_set in records.all(VariableSetRecord, workspace.organization_id)
        if variable_set.is_global
        or workspace.id in variable_set.workspace_ids
        or _is_for_project(variable_set, workspace.project_id)
    ]


def sets_of_project(records: Records, project_id: str) -> list[VariableSetRecord]:
    """Return the variable sets that are attached to a project."""
    return [
        variable_set
        for variable_set in records.all(VariableSetRecord)
        if _is_for_project(variable_set, project_id)
    ]


def forget_in_variable_sets(records: Records, id: str) -> None:
    """Detach a workspace or a project that is being deleted from all sets."""
    for variable_set in records.all(VariableSetRecord):
        without = variable_set.without(id)
        if without != variable_set:
            records.put(without)


def _is_for_project(variable_set: VariableSetRecord, project_id: str) -> bool:
    return (
        project_id in variable_set.project_ids
        or project_id == variable_set.parent_project_id
    )


def _scope(variable_set: VariableSetRecord, workspace: WorkspaceRecord) -> int:
    if workspace.id in variable_set.workspace_ids:
        return _WORKSPACE
    if _is_for_project(variable_set, workspace.project_id):
        return _PROJECT
    return _GLOBAL


def _owned(
    variables: Iterable[VariableRecord], owner_ids: list[str]
) -> list[VariableRecord]:
    """Return the variables of owners in the order of the owners."""
    by_owner: dict[str, list[VariableRecord]] = {}
    for variable in variables:
        by_owner.setdefault(variable.owner_id, []).append(variable)
    return [variable for id in owner_ids for variable in by_owner.get(id, ())]
