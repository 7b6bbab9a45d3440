"""Which commit is the base: each row of the decision, with git's own words."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from remote_backend.errors import BadReference, BaseUnknown, GitError, NoMergeBase
from remote_backend.git.base import Base, find_base
from tests.support.repositories import TestRepository, clone, new_repository

DEEPEN_MAIN = (
    "run `git fetch --deepen=200 origin main:refs/remotes/origin/main`, or check out the whole "
    "history (`fetch-depth: 0` on GitHub, `GIT_DEPTH: 0` on GitLab)"
)
UNKNOWN = "is not a commit of this repository: fatal: Needed a single revision; "


@pytest.fixture
def origin(tmp_path: Path) -> TestRepository:
    """A repository whose main has moved on since a branch left it."""
    repository = new_repository(tmp_path / "origin", {"main.tf": "# 0\n"})
    repository.commit({"main.tf": "# 1\n"})
    repository.git("tag", "fork")
    repository.git("checkout", "--quiet", "-b", "change")
    repository.commit({"main.tf": "# of the change\n"})
    repository.git("checkout", "--quiet", "main")
    repository.commit({"other.tf": "# of others\n"})
    return repository


@pytest.fixture
def work(origin: TestRepository, tmp_path: Path) -> TestRepository:
    """A full clone with the branch of the change."""
    return clone(origin, tmp_path / "work", "--branch=change")


async def base_of(
    repository: TestRepository,
    reference: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Base:
    """Find the base as a command in the top of the repository would."""
    return await find_base(
        repository.path, reference, {**repository.environ, **(environ or {})}
    )


async def test_a_reference_stands_for_its_merge_base(work: TestRepository) -> None:
    """What others have merged since then is not part of the change."""
    base = await base_of(work, "origin/main")

    assert base == Base(
        commit=work.git("rev-parse", "fork"),
        name="origin/main",
        how="the merge base of origin/main and HEAD",
    )
    assert base.commit != work.git("rev-parse", "origin/main")
    assert str(base) == f"origin/main, {base.commit[:7]}"


async def test_a_full_id_is_exactly_that_commit(work: TestRepository) -> None:
    """An id says more than a branch: the tip of main is compared with, if that was given."""
    tip = work.git("rev-parse", "origin/main")

    base = await base_of(work, tip)

    assert base == Base(commit=tip, how="the commit that was given")
    assert str(base) == tip[:7]


async def test_a_short_id_is_a_reference(work: TestRepository) -> None:
    """Only a full id is exact; `8aeb` may be a branch as well."""
    tip = work.git("rev-parse", "origin/main")

    assert (await base_of(work, tip[:8])).commit == work.git("rev-parse", "fork")


async def test_the_merge_that_github_makes(
    work: TestRepository, origin: TestRepository
) -> None:
    """In its checkout the base is the first parent: main as GitHub has merged the change into it."""
    work.git("checkout", "--quiet", "--detach", "origin/main")
    work.git("merge", "--quiet", "--no-edit", "origin/change")
    environ = {
        "GITHUB_REF": "refs/pull/7/merge",
        "GITHUB_SHA": work.git("rev-parse", "HEAD"),
        "GITHUB_BASE_REF": "main",
    }

    base = await base_of(work, None, environ)

    assert base == Base(
        commit=origin.git("rev-parse", "main"),
        name="main",
        how="the first parent of the merge that GitHub made for the pull request",
    )


async def test_that_merge_in_a_clone_of_one_commit(
    work: TestRepository, tmp_path: Path
) -> None:
    """The default of actions/checkout is too shallow by one commit, and the error says so."""
    work.git("checkout", "--quiet", "-b", "merge", "origin/main")
    work.git("merge", "--quiet", "--no-edit", "origin/change")
    shallow = clone(work, tmp_path / "shallow", "--depth=1", "--branch=merge")
    environ = {
        "GITHUB_REF": "refs/pull/7/merge",
        "GITHUB_SHA": shallow.git("rev-parse", "HEAD"),
    }

    with pytest.raises(NoMergeBase) as caught:
        await base_of(shallow, None, environ)

    assert str(caught.value) == (
        "HEAD^1 and HEAD have no merge base in this shallow clone: fatal: Needed a single "
        "revision; check out two commits at least, with `fetch-depth: 2`"
    )


async def test_the_branch_of_a_pull_request(work: TestRepository) -> None:
    """Where the head itself is checked out, the merge base with the target counts."""
    environ = {
        "GITHUB_REF": "refs/pull/7/merge",
        "GITHUB_SHA": "0" * 40,
        "GITHUB_BASE_REF": "main",
    }

    base = await base_of(work, None, environ)

    assert (base.commit, base.name) == (work.git("rev-parse", "fork"), "main")
    assert base.how == "the merge base of origin/main and HEAD"


async def test_the_base_that_gitlab_names(work: TestRepository) -> None:
    """GitLab says exactly which commit a merge request is compared with."""
    fork = work.git("rev-parse", "fork")
    environ = {
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": fork,
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
    }

    assert await base_of(work, None, environ) == Base(
        commit=fork, name="main", how="the commit in CI_MERGE_REQUEST_DIFF_BASE_SHA"
    )


async def test_the_target_of_a_merged_result(work: TestRepository) -> None:
    """In pipelines for merged results HEAD holds the whole target, so its tip is the base."""
    tip = work.git("rev-parse", "origin/main")
    environ = {
        "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": tip,
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": work.git("rev-parse", "fork"),
    }

    assert (await base_of(work, None, environ)).commit == tip


async def test_elsewhere_the_default_branch_counts(work: TestRepository) -> None:
    """Without a CI job the merge base with origin/HEAD is the base."""
    assert await base_of(work) == Base(
        commit=work.git("rev-parse", "fork"),
        name="origin/HEAD",
        how="the merge base of origin/HEAD and HEAD",
    )


async def test_nothing_names_a_base(origin: TestRepository) -> None:
    """A repository without a remote needs a reference."""
    with pytest.raises(BaseUnknown) as caught:
        await base_of(origin)

    assert str(caught.value) == (
        "no base is known: there is no pull request of GitHub, no merge request of GitLab, no "
        "branch origin/HEAD; give a reference, or let `git remote set-head origin -a` make "
        "origin/HEAD"
    )


async def test_a_shallow_clone_without_the_merge_base(
    origin: TestRepository, tmp_path: Path
) -> None:
    """Git's words and the repair are the error; the tip is not taken, and nothing is fetched."""
    shallow = clone(
        origin, tmp_path / "shallow", "--depth=1", "--no-single-branch", "--branch=change"
    )
    commits = shallow.git("rev-list", "--all", "--count")

    with pytest.raises(NoMergeBase) as caught:
        await base_of(shallow, "origin/main")

    assert caught.value.is_shallow
    assert str(caught.value) == (
        "origin/main and HEAD have no merge base in this shallow clone: fatal: "
        f"origin/main...HEAD: no merge base; {DEEPEN_MAIN}"
    )
    assert shallow.git("rev-list", "--all", "--count") == commits


async def test_the_repair_repairs(origin: TestRepository, tmp_path: Path) -> None:
    """After the command of the error has run, the base is found."""
    shallow = clone(
        origin, tmp_path / "shallow", "--depth=1", "--no-single-branch", "--branch=change"
    )
    shallow.git(
        "fetch", "--quiet", "--deepen=200", "origin", "main:refs/remotes/origin/main"
    )
    shallow.git("fetch", "--quiet", "--deepen=200", "origin", "change")

    assert (await base_of(shallow, "origin/main")).commit == origin.git("rev-parse", "fork")


async def test_a_base_in_a_shallow_clone_is_doubted(
    origin: TestRepository, tmp_path: Path
) -> None:
    """A clone that is cut off can name an older merge base than the true one."""
    shallow = clone(
        origin, tmp_path / "shallow", "--depth=2", "--no-single-branch", "--branch=change"
    )

    base = await base_of(shallow, "origin/main")

    assert base.commit == origin.git("rev-parse", "fork")
    assert base.warnings == (
        "the clone is shallow, so the merge base of origin/main and HEAD may be a later commit "
        f"than {base.commit[:7]}; to be sure, {DEEPEN_MAIN}",
    )


async def test_a_shallow_clone_names_an_older_base(tmp_path: Path) -> None:
    """With depth 3 and a merge on the branch git finds the root, not its child: hence the doubt."""
    origin = new_repository(tmp_path / "origin", {"a.tf": "1"})
    root = origin.git("rev-parse", "HEAD")
    true_base = origin.commit({"a.tf": "2"})
    origin.git("checkout", "--quiet", "-b", "change")
    for number in range(3):
        origin.commit({"change.tf": str(number)})
    origin.git("checkout", "--quiet", "-b", "side", root)
    origin.commit({"side.tf": "1"})
    origin.git("checkout", "--quiet", "change")
    origin.git("merge", "--quiet", "--no-edit", "side")
    origin.git("checkout", "--quiet", "main")
    origin.commit({"main.tf": "1"})
    shallow = clone(
        origin, tmp_path / "shallow", "--depth=3", "--no-single-branch", "--branch=change"
    )

    base = await base_of(shallow, "origin/main")

    assert (await base_of(origin, "change")).commit == true_base
    assert base.commit == root
    assert base.warnings


async def test_histories_without_a_common_commit(origin: TestRepository) -> None:
    """A full clone needs no fetch; there is no merge base at all."""
    origin.git("checkout", "--quiet", "--orphan", "other")
    origin.commit()

    with pytest.raises(NoMergeBase) as caught:
        await base_of(origin, "main")

    assert str(caught.value) == (
        "main and HEAD have no merge base in this repository: fatal: main...HEAD: no merge base; "
        "give the full id of a commit"
    )


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        (
            "nowhere",
            f"'nowhere' {UNKNOWN}give a branch, a tag or the id of a commit",
        ),
        ("main", f"'main' {UNKNOWN}there is origin/main"),
        ("1" * 40, f"'{'1' * 40}' {UNKNOWN}`git fetch origin {'1' * 40}` gets it"),
        (
            "--output=x",
            "'--output=x' begins with a dash; give a branch, a tag or the id of a commit",
        ),
        ("", "'' is not a git reference; give a branch, a tag or the id of a commit"),
        (
            "a\nb",
            "'a\\nb' is not a git reference; give a branch, a tag or the id of a commit",
        ),
    ],
)
async def test_a_reference_that_cannot_be_used(
    work: TestRepository, reference: str, text: str
) -> None:
    """The error names it, has git's words, and says what to give."""
    with pytest.raises(BadReference) as caught:
        await base_of(work, reference)

    assert str(caught.value) == text


async def test_an_unknown_branch_of_a_shallow_clone(
    origin: TestRepository, tmp_path: Path
) -> None:
    """The branch is usually missing because the clone has one branch alone."""
    shallow = clone(origin, tmp_path / "shallow", "--depth=1", "--branch=change")

    with pytest.raises(BadReference) as caught:
        await base_of(shallow, "origin/main")

    assert str(caught.value) == f"'origin/main' {UNKNOWN}{DEEPEN_MAIN}"


async def test_a_directory_without_a_repository(tmp_path: Path) -> None:
    """Git's words say that there is none."""
    with pytest.raises(GitError) as caught:
        await find_base(tmp_path, None, {"PATH": "/usr/bin:/bin"})

    assert str(caught.value) == (
        f"git cannot read the repository of {tmp_path}: fatal: not a git repository (or any of "
        "the parent directories): .git"
    )


async def test_a_repository_of_another_user(work: TestRepository) -> None:
    """Containers see foreign owners; git's own advice is in the error."""
    environ = {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}
    wrapper = work.path.parent / "bin" / "git"
    wrapper.parent.mkdir()
    # Variables of git are not passed on, so the pretense is made where git begins.
    wrapper.write_text(
        "#!/bin/sh\nexport GIT_TEST_ASSUME_DIFFERENT_OWNER=1\n"
        f'PATH={work.environ["PATH"]} exec git "$@"\n'
    )
    wrapper.chmod(0o755)
    environ["PATH"] = f"{wrapper.parent}:{work.environ['PATH']}"

    with pytest.raises(GitError) as caught:
        await base_of(work, None, environ)

    assert str(caught.value) == (
        f"git cannot read the repository of {work.path}: fatal: detected dubious ownership in "
        f"repository at '{work.path}' To add an exception for this directory, call: git config "
        f"--global --add safe.directory {work.path}"
    )


async def test_git_is_not_installed(work: TestRepository, tmp_path: Path) -> None:
    """The error says what is missing."""
    with pytest.raises(GitError) as caught:
        await base_of(work, None, {"PATH": str(tmp_path)})

    assert str(caught.value) == (
        "git cannot be started: No such file or directory; install it, or put it on PATH"
    )


async def test_variables_of_an_outer_git_have_no_effect(
    work: TestRepository, tmp_path: Path
) -> None:
    """Hooks export GIT_DIR and others, which would lead to another repository."""
    other = new_repository(tmp_path / "other", {"x.tf": ""})
    environ = {
        "GIT_DIR": str(other.path / ".git"),
        "GIT_WORK_TREE": str(other.path),
        "GIT_INDEX_FILE": str(other.path / "index"),
    }

    assert (await base_of(work, None, environ)).commit == work.git("rev-parse", "fork")
