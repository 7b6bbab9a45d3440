"""Commands whose flags look like those of Terraform: one dash, `-flag`, `-flag=value`."""

import os
import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from remote_backend.cli.help import Guide, help_text
from remote_backend.cli.output.log_events import write_log_events
from remote_backend.errors import RunOptionsError
from remote_backend.formats.likeness import did_you_mean
from remote_backend.structured_logging import resume

__all__ = (
    "Duration",
    "FileMode",
    "RelativePath",
    "TerraformCommand",
    "TerraformGroup",
    "flag",
    "in_given_order",
    "many",
    "optional_value",
    "report_steps",
    "value",
    "with_environ",
)

Function = TypeVar("Function", bound=Callable[..., Any])

_GROUPS = ("workspace", "state", "batches", "tokens")
_ORDER = f"{__name__}.order"


_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)", re.ASCII)
_UNIT_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}


class Duration(click.ParamType[float]):
    """Seconds, from the form that Terraform takes: `90s`, `1m30s`, `1.5h`, `0`."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds that a text means, or fail with what is expected."""
        text = str(value)
        parts = _PART.findall(text)
        if text == "0":
            return 0.0
        if not parts or "".join(number + unit for number, unit in parts) != text:
            self.fail(
                f"{text!r} is not a duration; write for example 30s or 1m30s", param, ctx
            )
        return sum(float(number) * _UNIT_SECONDS[unit] for number, unit in parts)


class FileMode(click.ParamType[int]):
    """The permissions of a file, as an octal number: `0644`."""

    name = "mode"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the mode that a text means, or fail with what is expected."""
        if isinstance(value, int):
            return value
        if not re.fullmatch("0?[0-7]{3}", str(value)):
            self.fail(
                f"{value!r} is not the mode of a file; write an octal number such as 0644",
                param, ctx,
            )  # fmt: skip
        return int(str(value), 8)


class RelativePath(click.ParamType[str]):
    """A path that counts from the directory of -chdir, as every path of Terraform does."""

    name = "path"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the path from the directory of the process; an empty one stays empty."""
        directory = ctx.obj if ctx is not None else None
        if not value or directory in (None, "."):
            return str(value)
        return os.path.join(directory, str(value))


class _OneDash(click.Command):
    """A command that takes two dashes for one, and a bare boolean flag for `=true`."""

    def __init__(self, *arguments: Any, guide: Guide | None = None, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.guide = guide or Guide()
        if not any(parameter.name == "debug" for parameter in self.params):
            self.params.append(_debug_flag())

    def get_help(self, ctx: click.Context) -> str:
        return help_text(self, ctx, self.guide)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        options = {
            name: option
            for option in self.get_params(ctx)
            if isinstance(option, click.Option)
            for name in option.opts
        }
        bare = {name: _bare_value(option) for name, option in options.items()}
        is_group = isinstance(self, click.Group)
        normalized = _normalized(args, bare, stop=is_group)
        if not ctx.ignore_unknown_options:
            _require_known(ctx, options, normalized, stop=is_group)
        _, _, order = self.make_parser(ctx).parse_args(list(normalized))
        ctx.meta[_ORDER] = tuple(parameter.name for parameter in order)
        return super().parse_args(ctx, normalized)

    def get_help_option_names(self, ctx: click.Context) -> list[str]:
        return ["-help", "-h"]


def _debug_flag() -> click.Option:
    """Return the global flag, which people also write behind the command."""
    return click.Option(
        ["-debug", "debug"],
        is_flag=True,
        hidden=True,
        expose_value=False,
        callback=lambda context, option, is_set: report_steps() if is_set else None,
    )


def report_steps() -> None:
    """Report each request and each decision on standard error from now on."""
    resume()
    write_log_events()


class TerraformCommand(_OneDash):
    """A command without subcommands."""


class TerraformGroup(_OneDash, click.Group):
    """A command with subcommands; its own flags end where the subcommand begins."""

    command_class = TerraformCommand

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first argument names; raise `UsageError` without one."""
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None and not ctx.resilient_parsing:
            raise self.unknown_command(ctx, name)
        return name if command else None, command, args[1:]

    def unknown_command(self, ctx: click.Context, name: str) -> click.UsageError:
        """Return the error for a name that is not that of a command."""
        nearest = did_you_mean(name, self.list_commands(ctx))
        typed = " ".join([*ctx.command_path.split()[1:], name])
        return click.UsageError(
            f"unknown command {typed}{nearest or _list_of(ctx, 'commands')}", ctx
        )


def flag(name: str, help: str, *, default: bool = False) -> Callable[[Function], Function]:
    """Declare a boolean flag: `-name`, `-name=true`, `-name=false`."""
    return click.option(
        f"-{name}",
        name.replace("-", "_"),
        type=click.BOOL,
        default=default,
        metavar="",
        help=help,
    )


def value(name: str, help: str, **more: Any) -> Callable[[Function], Function]:
    """Declare a flag with a value: `-name=VALUE`."""
    metavar = more.pop("metavar", "VALUE")
    return click.option(
        f"-{name}", name.replace("-", "_"), metavar=metavar, help=help, **more
    )


class _OptionalValue(click.Option):
    """An option whose value stands behind `=` only, and can be left out."""


def optional_value(name: str, help: str, **more: Any) -> Callable[[Function], Function]:
    """Declare a flag that can stand alone, which is an empty value: `-name`, `-name=VALUE`."""
    return value(name, help, cls=_OptionalValue, **more)


def many(name: str, help: str, **more: Any) -> Callable[[Function], Function]:
    """Declare a flag that can be given again and again."""
    return value(name, help, multiple=True, **more)


def in_given_order(context: click.Context, *names: str) -> list[tuple[str, str]]:
    """Return names and values of repeatable flags in the order they were given in.

    The later of two that say the same wins, across flags, so their order counts.
    """
    values = {name: iter(context.params[name]) for name in names}
    return [(name, next(values[name])) for name in context.meta[_ORDER] if name in values]


def with_environ(args: list[str], environ: Mapping[str, str]) -> list[str]:
    """Insert what TF_CLI_ARGS and TF_CLI_ARGS_<command> hold behind the command, as Terraform does.

    The specific ones come first, so that the general ones, and then those that were typed,
    outweigh them. Raises `RunOptionsError` for quotes that do not end.
    """
    end = 0
    while end < len(args) and args[end].startswith("-"):
        # The only flag before a command that has a value behind it.
        end += 2 if args[end].lstrip("-") == "chdir" else 1
    words = [word for word in args[end : end + 1] if word]
    if not words:
        return args
    if words[0] in _GROUPS and len(args) > end + 1 and not args[end + 1].startswith("-"):
        words.append(args[end + 1])
    specific = "TF_CLI_ARGS_" + "_".join(words).replace("-", "_")
    added: list[str] = []
    for name in (specific, "TF_CLI_ARGS"):
        try:
            added += shlex.split(environ.get(name, ""))
        except ValueError as error:
            raise RunOptionsError(f"the variable {name} cannot be split: {error}") from None
    place = end + len(words)
    return args[:place] + added + args[place:]


def _bare_value(option: click.Option) -> str | None:
    """Return the value of a flag that stands alone; None for one that needs a value."""
    if option.type is click.BOOL:
        return "true"
    return "" if isinstance(option, _OptionalValue) else None


def _normalized(
    args: list[str], bare: Mapping[str, str | None], *, stop: bool
) -> list[str]:
    found: list[str] = []
    for position, argument in enumerate(args):
        if argument == "--" or (stop and not argument.startswith("-")):
            return found + args[position:]
        if argument.startswith("--"):
            argument = argument[1:]
        value = bare.get(argument)
        found.append(argument if value is None else f"{argument}={value}")
    return found


def _require_known(
    ctx: click.Context, options: dict[str, click.Option], args: list[str], *, stop: bool
) -> None:
    rest = iter(args)
    for argument in rest:
        if argument == "--" or (stop and not argument.startswith("-")):
            return
        if not argument.startswith("-") or argument == "-":
            continue
        name, equals, _ = argument.partition("=")
        if name not in options:
            nearest = did_you_mean(name[1:], (option[1:] for option in options))
            raise click.UsageError(
                f"unknown flag {name}{nearest.replace('mean ', 'mean -') or _list_of(ctx, 'flags')}",
                ctx,
            )
        if not equals and not options[name].is_flag:
            next(rest, None)


def _list_of(ctx: click.Context, what: str) -> str:
    return f"; `{ctx.command_path} -help` lists the {what}"
