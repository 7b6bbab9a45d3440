"""The signs of results and of progress, in Unicode or in ASCII."""

from attrs import frozen

from remote_backend.plans.results import RESULT_SIGNS

__all__ = ("ASCII", "UNICODE", "Signs", "signs_for")


@frozen(kw_only=True)
class Signs:
    """A sign for each result, and what progress is drawn with."""

    failed: str
    canceled: str
    running: str
    destructive: str = RESULT_SIGNS["destructive"]
    changed: str = RESULT_SIGNS["changed"]
    unchanged: str
    waiting: str
    spinner: str
    full: str
    empty: str
    cut: str
    divider: str

    def of(self, result: str) -> str:
        """Return the sign for a word of `rows.result_of`."""
        sign: str = getattr(self, result)
        return sign


UNICODE = Signs(
    failed=RESULT_SIGNS["failed"],
    canceled=RESULT_SIGNS["canceled"],
    running=RESULT_SIGNS["running"],
    unchanged=RESULT_SIGNS["unchanged"],
    waiting="·",
    spinner="⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏",
    full="━",
    empty="─",
    cut="…",
    divider="│",
)
ASCII = Signs(
    failed="x",
    canceled="o",
    running=".",
    unchanged="=",
    waiting=".",
    spinner="|/-\\",
    full="#",
    empty="-",
    cut="~",
    divider="|",
)


def signs_for(encoding: str | None) -> Signs:
    """Return the signs that a stream can encode; one without an encoding takes all."""
    try:
        UNICODE.spinner.encode(encoding or "utf-8")
    except (LookupError, UnicodeEncodeError):
        return ASCII
    return UNICODE
