"""Errors of git, when a base or a list of changes is needed."""

from remote_backend.errors.root import RemoteBackendError

__all__ = (
    "BadReference",
    "BaseUnknown",
    "GitError",
    "NoMergeBase",
    "SubmoduleMissing",
)


class GitError(RemoteBackendError):
    """Git is missing, or refuses what a base or a list of changes needs.

    `git_text` holds the words of git, without control characters and passwords.
    """

    def __init__(self, text: str, *, git_text: str = "", advice: str = "") -> None:
        self.git_text = git_text
        super().__init__(f"{text}: {git_text}" if git_text else text, advice=advice)


class BadReference(GitError):
    """A git reference cannot be used, or names no commit of this repository."""

    def __init__(
        self, reference: str, problem: str, *, git_text: str = "", advice: str = ""
    ) -> None:
        self.reference = reference
        super().__init__(
            f"{reference!r} {problem}",
            git_text=git_text,
            advice=advice or "give a branch, a tag or the id of a commit",
        )


class BaseUnknown(GitError):
    """No reference was given, and neither a CI job nor the repository names a base."""

    def __init__(self, searched: tuple[str, ...]) -> None:
        self.searched = searched
        super().__init__(
            f"no base is known: there is no {', no '.join(searched)}",
            advice="give a reference, or let `git remote set-head origin -a` make origin/HEAD",
        )


class NoMergeBase(GitError):
    """A reference and HEAD have no common commit, or a shallow clone does not hold it."""

    def __init__(
        self, reference: str, *, git_text: str, is_shallow: bool, advice: str
    ) -> None:
        self.reference = reference
        self.is_shallow = is_shallow
        where = "this shallow clone" if is_shallow else "this repository"
        super().__init__(
            f"{reference} and HEAD have no merge base in {where}",
            git_text=git_text,
            advice=advice,
        )


class SubmoduleMissing(GitError):
    """A submodule of the base cannot be copied, because its commit is not on this machine."""

    def __init__(self, path: str, commit: str, problem: str, *, advice: str) -> None:
        self.path = path
        self.commit = commit
        super().__init__(
            f"the base needs the submodule {path} at {commit[:10]}, {problem}",
            advice=advice,
        )
