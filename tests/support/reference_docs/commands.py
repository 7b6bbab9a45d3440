"""The page of the commands: purpose, usage, examples, flags with defaults, variables, exit codes."""

import re
from collections.abc import Iterator

import click

from remote_backend.cli.help import Guide, label_of, usage_of
from remote_backend.cli.main import cli
from tests.support.reference_docs.markdown import cell, prose

__all__ = ("all_commands", "commands_page", "context_of", "guide_of")

_HEAD = """# Commands

Flags take one dash or two. `-flag` alone means `-flag=true`; those that are on by default are shown as
`-flag=false`. `-chdir=DIR` stands before the command and says where to work; relative
paths of `plan` and `report` count from there, as in Terraform. Every command takes
`-help`, which prints what stands here, and `-debug`. Flags can also come from `TF_CLI_ARGS` and
`TF_CLI_ARGS_<command>`, see [environment variables](environment.md). What an exit code means is on a
[page of its own](exit-codes.md).

This page is made from the code by `python -m tests.support.reference_docs`.
"""


def context_of(*names: str) -> click.Context:
    """Return the context of a command, as if it had been typed."""
    context = click.Context(cli, info_name="remote-backend")
    for name in names:
        assert isinstance(context.command, click.Group)
        command = context.command.get_command(context, name)
        assert command is not None
        context = click.Context(command, parent=context, info_name=name)
    return context


def all_commands() -> list[tuple[str, ...]]:
    """Return the path of each command that help shows, groups before their commands."""
    return list(_below(()))


def guide_of(context: click.Context) -> Guide:
    """Return what the help of a command says beyond its flags."""
    guide = context.command.guide  # type: ignore[attr-defined]
    assert isinstance(guide, Guide)
    return guide


def commands_page() -> str:
    """Return docs/reference/commands.md."""
    return "\n".join([_HEAD, *_overview(), *map(_section, all_commands()[1:])])


def _below(path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    context = context_of(*path)
    if context.command.hidden:
        return
    yield path
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            yield from _below((*path, name))


def _overview() -> Iterator[str]:
    yield "| command | |"
    yield "| --- | --- |"
    for path in all_commands()[1:]:
        command = context_of(*path).command
        if not isinstance(command, click.Group):
            anchor = f"remote-backend-{'-'.join(path)}"
            yield f"| [`{' '.join(path)}`](#{anchor}) | {cell(prose(command.get_short_help_str(200)))} |"
    refused = [
        name for name in cli.list_commands(context_of()) if context_of(name).command.hidden
    ]
    yield f"\nRefused, since nothing here changes anything: {', '.join(f'`{n}`' for n in refused)}.\n"


def _section(path: tuple[str, ...]) -> str:
    context = context_of(*path)
    guide = guide_of(context)
    lines = [f"## remote-backend {' '.join(path)}", "", *_purpose(context.command)]
    if isinstance(context.command, click.Group):
        return "\n".join(lines)
    lines += ["```text", usage_of(context.command, context), "```", ""]
    if guide.examples:
        lines += ["<!-- not run: examples -->", "```bash", *_examples(guide), "```", ""]
    lines += _flags(context, guide)
    if guide.environment:
        lines += [
            f"Environment: {', '.join(f'`{name}`' for name in guide.environment)}.",
            "",
        ]
    lines += [f"Exit codes: {guide.exit_codes}.", ""]
    return "\n".join(lines)


def _purpose(command: click.Command) -> Iterator[str]:
    for paragraph in (command.help or "").split("\n\n"):
        yield prose(" ".join(paragraph.split()))
        yield ""


def _examples(guide: Guide) -> Iterator[str]:
    width = max(len(line) for line, _ in guide.examples)
    for line, purpose in guide.examples:
        yield f"{line.ljust(width)}  # {purpose}" if purpose else line


def _flags(context: click.Context, guide: Guide) -> Iterator[str]:
    options = {
        option.opts[0].removeprefix("-"): option
        for option in context.command.params
        if isinstance(option, click.Option) and not option.hidden
    }
    if not options:
        return
    grouped = {name for names in guide.groups.values() for name in names}
    rest = tuple(name for name in options if name not in grouped)
    yield "| flag | default | |"
    yield "| --- | --- | --- |"
    for heading, names in (*guide.groups.items(), ("", rest)):
        if heading and names:
            yield f"| **{heading}** | | |"
        for name in names:
            option = options[name]
            label = cell(label_of(option))
            yield f"| `{label}` | {_default(option, context)} | {_meaning(option)} |"
    yield ""


def _default(option: click.Option, context: click.Context) -> str:
    if described := re.search(r"Default: (.*)\.$", option.help or ""):
        return cell(prose(described[1]))
    default = option.get_default(context, call=False)
    if option.is_flag or option.type is click.BOOL:
        return "true" if default is True else "false"
    if option.multiple or not isinstance(default, str | int | float):
        return ""
    return f"`{default}`"


def _meaning(option: click.Option) -> str:
    text = re.sub(r" ?Default: .*\.$", "", option.help or "")
    choices = getattr(option.type, "choices", ())
    # Where the sentence does not name them.
    unnamed = [choice for choice in choices if str(choice) not in text]
    if unnamed:
        text += f" One of {', '.join(map(str, choices))}."
    return cell(prose(text))
