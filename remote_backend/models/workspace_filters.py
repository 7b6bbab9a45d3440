"""Which workspaces a batch is to have, by what the server knows about them."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from attrs import frozen

from remote_backend.errors import RunOptionsError
from remote_backend.models.workspace import Workspace

__all__ = ("Condition", "conditions_of", "tags_of")

_KEYS = ("mode", "version", "module", "provider")
_COMPONENTS = ("module", "provider")
# The older flag `operations` says no more than this.
_MODE_OF_OPERATIONS = {True: "remote", False: "local", None: "remote"}


@frozen
class Condition:
    """A key with a pattern for its value: `version=1.9.*`."""

    key: str
    pattern: str

    @property
    def is_about_components(self) -> bool:
        """Whether it is about modules or providers, which the list of workspaces does not have."""
        return self.key in _COMPONENTS

    def holds(self, workspace: Workspace) -> bool:
        """Return whether a workspace has a version or mode that matches."""
        return self.matches(_value_of(workspace, self.key))

    def matches(self, text: str) -> bool:
        """Return whether a text matches the pattern."""
        return fnmatchcase(text, self.pattern)

    def __str__(self) -> str:
        return f"{self.key}={self.pattern}"


def conditions_of(texts: Iterable[str]) -> tuple[Condition, ...]:
    """Return the conditions that texts such as `mode=remote` stand for.

    Raises `RunOptionsError` for a text of another form and for an unknown key.
    """
    return tuple(map(_condition, texts))


def tags_of(texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return keys and values of tags such as `team=web`; the value of a plain tag is empty.

    Raises `RunOptionsError` for a tag without a key, and for a comma, which separates tags.
    """
    tags = []
    for text in texts:
        key, equals, value = text.partition("=")
        if not key.strip() or "," in text or (equals and not value):
            raise RunOptionsError(
                f"select_tags={text} is not a tag of the form KEY or KEY=VALUE",
                parameters=("select_tags",),
            )
        tags.append((key, value))
    return tuple(tags)


def _condition(text: str) -> Condition:
    key, equals, pattern = text.partition("=")
    if key not in _KEYS or not equals or not pattern:
        raise RunOptionsError(
            f"where={text} is not a condition KEY=PATTERN with one of the keys {', '.join(_KEYS)}",
            parameters=("where",),
        )
    return Condition(key, pattern)


def _value_of(workspace: Workspace, key: str) -> str:
    if key == "version":
        return workspace.terraform_version or ""
    return workspace.execution_mode or _MODE_OF_OPERATIONS[workspace.operations]
