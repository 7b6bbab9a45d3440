"""The command `plan` against a server on loopback."""

import json
import re
import signal
import sys
from collections.abc import Awaitable
from pathlib import Path

import anyio
import pytest

from remote_backend.cli.terraform_flags import Duration
from remote_backend.engine.simulated import NOTICE
from tests.support.command_line import (
    LONG_LOG,
    CommandLine,
    Finished,
    records_of,
    rows_of,
    runs_of,
    write_backend,
)
from tests.support.paths import REPOSITORY

EVERYTHING = "networking-"


async def test_all_workspaces_of_the_prefix_are_planned(command_line: CommandLine) -> None:
    """Every line stands behind its workspace, the table has a row each, and others are left (P133)."""
    done = await command_line.run("plan", "-all")

    rows = rows_of(done.out)
    assert done.code == 0
    assert sorted(rows) == ["dev", "eu-7", "prod"]
    assert rows["dev"][:4] == ["changed", "2", "1", "0"]
    assert rows["eu-7"][0] == "unchanged"
    assert "+2 ~1 -3 <-1" in done.out
    assert re.fullmatch(
        rf"http://{command_line.server.hostname}/app/acme/networking-dev/runs/run-\w+",
        rows["dev"][-1],
    )
    assert f"dev  | {NOTICE}" in done.out
    assert ": 2 changed (1 destroy), 1 unchanged\n" in done.out


async def test_the_log_of_one_plan_is_the_whole_output(command_line: CommandLine) -> None:
    """A pipe gets the log byte for byte, and everything else goes to standard error (P157)."""
    done = await command_line.run("plan", TF_WORKSPACE="prod")

    assert done.out == NOTICE + LONG_LOG.decode()
    assert "networking-prod: changed -3 <-1   " in done.err
    assert done.code == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["-all"], 0),
        (["-all", "-detailed-exitcode"], 2),
        (["-select=eu-*", "-detailed-exitcode"], 0),
        (["--select=eu-*", "--detailed-exitcode=true"], 0),
        (["-exclude=dev", "-exclude=prod", "-detailed-exitcode"], 0),
        (["-select", "dev", "-select", "prod", "-exclude", "p*", "-detailed-exitcode"], 2),
        (["-all", "-parallelism=1"], 0),
    ],
)
async def test_exit_codes_of_a_batch(
    command_line: CommandLine, arguments: list[str], code: int
) -> None:
    """0 without failures; with -detailed-exitcode 2 tells of changes in what was selected."""
    assert (await command_line.run("plan", *arguments)).code == code


async def test_one_failure_stops_nobody_and_gives_1(command_line: CommandLine) -> None:
    """The others are planned to their end, and the reason is told (P140, P17)."""
    write_backend(command_line, lambda text: text.replace(EVERYTHING, "broken-"))

    done = await command_line.run("plan", "-all", "-detailed-exitcode")

    assert done.code == 1
    assert rows_of(done.out)["one"][0] == "failed"
    assert rows_of(done.out)["two"][0] == "unchanged"
    assert "one | failed   " in done.err


async def test_name_mode_plans_its_one_workspace(command_line: CommandLine) -> None:
    """It is shown by its remote name, alone and in a batch: `default` says nothing (N41)."""
    write_backend(
        command_line, lambda text: text.replace('prefix = "networking-"', 'name = "other"')
    )

    single = await command_line.run("plan", "-report=r.json")
    batch = await command_line.run("plan", "-all", "-select=oth*")
    shown = await command_line.run("batches", "show")

    assert (single.code, batch.code) == (0, 0)
    assert list(rows_of(batch.out)) == list(rows_of(shown.out)) == ["other"]
    assert "/app/acme/other/runs/" in single.err
    report = json.loads((command_line.directory / "r.json").read_text())
    assert [workspace["name"] for workspace in report["workspaces"]] == ["other"]


async def test_the_workspace_that_terraform_selected_is_planned(
    command_line: CommandLine,
) -> None:
    """`.terraform/environment` is shared with Terraform; TF_WORKSPACE counts before it."""
    (command_line.directory / ".terraform").mkdir()
    (command_line.directory / ".terraform" / "environment").write_text("eu-7")

    selected = await command_line.run("plan", "-detailed-exitcode")
    named = await command_line.run("plan", "-detailed-exitcode", TF_WORKSPACE="dev")

    assert (selected.code, named.code) == (0, 2)


async def test_options_reach_the_run(command_line: CommandLine) -> None:
    """Targets, replacements, variables and the rest are in the run that was made (P161)."""
    (command_line.directory / "more.tfvars").write_text(
        'region = "eu"\nzones = ["a", "b"]\n'
    )

    done = await command_line.run(
        "plan",
        "-target=a.b",
        "-replace",
        "c.d",
        "-refresh=false",
        "-message=why",
        "-var=region=us",
        "-var-file=more.tfvars",
        "-var",
        'quote=a"b${c}',
        TF_WORKSPACE="dev",
    )

    assert done.code == 0, done.err
    (run,) = runs_of(command_line)
    assert run["target_addrs"] == ["a.b"]
    assert run["replace_addrs"] == ["c.d"]
    assert (run["refresh"], run["message"]) == (False, "why")
    assert dict(run["variables"]) == {
        "region": '"eu"',
        "zones": '["a", "b"]',
        "quote": '"a\\"b$${c}"',
    }


async def test_every_run_says_who_made_it(command_line: CommandLine) -> None:
    """A person, the revision and the batch, for one workspace and for many (A18)."""
    (command_line.directory / ".git").mkdir()
    (command_line.directory / ".git" / "HEAD").write_text("ref: refs/heads/topic\n")
    await command_line.run("plan", TF_WORKSPACE="dev", USER="alice")
    await command_line.run("plan", "-select=dev", USER="alice")
    await command_line.run("plan", "-select=dev", "-message=why", USER="bob")

    alone, batch, given = [run["message"] for run in runs_of(command_line)]
    assert alone == "Planned by remote-backend, alice, branch topic"
    assert re.fullmatch(
        r"Planned by remote-backend \(batch-\w+\), alice, branch topic", batch
    )
    assert re.fullmatch(r"why \(batch-\w+\), bob, branch topic", given)


async def test_destroy_and_refresh_only_reach_the_run(command_line: CommandLine) -> None:
    """Each makes another kind of plan, and both at once are refused before anything is sent."""
    await command_line.run("plan", "-destroy", TF_WORKSPACE="dev")
    await command_line.run("plan", "-refresh-only", TF_WORKSPACE="dev")
    both = await command_line.run("plan", "-destroy", "-refresh-only", TF_WORKSPACE="dev")

    runs = runs_of(command_line)
    assert [(run["is_destroy"], run["refresh_only"]) for run in runs] == [
        (True, False),
        (False, True),
    ]
    assert both.code == 1


async def test_paths_of_flags_count_from_the_directory_of_chdir(
    command_line: CommandLine,
) -> None:
    """As with Terraform: -chdir means the directory in which a command works, for its files too."""
    stack = command_line.directory / "stack"
    stack.mkdir()
    (command_line.directory / "main.tf").rename(stack / "main.tf")
    (stack / "known").write_text("aws_instance.a.tags\n")

    def in_stack(*arguments: str) -> Awaitable[Finished]:
        return command_line.run("-chdir=stack", *arguments)

    first = await in_stack("plan", "-all", "-report=plan.json", "-plan-json=plans")
    second = await in_stack("plan", "-all", "-compare=plan.json", "-ignore-drift=known")
    again = await in_stack("report", "-report=again.md")

    assert [done.code for done in (first, second, again)] == [0, 0, 0], second.err
    assert f"Wrote {Path('stack/plan.json')}." in first.err
    assert {path.name for path in stack.iterdir()} >= {"plan.json", "plans", "again.md"}
    assert [path.name for path in command_line.directory.iterdir()] == ["stack"]


@pytest.mark.parametrize(
    ("arguments", "environ", "problem"),
    [
        (["plan"], {}, "no workspace is selected"),
        (["plan"], {"TF_WORKSPACE": "nope"}, "workspace nope does not exist"),
        (
            ["plan", "-select=x*"],
            {},
            "-select=x* matches no workspace; there are dev, eu-7, prod",
        ),
        (["plan", "-all", "-exclude=*"], {}, "no workspace is left to plan"),
        (["plan", "-all", "-out=x"], {}, "-out is refused"),
        (["plan", "-all", "-parallelism=0"], {}, "-parallelism=0 is not at least 1"),
        (["plan", "-var=x"], {"TF_WORKSPACE": "dev"}, "-var"),
        (["plan", "-var-file=gone.tfvars"], {"TF_WORKSPACE": "dev"}, "gone.tfvars"),
        (["plan", "-all", "saved.plan"], {}, "plan takes no argument"),
        (["plan", "-frob"], {}, "-frob"),
        (["apply"], {}, "apply is refused"),
        (["apply", "-auto-approve"], {}, "apply is refused"),
        (["destroy"], {}, "destroy is refused"),
        (["import", "a.b", "id"], {}, "import is refused"),
        (["frob"], {}, "frob"),
        (["-chdir=nowhere", "plan"], {}, "nowhere is not a directory"),
    ],
)
async def test_bad_input_gives_one_message_and_makes_nothing(
    command_line: CommandLine, arguments: list[str], environ: dict[str, str], problem: str
) -> None:
    """Exit code 1, the input and the problem in one message, no traceback, nothing remote."""
    done = await command_line.run(*arguments, **environ)

    assert done.code == 1
    assert done.out == ""
    assert done.err.startswith("Error: ") and done.err.count("Error") == 1
    assert problem in done.err
    assert_nothing_was_made(command_line)


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ('"acme"', '"nobody"', "organization 'nobody' does not exist on localhost"),
        ('"acme"', '"nobody"', "may not see it; it sees acme"),
        ('"acme"', '"acmee"', "may not see it; did you mean acme? It sees acme"),
        ('organization = "acme"', "", "organization"),
        (EVERYTHING, "nothing-", "no workspace whose name starts with nothing-"),
        ("networking-", "${var.x}", "main.tf:6"),
        ('backend "remote"', 'backend "s3"', "s3"),
        ("backend", "blackened", 'no backend "remote" block'),
        ("{", "[", "main.tf"),
    ],
)
async def test_a_bad_block_gives_one_message(
    command_line: CommandLine, before: str, after: str, problem: str
) -> None:
    """What the configuration says wrong is told with its place."""
    write_backend(command_line, lambda text: text.replace(before, after))

    done = await command_line.run("plan", "-all")

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("Error: ") and done.err.count("Error") == 1
    assert problem in done.err
    assert_nothing_was_made(command_line)


async def test_no_configuration_gives_one_message(command_line: CommandLine) -> None:
    """An empty directory is named, and what to do."""
    (command_line.directory / "main.tf").unlink()

    done = await command_line.run("plan", "-all")

    assert done.code == 1
    assert "has no Terraform configuration" in done.err


async def test_hosts_that_are_none_give_one_message(command_line: CommandLine) -> None:
    """Nothing listens, a certificate is missing, or the name does not resolve."""
    host = command_line.server.hostname
    write_backend(command_line, lambda text: text.replace(host, "localhost:1"))
    down = await command_line.run(
        "plan", "-all", TF_TOKEN_localhost="x", TF_CLI_CONFIG_FILE="none"
    )
    config = command_line.directory.parent / "down.tfrc"
    config.write_text('credentials "localhost:1" { token = "secret-token" }\n')
    closed = await command_line.run("plan", "-all", TF_CLI_CONFIG_FILE=str(config))
    write_backend(command_line)
    plain = await command_line.run(
        "plan", "-all", TF_CLI_CONFIG_FILE=str(no_host_block(command_line))
    )

    assert "no token" in down.err
    assert "localhost:1" in closed.err and "secret-token" not in closed.err
    assert host in plain.err
    assert {down.code, closed.code, plain.code} == {1}
    assert not [one for one in (down, closed, plain) if "Traceback" in one.err]


async def test_a_wrong_token_gives_one_message(command_line: CommandLine) -> None:
    """The host is named and the token is not."""
    config = command_line.directory.parent / "wrong.tfrc"
    text = command_line.server.cli_config_file.read_text()
    config.write_text(text.replace(command_line.server.token, "wrong-secret-token"))

    done = await command_line.run("plan", "-all", TF_CLI_CONFIG_FILE=str(config))

    assert done.code == 1
    assert "does not accept the token" in done.err
    assert "wrong-secret-token" not in done.err
    assert_nothing_was_made(command_line)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are a matter of POSIX")
@pytest.mark.parametrize(("name", "code"), [("INT", 130), ("TERM", 143), ("HUP", 129)])
async def test_an_interrupt_cancels_every_run(
    command_line: CommandLine, name: str, code: int
) -> None:
    """No run is left behind; table, report and journal know it, and the exit code (P25, A3)."""
    write_backend(command_line, lambda text: text.replace(EVERYTHING, "slow-"))
    process = await anyio.open_process(
        command_line.command("plan", "-all", "-report=r.json"),
        cwd=command_line.directory,
        env={**command_line.environ(), "PYTHONPATH": str(REPOSITORY)},
    )
    async with process:
        assert process.stdout is not None and process.stderr is not None
        seen = b""
        while seen.count(b"simulated") < 2:
            seen += await process.stdout.receive()
        process.send_signal(getattr(signal, f"SIG{name}"))
        rest = b"".join([data async for data in process.stdout])
        notes = b"".join([data async for data in process.stderr])
        await process.wait()
    shown = await command_line.run("batches", "show")
    canceled = await command_line.run("batches", "cancel")

    assert process.returncode == code
    assert b"Stopping: the runs that are still going are canceled." in notes
    assert re.search(rb"^2 workspaces in \S+: 2 canceled$", rest, re.MULTILINE)
    assert [row[0] for row in rows_of(shown.out).values()] == ["canceled"] * 2
    assert (canceled.code, canceled.out) == (0, "")
    told = json.loads((command_line.directory / "r.json").read_text())["workspaces"]
    assert [one["result"] for one in told] == ["canceled"] * 2
    with anyio.fail_after(10):
        while {run["status"] for run in runs_of(command_line)} != {"canceled"}:
            await anyio.lowlevel.checkpoint()


def no_host_block(command_line: CommandLine) -> Path:
    """Return a CLI configuration with credentials alone, so that discovery is asked."""
    document = json.loads(command_line.server.cli_config_file.read_text())
    path = command_line.directory.parent / "credentials.tfrc"
    path.write_text(json.dumps({"credentials": document["credentials"]}))
    return path


def assert_nothing_was_made(command_line: CommandLine) -> None:
    """Fail when the server has a run or a configuration version."""
    assert runs_of(command_line) == []
    assert records_of(command_line, "configuration-version") == []


@pytest.mark.parametrize(
    "flag", ["-lock-timeout=soon", "-queue-timeout=5", "-queue-timeout="]
)
async def test_a_duration_needs_a_unit(flag: str, command_line: CommandLine) -> None:
    """As Terraform reads them; what is wrong is told and nothing is planned."""
    done = await command_line.run("plan", "-all", flag)

    assert done.code == 1
    assert "is not a duration; write for example 30s or 1m30s" in done.err
    assert runs_of(command_line) == []


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("0s", 0),
        ("90s", 90),
        ("1m30s", 90),
        ("1.5h", 5400),
        (".5s", 0.5),
        ("20ms", 0.02),
    ],
)
def test_durations_are_those_of_terraform(text: str, seconds: float) -> None:
    """Numbers with units, one after the other."""
    assert Duration().convert(text, None, None) == pytest.approx(seconds)
