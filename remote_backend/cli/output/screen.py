"""Where a command writes, and what the places can show: the one sink for text of others."""

import sys
from collections.abc import Mapping
from typing import TextIO

from attrs import frozen

from remote_backend.cli.output.ci_commands import disarm, disarm_json, services_of
from remote_backend.config.environment import process_environ
from remote_backend.formats.ansi import SGR, clean, escape_unseen, physical_lines
from remote_backend.notices import Notice

__all__ = ("Screen", "echo", "process_screen", "screen_of", "with_reset")

_FOLDING = ("github", "gitlab")
_RESETS = ("\x1b[0m", "\x1b[m")


@frozen
class Screen:
    """Where to write and what the places can show.

    All that servers, logs, policies and configurations say is written by the methods of this
    class. They clean it for each line that a terminal or a CI runner sees, after the last
    decoding: no escape sequence but colors where they are wanted, nothing that hides text, and
    no command to the runner.
    """

    out: TextIO
    err: TextIO
    colors: bool
    is_terminal: bool
    services: tuple[str, ...] = ()
    """The CI services whose runners read it and take some lines for commands."""

    is_dumb: bool = False
    """Whether the terminal can only add lines (TERM=dumb)."""

    @property
    def folds(self) -> str:
        """`github` or `gitlab` where a CI service folds parts of what is written."""
        return next((service for service in self.services if service in _FOLDING), "")

    def clean(self, line: str) -> str:
        """Return one line of others, with or without its end, as it may be written here."""
        return self._cleaned(line, colors=self.colors)

    def plain(self, line: str) -> str:
        """Return one line as `clean` does, without colors, for a drawing that has its own."""
        return self._cleaned(line, colors=False)

    def _cleaned(self, line: str, *, colors: bool) -> str:
        text = disarm(clean(line.removesuffix("\n"), colors=colors), self.services)
        return f"{text}\n" if line.endswith("\n") else text

    def clean_lines(self, text: str) -> str:
        """Return a text of several lines as it may be written here; colors end with each line."""
        lines = (self.clean(line) for line in physical_lines(text))
        return "\n".join(map(with_reset, lines))

    def note(self, text: str) -> None:
        """Write lines that are not a result to standard error."""
        self.ask(f"{text}\n")

    def report(self, notice: Notice) -> None:
        """Write what is waited for, or a warning, to standard error."""
        self.note(str(notice))

    def ask(self, text: str) -> None:
        """Write lines to standard error of which the last one stays open for an answer."""
        self.err.write(self.clean_lines(text))
        self.err.flush()

    def print(self, text: str) -> None:
        """Write lines of a result to standard output."""
        self.out.write(f"{self.clean_lines(text)}\n")
        self.out.flush()

    def print_value(self, text: str) -> None:
        """Write values of a state, which another program gets as they are."""
        self.out.write(f"{self.clean_lines(text) if self._is_looked_at else text}\n")
        self.out.flush()

    def print_json(self, text: str) -> None:
        """Write a document of JSON, whose meaning never changes."""
        if self._is_looked_at:
            text = disarm_json(escape_unseen(text), self.services)
        self.out.write(f"{text}\n")
        self.out.flush()

    @property
    def _is_looked_at(self) -> bool:
        return self.is_terminal or bool(self.services)


def with_reset(line: str) -> str:
    """End the colors that a line leaves open, which would run into what follows."""
    if "\x1b" not in line:
        return line
    colors = SGR.findall(line)
    return f"{line}\x1b[0m" if colors and colors[-1] not in _RESETS else line


def screen_of(
    out: TextIO,
    err: TextIO,
    environ: Mapping[str, str],
    *,
    no_color: bool,
    color: bool = False,
) -> Screen:
    """Find out what the streams of a process can show."""
    is_terminal = out.isatty()
    is_dumb = environ.get("TERM") == "dumb"
    services = services_of(environ)
    colors = (color or _wants_colors(environ, services, is_terminal)) and not no_color
    return Screen(out, err, colors, is_terminal, services, is_dumb)


def _wants_colors(
    environ: Mapping[str, str], services: tuple[str, ...], is_terminal: bool
) -> bool:
    """Return whether colors are wanted where no flag says so; the first that says anything wins.

    https://no-color.org, https://force-color.org and https://bixense.com/clicolors/
    """
    if environ.get("NO_COLOR"):
        return False
    forcing = (environ.get(name, "") for name in ("FORCE_COLOR", "CLICOLOR_FORCE"))
    if any(text not in ("", "0", "false") for text in forcing):
        return True
    # Their pages show the colors of a log, although no terminal is there.
    if any(service in _FOLDING for service in services):
        return True
    return is_terminal and environ.get("TERM") != "dumb"


def process_screen() -> Screen:
    """Return a screen without colors for the streams of this process, as they are now."""
    return screen_of(sys.stdout, sys.stderr, process_environ(), no_color=True)


def echo(text: str, *, err: bool = False) -> None:
    """Write lines to a stream of this process; a command does not need to know its screen."""
    screen = process_screen()
    if err:
        screen.note(text)
    else:
        screen.print(text)
