"""The frame of a page that needs nothing else: one style, one script, and a policy for both.

The policy allows the style and the script by their hashes and nothing else, so that no text of a
plan can run or load anything even if it were written as markup by mistake, and no browser sends a
request to any host: https://www.w3.org/TR/CSP3/#security-inline.
"""

from base64 import b64encode
from hashlib import sha256
from importlib import resources

from remote_backend.formats.page_style import page_style
from remote_backend.reports.html_text import html_text

__all__ = ("html_page",)


def html_page(title: str, body: str) -> str:
    """Return a whole page; the title is text, the body is HTML."""
    style = f"\n{page_style()}{_file('report.css')}"
    script = f"\n{_file('report.js')}"
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html_text(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f"{body}<script>{script}</script>\n</body>\n</html>\n"
    )


def _file(name: str) -> str:
    return resources.files("remote_backend.reports").joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    digest = b64encode(sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
