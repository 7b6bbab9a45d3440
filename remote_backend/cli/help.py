"""Help texts of commands: what each is for, examples, flags in groups, variables, exit codes."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping

import click
from attrs import field, frozen

__all__ = ("Guide", "help_text", "label_of", "usage_of")

_WIDTH = 80
_LABEL_WIDTH = 22
_EXAMPLE_WIDTH = 48
_FACT_WIDTH = 14
_OTHER_FLAGS = "Options"
_OTHER_COMMANDS = "Commands"


@frozen(kw_only=True)
class Guide:
    """What the help of a command says beyond its flags; it stands in the module of the command."""

    examples: tuple[tuple[str, str], ...] = ()
    """Command lines, and what each is for, or an empty text."""

    groups: Mapping[str, tuple[str, ...]] = field(factory=dict)
    """Names of flags, or of the commands of a group, by their heading."""

    environment: tuple[str, ...] = ()
    exit_codes: str = "0 done, 1 a failure, 130 interrupted, 143 terminated"


def help_text(command: click.Command, context: click.Context, guide: Guide) -> str:
    """Return the whole help of a command, at most 80 columns wide."""
    blocks = (
        [f"Usage: {usage_of(command, context)}"],
        *_paragraphs(command.help or ""),
        list(_examples(guide)),
        [*_subcommands(command, context, guide), *_flags(command, context, guide)],
        [
            *_fact("Environment", ", ".join(guide.environment)),
            *_fact("Exit codes", guide.exit_codes),
        ],
    )
    return "\n\n".join("\n".join(lines) for lines in blocks if lines)


def usage_of(command: click.Command, context: click.Context) -> str:
    """Return how a command is written, in one line."""
    program, *path = context.command_path.split()
    words = [program, "[-chdir=DIR]", *path]
    if isinstance(command, click.Group):
        return " ".join([*words, "COMMAND [options]"])
    arguments = [
        _argument(parameter)
        for parameter in command.params
        if isinstance(parameter, click.Argument) and parameter.metavar != ""
    ]
    return " ".join([*words, "[options]", *arguments])


def _argument(argument: click.Argument) -> str:
    if argument.metavar is not None:
        return argument.metavar
    name = (argument.name or "").upper()
    text = name if argument.required else f"[{name}]"
    return f"{text}..." if argument.nargs == -1 else text


def _paragraphs(text: str) -> Iterator[list[str]]:
    for paragraph in text.split("\n\n"):
        yield textwrap.wrap(
            " ".join(paragraph.split()),
            _WIDTH,
            initial_indent="  ",
            subsequent_indent="  ",
            break_on_hyphens=False,
        )


def _examples(guide: Guide) -> Iterator[str]:
    if not guide.examples:
        return
    yield "Examples"
    for line, purpose in guide.examples:
        # A long line has two blanks at least behind it, or its purpose would read as an argument.
        yield f"  {line:<{_EXAMPLE_WIDTH - 4}}  {purpose}".rstrip()


def _subcommands(
    command: click.Command, context: click.Context, guide: Guide
) -> Iterator[str]:
    if not isinstance(command, click.Group):
        return
    texts = {}
    for name in command.list_commands(context):
        subcommand = command.get_command(context, name)
        if subcommand is not None and not subcommand.hidden:
            texts[name] = subcommand.get_short_help_str(_WIDTH)
    yield from _grouped(texts, guide.groups, _OTHER_COMMANDS)


def _flags(command: click.Command, context: click.Context, guide: Guide) -> Iterator[str]:
    help_names = command.get_help_option_names(context)
    texts = {}
    labels = {}
    for option in command.get_params(context):
        if (
            isinstance(option, click.Option)
            and not option.hidden
            and option.opts != help_names
        ):
            name = option.opts[0].removeprefix("-")
            labels[name] = label_of(option)
            texts[name] = f"{option.help or ''}{_default(option, context)}"
    groups = {} if isinstance(command, click.Group) else guide.groups
    yield from _grouped(texts, groups, _OTHER_FLAGS, labels)


def label_of(option: click.Option) -> str:
    """Return how a flag is written: of those that are on by default, the form that changes something."""
    name = option.opts[0]
    if option.is_flag:
        return name
    if option.type is click.BOOL:
        return f"{name}=false" if option.default is True else name
    return f"{name}={option.metavar or 'VALUE'}"


def _default(option: click.Option, context: click.Context) -> str:
    # With a text of its own where the plain value would say little.
    if "Default:" in (option.help or ""):
        return ""
    default = option.get_default(context, call=False)
    if (
        option.is_flag
        or option.multiple
        or not default
        or not isinstance(default, str | int)
    ):
        return ""
    return f" Default: {'true' if default is True else default}."


def _grouped(
    texts: Mapping[str, str],
    groups: Mapping[str, tuple[str, ...]],
    other: str,
    labels: Mapping[str, str] | None = None,
) -> Iterator[str]:
    named = {name for names in groups.values() for name in names}
    rest = tuple(name for name in texts if name not in named)
    for heading, names in (*groups.items(), (other, rest)):
        if present := [name for name in names if name in texts]:
            yield heading
            for name in present:
                label = labels[name] if labels is not None else name
                yield from _row(label, texts[name])


def _row(label: str, text: str) -> Iterable[str]:
    indent = " " * (_LABEL_WIDTH + 2)
    lines = textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )
    start = f"  {label}"
    if not lines:
        return [start]
    if len(label) >= _LABEL_WIDTH:
        return [start, *lines]
    return [f"{start.ljust(len(indent))}{lines[0].strip()}", *lines[1:]]


def _fact(name: str, text: str) -> Iterable[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=name.ljust(_FACT_WIDTH),
        subsequent_indent=" " * _FACT_WIDTH,
        break_on_hyphens=False,
    )
