"""Why the plan of a workspace failed, or was canceled."""

from enum import Enum

from attrs import field, frozen

from remote_backend.models.policy import PolicyResult

__all__ = ("Failure", "FailureKind", "Place")


class FailureKind(Enum):
    """What a plan failed by, for programs; the words are those of reports as JSON."""

    TERRAFORM = "terraform"
    """Terraform reported an error, or its run ended without a plan."""

    POLICY = "policy"
    TASK = "task"
    DECISION = "decision"
    """Somebody must decide in the browser, or has decided against the run."""

    TIMEOUT = "timeout"
    UPLOAD = "upload"
    CONNECTION = "connection"
    """A request failed, or its response could not be used."""

    CONFIGURATION = "configuration"
    """The local configuration, a setting, or the workspace does not allow the plan."""

    CANCELED = "canceled"
    INTERNAL = "internal"
    """A mistake in this package."""


@frozen(kw_only=True)
class Place:
    """A file of the configuration, as the engine names it, with a line where it is known."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


@frozen(kw_only=True)
class Failure:
    """The first reason why a plan is missing or must not be used.

    `title`, `text` and `detail` can hold text of the server; they are cleaned where they are
    written.
    """

    kind: FailureKind
    title: str
    """One line: `Unsupported argument`, or `policy no-public-buckets (hard-mandatory)`."""

    text: str = field(default="", repr=False)
    """The whole error, without frames and colors; empty where the title says all."""

    detail: str = field(default="", repr=False)
    """The explanation below the title of an error of Terraform, without the source lines."""

    place: Place | None = None
    address: str | None = None
    """The resource that the error names."""

    policies: tuple[PolicyResult, ...] = ()
    """The mandatory policies that failed."""

    further_errors: int = 0
    """How many more errors Terraform reported."""

    @property
    def reason(self) -> str:
        """The title, and the place where there is one: `Unsupported argument (main.tf:12)`."""
        return self.title if self.place is None else f"{self.title} ({self.place})"

    @property
    def full_text(self) -> str:
        """The whole error; the title where it says all."""
        return self.text or self.title
