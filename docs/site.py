"""Hooks of `mkdocs build`: folders in the navigation, and pages from outside of docs/."""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

# Pages of the repository that are read on GitHub where they are.
OUTSIDE = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "benchmarks/RESULTS.md": "benchmarks.md",
}
_LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)((?:#[^)\s]*)?)\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Replace each folder in `nav` by its pages that `nav` does not name, in the order of their names."""
    named = set(_strings(config.nav))
    config.nav = _expand(config.nav, Path(config.docs_dir), named)
    return config


def _strings(nav: Any) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    for below in (
        nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ()
    ):
        yield from _strings(below)


def _expand(nav: list[Any], docs: Path, named: set[str]) -> list[Any]:
    """Return `nav` with the pages of each folder, and without sections that have no page."""
    expanded: list[Any] = []
    for entry in nav:
        if isinstance(entry, str) and entry.endswith("/"):
            pages = (
                page.relative_to(docs).as_posix() for page in (docs / entry).rglob("*.md")
            )
            expanded += sorted(page for page in pages if page not in named)
        elif isinstance(entry, dict):
            for title, value in entry.items():
                below = _expand(value, docs, named) if isinstance(value, list) else value
                expanded += [{title: below}] if below else []
        else:
            expanded.append(entry)
    return expanded


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside of docs/, and the pictures of the benchmarks."""
    root = Path(config.docs_dir).parent
    for source, page in OUTSIDE.items():
        files.append(File.generated(config, page, abs_src_path=str(root / source)))
    for picture in (root / "benchmarks/results").glob("*.svg"):
        files.append(
            File.generated(config, f"results/{picture.name}", abs_src_path=str(picture))
        )
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Lead links, which are right in the repository, to the pages of the site."""
    on_site = page.file.src_uri
    in_repository = {page: source for source, page in OUTSIDE.items()}.get(
        on_site, f"docs/{on_site}"
    )
    return _LINK.sub(
        lambda link: f"]({_on_site(link[1], in_repository, on_site)}{link[2]})", markdown
    )


def _on_site(target: str, in_repository: str, on_site: str) -> str:
    path = posixpath.normpath(posixpath.join(posixpath.dirname(in_repository), target))
    page = OUTSIDE.get(path, path.removeprefix("docs/"))
    if path.startswith("benchmarks/results/"):
        page = path.removeprefix("benchmarks/")
    return posixpath.relpath(page, posixpath.dirname(on_site) or ".")
