"""Which files a report can be written into; checked before anything is planned."""

from pathlib import Path

from remote_backend.errors import RunOptionsError

__all__ = ("FORMS", "require_known_forms")

FORMS = {".md": "to_markdown", ".html": "to_html", ".json": "to_json", ".xml": "to_junit"}
"""Suffix, and the function in the module of that name; only the forms in use are imported."""


def require_known_forms(files: tuple[str, ...]) -> None:
    """Raise `RunOptionsError` for a file whose name asks for no form of a report."""
    for name in files:
        if Path(name).suffix not in FORMS:
            raise RunOptionsError(
                f"-report={name}: the name must end in one of {', '.join(FORMS)}"
            )
        if not Path(name).absolute().parent.is_dir():
            raise RunOptionsError(f"-report={name}: its directory does not exist")
