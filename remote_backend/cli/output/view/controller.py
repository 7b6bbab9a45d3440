"""What keys do to the view of a batch; what they mean for runs is returned as an action.

The view is always in one of these states, the first that holds: a question about an interrupt is
open; help is shown; a log is read; the cancellation of one run is asked for; a filter is typed; or
rows are shown, with a selection or without. `press` is the only way between them, but for the
question, which a signal opens and its answer closes.
"""

from collections.abc import Callable

from attrs import define, evolve, field, frozen

from remote_backend.cli.output.view.cells import Line, Span, fit, line
from remote_backend.cli.output.view.layout import Controls, draw, visible_rows
from remote_backend.cli.output.view.pager import LogPager
from remote_backend.cli.output.view.rows import BatchRows, Stage
from remote_backend.cli.output.view.theme import Theme

__all__ = ("Action", "Controller", "Question")

_HELP = (
    ("↑ ↓ k j, PgUp PgDn, Home End", "select a workspace; Esc goes back to the overview"),
    ("Enter", "read its log"),
    ("f", "show the failed ones only, and all again"),
    ("/", "show those whose name or address holds what is typed"),
    ("c", "cancel its run"),
    ("o", "open its run in the browser, or show the address"),
    ("q, Ctrl-C", "stop: cancel the runs, or leave them running"),
    ("?", "this table"),
)
_PAGE = 10


@frozen(kw_only=True)
class Action:
    """What a key asks for that the view cannot do itself."""

    kind: str
    """`cancel` or `open` (of a workspace), `interrupt`, or `answer`."""

    workspace: str = ""
    answer: str = ""
    """`cancel`, `detach` or `watch`."""


@frozen(kw_only=True)
class Question:
    """The question after an interrupt: what becomes of the runs."""

    working: int
    waiting: int
    all: int
    come_back: str
    """The command by which one comes back to runs that go on."""

    @property
    def left(self) -> int:
        """How many runs are still going."""
        return self.working + self.waiting


_ANSWERS = {"c": "cancel", "d": "detach", "w": "watch"}


@define(eq=False)
class Controller:
    """The states of the view, and the way from key to key."""

    batch: BatchRows
    theme: Theme
    open_log: Callable[[str], LogPager]
    """Returns the log of a workspace as far as there is one."""

    controls: Controls = field(factory=Controls)
    pager: LogPager | None = None
    question: Question | None = None
    _shows_help: bool = False
    _canceling: str | None = None

    def press(self, key: str, *, alone: bool = True) -> Action | None:
        """Do what a key does. `alone` says that nothing else was read with it.

        Text that is pasted comes in one piece, and no word of it may change a run.
        """
        if self.question is not None:
            return self._answer(key, alone)
        if self._shows_help:
            self._shows_help = False
            return None
        if self.pager is not None:
            return self._press_in_log(key)
        if self._canceling is not None:
            return self._confirm(key, alone)
        if self.controls.is_typing:
            self._type(key)
            return None
        self.controls = evolve(self.controls, prompt=None)
        return self._press_in_rows(key)

    def ask(self, question: Question) -> None:
        """Show the question until it is answered."""
        self.question, self.pager, self._shows_help = question, None, False

    def say(self, text: str) -> None:
        """Show a sentence in place of the footer until the next key."""
        self.controls = evolve(self.controls, prompt=text)

    def draw(self, size: tuple[int, int], now: float) -> list[Line]:
        """Return the lines of the drawing for a size."""
        if self.pager is not None:
            return self.pager.draw(size, self.theme)
        lines = draw(self.batch, self.controls, self.theme, size, now)
        if self.question is not None:
            lines = [*lines[:2], line(), *self._question_lines(self.question)]
        elif self._shows_help:
            lines = [
                *lines[:2],
                line(),
                *(line(f" {keys:<31}{what}") for keys, what in _HELP),
            ]
        return [fit(each, size[0], self.theme.signs.cut) for each in lines[: size[1] - 1]]

    def _question_lines(self, question: Question) -> list[Line]:
        left = question.left
        runs = "run is" if left == 1 else "runs are"
        return [
            line(
                Span(
                    f" Interrupted. {left} of {question.all} {runs} still going: ", "bold"
                ),
                f"{question.working} at work, {question.waiting} waiting.",
            ),
            line(),
            line("   c  cancel them and show what is known"),
            line(f"   d  leave them running (come back with: {question.come_back})"),
            line("   w  keep watching"),
            line(),
            line(f" Press c, d or w. Ctrl-C again leaves at once; the {left} runs go on."),
        ]

    def _answer(self, key: str, alone: bool) -> Action | None:
        if key not in _ANSWERS or not alone:
            return None
        self.question = None
        return Action(kind="answer", answer=_ANSWERS[key])

    def _press_in_log(self, key: str) -> Action | None:
        assert self.pager is not None
        if key == "o" and not self.pager.is_typing:
            return Action(kind="open", workspace=self.pager.name)
        if not self.pager.press(key):
            self.pager = None
        return None

    def _confirm(self, key: str, alone: bool) -> Action | None:
        name, self._canceling = self._canceling, None
        self.controls = evolve(self.controls, prompt=None)
        if key != "y" or not alone or name is None:
            return None
        return Action(kind="cancel", workspace=name)

    def _type(self, key: str) -> None:
        typed = self.controls.filter
        if key == "enter":
            self.controls = evolve(self.controls, is_typing=False)
        elif key == "escape":
            self.controls = evolve(self.controls, is_typing=False, filter="")
        elif key == "backspace":
            self.controls = evolve(self.controls, filter=typed[:-1])
        elif len(key) == 1:
            self.controls = evolve(self.controls, filter=typed + key)

    def _press_in_rows(self, key: str) -> Action | None:
        steps = {
            "up": -1,
            "k": -1,
            "down": 1,
            "j": 1,
            "page-up": -_PAGE,
            "page-down": _PAGE,
        }
        if key in steps or key in ("home", "end"):
            self._select(key, steps.get(key, 0))
        elif key == "f":
            self.controls = evolve(
                self.controls, failed_only=not self.controls.failed_only, selected=None
            )
        elif key == "/":
            self.controls = evolve(self.controls, is_typing=True, filter="")
        elif key == "escape":
            self.controls = Controls()
        elif key == "?":
            self._shows_help = True
        elif key == "q":
            return Action(kind="interrupt")
        elif key in ("enter", "c", "o"):
            return self._act(key)
        return None

    def _select(self, key: str, step: int) -> None:
        names = [row.name for row in visible_rows(self.batch, self.controls)]
        if not names:
            return
        selected = self.controls.selected
        if key == "home":
            at = 0
        elif key == "end":
            at = len(names) - 1
        elif selected in names:
            at = max(0, min(names.index(selected) + step, len(names) - 1))
        else:
            at = 0 if step > 0 else len(names) - 1
        self.controls = evolve(self.controls, selected=names[at])

    def _act(self, key: str) -> Action | None:
        name = self.controls.selected
        if name is None or name not in self.batch.rows:
            self.say("Select a workspace first, with the arrow keys.")
            return None
        if key == "enter":
            self.pager = self.open_log(name)
            return None
        if key == "o":
            return Action(kind="open", workspace=name)
        row = self.batch.rows[name]
        if row.stage is Stage.ENDED or row.is_canceling:
            self.say(
                f"{name} has ended."
                if row.stage is Stage.ENDED
                else f"{name} is canceled already."
            )
        else:
            self._canceling = name
            self.say(f"Cancel {name}? y/n")
        return None
