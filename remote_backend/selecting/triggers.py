"""The rules by which a workspace says itself which paths concern it."""

import re
from collections.abc import Iterable
from functools import lru_cache

from remote_backend.models.workspace import Workspace

__all__ = ("trigger_of",)


def trigger_of(workspace: Workspace, paths: Iterable[str]) -> str | None:
    """Return which of the triggers of a workspace is met by a path, as a reason, or None.

    Paths are relative to the top of the repository, as triggers are.
    """
    if not workspace.file_triggers_enabled:
        return "its file triggers are off, so every change counts"
    for path in paths:
        for pattern in workspace.trigger_patterns:
            if _expression_of(pattern).fullmatch(path):
                return f"{path} matches its trigger pattern {pattern}"
        for prefix in workspace.trigger_prefixes:
            if path.startswith(prefix.strip("/")):
                return f"{path} lies under its trigger prefix {prefix}"
    return None


# https://developer.hashicorp.com/terraform/cloud-docs/workspaces/settings/vcs: a question mark is
# documented as one or more characters, although its example needs exactly one each. The wider
# meaning counts, because too much is better than too little.
_GLOBS = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]+"}
_GLOB = re.compile(r"\*\*/|\*\*|\*|\?")


@lru_cache
def _expression_of(pattern: str) -> re.Pattern[str]:
    """Return a pattern as a regular expression; `*` stops at slashes, hidden files match."""
    text = pattern.removeprefix("/")
    expression, end = "", 0
    for glob in _GLOB.finditer(text):
        expression += re.escape(text[end : glob.start()]) + _GLOBS[glob[0]]
        end = glob.end()
    return re.compile(expression + re.escape(text[end:]), re.DOTALL)
