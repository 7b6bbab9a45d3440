"""The beginning of a page: what was planned, the numbers that matter, search and keys."""

from collections.abc import Mapping, Sequence

from remote_backend.formats.amounts import difference_text, duration, money
from remote_backend.models.cost import Cost
from remote_backend.models.plan import Counts
from remote_backend.models.planned_place import configurations_text
from remote_backend.plans.comparison_words import comparison_texts
from remote_backend.plans.gates import gate_text
from remote_backend.plans.groups import Family
from remote_backend.plans.totals import Totals
from remote_backend.reports.html_kinds import Kind, sign, tile_words
from remote_backend.reports.html_text import counts_html, html_text
from remote_backend.reports.summary import Report

__all__ = ("keys_dialog", "page_header", "page_title")

_TOOLS = (
    '<div id="tools" role="search" hidden>\n<label for="search">Search</label> '
    '<input id="search" type="search" placeholder="workspace, address or value" '
    'autocomplete="off" spellcheck="false">\n'
    '<output id="hits" for="search"></output>\n'
    '<button id="expand" type="button">Expand all</button>\n'
    '<button id="keys-button" type="button">Keys</button>\n</div>\n'
)
_KEYS = {
    "/": "search",
    "j": "next group",
    "k": "previous group",
    "e": "expand or collapse all groups",
    "?": "this list",
    "Esc": "clear the search",
}


def page_title(report: Report, kinds: Mapping[Kind, Sequence[Family]]) -> str:
    """Return the title: the sign of the worst result, and what was planned."""
    # Without any workspace there is no plan to read, unless the change touches none.
    is_quiet = report.selection is not None and report.problem is None
    worst = next(iter(kinds), Kind.UNCHANGED if is_quiet else Kind.FAILED)
    return f"{sign(worst)} {_name(report)}"


def _name(report: Report) -> str:
    kind = "Terraform drift" if report.is_drift else "Terraform plan"
    label = f" ({report.label})" if report.label else ""
    return f"{kind} of {_what(report)}{label}"


def _what(report: Report) -> str:
    if report.configurations:
        return configurations_text(len(report.configurations))
    mapping = f"/{report.mapping}" if report.mapping else ""
    return f"{report.organization}{mapping}"


def page_header(report: Report, kinds: Mapping[Kind, Sequence[Family]]) -> str:
    """Return the header of the page with its tiles and tools."""
    problem = ""
    if report.problem is not None:
        problem = (
            f'<p class="red">No workspace was planned: {html_text(report.problem)}</p>\n'
        )
    elif not report.outcomes:
        problem = "<p>No workspace was planned.</p>\n"
    if report.failed_gates:
        texts = "".join(
            f"<li>{html_text(gate_text(gate))}</li>\n" for gate in report.failed_gates
        )
        problem += (
            f'<p class="red">Gates that failed:</p>\n<ul class="red">\n{texts}</ul>\n'
        )
    return (
        f"<header>\n<h1>{html_text(_name(report))}</h1>\n"
        f'{_against(report)}<p class="quiet">{_when(report)}</p>\n{problem}'
        f'<nav aria-label="Results"><ul class="tiles">\n{_tiles(report, kinds)}</ul></nav>\n'
        f"{_TOOLS}</header>\n"
    )


def _against(report: Report) -> str:
    against = report.against
    return f"<p>{html_text(against[:1].upper() + against[1:])}</p>\n" if against else ""


def _when(report: Report) -> str:
    started = report.started_at
    # Journals and this program write UTC.
    text = started[:16].replace("T", " ") + " UTC" if len(started) > 16 else started
    parts = [f'<time datetime="{html_text(started)}">{html_text(text)}</time>']
    if report.seconds is not None:
        parts.append(duration(report.seconds))
    if report.batch_id:
        parts.append(f"batch {html_text(report.short_id)}")
    return ", ".join((*parts, html_text(report.hostname)))


def _tiles(report: Report, kinds: Mapping[Kind, Sequence[Family]]) -> str:
    words = {
        kind: tile_words(kind, is_drift=report.is_drift, has_destroys=Kind.DESTROY in kinds)
        for kind in kinds
    }
    filters = (
        f'<li><a class="tile {kind.value}" href="#{kind.value}" data-filter="{kind.value}">'
        f'<span class="sign">{sign(kind)}</span> <b>{_count(families):,}</b> {words[kind]}'
        "</a></li>\n"
        for kind, families in kinds.items()
    )
    return "".join(filters) + "".join(_sums(report))


def _count(families: Sequence[Family]) -> int:
    return sum(len(family.workspaces) for family in families)


def _sums(report: Report) -> list[str]:
    totals = report.totals
    tiles = [] if report.is_drift else [_numbers(totals)]
    tiles.append(
        f'<a class="tile" href="#cost">{_cost(totals.cost)}</a>' if totals.cost else ""
    )
    tiles.append(_policies(totals))
    tiles += (
        f'<a class="tile" href="#not-caused">{html_text(text)}</a>'
        for text in comparison_texts(report.outcomes)
    )
    return [f"<li>{tile}</li>\n" for tile in tiles if tile]


def _numbers(totals: Totals) -> str:
    counts = Counts(totals.add, totals.change, totals.destroy, totals.imported)
    text = counts_html(counts, replaced=totals.replace)
    return f'<span class="tile">{text}</span>' if text else ""


def _cost(cost: Cost) -> str:
    proposed, delta = (
        money(cost.proposed, cost.currency),
        difference_text(cost.delta, cost.currency),
    )
    return f"{proposed} a month, {delta}"


def _policies(totals: Totals) -> str:
    if not totals.policies_checked:
        return ""
    failed = totals.policies_failed
    text = f"{failed:,} failed" if failed else "passed"
    color = " failed" if failed else ""
    return f'<a class="tile{color}" href="#policies">policies: {text}</a>'


def keys_dialog() -> str:
    """Return the list of keys, which the script opens."""
    rows = "".join(
        f"<dt><kbd>{key}</kbd></dt><dd>{what}</dd>\n" for key, what in _KEYS.items()
    )
    return (
        '<dialog id="keys" aria-labelledby="keys-title">\n<h2 id="keys-title">Keys</h2>\n'
        f"<dl>\n{rows}</dl>\n"
        '<p><label><input id="keys-on" type="checkbox" checked> Keys are switched on</label></p>\n'
        '<button id="keys-close" type="button">Close</button>\n</dialog>\n'
    )
