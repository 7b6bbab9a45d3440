"""Reading one log on the whole screen: lines, a place in them, and what keys do.

The pager shows what there is and takes more lines as they come. While it follows, the last line
stays at the bottom; every key that moves up ends this.
"""

import re
from collections.abc import Callable, Iterable

from attrs import define, field

from remote_backend.cli.output.view.cells import (
    Line,
    Span,
    cut_end,
    cut_name,
    fill,
    line,
    width_of,
)
from remote_backend.cli.output.view.theme import Theme

__all__ = ("LogPager",)

_ERROR = re.compile(r"^\W*Error: ")
_FOOTER = "F follow  / search  n next  e error  g G ends  o open  q back"
_AROUND = 3
"""The title, the gap below it, and the footer."""


@define(eq=False)
class LogPager:
    """The log of one workspace; lines are clean and have no ends."""

    name: str
    lines: list[str] = field(factory=list)
    title: str = ""
    """What is known of the plan: `failed 1.2s  Unsupported argument`."""

    style: str = ""
    follows: bool = False
    top: int = 0
    search: str = ""
    is_typing: bool = False
    _page: int = 20

    def add(self, lines: Iterable[str]) -> None:
        """Take lines that were written since."""
        self.lines.extend(lines)
        if self.follows:
            self.top = self._last_top

    def show_error(self) -> None:
        """Go to the first error."""
        self._find(_ERROR.search, 0)

    def press(self, key: str) -> bool:
        """Do what a key does; return False when the pager is left."""
        if self.is_typing:
            self._type(key)
            return True
        move = {
            "up": -1,
            "k": -1,
            "down": 1,
            "j": 1,
            "enter": 1,
            "page-up": -self._page,
            "b": -self._page,
            "page-down": self._page,
            " ": self._page,
            "home": -len(self.lines),
            "g": -len(self.lines),
            "end": len(self.lines),
            "G": len(self.lines),
        }.get(key)
        if key in ("q", "escape"):
            return False
        if move is not None:
            self.follows = self.follows and move > 0
            self._go(self.top + move)
        elif key in ("F", "f"):
            self.follows = not self.follows
            self._go(self._last_top if self.follows else self.top)
        elif key == "/":
            self.is_typing, self.search = True, ""
        elif key in ("n", "e"):
            self._next(key)
        return True

    def draw(self, size: tuple[int, int], theme: Theme) -> list[Line]:
        """Return the lines of the screen."""
        width, height = size
        self._page = max(1, height - _AROUND)
        if self.follows:
            self.top = self._last_top
        self.top = max(0, min(self.top, max(0, len(self.lines) - 1)))
        body: list[Line] = []
        shown = 0
        for text in self.lines[self.top : self.top + self._page]:
            parts = _wrapped(text, width)
            if body and len(body) + len(parts) > self._page:
                break
            body += [self._marked(part) for part in parts[: self._page]]
            shown += 1
        body += [line()] * (self._page - len(body))
        return [self._head(width, theme), line(), *body, self._foot(width, shown)]

    @property
    def _last_top(self) -> int:
        return max(0, len(self.lines) - self._page)

    def _go(self, top: int) -> None:
        self.top = max(0, min(top, self._last_top))

    def _type(self, key: str) -> None:
        if key in ("enter", "escape"):
            self.is_typing = False
            if key == "enter":
                self._find(self._matches, self.top)
        elif key == "backspace":
            self.search = self.search[:-1]
        elif len(key) == 1:
            self.search += key

    def _next(self, key: str) -> None:
        if key == "e":
            self._find(_ERROR.search, self.top + 1)
        elif self.search:
            self._find(self._matches, self.top + 1)

    def _matches(self, text: str) -> bool:
        return self.search.lower() in text.lower()

    def _find(self, matches: Callable[[str], object], start: int) -> None:
        # After the last hit comes the first one.
        for at in (*range(start, len(self.lines)), *range(min(start, len(self.lines)))):
            if matches(self.lines[at]):
                self.follows = False
                self.top = at
                return

    def _marked(self, text: str) -> Line:
        if not self.search or self.search.lower() not in text.lower():
            return line(text)
        start = text.lower().index(self.search.lower())
        end = start + len(self.search)
        return line(text[:start], Span(text[start:end], "reverse"), text[end:])

    def _head(self, width: int, theme: Theme) -> Line:
        count = f"{len(self.lines)} lines"
        room = width - width_of(count) - 2
        name = cut_name(theme.clean(self.name), max(room * 3 // 4, 20), theme.signs.cut)
        text = f" {name}  {theme.clean(self.title)}"
        return line(
            Span(fill(cut_end(text, room, theme.signs.cut), room), self.style or "bold"),
            count,
        )

    def _foot(self, width: int, shown: int) -> Line:
        if self.is_typing:
            return line(cut_end(f" /{self.search}", width))
        last = self.top + shown
        place = f" {min(self.top + 1, last)}-{last} of {len(self.lines)}"
        follow = "   following" if self.follows else ""
        return line(Span(cut_end(f"{place}{follow}   {_FOOTER}", width), "dim"))


def _wrapped(text: str, width: int) -> list[str]:
    """Cut a line into parts that fit the screen; nothing of a log is hidden."""
    text = text.expandtabs()
    if width_of(text) <= width:
        return [text]
    parts, part, cells = [], "", 0
    for character in text:
        size = width_of(character)
        if cells + size > width:
            parts.append(part)
            part, cells = "", 0
        part += character
        cells += size
    return [*parts, part]
