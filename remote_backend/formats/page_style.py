"""The style sheet that reports and the server's pages share: layout, tables, colors of logs."""

from importlib import resources

__all__ = ("page_style",)


def page_style() -> str:
    """Return the shared style sheet; a page puts its own rules after it."""
    return resources.files(__package__).joinpath("page.css").read_text(encoding="utf-8")
