"""One grammar for what text of others may do to a terminal, a page or a reader.

Text is cut into tokens from left to right, once. A token is a complete color sequence (SGR, the
only one that can be kept), another control sequence, a control string with its content (a title,
the clipboard), a single control character, or an invisible character that hides or reorders
text. Everything else is text. A token that is dropped cannot make a new one out of its
neighbors, because the escape character itself never survives outside of a complete SGR: cleaning
twice changes nothing, and the time is linear, because no alternative reads a character twice.

The forms are those of ECMA-48, 5th edition, sections 5.3 to 5.6; U+0080 to U+009F are its 8-bit
forms, which terminals obey in UTF-8 too. A string ends at the first ESC, as in terminals
(https://vt100.net/emu/dec_ansi_parser), and at the end of its line.
"""

import json
import re

__all__ = ("SGR", "clean", "escape_unseen", "one_line", "physical_lines", "reveal")

SGR = re.compile(r"\x1b\[[0-9;:]*+m")
# Default ignorable or bidirectional characters of general category Cf, and the separators of
# lines and paragraphs: https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
_INVISIBLE = (
    "\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"
)
_SURROGATES = "\ud800-\udfff"
_FIRST_UNSEEN = "\u00ad"
_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f"
_UNSEEN = re.compile(f"[{_CONTROLS}{_INVISIBLE}{_SURROGATES}]")
_STRING = r"[^\r\n\x07\x1b\x9c]*+(?:\x07|\x1b\\|\x9c)?"
_SEQUENCE = r"[0-?]*+[ -/]*+[@-~]"
# A set of characters comes first, for which the engine looks quickly; what follows hangs on it.
_TOKEN = re.compile(
    rf"{_UNSEEN.pattern}(?:"
    rf"(?<=\x1b)(?:(?P<sgr>\[[0-9;:]*+m)|\[{_SEQUENCE}|[\]PX^_]{_STRING}|[ -/]*+[0-~])"
    rf"|(?<=\x9b){_SEQUENCE}"
    rf"|(?<=[\x90\x98\x9d-\x9f]){_STRING}"
    r")?"
)
_LINE_END = re.compile(r"\r\n|\n|\r")


def clean(text: str, *, colors: bool = False) -> str:
    """Return a text without all that steers a terminal or hides from a reader.

    With `colors`, complete SGR sequences stay. Tabs and line feeds stay; half of a surrogate
    pair, which no stream can encode, becomes U+FFFD.
    """
    # Usual lines take no more than these looks: what is dropped is never printable.
    if text.isprintable():
        return text
    plain = SGR.sub("", text)
    if plain.isprintable():
        return text if colors else plain
    return _TOKEN.sub(_only_color if colors else _nothing, text)


def reveal(text: str, *, colors: bool = False) -> str:
    """Return a clean text that shows invisible characters by their numbers: `<U+202E>`."""
    if text.isprintable():
        return text
    return _TOKEN.sub(_color_or_number if colors else _number, text)


def escape_unseen(text: str) -> str:
    """Return a document of JSON with escapes for all that is not seen or cannot be encoded.

    Its values stay as they are: only strings can hold such characters.
    """
    return text if text.isprintable() else _UNSEEN.sub(_escaped, text)


def _escaped(unseen: re.Match[str]) -> str:
    return json.dumps(unseen[0])[1:-1]


def physical_lines(text: str) -> list[str]:
    """Return the lines that a terminal or a CI runner sees, each without its end.

    A lone carriage return ends a line too: it would let what follows overwrite what stands there.
    """
    return _LINE_END.split(text)


def one_line(text: str) -> str:
    """Return a clean text without colors in one line, as for a name or a title."""
    if text.isprintable():
        return text
    return clean(" ".join(_LINE_END.split(text)))


def _nothing(token: re.Match[str]) -> str:
    return "\ufffd" if "\ud800" <= token[0] <= "\udfff" else ""


def _only_color(token: re.Match[str]) -> str:
    return token[0] if token["sgr"] else _nothing(token)


def _number(token: re.Match[str]) -> str:
    # Controls say nothing to a reader; invisible characters may deceive.
    return "" if token[0][0] < _FIRST_UNSEEN else f"<U+{ord(token[0]):04X}>"


def _color_or_number(token: re.Match[str]) -> str:
    return token[0] if token["sgr"] else _number(token)
