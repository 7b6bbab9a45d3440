"""Where a command writes, and what the places can show."""

from collections.abc import Mapping
from typing import TextIO

from attrs import frozen

from remote_backend.cli.log_text import clean_line, disarm

__all__ = ("Screen", "screen_of")

_RUNNERS = ("GITHUB_ACTIONS", "TF_BUILD")
_FOLDERS = {"GITHUB_ACTIONS": "github", "GITLAB_CI": "gitlab"}


@frozen(eq=False, repr=False)
class Screen:
    """Where to write and what the places can show."""

    out: TextIO
    err: TextIO
    colors: bool
    is_terminal: bool
    obeys: bool = False
    """Whether a runner of a CI service reads it and takes some lines for commands."""

    sections: str = ""
    """`github` or `gitlab` where a CI service folds parts of what is written."""

    def clean(self, line: str) -> str:
        """Return a line of a log as it may be written here."""
        text = clean_line(line, colors=self.colors, terminal=self.is_terminal)
        return disarm(text) if self.obeys else text

    def note(self, text: str) -> None:
        """Write a line that is no result."""
        self.err.write(text + "\n")
        self.err.flush()


def screen_of(
    out: TextIO, err: TextIO, environ: Mapping[str, str], *, no_color: bool
) -> Screen:
    """Find out what the streams of a process can show; NO_COLOR is obeyed."""
    is_terminal = out.isatty()
    colors = is_terminal and not no_color and not environ.get("NO_COLOR")
    obeys = any(environ.get(name) for name in _RUNNERS)
    sections = next((name for one, name in _FOLDERS.items() if environ.get(one)), "")
    return Screen(out, err, colors, is_terminal, obeys, sections)
