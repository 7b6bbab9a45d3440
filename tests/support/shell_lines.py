"""Finds the command lines of ours in shell text, and reads them with the real flags."""

import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import PurePath

import click

from remote_backend.cli.main import cli
from tests.support.reference_docs.commands import all_commands, context_of

__all__ = ("flags_gone", "own_commands", "problem_with", "unknown_flags")

_BREAKS = frozenset("|&;<>()")
# Programs that take the name of the package, and not always a command line, behind their own words.
_INSTALLERS = frozenset({"pip", "pip3", "pipx", "uv", "uvx", "docker", "git", "cd"})


def own_commands(text: str) -> Iterator[list[str]]:
    """Give the arguments of each `remote-backend` in the lines of a shell."""
    for line in _whole_lines(text.replace("\\\n", " ")):
        for words in _simple_commands(line):
            names = [PurePath(word).name for word in words]
            if "remote-backend" not in names:
                continue
            place = names.index("remote-backend")
            arguments = words[place + 1 :]
            is_ours = not _INSTALLERS & set(names[:place])
            if is_ours or (arguments and arguments[0] in cli.list_commands(_root())):
                yield arguments


def problem_with(arguments: list[str]) -> str | None:
    """Return why the command line would be refused, or None."""
    context, rest = _root(), arguments
    try:
        while isinstance(context.command, click.Group):
            context.command.parse_args(context, rest)
            # Where click keeps what follows the flags of a group.
            rest = [*context._protected_args, *context.args]
            name, command, rest = context.command.resolve_command(context, rest)
            assert command is not None
            context = click.Context(command, parent=context, info_name=name)
        context.command.parse_args(context, rest)
    except click.exceptions.Exit:
        return None
    except click.ClickException as error:
        return error.format_message()
    return None


def unknown_flags(arguments: list[str]) -> list[str]:
    """Return the flags that the command does not have; what else it needs does not matter."""
    context = _root()
    words = [word for word in arguments if not word.startswith("-chdir")]
    while words and isinstance(context.command, click.Group):
        command = context.command.get_command(context, words[0])
        if command is None:
            break
        context = click.Context(command, parent=context, info_name=words.pop(0))
    if context.command.context_settings.get("ignore_unknown_options"):
        return []
    known = {name for each in context.command.get_params(context) for name in each.opts}
    flags = [
        f"-{word.lstrip('-').partition('=')[0]}" for word in words if word.startswith("-")
    ]
    return [flag for flag in flags if flag not in known and flag != "-"]


def flags_gone(span: str) -> list[str]:
    """Return the flags that code in a sentence names and no command, or not this one, has.

    The code is a command line, one without the name of the program, or a flag. Flags with two
    dashes are those of other programs, since ours are written with one.
    """
    words = span.split()
    if words and words[0] in cli.list_commands(_root()):
        return unknown_flags(words)
    if words and re.match("-[a-z]", words[0]):
        flag = words[0].partition("=")[0]
        return [flag] if flag not in _all_flags() else []
    return [flag for words in own_commands(span) for flag in unknown_flags(words)]


@cache
def _all_flags() -> frozenset[str]:
    contexts = (context_of(*path) for path in all_commands())
    options = (
        option for context in contexts for option in context.command.get_params(context)
    )
    # `-flag` stands for any of them.
    return frozenset({"-flag", *(name for option in options for name in option.opts)})


def _root() -> click.Context:
    return click.Context(cli, info_name="remote-backend")


def _whole_lines(text: str) -> Iterator[str]:
    """Give the lines, and as one those between which a quotation goes on."""
    begun = ""
    for line in text.splitlines():
        begun += f"{line}\n"
        with suppress(ValueError):
            shlex.split(begun, comments=True)
            yield begun
            begun = ""


def _simple_commands(line: str) -> Iterator[list[str]]:
    """Give the words of each command of a line, without what the shell itself reads."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="".join(_BREAKS))
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if set(word) <= _BREAKS:
            yield words
            words = []
        else:
            words.append(word)
    yield words
