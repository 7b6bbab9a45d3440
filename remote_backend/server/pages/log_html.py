"""The log of a run as HTML: lines that can be linked to, and the end of one that is long."""

from remote_backend.formats.ansi_html import ansi_to_html
from remote_backend.plans.log_errors import start_of_error
from remote_backend.reports.html_text import html_text
from remote_backend.server.files import Files
from remote_backend.server.pages.markup import link, section, size_text
from remote_backend.server.records import RunRecord

__all__ = ("log_section",)

_LONGEST_BYTES = 500_000


def log_section(files: Files, run: RunRecord, path: str) -> str:
    """Return the log of a run; one that goes on names where it can be followed."""
    size = files.log_size(run.id)
    if size is None and run.is_over:
        return section("Log", "<p>There is no log, or it is not kept any more.</p>\n")
    size = size or 0
    start = max(0, size - _LONGEST_BYTES)
    data = files.read_log(run.id, offset=start, limit=_LONGEST_BYTES)
    if start:
        start += data.find(b"\n") + 1
        data = data[data.find(b"\n") + 1 :]
    first_line = _lines_before(files, run.id, start) + 1
    error = start_of_error(b"\n" + data)
    links = [
        link(f"{path}/log.txt", "raw"),
        link(f"{path}/log.txt?download=1", "download"),
    ]
    if error is not None:
        line = first_line + data[: max(0, error - 1)].count(b"\n")
        links.append(f'<a href="#log-{line}">first error</a>')
    follow = ""
    switch = ""
    if not run.is_over:
        follow = f' data-follow="{html_text(path)}/log" data-offset="{start + len(data)}"'
        switch = '<label><input type="checkbox" id="follow" checked> follow</label>'
    cut = f"<p>The first {size_text(start)} are left out.</p>\n" if start else ""
    return (
        f'<section id="log-section">\n<h2>Log</h2>\n<p class="tools">{switch}'
        '<label><input type="checkbox" id="wrap" checked> wrap</label> '
        f"<span>{size_text(size)}: {', '.join(links)}</span></p>\n{cut}"
        f'<pre id="log" tabindex="0" role="group" aria-label="Log"{follow}>'
        f"{_lines(data, first_line) if run.is_over else _plain(data)}</pre>\n</section>\n"
    )


def _lines_before(files: Files, run_id: str, offset: int) -> int:
    if not offset:
        return 0
    return files.read_log(run_id, offset=0, limit=offset).count(b"\n")


def _plain(data: bytes) -> str:
    return ansi_to_html(data.decode("utf-8", "replace"))


def _lines(data: bytes, first_line: int) -> str:
    """Return each line with its number as an anchor: `#log-120`."""
    # The control characters of the frame stand apart from the lines.
    text = data.strip(b"\x02\x03").removesuffix(b"\n").decode("utf-8", "replace")
    return "".join(
        f'<span id="log-{number}">{ansi_to_html(line)}\n</span>'
        for number, line in enumerate(text.split("\n"), first_line)
    )
