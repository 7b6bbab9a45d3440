"""What can stand next on a command line: commands, flags, and values that are known locally.

No request is sent, since a person waits: workspaces are those of earlier batches of the directory.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import click
from attrs import define, field

from remote_backend.config.terraform_directory import (
    selected_workspace,
    user_data_directory,
)
from remote_backend.errors import SettingsError
from remote_backend.planning.journal import JOURNAL_SUFFIX

__all__ = ("completions",)

_MOST_JOURNALS = 50


@define
class _Typed:
    """How the words before the last one are understood."""

    context: click.Context
    directory: str = "."
    awaiting: click.Option | None = None
    """The flag whose value is the next word."""

    arguments: int = 0
    workspaces: Callable[[Path], Iterable[str]] = field(kw_only=True)
    batches: Callable[[], Iterable[str]] = field(kw_only=True)

    def take(self, word: str) -> bool:
        """Take a whole word; return False when nothing is known behind it."""
        if self.awaiting is not None:
            self._value(self.awaiting, word)
            self.awaiting = None
        elif word.startswith("-") and word != "-":
            name, equals, value = word.partition("=")
            option = _options(self.context).get(_one_dash(name))
            if option is not None and equals:
                self._value(option, value)
            elif option is not None and _needs_value(option):
                self.awaiting = option
        elif isinstance(self.context.command, click.Group):
            return self._enter(self.context.command, word)
        else:
            self.arguments += 1
        return True

    def _value(self, option: click.Option, value: str) -> None:
        if option.name == "chdir":
            self.directory = value

    def _enter(self, group: click.Group, word: str) -> bool:
        command = group.get_command(self.context, word)
        if command is None:
            return False
        self.context = click.Context(command, parent=self.context, info_name=word)
        return True

    def next_words(self, last: str) -> Iterator[str]:
        """Return what can stand in place of the last word, whatever it begins with."""
        command = self.context.command
        if self.awaiting is not None:
            yield from self._values(self.awaiting)
        elif last.startswith("-") and "=" in last:
            name = last.partition("=")[0]
            option = _options(self.context).get(_one_dash(name))
            if option is not None:
                yield from (f"{name}={value}" for value in self._values(option))
        elif last.startswith("-"):
            dash = "-" if last.startswith("--") else ""
            for name, option in _options(self.context).items():
                yield f"{dash}{name}{'=' if _needs_value(option) else ''}"
        elif isinstance(command, click.Group):
            yield from command.list_commands(self.context)
        else:
            yield from self._argument_values(command)

    def _values(self, option: click.Option) -> Iterable[str]:
        if isinstance(option.type, click.Choice):
            return [str(choice) for choice in option.type.choices]
        if option.type is click.BOOL:
            return ("true", "false")
        if option.metavar == "GLOB" or option.name == "workspace":
            return self.workspaces(Path(self.directory))
        return self.batches() if option.name == "batch" else ()

    def _argument_values(self, command: click.Command) -> Iterable[str]:
        arguments = [
            parameter
            for parameter in command.params
            if isinstance(parameter, click.Argument)
        ]
        if not arguments:
            return ()
        argument = arguments[min(self.arguments, len(arguments) - 1)]
        if argument.name == "id":
            return self.batches()
        path = self.context.command_path.split()[1:]
        is_workspace = path in (["workspace", "select"], ["workspace", "delete"])
        is_log = path[:1] == ["batches"] and argument.name in ("name", "names")
        return self.workspaces(Path(self.directory)) if is_workspace or is_log else ()


def completions(
    root: click.Context, words: Sequence[str], environ: Mapping[str, str]
) -> list[str]:
    """Return what can stand in place of the last word of a command line, given without program."""
    *done, last = _joined(words) or [""]
    typed = _Typed(
        root,
        workspaces=lambda directory: _workspaces(directory, environ),
        batches=lambda: ["last", *(journal.stem for journal in _journals(environ))],
    )
    if not all(typed.take(word) for word in done):
        return []
    return [word for word in typed.next_words(last) if word.startswith(last)]


def _joined(words: Sequence[str]) -> list[str]:
    """Undo how bash splits `-flag=value` into three words."""
    joined: list[str] = []
    for word in words:
        continues = joined and joined[-1].startswith("-")
        if word == "=" and continues:
            joined[-1] += "="
        elif continues and joined[-1].endswith("="):
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def _one_dash(name: str) -> str:
    return name[1:] if name.startswith("--") else name


def _options(context: click.Context) -> dict[str, click.Option]:
    return {
        name: option
        for option in context.command.get_params(context)
        if isinstance(option, click.Option) and not option.hidden
        for name in option.opts
    }


def _needs_value(option: click.Option) -> bool:
    return not option.is_flag and option.type is not click.BOOL


def _workspaces(directory: Path, environ: Mapping[str, str]) -> list[str]:
    """Return the workspaces of the newest batch of a directory, and the selected one."""
    names = set()
    if selected := selected_workspace(directory, environ):
        names.add(selected)
    for journal in _journals(environ):
        record = _first_record(journal)
        if record.get("directory") == str(directory.absolute()):
            workspaces = record.get("workspaces")
            names |= set(workspaces if isinstance(workspaces, dict) else ())
            break
    return sorted(names)


def _journals(environ: Mapping[str, str]) -> list[Path]:
    """Return the newest journals, the newest first."""
    try:
        paths = list((user_data_directory(environ) / "batches").glob(f"*{JOURNAL_SUFFIX}"))
        return sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True)[
            :_MOST_JOURNALS
        ]
    except (OSError, SettingsError):
        return []


def _first_record(journal: Path) -> dict[str, object]:
    try:
        with journal.open("rb") as file:
            record = json.loads(file.readline())
    except (OSError, ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}
