"""The base of a comparison in a commit: one commit and one tree of files for each repository.

The directories of a batch are nearly always in one repository. Its base is found once, and the files of
all upload roots are written once (`git.base_tree`). Each root is packed once, too, so configurations
that share an upload of the head share one of the base.

A configuration whose base cannot be made ready, as one outside of any repository, does not end the
others: a warning says why, and its plans have no base. Where that holds for all of them, it is an error.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from attrs import define, evolve, field

from remote_backend.errors import GitError, RemoteBackendError, SlugError
from remote_backend.git.base import Base as BaseCommit
from remote_backend.git.base import find_base
from remote_backend.git.base_tree import BaseTree, base_tree
from remote_backend.git.repository import Repository, open_repositories
from remote_backend.models.comparison import ComparedWith
from remote_backend.planning.archives import PackedRoots, pack_archives
from remote_backend.planning.base_choice import ReferenceBase
from remote_backend.planning.configuration import Configuration
from remote_backend.planning.configuration_bases import (
    ConfigurationBase,
    EarlierPlans,
    PlannedConcurrently,
)
from remote_backend.planning.options import BatchOptions
from remote_backend.slug.root import find_root

__all__ = ("CommitBases", "open_commit_bases")


@define(kw_only=True)
class CommitBases:
    """The bases of some configurations, as far as they could be made ready."""

    commits: list[BaseCommit] = field(factory=list)
    bases: dict[str, ConfigurationBase] = field(factory=dict)
    """By the names of the configurations."""

    problems: dict[str, RemoteBackendError] = field(factory=dict)
    """Why others have none."""

    warnings: list[str] = field(factory=list)

    @property
    def compared_with(self) -> ComparedWith:
        """The commits, which are more than one where there are several repositories."""
        ids = {commit.commit for commit in self.commits}
        return ComparedWith(
            kind="commit",
            name=" and ".join(dict.fromkeys(map(str, self.commits))),
            commit=ids.pop() if len(ids) == 1 else None,
        )


@asynccontextmanager
async def open_commit_bases(
    choice: ReferenceBase,
    configurations: Sequence[Configuration],
    options: BatchOptions,
    folder: Path,
) -> AsyncIterator[CommitBases]:
    """Write and pack the bases of configurations; their files are removed at the end."""
    ready = CommitBases()
    environ = configurations[0].context.environ
    directories = [one.context.directory for one in configurations]
    repositories = await open_repositories(directories, environ)
    groups: dict[Path, list[Configuration]] = {}
    for one in configurations:
        repository = repositories[one.context.directory]
        if isinstance(repository, GitError):
            ready.problems[one.name] = repository
        else:
            groups.setdefault(repository.top, []).append(one)
    async with AsyncExitStack() as stack:
        for number, group in enumerate(groups.values()):
            into = folder / f"base-{number}"
            into.mkdir()
            repository = repositories[group[0].context.directory]
            assert isinstance(repository, Repository)
            preparation = _Preparation(choice, repository, environ, options, into, ready)
            await preparation.prepare(group, stack)
        yield ready


@define
class _Preparation:
    """Makes the bases of the configurations in one repository ready."""

    choice: ReferenceBase
    repository: Repository
    environ: Mapping[str, str] = field(repr=False)
    options: BatchOptions
    folder: Path
    ready: CommitBases
    _packed: PackedRoots = field(factory=dict)

    async def prepare(
        self, configurations: Sequence[Configuration], stack: AsyncExitStack
    ) -> None:
        """Write the files below all roots once, and pack them for each configuration."""
        roots = self._roots_of_all(configurations)
        if not roots:
            return
        try:
            commit = await find_base(
                self.repository.top, self.choice.reference, self.environ
            )
            paths = sorted(set().union(*roots.values()))
            tree = await stack.enter_async_context(
                base_tree(paths, commit.commit, self.environ)
            )
        except RemoteBackendError as error:
            self.ready.problems |= dict.fromkeys(roots, error)
            return
        self.ready.commits.append(commit)
        self.ready.warnings += (*commit.warnings, *tree.warnings, *tree.notes)
        for number, one in enumerate(configurations):
            if one.name in roots:
                into = self.folder / str(number)
                into.mkdir()
                self.ready.bases[one.name] = await self._pack(one, commit, tree, into)

    def _roots_of_all(
        self, configurations: Iterable[Configuration]
    ) -> dict[str, set[Path]]:
        """Return the upload roots of each configuration, but of those with one outside."""
        roots: dict[str, set[Path]] = {}
        for one in configurations:
            try:
                roots[one.name] = self._roots_of(one)
            except GitError as error:
                self.ready.problems[one.name] = error
        return roots

    def _roots_of(self, configuration: Configuration) -> set[Path]:
        """Return the upload roots of a configuration; raises `GitError` for one outside."""
        roots = set(_each_root(configuration)) or {configuration.context.directory}
        for root in roots:
            self.repository.path_of(root)
        return roots

    async def _pack(
        self, configuration: Configuration, commit: BaseCommit, tree: BaseTree, into: Path
    ) -> ConfigurationBase:
        context = configuration.context
        if not tree.holds(context.directory):
            return EarlierPlans()
        base_context = evolve(
            context,
            directory=tree.path_of(context.directory),
            origin=", ".join(filter(None, (context.origin, f"base {commit.short_id}"))),
            is_base=True,
        )
        try:
            archives = await pack_archives(
                configuration.workspaces,
                self.options,
                base_context,
                into,
                packed=self._packed,
            )
        except SlugError as error:
            # The directory may have held other files before, as a README.
            problem = f"the base cannot be packed, so everything is new: {error}"
            self.ready.warnings.append(
                f"{configuration.name}: {problem}" if configuration.name else problem
            )
            return EarlierPlans()
        return PlannedConcurrently(context=base_context, archives=archives)


def _each_root(configuration: Configuration) -> Iterator[Path]:
    for workspace in configuration.workspaces:
        try:
            root = find_root(
                configuration.context.directory, workspace.remote.working_directory
            )
        except SlugError:
            # Its plan says what is wrong.
            continue
        yield root.path
