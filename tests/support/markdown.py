"""Reads Markdown of reports: is it closed, and how much of each kind does it hold."""

import re
from collections import Counter

__all__ = ("assert_valid", "left_out", "outside_fences", "section_counts")

_FENCE = re.compile(r"^(`{3,})([a-z]*)$")
_TAGS = re.compile(r"</?(?!(?:details(?: open)?|summary|sub)>|!--)[a-zA-Z][^>]*>")
# A comment, an escaped character, or a span of code: whatever is inside has no effect.
_INERT = re.compile(r"<!--.*?-->|\\.|(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)")
_PATTERNS = {
    "group": (None, re.compile(r"#### [^W]")),
    "row": (None, re.compile(r"\| (?:[\u2717\u2298\u2026!~\u2713] \||\| \d)")),
    "error text": ("fence", re.compile("`{3,}text$")),
    "address": ("diff", re.compile(r"(?:-/\+|[-+!]  ) \S")),
    "value": ("diff", re.compile(r"!       \S")),
    "line": ("diff", re.compile(r"[-+ ]         (?!\u2026 [\d,]+ more line)")),
}


def _parts(text: str) -> list[tuple[str | None, str]]:
    """Return each line with the language of the fence around it; `fence` for its first line."""
    parts: list[tuple[str | None, str]] = []
    fence, language = "", None
    for line in text.splitlines():
        match = _FENCE.match(line)
        if match is not None and not fence:
            fence, language = match[1], match[2]
            parts.append(("fence", line))
        elif line == fence:
            fence, language = "", None
            parts.append(("end", line))
        else:
            parts.append((language, line))
    assert not fence, "a fence is open at the end"
    return parts


def outside_fences(text: str) -> str:
    """Return the lines outside of fences; fail when one is left open."""
    return "\n".join(line for language, line in _parts(text) if language is None)


def assert_valid(text: str) -> None:
    """Fail for an open fence or block, a tag that is not ours, or a row with too many cells."""
    prose = outside_fences(text)
    bare = "\n".join(_INERT.sub("", line) for line in prose.splitlines())
    assert len(re.findall("<details(?: open)?>", bare)) == bare.count("</details>")
    assert bare.count("<summary>") == bare.count("</summary>")
    assert bare.count("<sub>") == bare.count("</sub>")
    assert _TAGS.findall(bare) == []
    widths: list[int] = []
    for line in prose.splitlines():
        if not line.startswith("|"):
            widths = []
            continue
        widths.append(len(re.findall(r"(?<!\\)\|", line)))
        assert len(set(widths)) == 1, line


def section_counts(text: str) -> Counter[str]:
    """Return how many groups, rows, error texts, addresses, values and lines are in a report."""
    counts: Counter[str] = Counter()
    for language, line in _parts(text):
        for noun, (place, pattern) in _PATTERNS.items():
            if language == place and pattern.match(line):
                counts[noun] += 1
    return counts


def left_out(text: str) -> Counter[str]:
    """Return how many of the same kinds the last lines call left out."""
    match = re.search(
        r"^Left out at the limit of [\d,]+ characters: (.*)\. All", text, re.M
    )
    counts: Counter[str] = Counter()
    for number, noun in re.findall(r"([\d,]*\d) ([a-z ]+)", match[1] if match else ""):
        singular = (
            noun.removesuffix("es") if noun == "addresses" else noun.removesuffix("s")
        )
        singular = "address" if noun == "address" else singular
        if singular in _PATTERNS:
            counts[singular] += int(number.replace(",", ""))
    return counts
