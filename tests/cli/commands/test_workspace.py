"""The commands `workspace`, `init`, `login` and `logout` as processes."""

import json
import stat
import sys
from pathlib import Path

import anyio
import pytest

from remote_backend.cli.terraform_flags import with_environ
from remote_backend.engine.program import released_terraform
from remote_backend.errors import RunOptionsError
from remote_backend.server.seed import SeedWorkspace
from tests.support.command_line import CommandLine, records_of, rows_of, write_backend
from tests.support.paths import REPOSITORY
from tests.support.servers import running_server


async def test_workspaces_of_a_prefix(command_line: CommandLine) -> None:
    """Listed, selected, made and deleted by short names; Terraform's file tells the selected."""
    selected = await command_line.run("workspace", "select", "prod")
    listed = await command_line.run("workspace", "list")
    made = await command_line.run("workspace", "new", "eu-8")
    shown = await command_line.run("workspace", "show")
    refused = await command_line.run("workspace", "delete", "eu-8")
    await command_line.run("workspace", "select", "dev")
    deleted = await command_line.run("workspace", "delete", "eu-8")

    assert selected.code == 0, selected.err
    assert listed.out == "  dev\n  eu-7\n* prod\n"
    assert (made.code, shown.out) == (0, "eu-8\n")
    assert refused.code == 1 and "eu-8 is selected" in refused.err
    assert deleted.code == 0, deleted.err
    assert (command_line.directory / ".terraform" / "environment").read_bytes() == b"dev"
    names = {one["name"] for one in records_of(command_line, "workspace")}
    assert "networking-eu-8" not in names and "networking-dev" in names


async def test_name_mode_explains_itself(command_line: CommandLine) -> None:
    """The one workspace is `default`; other names are told what to do (P91)."""
    write_backend(
        command_line, lambda text: text.replace('prefix = "networking-"', 'name = "other"')
    )

    listed = await command_line.run("workspace", "list")
    selected = await command_line.run("workspace", "select", "default")
    new = await command_line.run("workspace", "new", "x")
    default = await command_line.run("workspace", "new", "default")
    deleted = await command_line.run("workspace", "delete", "default")

    assert listed.out == "* default\n"
    assert selected.code == 0
    for done in (new, default, deleted):
        assert done.code == 1
        assert "the one workspace" in done.err and "other" in done.err


async def test_init_makes_the_one_workspace_of_name_mode(command_line: CommandLine) -> None:
    """As Terraform does; before that a plan says how, and none is made by reading (W9)."""
    write_backend(
        command_line, lambda text: text.replace('prefix = "networking-"', 'name = "fresh"')
    )

    planned = await command_line.run("plan")
    listed = await command_line.run("workspace", "list")
    init = await command_line.run("init", "-input=false")
    again = await command_line.run("init", "-input=false")

    assert planned.code == 1
    for done in (planned, listed):
        assert "no workspace fresh" in done.err
        assert "`remote-backend workspace new fresh` makes it" in done.err
    assert init.code == 0, init.err
    assert "Made the workspace fresh" in init.err
    assert "Made" not in again.err
    names = [one["name"] for one in records_of(command_line, "workspace")]
    assert names.count("fresh") == 1


async def test_a_cloud_block_takes_everything_from_variables(
    command_line: CommandLine,
) -> None:
    """The workspace that TF_WORKSPACE names is planned, and not made by init (P131)."""
    (command_line.directory / "main.tf").write_text("terraform {\n  cloud {}\n}\n")
    variables = {
        "TF_CLOUD_HOSTNAME": command_line.server.hostname,
        "TF_CLOUD_ORGANIZATION": "acme",
    }

    planned = await command_line.run("plan", **variables, TF_WORKSPACE="other")
    missing = await command_line.run("init", **variables, TF_WORKSPACE="fresh")
    made = await command_line.run(
        "workspace", "new", "fresh", **variables, TF_WORKSPACE="fresh"
    )
    open_ = await command_line.run("plan", **variables)

    assert planned.code == 0, planned.err
    assert missing.code == 1 and "no workspace fresh" in missing.err
    assert made.code == 0, made.err
    assert open_.code == 1 and "or set TF_WORKSPACE=NAME" in open_.err


async def test_a_new_workspace_of_name_mode_is_default_for_terraform(
    command_line: CommandLine,
) -> None:
    """With its own name in .terraform/environment, Terraform would refuse to work (N19)."""
    write_backend(
        command_line, lambda text: text.replace('prefix = "networking-"', 'name = "fresh"')
    )

    made = await command_line.run("workspace", "new", "fresh")

    assert made.code == 0, made.err
    assert made.out.startswith("Made and selected default (fresh)")
    assert (
        command_line.directory / ".terraform" / "environment"
    ).read_bytes() == b"default"


async def test_a_new_workspace_has_the_version_of_the_engine(
    command_line: CommandLine,
) -> None:
    """That of the Terraform that is found, and the message says so (W5)."""
    version = released_terraform({"PATH": ""})
    assert version is not None

    made = await command_line.run("workspace", "new", "eu-8")
    chosen = await command_line.run("workspace", "select", "-or-create", "eu-9")

    assert f"it plans with Terraform {version}, as is installed here." in made.out
    assert f"which was made; it plans with Terraform {version}" in chosen.out
    versions = {
        one["name"]: one["terraform_version"]
        for one in records_of(command_line, "workspace")
    }
    assert versions["networking-eu-8"] == versions["networking-eu-9"] == version


async def test_a_state_that_moves_makes_a_workspace_of_that_version(
    command_line: CommandLine,
) -> None:
    """init names the version too, so that commands of Terraform work there afterwards (W5)."""
    write_backend(
        command_line, lambda text: text.replace('prefix = "networking-"', 'name = "fresh"')
    )
    state = {
        "version": 4,
        "terraform_version": "1.0.0",
        "serial": 1,
        "lineage": "l",
        "outputs": {"a": {"value": "b", "type": "string"}},
        "resources": [],
    }
    (command_line.directory / "terraform.tfstate").write_text(json.dumps(state))

    done = await command_line.run("init", "-input=false", "-force-copy")

    assert done.code == 0, done.err
    (made,) = [
        one for one in records_of(command_line, "workspace") if one["name"] == "fresh"
    ]
    assert made["terraform_version"] == released_terraform({"PATH": ""})


async def test_an_empty_name_reaches_no_workspace(command_line: CommandLine) -> None:
    """The workspace that is called like the prefix is not meant, by no command (P85)."""
    write_backend(command_line, lambda text: text.replace("networking-", "other"))
    before = records_of(command_line, "workspace")
    for arguments in (
        ("select", ""),
        ("select", "-or-create", ""),
        ("delete", ""),
        ("new", ""),
    ):
        done = await command_line.run("workspace", *arguments)
        assert done.code == 1, arguments
        assert "''" in done.err
    planned = await command_line.run("plan", TF_WORKSPACE=" ")

    assert planned.code == 1 and "' ' is not the name of a workspace" in planned.err
    assert records_of(command_line, "workspace") == before


@pytest.mark.parametrize(
    ("arguments", "environ", "told"),
    [
        (("select", "nowhere"), {}, "-or-create makes it"),
        (("select", "dev"), {"TF_WORKSPACE": "prod"}, "unset it first"),
        (("new", "x"), {"TF_WORKSPACE": "prod"}, "unset it first"),
        (("new", "dev"), {}, "exists already (networking-dev)"),
        (("new", "default"), {}, "choose another"),
        (("new", "a b"), {}, "is not a valid name of a workspace"),
        (("new", "networking-x"), {}, "leave the prefix out"),
        (("new", "-state=missing.tfstate", "x"), {}, "cannot be read"),
        (("delete", "nowhere"), {}, "does not exist"),
        (("new",), {}, "Missing argument"),
    ],
)
async def test_what_is_wrong_is_told_and_makes_nothing(
    arguments: tuple[str, ...],
    environ: dict[str, str],
    told: str,
    command_line: CommandLine,
) -> None:
    """One message, exit code 1, the same workspaces as before (P84, P86)."""
    before = records_of(command_line, "workspace")
    done = await command_line.run("workspace", *arguments, **environ)

    assert done.code == 1
    assert told in done.err and "Traceback" not in done.err
    assert records_of(command_line, "workspace") == before


async def test_reading_never_makes_a_workspace(command_line: CommandLine) -> None:
    """Terraform makes what TF_WORKSPACE names; here it is an error (P94)."""
    before = records_of(command_line, "workspace")
    for command in (
        ("plan",),
        ("workspace", "list"),
        ("init",),
        ("output",),
        ("state", "list"),
    ):
        await command_line.run(*command, TF_WORKSPACE="missing")
    assert records_of(command_line, "workspace") == before


async def test_or_create_makes_and_selects(command_line: CommandLine) -> None:
    """Once; the second time it only selects."""
    for _ in range(2):
        done = await command_line.run("workspace", "select", "-or-create", "new-one")
        assert done.code == 0, done.err
    names = [one["name"] for one in records_of(command_line, "workspace")]
    assert names.count("networking-new-one") == 1


async def test_a_workspace_with_resources_is_kept(command_line: CommandLine) -> None:
    """A state comes with -state; deleting it needs -force, which tells what is forgotten (P117)."""
    state = {
        "version": 4,
        "serial": 1,
        "lineage": "l",
        "outputs": {},
        "resources": [
            {
                "mode": "managed",
                "type": "aws_vpc",
                "name": "main",
                "provider": "p",
                "instances": [{"attributes": {}}],
            }
        ],
    }
    (command_line.directory / "old.tfstate").write_text(json.dumps(state))
    made = await command_line.run("workspace", "new", "-state=old.tfstate", "kept")
    await command_line.run("workspace", "select", "dev")
    refused = await command_line.run("workspace", "delete", "kept")
    forced = await command_line.run("workspace", "delete", "-force", "kept")

    assert made.code == 0, made.err
    assert refused.code == 1 and "aws_vpc.main" in refused.err
    assert forced.code == 0 and "1 resources that it managed live on" in forced.err
    # The refused one has left no lock behind.
    assert not [one for one in records_of(command_line, "workspace") if one["locked_by"]]


async def test_init_selects_the_only_workspace(command_line: CommandLine) -> None:
    """Of several one must be named when nobody can be asked; the backend is configured (P87)."""
    several = await command_line.run("init", "-input=false")
    write_backend(command_line, lambda text: text.replace("networking-", "ot"))
    changed = await command_line.run("init", "-input=false")
    single = await command_line.run("init", "-input=false", "-reconfigure")

    assert several.code == 1
    assert "set TF_WORKSPACE to one of dev, eu-7, prod" in several.err
    assert (command_line.directory / ".terraform" / "terraform.tfstate").exists()
    assert changed.code == 1 and "-migrate-state" in changed.err
    assert single.code == 0, single.err
    assert (await command_line.run("workspace", "show")).out == "her\n"


async def test_init_takes_what_the_block_leaves_out(command_line: CommandLine) -> None:
    """A file, then pairs; later commands know it from the record."""
    (command_line.directory / "main.tf").write_text(
        'terraform {\n  backend "remote" {}\n}\n'
    )
    (command_line.directory / "net.hcl").write_text(
        'workspaces {\n  prefix = "networking-"\n}\n'
    )
    given = [
        "-backend-config=net.hcl",
        "-backend-config=organization=acme",
        f"-backend-config=hostname={command_line.server.hostname}",
    ]
    first = await command_line.run("init", "-input=false", *given, TF_WORKSPACE="dev")
    again = await command_line.run("init", "-input=false", TF_WORKSPACE="dev")
    listed = await command_line.run("workspace", "list")

    assert first.code == 0, first.err
    assert again.code == 0, again.err
    assert listed.out.split() == ["dev", "eu-7", "prod"]


async def test_a_token_is_stored_and_forgotten(command_line: CommandLine) -> None:
    """From standard input, for its owner alone, beside what else is in the file (P106)."""
    home = command_line.directory.parent
    path = home / ".terraform.d" / "credentials.tfrc.json"
    path.parent.mkdir()
    path.write_text('{"credentials": {"other.test": {"token": "kept"}}, "more": 1}')

    async def login(host: str, text: str) -> tuple[int, str]:
        done = await anyio.run_process(
            [*command_line.command("login", host)],
            input=text.encode(),
            cwd=command_line.directory,
            env=command_line.environ(PYTHONPATH=str(REPOSITORY)),
            check=False,
        )
        return done.returncode, (done.stdout + done.stderr).decode()

    code, told = await login("TFE.test:443", " the-token\n")
    assert (code, "the-token" in told) == (0, False), told
    assert json.loads(path.read_text()) == {
        "credentials": {
            "other.test": {"token": "kept"},
            "tfe.test": {"token": "the-token"},
        },
        "more": 1,
    }
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for bad in ("", "two words\n", "caf\u00e9\n"):
        code, told = await login("tfe.test", bad)
        assert code == 1 and "token" in told and "words" not in told and "caf" not in told
    assert (await login("xn--x", "t\n"))[0] == 1
    out = await command_line.run("logout", "tfe.test")
    assert out.code == 0
    assert "tfe.test" not in path.read_text() and "other.test" in path.read_text()
    assert "was stored" in (await command_line.run("logout", "tfe.test")).out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["plan", "-all"], ["plan", "-a", "-b c", "-g", "-all"]),
        (["-chdir=x", "plan"], ["-chdir=x", "plan", "-a", "-b c", "-g"]),
        (["-chdir", "x", "plan"], ["-chdir", "x", "plan", "-a", "-b c", "-g"]),
        (["workspace", "show"], ["workspace", "show", "-w", "-g"]),
        (["workspace"], ["workspace", "-g"]),
        (["force-unlock", "x"], ["force-unlock", "-f", "-g", "x"]),
        ([], []),
        (["-version"], ["-version"]),
    ],
)
def test_arguments_of_the_environment(arguments: list[str], expected: list[str]) -> None:
    """Those of the command, then those of all, then what was typed."""
    environ = {
        "TF_CLI_ARGS": "-g",
        "TF_CLI_ARGS_plan": "-a '-b c'",
        "TF_CLI_ARGS_workspace_show": "-w",
        "TF_CLI_ARGS_force_unlock": "-f",
    }
    assert with_environ(arguments, environ) == expected


def test_open_quotes_are_told() -> None:
    """With the name of the variable."""
    with pytest.raises(RunOptionsError, match="TF_CLI_ARGS_plan cannot be split"):
        with_environ(["plan"], {"TF_CLI_ARGS_plan": "'-a"})


async def test_variables_change_commands(command_line: CommandLine) -> None:
    """TF_CLI_ARGS_plan counts, and TF_INPUT=0 asks nothing."""
    planned = await command_line.run(
        "plan", TF_CLI_ARGS_plan="-select=dev -detailed-exitcode"
    )
    assert planned.code == 2, planned.err
    asked = await command_line.run("init", TF_INPUT="0")
    assert asked.code == 1 and "Nobody can be asked" in asked.err


async def test_tags_choose_workspaces(tmp_path: Path) -> None:
    """A cloud block with tags means all that have them, under their full names."""
    directory = tmp_path / "networking"
    directory.mkdir()
    async with running_server(
        tmp_path,
        seed=[
            SeedWorkspace(name="one", tags=("net", "eu")),
            SeedWorkspace(name="two", tags=("net",)),
            SeedWorkspace(name="three"),
        ],
    ) as server:
        command_line = CommandLine(server, directory, tmp_path / "data")
        (directory / "main.tf").write_text(
            f'terraform {{\n  cloud {{\n    hostname = "{server.hostname}"\n'
            '    organization = "acme"\n    workspaces {\n      tags = ["net"]\n    }\n  }\n}\n'
        )
        init = await command_line.run("init", "-input=false", TF_WORKSPACE="two")
        planned = await command_line.run("plan", "-all")
        untagged = await command_line.run("plan", TF_WORKSPACE="three")
        missing = await command_line.run("workspace", "select", "nowhere")

    assert untagged.code == 1
    assert (
        "workspace three does not have the tags of the configuration, net" in untagged.err
    )
    assert "there are one, two" in missing.err and "-or-create" not in missing.err
    assert init.code == 0, init.err
    assert sorted(rows_of(planned.out)) == ["one", "two"]
