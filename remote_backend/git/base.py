"""Which commit a change is compared with.

The base is a merge base and never the tip of a branch: after the branch has moved on, the work
of others would appear as reversed (https://github.com/cloudposse/atmos/issues/2380). Nothing is
fetched. Where a clone is too shallow the error has the words of git and the repair.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from remote_backend.errors import BadReference, BaseUnknown, NoMergeBase
from remote_backend.git.repository import Repository, open_repository

__all__ = ("Base", "find_base")

_FULL_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_GITHUB_MERGE = re.compile(r"refs/pull/\d+/merge")
_SEARCHED = ("pull request of GitHub", "merge request of GitLab", "branch origin/HEAD")
_SHORT = 7


@frozen(kw_only=True)
class Base:
    """The commit that a change is compared with."""

    commit: str
    """The full id."""

    name: str = ""
    """What was compared with, for a heading: `main`, or empty for an id."""

    how: str
    """How the commit was found: `the merge base of origin/main and HEAD`."""

    warnings: tuple[str, ...] = ()

    @property
    def short_id(self) -> str:
        """The first seven digits of the id."""
        return self.commit[:_SHORT]

    def __str__(self) -> str:
        return f"{self.name}, {self.short_id}" if self.name else self.short_id


async def find_base(
    directory: Path, reference: str | None, environ: Mapping[str, str]
) -> Base:
    """Return the commit that the change in a directory is compared with.

    A reference stands for its merge base with HEAD, a full id for exactly that commit. Without
    a reference the variables of GitHub and GitLab count, and then `origin/HEAD`. Raises
    `BadReference`, `NoMergeBase`, `BaseUnknown`, and `GitError` without a repository.
    """
    if reference is not None:
        _require_plain(reference)
    repository = await open_repository(directory, environ)
    if reference is None:
        return await _find_default(repository, environ)
    if _FULL_ID.fullmatch(reference.lower()):
        commit = await _commit_of(repository, reference)
        return Base(commit=commit, how="the commit that was given")
    return await _merge_base(repository, reference, reference)


def _require_plain(reference: str) -> None:
    if reference.startswith("-"):
        # Git would read it as an option.
        raise BadReference(reference, "begins with a dash")
    if not reference.strip() or not reference.isprintable():
        raise BadReference(reference, "is not a git reference")


async def _find_default(repository: Repository, environ: Mapping[str, str]) -> Base:
    head = await _commit_of(repository, "HEAD")
    if _is_github_merge(environ, head):
        return await _first_parent(repository, environ)
    # https://docs.github.com/actions/reference/workflows-and-actions/variables
    if branch := environ.get("GITHUB_BASE_REF"):
        return await _merge_base(repository, f"origin/{branch}", branch)
    # https://docs.gitlab.com/ci/variables/predefined_variables/: the first is there in pipelines
    # for merged results alone. Their HEAD holds the whole target branch, as on GitHub.
    for name in ("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "CI_MERGE_REQUEST_DIFF_BASE_SHA"):
        if commit := environ.get(name):
            return Base(
                commit=await _commit_of(repository, commit),
                name=environ.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", ""),
                how=f"the commit in {name}",
            )
    if await _exists(repository, "refs/remotes/origin/HEAD"):
        return await _merge_base(repository, "origin/HEAD", "origin/HEAD")
    raise BaseUnknown(_SEARCHED)


def _is_github_merge(environ: Mapping[str, str], head: str) -> bool:
    """Return whether HEAD is the commit that GitHub makes to try the merge of a pull request."""
    is_merge = _GITHUB_MERGE.fullmatch(environ.get("GITHUB_REF", ""))
    return is_merge is not None and environ.get("GITHUB_SHA") == head


async def _first_parent(repository: Repository, environ: Mapping[str, str]) -> Base:
    completed = await repository.git.run("rev-parse", "--verify", "HEAD^1^{commit}")
    if completed.exit_code:
        raise NoMergeBase(
            "HEAD^1",
            git_text=completed.git_text,
            is_shallow=await _is_shallow(repository),
            advice="check out two commits at least, with `fetch-depth: 2`",
        )
    return Base(
        commit=os.fsdecode(completed.output).strip(),
        name=environ.get("GITHUB_BASE_REF", ""),
        how="the first parent of the merge that GitHub made for the pull request",
    )


async def _merge_base(repository: Repository, reference: str, name: str) -> Base:
    tip = await _commit_of(repository, reference)
    is_shallow = await _is_shallow(repository)
    completed = await repository.git.run("merge-base", tip, "HEAD")
    if completed.exit_code or not completed.output.strip():
        raise NoMergeBase(
            reference,
            git_text=await _words_without_merge_base(repository, reference),
            is_shallow=is_shallow,
            advice=await _repair(repository, reference)
            if is_shallow
            else "give the full id of a commit",
        )
    commit = os.fsdecode(completed.output).split()[0]
    return Base(
        commit=commit,
        name=name,
        how=f"the merge base of {reference} and HEAD",
        warnings=(await _doubt(repository, reference, commit),) if is_shallow else (),
    )


async def _words_without_merge_base(repository: Repository, reference: str) -> str:
    # `git merge-base` prints nothing in this case; `git diff` says what is wrong.
    completed = await repository.git.run("diff", "--quiet", f"{reference}...HEAD", "--")
    return completed.git_text


async def _doubt(repository: Repository, reference: str, commit: str) -> str:
    return (
        f"the clone is shallow, so the merge base of {reference} and HEAD may be a later commit "
        f"than {commit[:_SHORT]}; to be sure, {await _repair(repository, reference)}"
    )


async def _is_shallow(repository: Repository) -> bool:
    return await repository.git.read_line("rev-parse", "--is-shallow-repository") == "true"


async def _exists(repository: Repository, reference: str) -> bool:
    completed = await repository.git.run(
        "rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}"
    )
    return not completed.exit_code


async def _commit_of(repository: Repository, reference: str) -> str:
    completed = await repository.git.run("rev-parse", "--verify", f"{reference}^{{commit}}")
    if completed.exit_code:
        raise BadReference(
            reference,
            "is not a commit of this repository",
            git_text=completed.git_text,
            advice=await _advice_for(repository, reference),
        )
    return os.fsdecode(completed.output).strip()


async def _advice_for(repository: Repository, reference: str) -> str:
    if _FULL_ID.fullmatch(reference.lower()):
        return f"`git fetch origin {reference}` gets it"
    if await _exists(repository, f"refs/remotes/origin/{reference}"):
        return f"there is origin/{reference}"
    return await _repair(repository, reference) if await _is_shallow(repository) else ""


async def _repair(repository: Repository, reference: str) -> str:
    """Return how a shallow clone gets what it lacks."""
    remotes = (await repository.git.read_line("remote")).split()
    remote, _, branch = reference.partition("/")
    if remote not in remotes:
        remote, branch = "origin", reference
    # Without the refspec only FETCH_HEAD moves (https://github.com/facebook/astryx/issues/4914).
    refspec = f" {branch}:refs/remotes/{remote}/{branch}" if _is_branch(branch) else ""
    return (
        f"run `git fetch --deepen=200 {remote}{refspec}`, or check out the whole history "
        "(`fetch-depth: 0` on GitHub, `GIT_DEPTH: 0` on GitLab)"
    )


def _is_branch(name: str) -> bool:
    return re.fullmatch(r"\w[\w./-]*", name) is not None and name != "HEAD"
