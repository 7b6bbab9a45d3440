"""Errors and warnings of the library end with the flag or the command that helps."""

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from remote_backend import errors
from remote_backend.cli.hints import FLAGS, HINTS, message_of
from remote_backend.opening import open_backend
from remote_backend.server.seed import SeedWorkspace
from remote_backend.slug.tally import OutsideLinksWarning
from tests.support.command_line import CommandLine, write_backend
from tests.support.repositories import new_repository
from tests.support.servers import running_server
from tests.support.state_commands import state

DEV = {"TF_WORKSPACE": "dev"}


async def as_it_is(command_line: CommandLine) -> None:
    """Change nothing."""


async def without_files(command_line: CommandLine) -> None:
    """Remove the configuration."""
    (command_line.directory / "main.tf").unlink()


async def with_another_block(command_line: CommandLine) -> None:
    """Configure the directory, and change the block afterwards."""
    await command_line.run("init", **DEV)
    write_backend(command_line, lambda text: text.replace("networking-", "other-"))


async def with_a_broken_record(command_line: CommandLine) -> None:
    """Leave a record of the backend that is not JSON."""
    (command_line.directory / ".terraform").mkdir()
    (command_line.directory / ".terraform/terraform.tfstate").write_text("{")


async def without_tokens(command_line: CommandLine) -> None:
    """Have a CLI configuration without tokens."""
    command_line.server.cli_config_file.write_text("")


async def with_a_stale_login(command_line: CommandLine) -> None:
    """Have a token from a login that the server does not accept."""
    text = command_line.server.cli_config_file.read_text()
    (command_line.directory.parent / ".terraform.d").mkdir()
    stored = {"credentials": {command_line.server.hostname: {"token": "stale"}}}
    path = command_line.directory.parent / ".terraform.d/credentials.tfrc.json"
    path.write_text(json.dumps(stored))
    (command_line.directory.parent / ".terraformrc").write_text(
        text.replace("token", "other")
    )


async def with_a_server_of_http(command_line: CommandLine) -> None:
    """Leave the host block out that says where the server without TLS is."""
    configuration = json.loads(command_line.server.cli_config_file.read_text())
    del configuration["host"]
    command_line.server.cli_config_file.write_text(json.dumps(configuration))


async def with_a_missing_name(command_line: CommandLine) -> None:
    """Name one workspace that the server does not have."""
    write_backend(
        command_line, lambda text: text.replace('prefix = "networking-"', 'name = "gone"')
    )


async def with_an_unused_prefix(command_line: CommandLine) -> None:
    """Use a prefix that no workspace has."""
    write_backend(command_line, lambda text: text.replace("networking-", "unused-"))


async def with_a_lock(command_line: CommandLine) -> None:
    """Lock the workspace dev, and have a state to push."""
    (command_line.directory / "next.tfstate").write_bytes(state(4).data)
    async with open_backend(
        command_line.directory, environ=command_line.environ()
    ) as backend:
        workspace = (await backend.workspace("dev")).remote
        await backend.connection.client.lock_workspace(workspace.id, "deploy")


async def with_a_state(command_line: CommandLine) -> None:
    """Store a state in dev, and have an earlier one to push."""
    (command_line.directory / "next.tfstate").write_bytes(state(2).data)
    async with open_backend(
        command_line.directory, environ=command_line.environ()
    ) as backend:
        await backend.push_state(state(3), "dev")


async def with_a_deep_state(command_line: CommandLine) -> None:
    """Have a file with a state whose value is nested deeply."""
    document = json.loads(state(3, deep="x").data)
    document["outputs"]["deep"] = {"value": None, "type": "dynamic"}
    nested = "[" * 800 + "]" * 800
    text = json.dumps(document).replace('"value": null', f'"value": {nested}')
    (command_line.directory / "deep.tfstate").write_text(text)


async def with_a_repository(command_line: CommandLine) -> None:
    """Put the directory of the configuration into a repository without a remote."""
    new_repository(command_line.directory.parent / "repository", {"a.md": ""})
    (command_line.directory.parent / "repository/.git").rename(
        command_line.directory / ".git"
    )


async def with_a_batch(command_line: CommandLine) -> None:
    """Plan a batch that has a variable."""
    await command_line.run("plan", "-select=dev", "-var=size=2", "-detach")


Prepare = Callable[[CommandLine], Awaitable[None]]
CASES: list[tuple[type[Exception], Prepare, str, dict[str, str], str]] = [
    (errors.NoConfigurationFiles, without_files, "plan", DEV, "or use -chdir=DIR"),
    (
        errors.BackendChanged,
        with_another_block,
        "plan",
        DEV,
        "the directory (workspaces.prefix); run `remote-backend init -migrate-state` to move states "
        "along, or `init -reconfigure`",
    ),
    (
        errors.BadBackendRecord,
        with_a_broken_record,
        "plan",
        DEV,
        "run `remote-backend init -reconfigure`, which writes it anew",
    ),
    (
        errors.FolderInUse,
        as_it_is,
        "serve -engine=simulated -data=../data",
        {},
        "in use by another server; stop it, or choose another folder with -data=DIR",
    ),
    (
        errors.PlainTraffic,
        as_it_is,
        "serve -engine=simulated -listen=0.0.0.0:0 -data=../other",
        {},
        "over the network; serve HTTPS with -tls, or allow HTTP behind a proxy that adds it with "
        "-plain-http",
    ),
    (
        errors.StateLocked,
        with_a_lock,
        "state push next.tfstate",
        DEV,
        "(deploy); wait with -lock-timeout=5m, or, if nobody works on it any more, "
        "`remote-backend force-unlock acme/networking-dev` takes the lock away",
    ),
    (
        errors.OtherState,
        with_a_state,
        "state push next.tfstate",
        DEV,
        "overwrite it with -force; `remote-backend state pull` shows the one there",
    ),
    (
        errors.WorkspaceManagesResources,
        with_a_state,
        "workspace delete dev",
        {},
        "Destroy them first; -force deletes the workspace and forgets them",
    ),
    (
        errors.NestedTooDeeply,
        with_a_deep_state,
        "show -json deep.tfstate",
        {},
        "as JSON; `remote-backend state pull` writes the whole state as it is",
    ),
    (
        errors.NoBatches,
        as_it_is,
        "batches show",
        {},
        "there is no batch yet; `remote-backend plan -all` makes one",
    ),
    (
        errors.BaseUnknown,
        with_a_repository,
        "plan -changed-since",
        {"PATH": os.environ["PATH"]},
        "no branch origin/HEAD; give one, as in -compare=REF or -changed-since=REF, or let `git "
        "remote set-head origin -a` make origin/HEAD",
    ),
    (
        errors.VariablesDiffer,
        with_a_batch,
        "batches resume",
        {},
        "give the same -var and -var-file again",
    ),
    (
        errors.VariableWithoutValue,
        as_it_is,
        "plan -var=size",
        DEV,
        "-var has a value without '='; write -var 'NAME=VALUE'; -var-file=FILE takes a file",
    ),
    (
        errors.NoToken,
        without_tokens,
        "plan",
        DEV,
        "stores one (looked in: ",
    ),
    (
        errors.PlainHttp,
        with_a_server_of_http,
        "plan",
        DEV,
        "does not speak TLS; for `remote-backend serve`, set TF_CLI_CONFIG_FILE to the file that "
        "it names, or serve with -tls",
    ),
    (
        errors.NotAuthorized,
        with_a_stale_login,
        "plan",
        {**DEV, "TF_CLI_CONFIG_FILE": ""},
        "of another host; `remote-backend login localhost:",
    ),
    (
        errors.NoSuchWorkspace,
        with_a_missing_name,
        "plan",
        {},
        "`remote-backend workspace new gone` makes it",
    ),
    (
        errors.NoWorkspaces,
        with_an_unused_prefix,
        "plan -all",
        {},
        "check the prefix; `remote-backend workspace new NAME` makes one",
    ),
    (
        errors.NoWorkspaceSelected,
        as_it_is,
        "plan",
        {},
        "or use `remote-backend workspace select NAME`, or -all where a command has it",
    ),
    (
        errors.RunOptionsError,
        as_it_is,
        "plan -destroy -refresh-only",
        DEV,
        "-destroy and -refresh-only exclude each other; choose one",
    ),
    (
        errors.RunOptionsError,
        as_it_is,
        "plan -refresh-only -refresh=false",
        DEV,
        "-refresh-only needs a refresh; leave -refresh=false out",
    ),
    (
        errors.RunOptionsError,
        as_it_is,
        "plan -refresh-only -replace=a.b",
        DEV,
        "-refresh-only replaces nothing; leave -replace out",
    ),
    (
        errors.RunOptionsError,
        as_it_is,
        "plan -destroy -replace=a.b",
        DEV,
        "-destroy replaces nothing; leave -replace out",
    ),
    (
        errors.RunOptionsError,
        as_it_is,
        "plan -var-file=gone.tfvars",
        DEV,
        "-var-file gone.tfvars: ",
    ),
    (
        errors.SettingsError,
        as_it_is,
        "init -backend-config=gone.hcl",
        {},
        "-backend-config=gone.hcl cannot be read: ",
    ),
    (
        errors.SelectionError,
        as_it_is,
        "plan -select=x*",
        {},
        "-select=x* matches no workspace; there are dev, eu-7, prod",
    ),
]
# Shown by tests that need more than a command: a run that holds a lock, a write that fails.
SHOWN_ELSEWHERE = {
    errors.LockedByRun: "state/test_locks.py",
    errors.LockError: "state/test_locks.py",
    errors.MigrationStopped: "state/test_migration.py",
    errors.StateUnconfirmed: "state/test_errored_state.py",
    errors.StateUnreadable: "state/test_locks.py",
}


@pytest.mark.parametrize(
    ("prepare", "command", "environ", "message"),
    [case[1:] for case in CASES],
    ids=[f"{kind.__name__}: {command}" for kind, _, command, _, _ in CASES],
)
async def test_a_command_names_what_helps(
    prepare: Prepare,
    command: str,
    environ: dict[str, str],
    message: str,
    command_line: CommandLine,
) -> None:
    """The message of a command ends with its own flag, or with another command."""
    await prepare(command_line)

    done = await command_line.run(*command.split(), **environ)

    assert done.code == 1
    assert message in done.err
    assert done.out == ""


async def test_a_warning_names_the_flag(command_line: CommandLine) -> None:
    """A link that leads out is uploaded, and the flag that refuses it is named."""
    (command_line.directory / "out").symlink_to(command_line.data)

    done = await command_line.run("plan", "-json", **DEV)

    assert "; -refuse-outside-links refuses such links" in done.out
    assert "refuse_outside_links" not in done.out + done.err


def test_each_hint_is_shown_by_a_test() -> None:
    """A hint for a new class needs a case here."""
    assert {kind for kind, *_ in CASES if kind in HINTS} | set(SHOWN_ELSEWHERE) == set(
        HINTS
    )


def test_a_hint_without_its_fact_is_left_out() -> None:
    """No command is advised with a blank in place of a name."""
    assert message_of(errors.NoSuchWorkspace("none")) == "none"
    assert message_of(errors.StateLocked("a file is locked")) == "a file is locked"


def test_the_hint_of_a_cause_follows_once() -> None:
    """The text of an error often holds that of its cause, but not the hint."""
    cause = errors.NoBatches("there is no batch")
    error = errors.SelectionError("nothing can be shown: there is no batch")
    error.__cause__ = cause

    assert message_of(error) == (
        "nothing can be shown: there is no batch; `remote-backend plan -all` makes one"
    )
    error.__cause__ = errors.NoBatches("again")
    error.__cause__.__cause__ = cause
    assert message_of(error).count("plan -all") == 1


@pytest.mark.parametrize("parameter", FLAGS)
def test_a_parameter_becomes_its_flag(parameter: str) -> None:
    """Only the words that an error declares are replaced."""
    text = f"leave {parameter} out"

    declared = errors.RunOptionsError(text, parameters=(parameter,))
    assert message_of(declared) == f"leave {FLAGS[parameter]} out"
    assert message_of(errors.RunOptionsError(text)) == text


def test_only_the_declared_parameter_of_a_warning_becomes_a_flag() -> None:
    """A warning is a text, with or without parameters."""
    text = "links; refuse_outside_links refuses them"

    assert message_of(text) == text
    assert (
        message_of(OutsideLinksWarning(text)) == "links; -refuse-outside-links refuses them"
    )


async def test_the_reason_of_a_stopped_run_names_the_flag(
    tmp_path: Path, seed: list[SeedWorkspace]
) -> None:
    """A run that waits for the only worker longer than allowed is stopped."""
    async with running_server(
        tmp_path,
        seed=seed,
        workers=1,
    ) as server:
        busy = CommandLine(server, tmp_path / "slow", tmp_path / "data")
        busy.directory.mkdir()
        write_backend(busy, lambda text: text.replace("networking-", "slow-"))
        await busy.run("plan", "-select=a", "-detach")

        done = await busy.run("plan", "-select=b", "-queue-timeout=300ms")

    assert "it still waited (pending) after -queue-timeout=0.3s" in done.out + done.err


def test_a_hint_takes_the_place_of_the_advice_for_programs() -> None:
    """A program reads of parameters, and a reader of the command line of flags."""
    locked = errors.StateLocked("locked", lock_id="acme/dev", advice="call break_lock")

    assert str(locked) == "locked; call break_lock"
    assert "break_lock" not in message_of(locked)
    assert message_of(locked).startswith("locked; wait with -lock-timeout=5m")
    unknown = errors.StateLocked("locked", advice="wait until it ends")
    assert message_of(unknown) == "locked; wait until it ends"
