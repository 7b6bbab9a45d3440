"""Patterns of ignore rules as regular expressions."""

import re

__all__ = ("PatternError", "has_wildcards", "regex_of")

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
    """Say whether a pattern means more than the one text that it is."""
    return any(character in "*?[\\" for character in pattern)


def regex_of(pattern: str) -> re.Pattern[str]:
    """Return the regular expression of a pattern that covers a whole path.

    Raises `PatternError` for a class that is not closed or reversed, and a last backslash.
    """
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        part, at = _token(pattern, at)
        parts.append(part)
    # Never `$`, which a final newline in a name would slip past.
    return re.compile(r"\A" + "".join(parts) + r"\Z", re.DOTALL)


def _token(pattern: str, at: int) -> tuple[str, int]:
    character = pattern[at]
    if pattern.startswith("**", at):
        end = at + 3 if pattern.startswith("/", at + 2) else at + 2
        return (".*" if end == len(pattern) else "(?:.*/)?"), end
    if character == "*":
        return "[^/]*", at + 1
    if character == "?":
        return "[^/]", at + 1
    if character == "[":
        return _class(pattern, at)
    if character == "\\":
        if at + 1 == len(pattern):
            raise PatternError("ends with a backslash, which escapes nothing")
        return re.escape(pattern[at + 1]), at + 2
    return re.escape(character), at + 1


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
