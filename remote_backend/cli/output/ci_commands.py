"""What runners of CI services take for commands, and how text of others is kept from giving any.

- GitHub acts on a line that begins, after blanks, with `::name::`, and on `##[name]` anywhere in
  a line (actions/runner, `ActionCommand.cs`); Azure on `##vso[name]` and `##[name]` anywhere.
- TeamCity acts on `##teamcity[name]`, its documentation of service messages says so.
- Buildkite begins a group where a line begins with `---`, `+++`, `~~~` or `^^^ +++`.
- GitLab needs a carriage return and an escape sequence in its marks of sections, of which no log
  keeps any.
"""

import os
import re
from collections.abc import Mapping

from remote_backend.formats.ansi import SGR

__all__ = (
    "LONGEST_COMMAND",
    "disarm",
    "disarm_json",
    "escape_data",
    "escape_property",
    "services_of",
    "stop_marks",
)

_VARIABLES = {
    "GITHUB_ACTIONS": "github",
    "TF_BUILD": "azure",
    "GITLAB_CI": "gitlab",
    "TEAMCITY_VERSION": "teamcity",
    "BUILDKITE": "buildkite",
}
_LINE_COMMANDS = re.compile(
    rf"^((?:\s|{SGR.pattern})*+:)(?=:)|##(?=\[|vso\[)", re.IGNORECASE
)
_SERVICE_MESSAGES = re.compile(r"##(?=teamcity\[)", re.IGNORECASE)
_GROUPS = re.compile(rf"^(?:{SGR.pattern})*+(?:-(?=--)|\+(?=\+\+)|~(?=~~)|\^(?=\^\^))")
# What every command holds, which is quickly looked for, and what one is. Behind each match a blank
# is inserted, which ends the command and leaves it readable.
_COMMANDS = {
    "github": (("::", "##"), _LINE_COMMANDS),
    "azure": (("::", "##"), _LINE_COMMANDS),
    "teamcity": (("##",), _SERVICE_MESSAGES),
    "buildkite": (("---", "+++", "~~~", "^^^"), _GROUPS),
}
_NONE: tuple[tuple[str, ...], re.Pattern[str]] = ((), _LINE_COMMANDS)
LONGEST_COMMAND = len("##teamcity[")
"""How many characters at the end of a part may begin a command that the next part completes."""


def services_of(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the CI services whose runners read what a process writes."""
    return tuple(service for name, service in _VARIABLES.items() if environ.get(name))


def disarm(line: str, services: tuple[str, ...]) -> str:
    """Break in a clean line what a runner of these services would act on.

    A line without such text stays as it is, and doing it twice changes nothing.
    """
    for service in services:
        marks, command = _COMMANDS.get(service, _NONE)
        if any(mark in line for mark in marks):
            line = command.sub(_with_blank, line)
    return line


def disarm_json(text: str, services: tuple[str, ...]) -> str:
    """Return a line of JSON of the same meaning in which no runner finds a command."""
    # Such a line begins with a brace, and only strings can hold this.
    return text.replace("##", "#\\u0023") if services else text


def stop_marks() -> tuple[str, str]:
    """Return two lines between which GitHub's runner takes no line for a command.

    The word that ends it is new each time, so that no log can hold it.
    """
    word = os.urandom(16).hex()
    return f"::stop-commands::{word}\n", f"::{word}::\n"


def escape_data(text: str) -> str:
    """Return a text as the message of one of GitHub's commands."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    """Return a text as the value of a property of one of GitHub's commands."""
    return escape_data(text).replace(":", "%3A").replace(",", "%2C")


def _with_blank(found: re.Match[str]) -> str:
    return f"{found[0]} "
