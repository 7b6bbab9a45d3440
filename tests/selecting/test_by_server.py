"""Workspaces are selected by what the server knows, and by a change, before a run is made."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import remote_backend
from remote_backend import BatchOptions
from remote_backend.errors import GitError, RunOptionsError, SelectionError
from remote_backend.server.embedded import EmbeddedServer, backend_block
from remote_backend.server.fault_rules import FaultRule, FaultSettings
from remote_backend.server.seed import SeedWorkspace
from tests.support.repositories import TestRepository, new_repository
from tests.support.servers import running_server

SEED = [
    SeedWorkspace(
        name="net-dev",
        tags=("shared", "team=web"),
        project="Networks",
        terraform_version="1.9.5",
    ),
    SeedWorkspace(
        name="net-prod",
        tags=("shared", "team=core"),
        project="Networks",
        terraform_version="1.9.8",
    ),
    SeedWorkspace(name="net-test", terraform_version="1.14.0"),
    SeedWorkspace(name="net-local", execution_mode="local", terraform_version="1.14.2"),
]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    """Run a server with a simulated engine."""
    async with running_server(tmp_path, seed=SEED) as running:
        yield running


@pytest.fixture
def work(server: EmbeddedServer, tmp_path: Path) -> TestRepository:
    """A repository with the configuration of the workspaces."""
    block = backend_block(server.hostname, "acme", "net-")
    return new_repository(tmp_path / "work", {"main.tf": block, "docs.md": ""})


async def planned(
    work: TestRepository, server: EmbeddedServer, options: BatchOptions
) -> list[str]:
    """Return the names of the workspaces that a batch has planned."""
    environ = {**work.environ, "TF_CLI_CONFIG_FILE": str(server.cli_config_file)}
    outcomes = await remote_backend.plan_all(work.path, options=options, environ=environ)
    return [outcome.workspace for outcome in outcomes]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (BatchOptions(select_tags=["shared"]), ["dev", "prod"]),
        (BatchOptions(select_tags=["team"]), ["dev", "prod"]),
        (BatchOptions(select_tags=["shared", "team=core"]), ["prod"]),
        (BatchOptions(project="Networks"), ["dev", "prod"]),
        (BatchOptions(project="networks", select=["d*"]), ["dev"]),
        (BatchOptions(where=["version=1.9.*"]), ["dev", "prod"]),
        (BatchOptions(where=["version=1.9.5", "version=1.14.0"]), ["dev", "test"]),
        (BatchOptions(where=["mode=remote", "version=1.14.*"]), ["test"]),
        (BatchOptions(where=["mode=remote"], exclude=["test"]), ["dev", "prod"]),
        (BatchOptions(select_tags=["shared"], where=["version=*.8"]), ["prod"]),
    ],
)
async def test_tags_project_version_and_mode(
    work: TestRepository, server: EmbeddedServer, options: BatchOptions, names: list[str]
) -> None:
    """Each narrows the selection, together with patterns of names."""
    assert await planned(work, server, options) == names


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            BatchOptions(select_tags=["absent=x"]),
            "no workspace of net-* has select_tags=absent=x",
        ),
        (
            BatchOptions(project="Networs"),
            "project=Networs: organization acme has no such project, or the token may not see it; "
            "did you mean Networks?",
        ),
        (BatchOptions(where=["version=9.*"]), "where=version=9.* matches no workspace"),
    ],
)
async def test_a_selection_without_workspaces(
    work: TestRepository, server: EmbeddedServer, options: BatchOptions, text: str
) -> None:
    """A mistake must not pass as a batch without changes."""
    with pytest.raises(SelectionError) as caught:
        await planned(work, server, options)

    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"where": ["size=3"]},
            "where=size=3 is not a condition KEY=PATTERN with one of the keys mode, version, module, provider",
        ),
        (
            {"where": ["mode"]},
            "where=mode is not a condition KEY=PATTERN with one of the keys mode, version, module, provider",
        ),
        (
            {"where": "mode=remote"},
            "where takes a list of texts, not the text 'mode=remote'",
        ),
        (
            {"select_tags": ["=web"]},
            "select_tags==web is not a tag of the form KEY or KEY=VALUE",
        ),
        (
            {"select_tags": ["a,b"]},
            "select_tags=a,b is not a tag of the form KEY or KEY=VALUE",
        ),
    ],
)
def test_wishes_that_make_no_sense(arguments: dict[str, object], text: str) -> None:
    """They are refused when the options are made, with what is expected."""
    with pytest.raises(RunOptionsError) as caught:
        BatchOptions(**arguments)  # type: ignore[arg-type]

    assert str(caught.value) == text


async def test_a_change_selects_before_a_run_is_made(
    work: TestRepository, server: EmbeddedServer
) -> None:
    """The first events say which workspaces the change touches, and why the others are not."""
    base = work.git("rev-parse", "HEAD")
    work.write({"dev.tfvars": "a = 1\n"})
    environ = {**work.environ, "TF_CLI_CONFIG_FILE": str(server.cli_config_file)}
    options = BatchOptions(changed_since=base, exclude=["local"])

    async with (
        remote_backend.open_backend(work.path, environ=environ) as backend,
        backend.plan_all(options) as batch,
    ):
        events = [event async for event in batch]

    selection = batch.selection
    assert selection is not None
    assert events[:2] == [
        remote_backend.BatchStarted(("dev",)),
        remote_backend.WorkspacesSelected(selection),
    ]
    assert selection.reasons == {"dev": ("dev.tfvars: its variables",)}
    assert selection.not_touched == ("prod", "test")
    assert [outcome.workspace for outcome in batch.outcomes] == ["dev"]


async def test_a_change_that_touches_nothing(
    work: TestRepository, server: EmbeddedServer, tmp_path: Path
) -> None:
    """Such a batch has no outcomes, makes no run and no journal, and is no error."""
    options = BatchOptions(
        changed_since=work.git("rev-parse", "HEAD"), journal_folder=tmp_path / "journals"
    )

    assert await planned(work, server, options) == []
    assert not (tmp_path / "journals").exists()


async def test_a_change_outside_of_a_repository(
    work: TestRepository, server: EmbeddedServer
) -> None:
    """Nothing is planned where git cannot say what has changed."""
    (work.path / ".git").rename(work.path / "git")

    with pytest.raises(GitError, match="not a git repository"):
        await planned(work, server, BatchOptions(changed_since="main"))


async def test_a_journal_keeps_the_reasons(
    work: TestRepository, server: EmbeddedServer, tmp_path: Path
) -> None:
    """Reports of an earlier batch have them too."""
    base = work.git("rev-parse", "HEAD")
    work.write({"dev.tfvars": ""})
    folder = tmp_path / "journals"
    await planned(work, server, BatchOptions(changed_since=base, journal_folder=folder))

    recorded = remote_backend.read_journal(folder, None)

    assert recorded.selection == remote_backend.Selection(
        base=base[:7],
        reasons={"dev": ("dev.tfvars: its variables",)},
        not_touched=("local", "prod", "test"),
    )


async def test_one_workspace_is_not_selected(
    work: TestRepository, server: EmbeddedServer
) -> None:
    """Options that select are for all workspaces."""
    environ = {**work.environ, "TF_CLI_CONFIG_FILE": str(server.cli_config_file)}
    async with remote_backend.open_backend(work.path, environ=environ) as backend:
        with pytest.raises(
            RunOptionsError, match="changed_since and oldest are for plan_all"
        ):
            async with backend.plan("dev", BatchOptions(changed_since="main")):
                pass


MODULE = """
module "vpc" {
  source  = "terraform-aws-modules/vpc/aws"
  version = "5.1.0"
}
module "own" {
  source = "./own"
}
"""
NESTED = 'module "dns" {\n  source = "git::https://git.test/acme/dns.git?ref=v1"\n}\n'
LOCK = 'provider "registry.terraform.io/hashicorp/aws" {\n  version = "5.60.0"\n}\n'


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("module=vpc", ["dev"]),
        ("module=terraform-aws-modules/vpc/aws", ["dev"]),
        ("module=*/acme/dns*", ["dev"]),
        ("module=dns", ["dev"]),
        ("provider=aws", ["dev"]),
        ("provider=registry.terraform.io/hashicorp/*", ["dev"]),
    ],
)
async def test_modules_and_providers_in_use(
    work: TestRepository, server: EmbeddedServer, condition: str, names: list[str]
) -> None:
    """Explorer knows them from the newest configuration of each workspace."""
    work.write({"more.tf": MODULE, "own/main.tf": NESTED, ".terraform.lock.hcl": LOCK})
    await planned(work, server, BatchOptions(select=["dev"]))

    assert await planned(work, server, BatchOptions(where=[condition])) == names


async def test_others_that_use_a_module_are_named(
    work: TestRepository, server: EmbeddedServer
) -> None:
    """Before a module changes, people want to know all of its users, also of other configurations."""
    work.write({"more.tf": MODULE})
    await planned(work, server, BatchOptions(select=["dev", "prod"]))
    noticed: list[object] = []
    environ = {**work.environ, "TF_CLI_CONFIG_FILE": str(server.cli_config_file)}

    async with remote_backend.open_backend(
        work.path, environ=environ, report=noticed.append
    ) as backend:
        options = BatchOptions(where=["module=vpc"], exclude=["prod"])
        async with backend.plan_all(options) as batch:
            outcomes = await batch.wait()

    assert [outcome.workspace for outcome in outcomes] == ["dev"]
    assert noticed == [
        remote_backend.Warned(
            "1 more workspace uses module=vpc, and cannot be planned from here: net-prod"
        )
    ]


async def test_a_module_that_nobody_uses(
    work: TestRepository, server: EmbeddedServer
) -> None:
    """It is an error, as with other conditions that match nothing."""
    with pytest.raises(SelectionError) as caught:
        await planned(work, server, BatchOptions(where=["module=vpc"]))

    assert str(caught.value) == "where=module=vpc matches no workspace"


@pytest.mark.parametrize("status", [403, 404])
async def test_a_token_that_may_not_read_explorer(
    work: TestRepository, tmp_path: Path, status: int
) -> None:
    """The error says which tokens may, and that some servers do not have it."""
    rule = FaultRule(kind="status", path=".*/explorer", status=status)
    settings = FaultSettings(rules=(rule,))
    async with running_server(tmp_path / "other", seed=SEED, faults=settings) as refusing:
        work.write({"main.tf": backend_block(refusing.hostname, "acme", "net-")})
        with pytest.raises(SelectionError) as caught:
            await planned(work, refusing, BatchOptions(where=["module=vpc"]))

    assert str(caught.value) == (
        "where=module=vpc needs Explorer, which the server does not have, or which the token may "
        "not read: it is for owners, teams that read all workspaces or projects, and tokens of the "
        "organization"
    )
