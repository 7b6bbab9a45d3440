"""Help texts, and what is said of names that do not exist.

`python -m tests.cli.test_help` writes the golden files anew; read the difference before it is
committed.
"""

import click
import pytest

from tests.support.command_line import CommandLine
from tests.support.paths import SAMPLES
from tests.support.reference_docs.commands import context_of

GOLDEN = ("remote-backend", "plan", "init", "completion")


def all_commands() -> list[tuple[str, ...]]:
    """Return the path of each command that help shows."""
    paths: list[tuple[str, ...]] = [()]
    for path in paths:
        context = context_of(*path)
        if isinstance(context.command, click.Group):
            names = context.command.list_commands(context)
            paths += [(*path, name) for name in names]
    return paths


def shown_help(name: str) -> str:
    """Return the help of a command by its name, or of all."""
    path = () if name == "remote-backend" else (name,)
    return context_of(*path).get_help() + "\n"


@pytest.mark.parametrize("name", GOLDEN)
def test_help_is_as_a_person_has_read_it(name: str) -> None:
    """Usage, purpose, examples, flags in groups, variables and exit codes, in this order."""
    golden = SAMPLES / "help" / f"{name}.txt"
    assert shown_help(name) == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", all_commands(), ids=" ".join)
def test_help_fits_a_terminal(path: tuple[str, ...]) -> None:
    """Every help is at most 80 columns wide and ends with its exit codes."""
    text = context_of(*path).get_help()

    assert max(map(len, text.splitlines())) <= 80
    assert "\nExit codes    0 done, 1 a failure" in text
    assert "\n\n\n" not in text


@pytest.mark.parametrize("path", all_commands(), ids=" ".join)
def test_each_flag_in_a_group_exists(path: tuple[str, ...]) -> None:
    """A guide names no flag or command that is gone, and no flag of `plan` is left over."""
    context = context_of(*path)
    guide = context.command.guide  # type: ignore[attr-defined]
    named = {name for names in guide.groups.values() for name in names}
    if isinstance(context.command, click.Group):
        commands = context.command.list_commands(context)
        known = {name for name in commands if not context_of(*path, name).command.hidden}
    else:
        known = {
            option.opts[0][1:]
            for option in context.command.params
            if isinstance(option, click.Option) and not option.hidden
        }

    assert named <= known
    if path in ((), ("plan",)):
        assert named == known


@pytest.mark.parametrize("arguments", [["help", "plan"], ["plan", "-help"], ["plan", "-h"]])
async def test_help_is_a_command_and_a_flag(
    arguments: list[str], command_line: CommandLine
) -> None:
    """Both write the same to standard output."""
    done = await command_line.run(*arguments)

    assert (done.code, done.out, done.err) == (0, shown_help("plan"), "")


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("plann", "unknown command plann; did you mean plan?"),
        ("xyzzy", "unknown command xyzzy; `remote-backend -help` lists the commands"),
        ("workspace lst", "unknown command workspace lst; did you mean list?"),
        (
            "workspace xyzzy",
            "unknown command workspace xyzzy; `remote-backend workspace -help` lists the commands",
        ),
        ("help plann", "unknown command plann; did you mean plan?"),
        ("help plan all", "remote-backend plan has no commands, so not all"),
        ("graph", "graph is a command of Terraform; use `terraform graph`"),
        ("console", "console is a command of Terraform; use `terraform console`"),
        ("plan -selct=a", "unknown flag -selct; did you mean -select?"),
        ("plan --selct=a", "unknown flag -selct; did you mean -select?"),
        ("plan -bogus", "unknown flag -bogus; `remote-backend plan -help` lists the flags"),
        (
            "state mv a",
            "Missing argument 'TARGET'; usage: remote-backend [-chdir=DIR] state mv [options] "
            "SOURCE TARGET\n",
        ),
        (
            "-debug",
            "Missing command; usage: remote-backend [-chdir=DIR] COMMAND [options]\n",
        ),
        (
            "batches show zzz",
            "no batch begins with zzz: there is no batch yet; `remote-backend plan -all` makes one",
        ),
        (
            "plan -upload=x",
            "Invalid value for '-upload': 'x' is not one of 'auto', 'shared'",
        ),
    ],
)
async def test_a_near_miss_names_the_nearest(
    typed: str, message: str, command_line: CommandLine
) -> None:
    """A guess is made from 60 % likeness on; below it, the list is named."""
    done = await command_line.run(*typed.split())

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"Error: {message}")


if __name__ == "__main__":
    for each in GOLDEN:
        (SAMPLES / "help" / f"{each}.txt").write_text(shown_help(each), encoding="utf-8")
