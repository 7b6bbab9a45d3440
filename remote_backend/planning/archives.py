"""The archives of a batch: one for each working directory among its workspaces."""

from collections.abc import Iterable
from pathlib import Path

from remote_backend.errors import ConfigurationChanged, SlugError
from remote_backend.planning.batch_context import BatchContext
from remote_backend.planning.options import BatchOptions
from remote_backend.slug.archive import Slug, pack, require_configuration
from remote_backend.slug.root import find_root
from remote_backend.workspaces import LocalWorkspace

__all__ = ("Archives", "PackedRoots", "pack_archives")

Archives = dict[str, Slug | SlugError]
"""By working directory: an archive, or why there is none."""

PackedRoots = dict[tuple[Path, tuple[str, ...]], Slug]
"""Archives by their roots, and what was to be said about these."""


async def pack_archives(
    workspaces: Iterable[LocalWorkspace],
    options: BatchOptions,
    context: BatchContext,
    into: Path,
    *,
    packed: PackedRoots | None = None,
    may_fail: bool = False,
) -> Archives:
    """Pack the configuration for each working directory, once.

    `packed` holds archives of other configurations, and gets those that are made. Raises `SlugError` when it
    cannot be packed for any working directory, unless it `may_fail`.
    """
    archives: Archives = {}
    packed = {} if packed is None else packed
    directories = (workspace.remote.working_directory for workspace in workspaces)
    for directory in dict.fromkeys(directories):
        try:
            slug = await _pack_once(directory, options, context, into, packed)
        except SlugError as error:
            archives[directory] = error
        else:
            archives[directory] = _unless_changed(slug, directory, context)
    if (
        archives
        and not may_fail
        and all(_is_unpackable(archive) for archive in archives.values())
    ):
        raise next(error for error in archives.values() if isinstance(error, SlugError))
    return archives


async def _pack_once(
    directory: str,
    options: BatchOptions,
    context: BatchContext,
    into: Path,
    packed: PackedRoots,
) -> Slug:
    root = find_root(context.directory, directory)
    key = (root.path, root.warnings)
    if key not in packed:
        packed[key] = await pack(
            context.directory,
            working_directory=directory,
            destroy=options.plan.destroy,
            into=into,
            refuse_outside_links=options.plan.refuse_outside_links,
            with_digest=options.journal_folder is not None,
        )
    elif not options.plan.destroy:
        require_configuration(root)
    return packed[key]


def _unless_changed(slug: Slug, directory: str, context: BatchContext) -> Slug | SlugError:
    """Return an archive, or an error when the batch that is resumed had another one.

    Runs that were made already need no archive, so they are followed all the same. The archives of a
    base are those of a commit, which does not change.
    """
    earlier = None if context.is_base else context.earlier
    digest = slug.content_digest
    if earlier is None or earlier.archives.get(directory, digest) == digest:
        return slug
    return ConfigurationChanged(str(context.directory), context.id)


def _is_unpackable(archive: Slug | SlugError) -> bool:
    return isinstance(archive, SlugError) and not isinstance(archive, ConfigurationChanged)
