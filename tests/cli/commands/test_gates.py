"""Gates: commands that end with 3 for what a plan would do, and say why in every output."""

import json
from xml.etree import ElementTree

import pytest

from tests.support.command_line import CommandLine, records_of, write_backend

ALL = ("plan", "-all")
DESTROYS = "destroy: 1 workspace"


async def test_a_gate_that_fails_is_named_in_every_output(
    command_line: CommandLine,
) -> None:
    """Exit code 3, a section of the summary, and the rule in each report (looks.md 8)."""
    folder = command_line.directory
    done = await command_line.run(
        *(*ALL, "-fail-on=destroy", "-fail-on=forget", "-report=r.md", "-report=r.json"),
        *("-report=r.html", "-report=r.xml"),
        GITHUB_OUTPUT=str(folder / "outputs"),
    )

    assert done.code == 3
    assert f"\nGATES\n   {DESTROYS}\n" in done.out
    markdown = (folder / "r.md").read_text()
    assert ", 1 gate failed\n" in markdown and f"- {DESTROYS}\n" in markdown
    assert f"<li>{DESTROYS}</li>" in (folder / "r.html").read_text()
    assert json.loads((folder / "r.json").read_text())["gates"] == [
        {
            "rule": "destroy",
            "failed": True,
            "count": 3,
            "workspaces": ["prod"],
            "cannot_tell": [],
        },
        {
            "rule": "forget",
            "failed": False,
            "count": 0,
            "workspaces": [],
            "cannot_tell": [],
        },
    ]
    suite = ElementTree.parse(folder / "r.xml").getroot()[0]
    failed = suite.find("testcase[@name='gate destroy']/failure")
    assert failed is not None and failed.get("message") == DESTROYS
    assert (suite.get("tests"), suite.get("failures")) == ("5", "1")
    assert 'gates=["destroy"]\n' in (folder / "outputs").read_text()


async def test_programs_read_gates_in_the_last_event(command_line: CommandLine) -> None:
    """With the exit code that they lead to."""
    done = await command_line.run(*ALL, "-json", "-fail-on=destroy>2", "-fail-on=destroy>3")
    last = json.loads(done.out.splitlines()[-1])
    assert (done.code, last["type"], last["exit_code"]) == (3, "batch_finished", 3)
    assert [(gate["rule"], gate["failed"]) for gate in last["gates"]] == [
        ("destroy>2", True),
        ("destroy>3", False),
    ]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((*ALL, "-fail-on=replace"), 0),
        ((*ALL, "-fail-on=replace", "-detailed-exitcode"), 2),
        ((*ALL, "-fail-on=destroy", "-detailed-exitcode"), 3),
        ((*ALL, "-fail-on=destroy", "-allow=destroy:simulated_*"), 0),
        (("plan", "-select=dev", "-fail-on=destroy"), 0),
        (("plan", "-select=eu-7", "-fail-on=any", "-fail-on=drift"), 0),
    ],
)
async def test_gates_decide_after_failures_and_before_changes(
    arguments: tuple[str, ...], code: int, command_line: CommandLine
) -> None:
    """1 beats 3 beats 2, and what is allowed passes."""
    assert (await command_line.run(*arguments)).code == code


async def test_a_failed_workspace_beats_a_gate(command_line: CommandLine) -> None:
    """The code of a failure is 1, whatever the gates say."""
    write_backend(command_line, lambda text: text.replace("networking-", "broken-"))
    assert (await command_line.run(*ALL, "-fail-on=any")).code == 1


async def test_a_single_plan_has_gates_too(command_line: CommandLine) -> None:
    """The log stays the whole output; why the command fails stands on standard error."""
    done = await command_line.run("plan", "-fail-on=destroy", TF_WORKSPACE="prod")
    assert done.code == 3
    assert "Gate destroy: the plan does what the rule forbids.\n" in done.err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            ["-fail-on=delete"],
            "-fail-on='delete' is not a rule: it begins with one of destroy,",
        ),
        (["-fail-on=any", "-allow=destroy>2"], "-allow='destroy>2' has a number"),
        (["-fail-on=any", "-detach"], "-detach and -fail-on exclude each other"),
        (
            ["-allow=destroy"],
            "-allow lets through what -fail-on forbids; add -fail-on=RULE",
        ),
    ],
)
async def test_a_wrong_rule_makes_no_run(
    flags: list[str], message: str, command_line: CommandLine
) -> None:
    """It is refused before anything is sent."""
    done = await command_line.run(*ALL, *flags)
    assert done.code == 1 and message in done.err
    assert not records_of(command_line, "run")
