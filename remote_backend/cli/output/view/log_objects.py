"""What the lines of a log say about objects: how many were read, and what would be done to them."""

import re

from attrs import define, field

from remote_backend import events
from remote_backend.cli.output.log_lines import LogRenderer
from remote_backend.formats.ansi import clean

__all__ = ("LogObjects", "PlannedInLogs")

# Lines of Terraform 1.x and OpenTofu, as text and as messages of structured logs.
_READ = re.compile(
    r"^(?P<address>\S.*?): (?:Refreshing state\.\.\.|Read complete after|Refreshing\.\.\.)"
)
_READING = re.compile(r"^(?P<address>\S.*?): Reading\.\.\.")
_PLANNED = re.compile(
    r"^\s*# (?P<address>\S.*?)(?: \(deposed object \w+\))? "
    r"(?P<verb>will be destroyed|must be replaced|will be replaced|is tainted, so must be replaced"
    r"|will no longer be managed|will be updated in-place|will be created)"
)
_ACTIONS = {
    "will be destroyed": "delete",
    "must be replaced": "replace",
    "will be replaced": "replace",
    "is tainted, so must be replaced": "replace",
    "will no longer be managed": "forget",
    "will be updated in-place": "update",
    "will be created": "create",
}
# Messages of structured logs: https://developer.hashicorp.com/terraform/internals/machine-readable-ui
_PLAN_MESSAGE = re.compile(
    r"^(?P<address>\S.*?): Plan to (?P<verb>create|update|delete|replace|remove)$"
)
_WORDS = {"remove": "forget"}


@define
class LogObjects:
    """Follows one log, line by line."""

    read_count: int = 0
    address: str = ""
    """The object that was read last, or is read now."""

    planned: dict[str, str] = field(factory=dict)
    """The action for each address, as far as the log has it."""

    def take(self, text: str) -> None:
        """Read the next line."""
        # Most lines of a long plan are attributes.
        if text.startswith("    "):
            return
        if match := _READ.match(text):
            self.read_count += 1
            self.address = match["address"]
        elif match := _READING.match(text):
            self.address = match["address"]
        elif match := _PLANNED.match(text):
            self.planned[match["address"]] = _ACTIONS[match["verb"]]
        elif match := _PLAN_MESSAGE.match(text):
            self.planned[match["address"]] = _WORDS.get(match["verb"], match["verb"])


@define
class PlannedInLogs:
    """Follows the logs of a batch for what would be done to which objects."""

    _renderers: dict[str, LogRenderer] = field(factory=dict)
    _objects: dict[str, LogObjects] = field(factory=dict)

    def take(self, event: events.LogChunkRead) -> None:
        """Read the next part of a log."""
        renderer = self._renderers.setdefault(event.workspace, LogRenderer(clean))
        objects = self._objects.setdefault(event.workspace, LogObjects())
        for text in renderer.feed(event.data):
            objects.take(text.removesuffix("\n"))

    @property
    def actions(self) -> dict[str, dict[str, str]]:
        """The actions by address, for each workspace."""
        return {name: objects.planned for name, objects in self._objects.items()}
