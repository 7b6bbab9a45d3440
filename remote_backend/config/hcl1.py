"""Files in HCL 1: CLI configurations, which Terraform still reads in it, and seeds.

HCL 1 is another language than that of `.tf` files: keys of a block may stand in quotes
(`"hashicorp/null" = "/x"`), commas may stand between its members, and nothing is computed. The
grammar of HCL 2 loses what follows such lines. Texts and heredocs are those of HCL 2, apart from
`${`, which stands for itself.
"""

import re
from collections.abc import Iterator
from typing import Any, NoReturn

from attrs import define, field, frozen

from remote_backend.config.hcl_literals import heredoc_text, unescaped
from remote_backend.config.hcl_operations import NotConstant, number_of

__all__ = ("Hcl1Error", "parse_hcl1")

# Possessive, so a text or comment without an end is scanned only once.
_TOKEN = re.compile(
    r"""
      (?P<blank> \s++ | \#[^\n]*+ | //[^\n]*+ | /\*.*?\*/ )
    | (?P<text> "(?:[^"\\\n]|\\.)*+" )
    | (?P<heredoc> <<-?(?P<mark>\w++)\r?\n .*?(?<=\n)[ \t]*(?P=mark)[ \t]*\r?(?=\n|\Z) )
    | (?P<word> [\w.+-]++ )
    | (?P<sign> [{}\[\]=,] )
    """,
    re.VERBOSE | re.DOTALL,
)
_DEEPEST = 60


class Hcl1Error(ValueError):
    """A text that is not HCL 1; the message shows nothing of it but the line."""

    def __init__(self, line: int, problem: str) -> None:
        self.line = line
        self.problem = problem
        super().__init__(f"line {line}: {problem}")


def parse_hcl1(text: str) -> dict[str, Any]:
    """Return the members of a file, by name.

    A block is the dict of its body, in one dict for each label around it; blocks that come
    again make a list. Numbers are `Decimal`. Raises `Hcl1Error`.
    """
    return _Reader(text, _tokens(text)).members("")


@frozen
class _Token:
    kind: str
    """`text`, `heredoc`, `word`, or `sign`, `end` for the end of the file."""

    text: str
    start: int


class _Again(list[Any]):
    """Blocks of one name; a type of its own, because a written list is a `list` too."""


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            break
        kind = str(match.lastgroup)
        if kind != "blank":
            yield _Token(kind, match[0], at)
        at = match.end()
    # An unreadable character is a token too, so the error can name its line.
    yield _Token("end" if at == len(text) else "unknown", text[at : at + 1], at)


@define(eq=False)
class _Reader:
    """A parser with one token of look-ahead."""

    _text: str = field(repr=False)
    _rest: Iterator[_Token]
    _depth: int = 0
    _next: _Token = field(init=False, repr=False)

    @_next.default
    def _first(self) -> _Token:
        return next(self._rest)

    def members(self, end: str) -> dict[str, Any]:
        """Read `KEY = VALUE` and blocks up to a closing brace, or the end of the file."""
        body: dict[str, Any] = {}
        while self._next.kind in ("word", "text"):
            self._member(body)
            self._skip(",")
        if self._next.text != end or (not end and self._next.kind != "end"):
            self._fail(f"a name or {end or 'the end'} is expected")
        return body

    def _member(self, body: dict[str, Any]) -> None:
        keys = [self._key()]
        while self._next.kind in ("word", "text"):
            keys.append(self._key())
        if len(keys) == 1 and self._skip("="):
            value = self._value()
        elif self._next.text == "{":
            value = self._value()
        else:
            self._fail("= or { is expected")
        for key in reversed(keys[1:]):
            value = {key: value}
        _add(body, keys[0], value)

    def _key(self) -> str:
        token = self._advance()
        return self._read_text(token) if token.kind == "text" else token.text

    def _value(self) -> Any:
        token = self._advance()
        if token.kind in ("text", "heredoc"):
            return self._read_text(token)
        if token.kind == "word":
            return self._read_word(token)
        if token.text not in ("{", "["):
            self._fail("a value is expected", token)
        self._depth += 1
        if self._depth > _DEEPEST:
            self._fail("it is nested too deeply", token)
        value = self.members("}") if token.text == "{" else self._list()
        self._depth -= 1
        self._advance()
        return value

    def _list(self) -> list[Any]:
        values = []
        while self._next.text != "]":
            values.append(self._value())
            if not self._skip(",") and self._next.text != "]":
                self._fail("a comma or ] is expected")
        return values

    def _read_text(self, token: _Token) -> str:
        try:
            if token.kind == "heredoc":
                return heredoc_text(token.text)
            return unescaped(token.text[1:-1])
        except NotConstant:
            self._fail("there is an escape that HCL does not know", token)

    def _read_word(self, token: _Token) -> Any:
        if token.text in ("true", "false"):
            return token.text == "true"
        try:
            return number_of(token.text)
        except NotConstant:
            self._fail("a text needs quotes", token)

    def _skip(self, sign: str) -> bool:
        if self._next.text != sign:
            return False
        self._advance()
        return True

    def _advance(self) -> _Token:
        token = self._next
        if token.kind in ("end", "unknown"):
            self._fail("more is expected" if token.kind == "end" else "this cannot be read")
        self._next = next(self._rest)
        return token

    def _fail(self, problem: str, token: _Token | None = None) -> NoReturn:
        token = token or self._next
        if token.text == '"':
            problem = "a text has no closing quote"
        raise Hcl1Error(self._text.count("\n", 0, token.start) + 1, problem)


def _add(body: dict[str, Any], name: str, value: Any) -> None:
    before = body.get(name)
    if isinstance(value, dict) and isinstance(before, dict | _Again):
        if isinstance(before, dict):
            body[name] = before = _Again([before])
        before.append(value)
    else:
        body[name] = value
