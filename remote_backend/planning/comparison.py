"""Batches that compare: what the change of a configuration causes in each workspace.

The head is the configuration of the caller, or several of them. The base is one of these
(`base_choice`):

- a commit, whose files git writes into a folder (`commit_base`): a second archive, a second upload,
  and a second run in each workspace (`second_runs`);
- another version of Terraform: the same archive, uploaded once more, and a second run;
- plans that were stored earlier (`stored_places`): no second run.

Each configuration has a base of its own (`configuration_bases`). One that cannot be read costs a
warning, and the plans of that configuration are reported whole; where none can be read, it is an
error, which is raised before anything is sent.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import evolve, frozen

from remote_backend.errors import RemoteBackendError, RunOptionsError
from remote_backend.models.comparison import ComparedWith, name_of_version
from remote_backend.models.run import PlanOptions
from remote_backend.planning.base import Base, Planner
from remote_backend.planning.base_choice import ReferenceBase, StoredBase, VersionBase
from remote_backend.planning.commit_base import open_commit_bases
from remote_backend.planning.configuration import Configuration
from remote_backend.planning.configuration_bases import (
    ConfigurationBase,
    EarlierPlans,
    PlannedConcurrently,
    UnknownBase,
)
from remote_backend.planning.options import BatchOptions
from remote_backend.planning.running_batch import RunningBatch
from remote_backend.planning.second_runs import SecondRuns
from remote_backend.planning.stored_places import StoredPlaces
from remote_backend.planning.workspace_planner import WorkspacePlanner

__all__ = ("open_base",)


@asynccontextmanager
async def open_base(
    configurations: Sequence[Configuration], options: BatchOptions, folder: Path
) -> AsyncIterator[Base]:
    """Make ready what the options name as the base; files of a commit are removed at the end.

    Raises `GitError` and its kinds for a commit that cannot be found or written, and
    `RunOptionsError` for stored plans of another organization, unless that concerns some of the
    configurations only.
    """
    choice = options.base
    configurations = [one for one in configurations if one.workspaces]
    if isinstance(choice, ReferenceBase):
        async with open_commit_bases(choice, configurations, options, folder) as ready:
            earlier = configurations[0].context.earlier
            compared_with = ready.compared_with
            if earlier is None:
                bases = _with_unknown(ready.bases, ready.problems)
            else:
                # Without the base, what is missing can still be planned.
                bases = {**ready.bases, **dict.fromkeys(ready.problems, UnknownBase())}
                compared_with = evolve(compared_with, name=earlier.compared_with)
            yield _Base(
                compared_with=compared_with,
                plan=options.plan,
                bases=bases,
                warnings=(*ready.warnings, *_warnings(ready.problems)),
            )
    elif isinstance(choice, VersionBase):
        yield _version_base(choice, configurations, options)
    else:
        assert choice is not None
        yield _stored_base(choice, configurations, options)


def _version_base(
    choice: VersionBase, configurations: Sequence[Configuration], options: BatchOptions
) -> Base:
    if choice.version == options.plan.terraform_version:
        raise RunOptionsError(
            "head and base have the same version of Terraform, so there is nothing to compare; set "
            "terraform_version to the one to try",
            parameters=("terraform_version",),
        )
    version, head_version = choice.version, options.plan.terraform_version
    return _Base(
        compared_with=ComparedWith(
            kind="version",
            name=name_of_version(version),
            head=name_of_version(head_version),
        ),
        plan=evolve(options.plan, terraform_version=version),
        bases={
            one.name: PlannedConcurrently(context=evolve(one.context, is_base=True))
            for one in configurations
        },
    )


def _stored_base(
    choice: StoredBase, configurations: Sequence[Configuration], options: BatchOptions
) -> Base:
    places = StoredPlaces.of(choice)
    places.require_some_in_common([one.context for one in configurations])
    bases: dict[str, ConfigurationBase] = {}
    problems: dict[str, RemoteBackendError] = {}
    for one in configurations:
        try:
            bases[one.name] = EarlierPlans(outcomes=places.plans_for(one.name, one.context))
        except RunOptionsError as error:
            problems[one.name] = error
    return _Base(
        compared_with=ComparedWith(kind="report", name=choice.name, time=choice.time),
        plan=options.plan,
        bases=_with_unknown(bases, problems),
        warnings=_warnings(problems),
    )


def _with_unknown(
    bases: Mapping[str, ConfigurationBase], problems: Mapping[str, RemoteBackendError]
) -> dict[str, ConfigurationBase]:
    """Return bases for all configurations; raises the first problem where there is no other base."""
    if not bases and problems:
        raise next(iter(problems.values()))
    return {**bases, **dict.fromkeys(problems, UnknownBase())}


def _warnings(problems: Mapping[str, RemoteBackendError]) -> tuple[str, ...]:
    return tuple(
        f"{f'{name}: ' if name else ''}there is no base to compare with: {error}"
        for name, error in problems.items()
    )


@frozen(kw_only=True)
class _Base:
    """What the plans of a batch are compared with."""

    compared_with: ComparedWith
    plan: PlanOptions
    """The options of the runs of the base."""

    bases: Mapping[str, ConfigurationBase]
    """By the names of the configurations that have workspaces."""

    warnings: tuple[str, ...] = ()

    def runs_per_workspace(self, configuration: str) -> int:
        """Return how many runs each workspace of a configuration has."""
        return self.bases[configuration].runs_per_workspace

    def comparer(self, running: RunningBatch, count: int) -> "_Comparer":
        """Return what compares the plans of so many workspaces, which share a client."""
        return _Comparer(self.bases, SecondRuns.of(running, self.plan, count))


@frozen
class _Comparer:
    """Compares what one client plans."""

    bases: Mapping[str, ConfigurationBase]
    second_runs: SecondRuns

    def planner(self, configuration: str, head: WorkspacePlanner) -> Planner:
        """Return what plans the workspaces of a configuration, and compares."""
        return self.bases[configuration].planner(head, self.second_runs)
