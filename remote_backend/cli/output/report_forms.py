"""Which files a report can be written into; checked before anything is planned."""

from enum import Enum
from pathlib import Path

from remote_backend.atomic_files import require_writable
from remote_backend.errors import RunOptionsError

__all__ = ("FORMS", "ReportLogs", "form_of", "require_writable_reports")

FORMS = {
    ".md": "to_markdown",
    ".html": "to_html",
    ".gitlab.json": "to_gitlab",
    ".json": "to_json",
    ".xml": "to_junit",
}
"""Suffix, and the function in the module of that name; only the forms in use are imported."""


def form_of(path: Path) -> str | None:
    """Return the suffix that decides about the form of a report; None for an unknown one."""
    return next((suffix for suffix in FORMS if path.name.endswith(suffix)), None)


class ReportLogs(Enum):
    """Which plans have their logs in reports."""

    FAILED = "failed"
    """Those that failed or were canceled."""

    NONE = "none"
    ALL = "all"


def require_writable_reports(files: tuple[str, ...]) -> None:
    """Raise `RunOptionsError` for a file of no known form, and for one that cannot be written."""
    for name in files:
        path = Path(name)
        if form_of(path) is None:
            raise RunOptionsError(
                f"-report={name}: the name must end in one of {', '.join(FORMS)}"
            )
        if not path.absolute().parent.is_dir():
            raise RunOptionsError(f"-report={name}: its directory does not exist")
        try:
            require_writable(path)
        except OSError as error:
            raise RunOptionsError(
                f"-report={name} cannot be written: {error.strerror}; choose another path"
            ) from None
