"""Patterns of ignore rules, matched in linear time."""

import re
from collections.abc import Callable, Iterator, Sequence

__all__ = ("PatternError", "has_wildcards", "matcher_of")

# Tokens that stand for more than one character; all others are regular expressions of one.
_STAR = "*"
_DEEP = "**/"
"""Nothing, or any text that ends with a slash."""

_ANY = "**"
"""Any text, at the end of a pattern."""

_REPEATED = frozenset({_STAR, _DEEP, _ANY})

_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": "\\x00-\\x7f",
    "blank": "\\t ",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": "\\t\\n\\v\\f\\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}


class PatternError(ValueError):
    """A pattern that cannot match anything; its text says why."""


def has_wildcards(pattern: str) -> bool:
    """Return whether a pattern can match other texts than its own."""
    return any(character in "*?[\\" for character in pattern)


def matcher_of(pattern: str) -> Callable[[str], bool]:
    """Return the test whether a pattern covers a whole path.

    The time of a test grows with the product of both lengths, whatever the pattern is. Raises
    `PatternError` for a class that is not closed or reversed, and a last backslash.
    """
    tokens = list(_tokens(pattern))
    sections = _sections(tokens)
    if sections is None:
        ones = [
            re.compile(token if token not in _REPEATED else "", re.DOTALL)
            for token in tokens
        ]
        return lambda path: _covers(tokens, ones, path)
    regex = re.compile(_regex_of(sections), re.DOTALL)
    return lambda path: regex.match(path) is not None


def _regex_of(sections: list[str]) -> str:
    """Return the regular expression of sections with `**` between them.

    A section stands for a fixed number of components, so the first place where it fits is as
    good as any later one, and nothing has to be tried again: groups are atomic.
    """
    first, *middle = sections
    if not middle:
        return rf"\A{first}\Z"  # never `$`, which a final newline in a name would slip past
    *middle, last = middle
    inner = "".join([f"(?>(?:[^/]*/)*?{section})" for section in middle])
    return rf"\A{first}{inner}(?:[^/]*/)*?{last}\Z"


def _sections(tokens: Sequence[str]) -> list[str] | None:
    """Return the parts between `**`, or None where one stands within a name (`a**b`)."""
    sections = [""]
    component: list[str] = []
    for token in tokens:
        if token == _DEEP and component:
            return None
        if token == _ANY:
            sections[-1] += _component(component, is_whole=False) + ".*"
            return sections
        if token in ("/", _DEEP):
            sections[-1] += _component(component) + ("/" if token == "/" else "")
            sections += [""] if token == _DEEP else []
            component = []
        else:
            component.append(token)
    sections[-1] += _component(component)
    return sections


def _component(tokens: list[str], *, is_whole: bool = True) -> str:
    """Return the regular expression of one component of a path, or of its beginning."""
    chunks = [""]
    for token in tokens:
        if token == _STAR:
            chunks.append("")
        else:
            chunks[-1] += token
    if len(chunks) == 1:
        return chunks[0]
    first, *inner, last = chunks
    fits = "".join([f"(?>[^/]*?{chunk})" for chunk in inner])
    end = r"(?=/|\Z)" if is_whole else ""
    return f"{first}{fits}(?>[^/]*?{last}{end})"


def _tokens(pattern: str) -> Iterator[str]:
    at = 0
    while at < len(pattern):
        token, at = _token(pattern, at)
        yield token


def _token(pattern: str, at: int) -> tuple[str, int]:
    character = pattern[at]
    if pattern.startswith("**", at):
        end = at + 3 if pattern.startswith("/", at + 2) else at + 2
        return (_ANY if end == len(pattern) else _DEEP), end
    if character == "*":
        return _STAR, at + 1
    if character == "?":
        return "[^/]", at + 1
    if character == "[":
        return _class(pattern, at)
    if character == "\\":
        if at + 1 == len(pattern):
            raise PatternError("ends with a backslash, which escapes nothing")
        return re.escape(pattern[at + 1]), at + 2
    return re.escape(character), at + 1


def _covers(tokens: Sequence[str], ones: Sequence[re.Pattern[str]], path: str) -> bool:
    """Return whether tokens cover a path; each character is read once for all tokens."""
    states = _reached(tokens, 0)
    for character in path:
        following: set[int] = set()
        for state in states:
            following |= _after(tokens, ones, state, character)
        states = following
    return 2 * len(tokens) in states


def _after(
    tokens: Sequence[str], ones: Sequence[re.Pattern[str]], state: int, character: str
) -> set[int]:
    at = state // 2
    if at == len(tokens):
        return set()
    token = tokens[at]
    if token not in _REPEATED:
        return _reached(tokens, at + 1) if ones[at].match(character) else set()
    if token == _DEEP:
        goes_on = _reached(tokens, at + 1) if character == "/" else set()
        return {2 * at + 1, *goes_on}
    return _reached(tokens, at) if token == _ANY or character != "/" else set()


def _reached(tokens: Sequence[str], at: int) -> set[int]:
    """Return the states in which a token is to come; odd ones are within a `**`."""
    states = {2 * at}
    while at < len(tokens) and tokens[at] in _REPEATED:
        at += 1
        states.add(2 * at)
    return states


def _class(pattern: str, start: int) -> tuple[str, int]:
    at = start + 1
    negated = pattern[at : at + 1] in ("!", "^")
    at += negated
    members: list[str] = []
    first = True
    while True:
        if at >= len(pattern):
            raise PatternError("has a [ without its ]")
        if pattern[at] == "]" and not first:
            break
        member, at = _member(pattern, at)
        members.append(member)
        first = False
    # A class stands for one character of a name, and a slash is in no name.
    return f"(?!/)[{'^' if negated else ''}{''.join(members)}]", at + 1


def _member(pattern: str, at: int) -> tuple[str, int]:
    named = re.compile(r"\[:(\w+):\]").match(pattern, at)
    if named and named.group(1) in _POSIX:
        return _POSIX[named.group(1)], named.end()
    low, at = _character(pattern, at)
    if pattern[at : at + 1] != "-" or pattern[at + 1 : at + 2] in ("", "]"):
        return re.escape(low), at
    high, at = _character(pattern, at + 1)
    if high < low:
        raise PatternError(
            f"has the range {low}-{high}, whose ends are the wrong way round"
        )
    return f"{re.escape(low)}-{re.escape(high)}", at


def _character(pattern: str, at: int) -> tuple[str, int]:
    if pattern[at] == "\\" and at + 1 < len(pattern):
        return pattern[at + 1], at + 2
    return pattern[at], at + 1
