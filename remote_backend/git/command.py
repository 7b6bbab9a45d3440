"""Runs git in one directory, apart from hooks and from variables of an outer git."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import anyio
from attrs import field, frozen

from remote_backend.errors import GitError
from remote_backend.formats.ansi import one_line

__all__ = ("Completed", "Git")

# Hooks of git export GIT_DIR, GIT_INDEX_FILE and others, which would retarget every child
# (https://github.com/scolladon/sfdx-git-delta/issues/1383). These configure git and no more.
_KEPT_VARIABLES = ("GIT_SSH", "GIT_CONFIG_", "GIT_LFS", "GIT_SSL")
_OWN_VARIABLES = {
    # A question for a password would wait forever.
    "GIT_TERMINAL_PROMPT": "0",
    # Reading must not rewrite the index of the user.
    "GIT_OPTIONAL_LOCKS": "0",
}
_SETTINGS = (
    # Writing an index runs `post-index-change`, and a file system monitor is a hook too.
    f"core.hooksPath={os.devnull}",
    "core.fsmonitor=false",
    # Otherwise an own index leaves `sharedindex.*` behind, or holds only a part of the tree.
    "core.splitIndex=false",
    "core.sparseCheckout=false",
    "submodule.recurse=false",
)
_PASSWORD = re.compile(r"(?<=://)[^/@\s]+@")
_LONGEST_TEXT = 2000


@frozen(kw_only=True)
class Completed:
    """What a git that ended has left."""

    exit_code: int
    output: bytes = field(repr=False)
    git_text: str
    """What it wrote to standard error, on one line."""


@frozen(kw_only=True)
class Git:
    """Git in one directory."""

    directory: Path
    environ: Mapping[str, str] = field(repr=False)
    options: tuple[str, ...] = ()
    """Options of git itself, before its command."""

    variables: Mapping[str, str] = {}
    """Variables of git beyond those of the caller."""

    async def read(self, *arguments: str, input: bytes = b"") -> bytes:
        """Return what a git command prints; raises `GitError` with its words if it fails."""
        completed = await self.run(*arguments, input=input)
        if completed.exit_code:
            raise GitError(
                f"git {arguments[0]} in {self.directory} failed with exit code "
                f"{completed.exit_code}",
                git_text=completed.git_text,
            )
        return completed.output

    async def read_line(self, *arguments: str) -> str:
        """Return the line that a git command prints; raises `GitError` if it fails."""
        return os.fsdecode(await self.read(*arguments)).rstrip("\r\n")

    async def read_names(self, *arguments: str) -> tuple[str, ...]:
        """Return the names that a git command prints with zero bytes between them."""
        names = (await self.read(*arguments)).split(b"\0")
        return tuple(os.fsdecode(name) for name in names if name)

    async def run(self, *arguments: str, input: bytes = b"") -> Completed:
        """Run a git command to its end; raises `GitError` only if git cannot be started."""
        settings = [part for setting in _SETTINGS for part in ("-c", setting)]
        try:
            process = await anyio.run_process(
                ["git", *settings, *self.options, *arguments],
                input=input,
                check=False,
                cwd=self.directory,
                env=self._environ(),
            )
        except FileNotFoundError as error:
            raise _not_started(self.directory, error) from None
        except (OSError, ValueError) as error:
            raise GitError(f"git cannot be started in {self.directory}: {error}") from None
        return Completed(
            exit_code=process.returncode,
            output=process.stdout,
            git_text=_readable(process.stderr),
        )

    def _environ(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in self.environ.items()
            if not name.upper().startswith("GIT_")
            or name.upper().startswith(_KEPT_VARIABLES)
        }
        return {**kept, **_OWN_VARIABLES, **self.variables}


def _not_started(directory: Path, error: OSError) -> GitError:
    if not directory.is_dir():
        return GitError(f"{directory} is not a directory")
    return GitError(
        f"git cannot be started: {error.strerror}",
        advice="install it, or put it on PATH",
    )


def _readable(text: bytes) -> str:
    """Return the words of git on one line, without passwords of addresses."""
    decoded = _PASSWORD.sub("", text.decode("utf-8", "replace"))
    lines = (one_line(line).strip() for line in decoded.splitlines())
    return " ".join(line for line in lines if line)[:_LONGEST_TEXT]
