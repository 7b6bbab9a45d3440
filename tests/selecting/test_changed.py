"""A change selects each workspace that it touches, and says why; what is unsure is selected."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from remote_backend.models.selection import Selection
from remote_backend.models.workspace import Workspace
from remote_backend.selecting.changed import select_changed
from remote_backend.workspaces import LocalWorkspace
from tests.support.repositories import TestRepository, clone, new_repository

UNKNOWN = "what belongs to it is not known: "


def workspace(name: str, working_directory: str = "", **more: object) -> LocalWorkspace:
    """Return a workspace whose full name begins with `net-`."""
    remote = Workspace(
        id=f"ws-{name}",
        name=f"net-{name}",
        working_directory=working_directory,
        **more,  # type: ignore[arg-type]
    )
    return LocalWorkspace(name, remote)


PROD = workspace("prod", "stacks/net")
DEV = workspace("dev", "stacks/net")
MAIN = 'module "vpc" {\n  source = "../../modules/vpc"\n}\n'


@pytest.fixture
def work(tmp_path: Path) -> TestRepository:
    """A monorepo of two stacks; one calls a module that calls another."""
    return new_repository(
        tmp_path / "work",
        {
            "stacks/net/main.tf": MAIN,
            "stacks/app/main.tf": "# app\n",
            "modules/vpc/main.tf": 'module "tags" {\n  source = "../tags"\n}\n',
            "modules/vpc/templates/user.tpl": "hello\n",
            "modules/tags/main.tf": "# tags\n",
            "modules/unused/main.tf": "# unused\n",
            "docs/net.md": "about\n",
        },
    )


async def selected(
    repository: TestRepository,
    workspaces: Sequence[LocalWorkspace] = (PROD,),
    *,
    directory: str = "stacks/net",
    since: str = "HEAD",
    variable_files: Sequence[Path] = (),
) -> Selection:
    """Return what the change in the working tree since a commit selects."""
    return await select_changed(
        workspaces,
        workspaces,
        repository.path / directory,
        repository.git("rev-parse", since),
        repository.environ,
        variable_files=variable_files,
    )


async def reasons(repository: TestRepository, **more: object) -> tuple[str, ...]:
    """Return why `prod` is selected, and nothing where it is not."""
    selection = await selected(repository, **more)  # type: ignore[arg-type]
    assert set(selection.reasons) | set(selection.not_touched) == {"prod"}
    return selection.reasons.get("prod", ())


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("stacks/net/main.tf", "its configuration"),
        ("stacks/net/deep/file.json", "its configuration"),
        ("stacks/net/.hidden", "its configuration"),
        (
            "modules/vpc/main.tf",
            "the module modules/vpc, which stacks/net/main.tf calls",
        ),
        (
            "modules/vpc/templates/user.tpl",
            "the module modules/vpc, which stacks/net/main.tf calls",
        ),
        (
            "modules/tags/main.tf",
            "the module modules/tags, which modules/vpc/main.tf calls",
        ),
        (".terraform-version", "decides what is uploaded or with which versions"),
        (".terraformignore", "decides what is uploaded or with which versions"),
        (".terraform.lock.hcl", "decides what is uploaded or with which versions"),
    ],
)
async def test_a_path_of_its_configuration(
    work: TestRepository, path: str, reason: str
) -> None:
    """Its directory, the modules that it reaches, and the files of its root select a workspace."""
    work.write({path: "# changed\n"})

    assert f"{path}: {reason}" in await reasons(work)


@pytest.mark.parametrize(
    "path",
    ["docs/net.md", "stacks/app/main.tf", "modules/unused/main.tf", "stacks/network/a.tf"],
)
async def test_another_path_selects_nothing(work: TestRepository, path: str) -> None:
    """Neither the neighbor's files, nor modules that it does not call, nor similar names do."""
    work.write({path: "# changed\n"})

    assert (await selected(work)).not_touched == ("prod",)


async def test_nothing_has_changed(work: TestRepository) -> None:
    """Without a change nothing is selected, whatever is unsure; a sentence says so."""
    work.commit({"stacks/net/broken.tf": "{{{"})

    selection = await selected(
        work, [PROD, workspace("always", "stacks/net", file_triggers_enabled=False)]
    )

    assert selection.reasons == {}
    assert selection.sentence == (
        f"the change since {work.git('rev-parse', 'HEAD')[:7]} touches none of 2 workspaces"
    )


async def test_many_paths_are_one_reason(work: TestRepository) -> None:
    """A reason names three paths and counts the others."""
    work.write({f"stacks/net/{name}.tf": "" for name in "abcde"})

    assert await reasons(work) == (
        "stacks/net/a.tf, stacks/net/b.tf, stacks/net/c.tf and 2 more: its configuration",
    )


@pytest.mark.parametrize(
    ("caller", "text"),
    [
        ("more.tf", 'module "a" {\n  source = "../../modules/unused"\n}\n'),
        ("more.tofu", 'module "a" {\n  source = "../../modules/unused"\n}\n'),
        ("more.tf.json", '{"module": {"a": {"source": "../../modules/unused"}}}'),
        ("more.tofu.json", '{"module": {"a": [{"source": "../../modules/unused/."}]}}'),
        ("more.tf", 'module "a" {\n  source = "..\\\\..\\\\modules\\\\unused"\n}\n'),
    ],
)
async def test_all_forms_of_calls_are_followed(
    work: TestRepository, caller: str, text: str
) -> None:
    """`.tf`, `.tofu` and their JSON forms call modules (N: nested ones failed elsewhere)."""
    work.commit({f"stacks/net/{caller}": text})
    work.write({"modules/unused/main.tf": "# changed\n"})

    assert await reasons(work) == (
        f"modules/unused/main.tf: the module modules/unused, which stacks/net/{caller} calls",
    )


async def test_a_call_that_was_removed_counts(work: TestRepository) -> None:
    """The plan of a removed call destroys, so its workspace is selected."""
    work.write({"stacks/net/main.tf": ""})

    assert await reasons(work) == ("stacks/net/main.tf: its configuration",)


async def test_modules_that_call_each_other_end(work: TestRepository) -> None:
    """A circle of calls is an error of Terraform's, and no endless loop here."""
    work.commit({"modules/tags/main.tf": 'module "vpc" {\n  source = "../vpc"\n}\n'})
    work.write({"modules/tags/x.tf": ""})

    assert len(await reasons(work)) == 1


async def test_a_deleted_file_of_a_module(work: TestRepository) -> None:
    """Deleted files count, also those behind a glob (terragrunt missed them)."""
    (work.path / "modules/vpc/templates/user.tpl").unlink()

    assert await reasons(work) == (
        "modules/vpc/templates/user.tpl: the module modules/vpc, which stacks/net/main.tf calls",
    )


async def test_a_deleted_module_that_is_still_called(work: TestRepository) -> None:
    """All of its files are deleted; that it is not there is said too."""
    work.git("rm", "-r", "--quiet", "modules/tags")
    work.commit()

    assert await reasons(work, since="HEAD^") == (
        "modules/tags/main.tf: the module modules/tags, which modules/vpc/main.tf calls",
        f"{UNKNOWN}the module modules/tags, which modules/vpc/main.tf calls, is not there",
    )


async def test_a_renamed_file_counts_under_both_names(work: TestRepository) -> None:
    """What moves out of a configuration touches it as well as what moves in."""
    work.git("mv", "stacks/net/main.tf", "stacks/app/moved.tf")
    work.write({"stacks/net/other.tf": "# still a configuration\n"})
    work.commit()
    app = workspace("app", "stacks/app")

    selection = await selected(work, [PROD], since="HEAD^")
    there = await selected(work, [app], since="HEAD^", directory="stacks/app")

    assert "prod" in selection.reasons
    assert there.reasons == {"app": ("stacks/app/moved.tf: its configuration",)}


async def test_names_of_other_alphabets(work: TestRepository) -> None:
    """Git quotes such names without `-z`; here they are themselves."""
    work.commit({"stacks/net/größe ü.tf": "", 'stacks/net/"quoted".tf': ""})
    work.write({"stacks/net/größe ü.tf": "# 2\n", 'stacks/net/"quoted".tf': "# 2\n"})

    assert await reasons(work) == (
        'stacks/net/"quoted".tf, stacks/net/größe ü.tf: its configuration',
    )


async def test_thousands_of_files_are_all_seen(work: TestRepository) -> None:
    """The list has no end at 3,000 files, as that of a pull request has."""
    work.write({f"docs/{number}.md": "" for number in range(3001)})
    work.write({"modules/vpc/zz.tf": ""})

    assert len(await reasons(work)) == 1


async def test_uncommitted_and_untracked_files_count(work: TestRepository) -> None:
    """What is planned is the working tree, so its edits are part of the change."""
    work.write({"stacks/net/main.tf": f"{MAIN}# edited\n", "stacks/net/new.tf": ""})
    work.git("add", "stacks/net/new.tf")
    work.write({"stacks/net/untracked.tf": ""})

    assert await reasons(work) == (
        "stacks/net/main.tf, stacks/net/new.tf, stacks/net/untracked.tf: its configuration",
    )


async def test_ignored_files_do_not_count(work: TestRepository) -> None:
    """They are no part of the change: both sides have them."""
    work.commit({".gitignore": "*.auto.tfvars\n"})
    work.write({"stacks/net/ci.auto.tfvars": ""})

    assert await reasons(work) == ()


async def test_what_others_have_merged_does_not_count(work: TestRepository) -> None:
    """The base is the merge base, so main may have moved on."""
    work.git("checkout", "--quiet", "-b", "change")
    work.commit({"docs/net.md": "mine\n"})
    work.git("checkout", "--quiet", "main")
    work.commit({"stacks/net/main.tf": "# of others\n"})
    work.git("checkout", "--quiet", "change")

    selection = await select_changed(
        [PROD], [PROD], work.path / "stacks/net", "main", work.environ
    )

    assert selection.not_touched == ("prod",)
    assert selection.base == f"main, {work.git('rev-parse', 'main^')[:7]}"


SHARED = [PROD, DEV, workspace("net-eu", "stacks/net")]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("stacks/net/prod.tfvars", {"prod"}),
        ("stacks/net/vars/dev.tfvars.json", {"dev"}),
        ("stacks/net/net-dev.tfvars", {"dev"}),
        ("stacks/net/common.tfvars", {"prod", "dev", "net-eu"}),
        ("stacks/net/terraform.tfvars", {"prod", "dev", "net-eu"}),
        ("stacks/net/prod.auto.tfvars", {"prod", "dev", "net-eu"}),
        ("modules/vpc/prod.tfvars", {"prod", "dev", "net-eu"}),
    ],
)
async def test_variables_of_one_workspace(
    work: TestRepository, path: str, names: set[str]
) -> None:
    """In a shared directory a file with the name of a workspace is that workspace's alone."""
    work.write({path: ""})

    assert set((await selected(work, SHARED)).reasons) == names


async def test_the_reason_of_its_variables(work: TestRepository) -> None:
    """The reason says that these are its own."""
    work.write({"stacks/net/prod.tfvars": ""})

    assert await reasons(work) == ("stacks/net/prod.tfvars: its variables",)


async def test_variables_that_are_given_touch_all(work: TestRepository) -> None:
    """A file of variables of the command is sent to every run, wherever it lies."""
    work.write({"vars/all.tfvars": "", "vars/other.tfvars": ""})

    assert await reasons(
        work, variable_files=[work.path / "vars/all.tfvars", Path("/elsewhere.tfvars")]
    ) == ("vars/all.tfvars: variables of the runs",)


@pytest.mark.parametrize(
    ("expression", "path", "line"),
    [
        ('file("${path.module}/../../shared/a.json")', "shared/a.json", 2),
        ('file("../../shared/a.json")', "shared/a.json", 2),
        (
            'templatefile("${path.root}/../../shared/${var.name}.tpl", {})',
            "shared/x.tpl",
            2,
        ),
        ('fileset("${path.module}/../../shared", "*.json")', "shared/new.json", 2),
        ('jsondecode(file("${path.module}/../../shared/a.json"))', "shared/a.json", 2),
        ('"${path.module}/../../shared"', "shared/deep/a.py", 2),
        ('"prefix ${path.root}/../../shared/a b"', "shared/a b", 2),
        ('<<EOT\n${file("../../shared/a.json")}\nEOT', "shared/a.json", 3),
    ],
)
async def test_files_that_are_read(
    work: TestRepository, expression: str, path: str, line: int
) -> None:
    """Literal paths of functions, and templates with path.module, lead to what is read."""
    work.commit({"stacks/net/read.tf": f"locals {{\n  a = {expression}\n}}\n"})
    work.write({path: "changed"})

    assert await reasons(work) == (f"{path}: read by stacks/net/read.tf:{line}",)


@pytest.mark.parametrize(
    "expression",
    ["file(var.path)", 'file("${var.path}/a")', 'fileset(path.module, "../../docs/*")'],
)
async def test_a_file_whose_path_depends_on_values(
    work: TestRepository, expression: str
) -> None:
    """Any changed file that is uploaded may be the one that is read."""
    work.commit({"stacks/net/read.tf": f"locals {{\n  a = {expression}\n}}\n"})
    work.write({"docs/net.md": "changed"})

    assert await reasons(work) == (
        "docs/net.md: may be read by stacks/net/read.tf:2, whose path depends on values",
    )


async def test_files_that_a_module_reads(work: TestRepository) -> None:
    """Paths without path.module count from the configuration, also in modules and in JSON."""
    work.commit(
        {
            "modules/vpc/read.tf": 'locals {\n  a = file("../../shared/a.txt")\n}\n',
            "modules/tags/b.tf.json": '{"locals": {"b": "${file(\\"${path.module}/../../shared/b\\")}"}}',
        }
    )
    work.write({"shared/a.txt": "", "shared/b": ""})

    assert await reasons(work) == (
        "shared/a.txt: read by modules/vpc/read.tf:2",
        "shared/b: read by modules/tags/b.tf.json",
    )


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        (
            "resource {{{\n",
            "stacks/net/odd.tf:1 could not be read in full; `terraform validate` says why",
        ),
        (
            'module "a" {\n  source = "./${var.a}"\n}\n',
            "stacks/net/odd.tf:1 calls a module by a computed source",
        ),
        (
            'module "a" {\n  source = "../../gone"\n}\n',
            "the module gone, which stacks/net/odd.tf calls, is not there",
        ),
    ],
)
async def test_what_cannot_be_told_is_selected(
    work: TestRepository, text: str, doubt: str
) -> None:
    """Any change may concern it then, and the reason says why it is not known."""
    work.commit({"stacks/net/odd.tf": text})
    work.write({"docs/net.md": "changed"})

    assert await reasons(work) == (f"{UNKNOWN}{doubt}",)


async def test_modules_from_elsewhere_are_not_followed(work: TestRepository) -> None:
    """Registries and other repositories are no part of this change."""
    work.commit(
        {
            "stacks/net/a.tf": 'module "a" {\n  source = "hashicorp/consul/aws"\n}\n',
            "stacks/net/b.tf": 'module "b" {\n  source = "git::https://x.test/a.git"\n}\n',
            "stacks/net/c.tf": 'module "c" {\n  source = "../../../outside"\n}\n',
        }
    )
    work.write({"docs/net.md": "changed"})

    assert await reasons(work) == ()


async def test_links_are_followed(work: TestRepository) -> None:
    """A linked file or directory of the repository belongs to the configuration."""
    (work.path / "stacks/net/linked").symlink_to("../../shared")
    (work.path / "stacks/net/via").symlink_to("../../modules")
    work.commit(
        {
            "shared/a.json": "",
            "stacks/net/v.tf": 'module "u" {\n  source = "./via/unused"\n}\n',
        }
    )
    work.write({"shared/a.json": "changed", "modules/unused/main.tf": "# changed\n"})

    assert await reasons(work) == (
        "modules/unused/main.tf: the module modules/unused, which stacks/net/v.tf calls",
        "shared/a.json: what the link stacks/net/linked leads to",
    )


async def test_a_link_out_of_the_repository(work: TestRepository) -> None:
    """What it leads to cannot be compared, so the workspace is selected."""
    (work.path / "stacks/net/out.tf").symlink_to("../../../outside.tf")
    work.commit()
    work.write({"docs/net.md": "changed"})

    assert await reasons(work) == (
        f"{UNKNOWN}the link stacks/net/out.tf leaves the repository",
    )


async def test_a_submodule_that_moves_on(work: TestRepository, tmp_path: Path) -> None:
    """A gitlink below the root selects; modules inside of it are followed too."""
    module = new_repository(tmp_path / "module", {"main.tf": "# 1\n"})
    work.git("submodule", "--quiet", "add", module.path.as_uri(), "vendor/shared")
    work.commit()
    inner = TestRepository(work.path / "vendor/shared", work.environ)
    inner.commit({"main.tf": "# 2\n"})

    assert await reasons(work) == ("vendor/shared: a submodule of what is uploaded",)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (
            {"trigger_patterns": ("/docs/**/*",)},
            "docs/net.md matches its trigger pattern /docs/**/*",
        ),
        ({"trigger_patterns": ("docs/*.tf",)}, None),
        (
            {"trigger_prefixes": ("/docs",)},
            "docs/net.md lies under its trigger prefix /docs",
        ),
        ({"trigger_prefixes": ("modules",)}, None),
        (
            {"file_triggers_enabled": False},
            "its file triggers are off, so every change counts",
        ),
    ],
)
async def test_triggers_of_the_workspace(
    work: TestRepository, settings: dict[str, object], reason: str | None
) -> None:
    """Its own patterns and prefixes count from the top of the repository."""
    work.write({"docs/net.md": "changed"})
    selection = await selected(work, [workspace("prod", "stacks/net", **settings)])

    assert selection.reasons.get("prod") == (None if reason is None else (reason,))


async def test_what_is_not_uploaded_cannot_matter(work: TestRepository) -> None:
    """Files that `.terraformignore` leaves out on both sides select nothing."""
    work.commit({".terraformignore": "*.md\n"})
    work.write({"stacks/net/README.md": "changed"})

    assert await reasons(work) == ()


async def test_rules_that_change_bring_files_back(work: TestRepository) -> None:
    """With other rules before, a file may have been uploaded; the rules select by themselves."""
    work.commit({".terraformignore": "", "stacks/net/README.md": ""})
    work.write({".terraformignore": "*.md\n", "stacks/net/README.md": "changed"})

    assert await reasons(work) == (
        ".terraformignore: decides what is uploaded or with which versions",
        "stacks/net/README.md: its configuration",
    )


async def test_a_deleted_configuration_is_named(work: TestRepository) -> None:
    """Nothing is planned for it: a plan would fail, and no destroy is implied."""
    work.commit({"stacks/old/main.tf": ""})
    work.git("rm", "-r", "--quiet", "stacks/old")
    work.commit({"stacks/net/main.tf": "# changed\n"})
    old = workspace("old", "stacks/old")

    selection = await select_changed(
        [PROD, old],
        [PROD, old],
        work.path,
        work.git("rev-parse", "HEAD^"),
        work.environ,
    )

    assert selection.deleted == ("old",)
    assert set(selection.reasons) == {"prod"}


async def test_a_sparse_checkout_is_unsure(work: TestRepository, tmp_path: Path) -> None:
    """A module that is not checked out may call others."""
    sparse = clone(work, tmp_path / "sparse", "--sparse")
    sparse.git("sparse-checkout", "set", "stacks/net", "docs")
    sparse.write({"docs/net.md": "changed"})

    [reason] = await reasons(sparse)

    assert reason == (
        f"{UNKNOWN}the module modules/vpc, which stacks/net/main.tf calls, is not there"
    )


async def test_a_file_that_is_not_checked_out(work: TestRepository, tmp_path: Path) -> None:
    """A sparse checkout may leave single files out, which may call modules too."""
    work.commit({"modules/vpc/calls.tf": ""})
    sparse = clone(work, tmp_path / "sparse")
    sparse.git("sparse-checkout", "set", "--no-cone", "/*", "!/modules/vpc/calls.tf")
    sparse.write({"docs/net.md": "changed"})

    assert await reasons(sparse) == (f"{UNKNOWN}modules/vpc/calls.tf is not checked out",)


async def test_a_partial_clone_needs_no_contents(
    work: TestRepository, tmp_path: Path
) -> None:
    """Names are compared offline, though the remote is gone."""
    work.git("config", "uploadpack.allowFilter", "true")
    work.commit({"modules/tags/main.tf": "# changed\n"})
    partial = clone(work, tmp_path / "partial", "--filter=blob:none")
    work.path.rename(tmp_path / "gone")

    assert await reasons(partial, since="HEAD^") == (
        "modules/tags/main.tf: the module modules/tags, which modules/vpc/main.tf calls",
    )


async def test_a_working_directory_out_of_the_archive(work: TestRepository) -> None:
    """A setting that cannot be used makes the workspace unsure, not the batch fail."""
    work.write({"docs/net.md": "changed"})

    assert await reasons(work, workspaces=[workspace("prod", "../net")]) == (
        f"{UNKNOWN}the workspace's working directory '../net' leaves the configuration; change it "
        "in the settings of the workspace",
    )


async def test_settings_of_the_user_have_no_effect(work: TestRepository) -> None:
    """Relative names, renames and other comforts of `git diff` would hide paths."""
    for name, value in (
        ("diff.relative", "true"),
        ("diff.renames", "copies"),
        ("diff.ignoreSubmodules", "all"),
        ("diff.external", "false"),
        ("core.quotePath", "true"),
        ("status.showUntrackedFiles", "no"),
    ):
        work.git("config", name, value)
    work.write({"modules/tags/main.tf": "# changed\n", "modules/vpc/new.tf": ""})

    assert len(await reasons(work)) == 2
