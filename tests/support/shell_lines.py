"""Finds the command lines of ours in shell text, and reads them with the real flags."""

import shlex
from collections.abc import Iterator
from contextlib import suppress
from pathlib import PurePath

import click

from remote_backend.cli.main import cli

__all__ = ("own_commands", "problem_with", "unknown_flags")

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
