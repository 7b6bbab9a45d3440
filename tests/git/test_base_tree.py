"""The files of a base: each way in which a checkout can be special, with its message."""

import os
import tempfile
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from remote_backend.errors import GitError, SubmoduleMissing
from remote_backend.git.base_tree import BaseTree, base_tree
from tests.support.repositories import TestRepository, clone, new_repository
from tests.support.trees import contents, packed

POINTER = (
    "version https://git-lfs.github.com/spec/v1\n"
    f"oid sha256:{'0' * 64}\n"
    "size 12\n"
)  # fmt: skip


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give temporary folders a place of their own, so that what is left can be seen."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def work(tmp_path: Path) -> TestRepository:
    """A repository with two stacks and a module."""
    return new_repository(
        tmp_path / "work",
        {
            "stacks/net/main.tf": "# base\n",
            "stacks/app/main.tf": "# app\n",
            "modules/vpc/main.tf": "# vpc\n",
        },
    )


def files_in(folder: Path) -> dict[str, str]:
    """Return all files below a folder; links with `-> target`."""
    return {
        path.relative_to(folder).as_posix(): f"-> {os.readlink(path)}"
        if path.is_symlink()
        else path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


async def written(
    repository: TestRepository, *roots: str, commit: str = "HEAD"
) -> tuple[dict[str, str], BaseTree]:
    """Return the files of a base, and what was said about them."""
    paths = [repository.path / root for root in roots or ("",)]
    full_id = repository.git("rev-parse", commit)
    async with base_tree(paths, full_id, repository.environ) as tree:
        return files_in(tree.top), tree


async def test_the_base_has_the_files_of_its_commit(work: TestRepository) -> None:
    """Later commits and edits do not reach it, and no `.git` is among its files."""
    work.commit({"stacks/net/main.tf": "# head\n", "new.tf": ""})
    work.write({"stacks/net/main.tf": "# edited\n"})

    files, _ = await written(work, commit="HEAD^")

    assert files == {
        "stacks/net/main.tf": "# base\n",
        "stacks/app/main.tf": "# app\n",
        "modules/vpc/main.tf": "# vpc\n",
    }


async def test_paths_lead_to_the_same_places(work: TestRepository) -> None:
    """The directory ends as the one of the change does, by which its archive finds its root."""
    work.commit({"stacks/new/main.tf": ""})
    root = work.path / "stacks"
    async with base_tree(
        [root], work.git("rev-parse", "HEAD^"), work.environ
    ) as tree:  # fmt: skip
        assert tree.path_of(root / "net").parts[-3:] == ("work", "stacks", "net")
        assert (tree.path_of(root / "net") / "main.tf").read_text() == "# base\n"
        assert tree.holds(root / "net")
        assert tree.holds(root)
        assert not tree.holds(root / "new")


async def test_the_repository_stays_as_it_is(work: TestRepository) -> None:
    """Neither index nor worktrees change, and no hook runs."""
    for name in ("post-checkout", "post-index-change", "post-merge"):
        hook = work.path / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\necho ran >> {work.path.parent}/hook-ran\n")
        hook.chmod(0o755)
    work.git("config", "core.splitIndex", "true")
    before = {
        path: path.read_bytes()
        for path in (work.path / ".git").rglob("*")
        if path.is_file()
    }

    await written(work)

    after = {
        path: path.read_bytes()
        for path in (work.path / ".git").rglob("*")
        if path.is_file()
    }
    assert after == before
    assert not (work.path.parent / "hook-ran").exists()
    assert len(work.git("worktree", "list").splitlines()) == 1


async def test_only_the_upload_roots_are_written(work: TestRepository) -> None:
    """A monorepo is not copied for one stack of it."""
    files, _ = await written(work, "stacks/net", "modules")

    assert sorted(files) == ["modules/vpc/main.tf", "stacks/net/main.tf"]


async def test_a_link_out_of_the_root_finds_its_target(work: TestRepository) -> None:
    """Shared files that are linked into a stack are packed, so the base needs them too."""
    (work.path / "stacks/net/shared.tf").symlink_to("../../modules/vpc/main.tf")
    (work.path / "stacks/net/inner.tf").symlink_to("main.tf")
    work.commit()
    root = work.path / "stacks/net"
    async with base_tree([root], work.git("rev-parse", "HEAD"), work.environ) as tree:
        assert (tree.path_of(root) / "shared.tf").read_text() == "# vpc\n"
        assert (tree.path_of(root) / "inner.tf").is_symlink()


async def test_links_out_of_the_repository(work: TestRepository) -> None:
    """They lead to the same file from the base; an absolute link into it leads to the base."""
    (work.path.parent / "outside.tf").write_text("# outside\n")
    (work.path / "relative.tf").symlink_to("../outside.tf")
    (work.path / "absolute.tf").symlink_to(work.path / "modules/vpc/main.tf")
    work.commit()
    work.write({"modules/vpc/main.tf": "# edited\n"})

    async with base_tree([work.path], work.git("rev-parse", "HEAD"), work.environ) as tree:
        assert (tree.top / "relative.tf").read_text() == "# outside\n"
        assert (tree.top / "absolute.tf").read_text() == "# vpc\n"


async def test_export_ignore_is_not_a_checkout(work: TestRepository) -> None:
    """Files that `git archive` would leave out are there."""
    work.commit({".gitattributes": "main.tf export-ignore\n"})

    files, _ = await written(work, "stacks/net")

    assert sorted(files) == ["stacks/net/main.tf"]


async def test_a_sparse_checkout_has_the_whole_base(
    work: TestRepository, tmp_path: Path
) -> None:
    """The base has all of the root, whatever part of it is checked out."""
    sparse = clone(work, tmp_path / "sparse", "--sparse")
    sparse.git("sparse-checkout", "set", "--sparse-index", "stacks/net")

    files, tree = await written(sparse)

    assert sorted(files) == [
        "modules/vpc/main.tf",
        "stacks/app/main.tf",
        "stacks/net/main.tf",
    ]
    assert tree.notes == ()


async def test_a_partial_clone_reads_what_it_lacks(
    work: TestRepository, tmp_path: Path
) -> None:
    """Contents come from the remote that the clone has promised them from."""
    work.git("config", "uploadpack.allowFilter", "true")
    work.git("config", "uploadpack.allowAnySHA1InWant", "true")
    work.commit({"stacks/net/main.tf": "# head\n"})
    partial = clone(work, tmp_path / "partial", "--filter=blob:none")

    files, _ = await written(partial, "stacks/net", commit="HEAD^")

    assert files == {"stacks/net/main.tf": "# base\n"}


async def test_a_partial_clone_without_its_remote(
    work: TestRepository, tmp_path: Path
) -> None:
    """Git's words name the object that cannot be read, and nothing is left behind."""
    work.git("config", "uploadpack.allowFilter", "true")
    blob = work.git("rev-parse", "HEAD:stacks/net/main.tf")
    work.commit({"stacks/net/main.tf": "# head\n"})
    partial = clone(work, tmp_path / "partial", "--filter=blob:none")
    work.path.rename(tmp_path / "gone")

    with pytest.raises(GitError) as caught:
        await written(partial, "stacks/net", commit="HEAD^")

    assert str(caught.value).startswith(
        f"git checkout-index in {partial.path} failed with exit code 128: fatal: "
        f"'{work.path}' does not appear to be a git repository"
    )
    assert str(caught.value).endswith(f"fatal: could not fetch {blob} from promisor remote")


async def test_filters_of_the_checkout_are_applied(work: TestRepository) -> None:
    """The base has the line ends and contents that a checkout would have."""
    work.git("config", "filter.shout.smudge", "tr a-z A-Z")
    work.git("config", "filter.shout.clean", "tr A-Z a-z")
    work.commit(
        {
            ".gitattributes": "*.shout filter=shout\n*.crlf text eol=crlf\n",
            "stacks/net/a.shout": "loud\n",
            "stacks/net/b.crlf": "1\n2\n",
        }
    )
    root = work.path / "stacks/net"

    async with base_tree([root], work.git("rev-parse", "HEAD"), work.environ) as tree:
        assert (tree.path_of(root) / "a.shout").read_text() == "LOUD\n"
        assert (tree.path_of(root) / "b.crlf").read_bytes() == b"1\r\n2\r\n"


async def test_a_required_filter_that_is_missing(work: TestRepository) -> None:
    """Git's words name the file and the filter."""
    work.commit({"stacks/net/a.secret": "x\n"})
    work.commit({".gitattributes": "*.secret filter=crypt\n"})
    work.git("config", "filter.crypt.smudge", "no-such-program")
    work.git("config", "filter.crypt.required", "true")

    with pytest.raises(GitError) as caught:
        await written(work, "stacks/net")

    assert str(caught.value).startswith(
        f"git checkout-index in {work.path} failed with exit code 128: "
    )
    assert str(caught.value).endswith(
        "fatal: stacks/net/a.secret: smudge filter crypt failed"
    )


async def test_pointers_of_lfs_are_one_warning(work: TestRepository) -> None:
    """Without the filter git writes pointers, so plans see other contents than people think."""
    work.commit({f"stacks/net/{name}.bin": POINTER for name in "abcde"})
    work.commit({"outside.bin": POINTER})

    files, tree = await written(work, "stacks/net")

    assert files["stacks/net/a.bin"] == POINTER
    assert tree.warnings == (
        f"5 files of the base {work.git('rev-parse', 'HEAD')[:7]} hold a pointer of Git LFS and "
        "not the content (stacks/net/a.bin, stacks/net/b.bin, stacks/net/c.bin and 2 more); "
        "`git lfs install` and `git lfs pull` before give both sides the content",
    )


async def test_ignored_files_go_to_both_sides(work: TestRepository) -> None:
    """Variables that a CI job writes are no part of the change; caches of Terraform stay away."""
    work.commit({".gitignore": "*.auto.tfvars\n.terraform/\ngone.tf\n"})
    work.write(
        {
            "stacks/net/ci.auto.tfvars": 'region = "eu"\n',
            "stacks/app/ci.auto.tfvars": "",
            "stacks/net/.terraform/modules/modules.json": "{}",
            "stacks/net/.terraform/providers/big": "",
        }
    )

    files, tree = await written(work, "stacks/net")

    assert files == {
        "stacks/net/main.tf": "# base\n",
        "stacks/net/ci.auto.tfvars": 'region = "eu"\n',
        "stacks/net/.terraform/modules/modules.json": "{}",
    }
    assert tree.notes == ()


async def test_a_file_of_the_base_outweighs_an_ignored_one(work: TestRepository) -> None:
    """A file that the change stops to track is in the base as it was."""
    work.commit({"stacks/net/x.auto.tfvars": "a = 1\n"})
    work.git("rm", "--quiet", "--cached", "stacks/net/x.auto.tfvars")
    work.commit({".gitignore": "*.auto.tfvars\n", "stacks/net/x.auto.tfvars": "a = 2\n"})

    files, _ = await written(work, "stacks/net", commit="HEAD^")

    assert files["stacks/net/x.auto.tfvars"] == "a = 1\n"


async def test_an_ignored_repository_is_copied(
    work: TestRepository, tmp_path: Path
) -> None:
    """Modules that Terraform has cloned are repositories of their own; their `.git` stays away."""
    work.commit({".gitignore": ".terraform/\n"})
    module = new_repository(tmp_path / "module", {"main.tf": "# module\n", "sub/a.tf": ""})
    target = work.path / "stacks/net/.terraform/modules/vpc"
    target.parent.mkdir(parents=True)
    clone(module, tmp_path / "cloned").path.rename(target)

    files, _ = await written(work, "stacks/net")

    assert sorted(files) == [
        "stacks/net/.terraform/modules/vpc/main.tf",
        "stacks/net/.terraform/modules/vpc/sub/a.tf",
        "stacks/net/main.tf",
    ]


async def test_what_is_not_committed_belongs_to_the_change(work: TestRepository) -> None:
    """Edits and new files are not in the base, and a note counts them."""
    work.write({"stacks/net/main.tf": "# edited\n", "stacks/net/new ü.tf": ""})
    work.write({"stacks/app/other.tf": ""})
    # Terraform keeps the selected workspace there, and it is never uploaded.
    work.write({"stacks/net/.terraform/environment": "dev"})
    work.git("rm", "--quiet", "modules/vpc/main.tf")

    files, tree = await written(work, "stacks/net", "modules")

    assert files == {"stacks/net/main.tf": "# base\n", "modules/vpc/main.tf": "# vpc\n"}
    assert tree.notes == (
        "3 files that are not committed belong to the change: modules/vpc/main.tf, "
        "stacks/net/main.tf, stacks/net/new ü.tf",
    )


async def test_the_rules_of_the_base_count(work: TestRepository, tmp_path: Path) -> None:
    """What the base leaves out of its archive is what its own `.terraformignore` says."""
    work.commit({".terraformignore": "modules/\n"})
    work.commit({".terraformignore": "stacks/\n"})

    async with base_tree([work.path], work.git("rev-parse", "HEAD^"), work.environ) as tree:
        slug = await packed(
            tree.path_of(work.path / "stacks/net"),
            tmp_path / "slugs",
            working_directory="stacks/net",
        )
        names = [name for name in contents(slug) if name.endswith(".tf")]

    assert names == ["stacks/app/main.tf", "stacks/net/main.tf"]


@pytest.fixture
def with_submodule(work: TestRepository, tmp_path: Path) -> TestRepository:
    """A repository whose module is a submodule, and whose change moves it on."""
    module = new_repository(tmp_path / "module", {"main.tf": "# 1\n"})
    work.git("submodule", "--quiet", "add", module.path.as_uri(), "modules/shared")
    work.commit()
    module.commit({"main.tf": "# 2\n"})
    submodule = TestRepository(work.path / "modules/shared", work.environ)
    submodule.git("pull", "--quiet")
    work.commit()
    return work


async def test_a_submodule_has_the_commit_of_the_base(
    with_submodule: TestRepository,
) -> None:
    """Its files are those of the commit that the base records, not those that are checked out."""
    head, _ = await written(with_submodule, "modules")
    base, tree = await written(with_submodule, "modules", commit="HEAD^")

    assert head["modules/shared/main.tf"] == "# 2\n"
    assert base["modules/shared/main.tf"] == "# 1\n"
    assert "modules/shared/.git" not in base
    assert "modules/shared" in tree.tracked


async def test_a_submodule_that_is_not_checked_out(
    with_submodule: TestRepository, tmp_path: Path
) -> None:
    """It is refused by name, because an empty directory would be a difference."""
    commit = with_submodule.git("rev-parse", "HEAD:modules/shared")
    without = clone(with_submodule, tmp_path / "without")

    with pytest.raises(SubmoduleMissing) as caught:
        await written(without)

    assert str(caught.value) == (
        f"the base needs the submodule modules/shared at {commit[:10]}, which is not checked out "
        "here; run `git submodule update --init modules/shared`"
    )


async def test_a_submodule_without_the_commit(
    with_submodule: TestRepository, tmp_path: Path
) -> None:
    """A shallow submodule may lack the commit of the base; the error says how to get it."""
    commit = with_submodule.git("rev-parse", "HEAD^:modules/shared")
    other = clone(with_submodule, tmp_path / "other")
    other.git("submodule", "--quiet", "update", "--init", "--depth=1")

    with pytest.raises(SubmoduleMissing) as caught:
        await written(other, commit="HEAD^")

    assert str(caught.value) == (
        f"the base needs the submodule modules/shared at {commit[:10]}, which its repository here "
        f"does not have; run `git -C modules/shared fetch origin {commit}`"
    )


async def test_a_submodule_that_is_not_packed(
    with_submodule: TestRepository, tmp_path: Path
) -> None:
    """Rules of the base or another root make it unimportant."""
    with_submodule.commit({".terraformignore": "modules/shared/\n"})
    without = clone(with_submodule, tmp_path / "without")

    everything, _ = await written(without)
    stacks, _ = await written(without, "stacks", commit="HEAD^")

    assert "modules/vpc/main.tf" in everything
    assert sorted(stacks) == ["stacks/app/main.tf", "stacks/net/main.tf"]


async def test_a_linked_worktree_is_a_repository(
    work: TestRepository, tmp_path: Path
) -> None:
    """Its `.git` is a file, and its index is another one."""
    work.git("worktree", "add", "--quiet", "-b", "other", str(tmp_path / "linked"))
    linked = TestRepository(tmp_path / "linked", work.environ)

    files, _ = await written(linked, "stacks/net")

    assert files == {"stacks/net/main.tf": "# base\n"}


async def test_odd_names_are_names(work: TestRepository) -> None:
    """Dashes, patterns, line feeds and other alphabets are no options, globs or ends."""
    names = {"-q.tf", ":(top).tf", "a*b.tf", "line\nfeed.tf", "ü.tf", "b\xa0c.tf"}
    work.commit({f"*/{name}": "" for name in names})

    files, _ = await written(work, "*")

    assert set(files) == {f"*/{name}" for name in names}


async def test_a_root_outside_of_the_repository(work: TestRepository) -> None:
    """An upload root above the repository has no base."""
    with pytest.raises(GitError) as caught:
        async with base_tree([work.path, work.path.parent], "HEAD", work.environ):
            pass

    assert str(caught.value) == (
        f"{work.path.parent} is not inside of the repository {work.path}"
    )


async def test_nothing_is_left_after_the_block(
    work: TestRepository, temporary: Path
) -> None:
    """The folder is readable by this user alone, and removed at the end."""
    async with base_tree([work.path], work.git("rev-parse", "HEAD"), work.environ) as tree:
        [folder] = temporary.iterdir()
        assert tree.top.parent == folder
        assert folder.stat().st_mode & 0o077 == 0

    assert list(temporary.iterdir()) == []


async def test_nothing_is_left_after_an_error(
    work: TestRepository, temporary: Path
) -> None:
    """An error inside of the block, or while files are written, removes the folder too."""
    with pytest.raises(ZeroDivisionError):
        async with base_tree([work.path], work.git("rev-parse", "HEAD"), work.environ):
            raise ZeroDivisionError
    with pytest.raises(GitError):
        async with base_tree([work.path], "0" * 40, work.environ):
            pass

    assert list(temporary.iterdir()) == []


async def test_nothing_is_left_after_a_cancellation(
    work: TestRepository, temporary: Path
) -> None:
    """A cancellation while git writes ends git, and removes the folder."""
    started, end = work.path.parent / "started", work.path.parent / "end"
    os.mkfifo(started)
    os.mkfifo(end)
    end_of_filter = os.open(end, os.O_RDWR)
    work.git(
        "config",
        "filter.slow.smudge",
        f"sh -c 'exec 3< {end}; echo > {started}; cat <&3'",
    )
    work.commit({".gitattributes": "*.slow filter=slow\n", "a.slow": "x\n"})
    commit = work.git("rev-parse", "HEAD")

    async def write() -> None:
        async with base_tree([work.path], commit, work.environ):
            pass

    async with anyio.create_task_group() as group:
        group.start_soon(write)
        await to_thread.run_sync(started.read_bytes)
        assert len(list(temporary.iterdir())) == 1
        group.cancel_scope.cancel()

    assert list(temporary.iterdir()) == []
    # The filter, which git has left behind, ends too.
    os.close(end_of_filter)
