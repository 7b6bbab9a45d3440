"""Options of runs and of batches: what makes no sense is refused where it is made."""

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from remote_backend.errors import RunOptionsError
from remote_backend.models.configuration import UploadMode
from remote_backend.models.run import PlanOptions
from remote_backend.planning.options import BatchOptions


@pytest.mark.parametrize(
    ("make", "members", "parameters", "problem"),
    [
        (
            PlanOptions,
            {"destroy": True, "refresh_only": True},
            ("destroy", "refresh_only"),
            "destroy and refresh_only exclude each other",
        ),
        (
            PlanOptions,
            {"refresh_only": True, "refresh": False},
            ("refresh_only", "refresh=False"),
            "refresh_only needs a refresh",
        ),
        (
            PlanOptions,
            {"refresh_only": True, "replace": ("a.b",)},
            ("refresh_only", "replace"),
            "refresh_only replaces nothing",
        ),
        (
            PlanOptions,
            {"destroy": True, "replace": ("a.b",)},
            ("destroy", "replace"),
            "destroy replaces nothing",
        ),
        (
            PlanOptions,
            {"destroy": "false"},
            ("destroy",),
            "destroy must be True or False, not 'false'",
        ),
        (
            PlanOptions,
            {"targets": "a.b"},
            ("targets", "replace"),
            "take lists of addresses, not 'a.b'",
        ),
        (
            PlanOptions,
            {"replace": [5]},
            ("targets", "replace"),
            "take lists of addresses",
        ),
        (
            BatchOptions,
            {"max_concurrency": 0},
            ("max_concurrency",),
            "max_concurrency=0 is not at least 1",
        ),
        (
            BatchOptions,
            {"select": "eu-*"},
            ("select", "exclude"),
            "take lists of patterns, not the text 'eu-",
        ),
        (
            BatchOptions,
            {"upload": "each"},
            ("upload",),
            "UploadMode.EACH, not 'each'",
        ),
    ],
)
def test_options_that_make_no_sense_are_refused(
    make: Callable[..., Any],
    members: dict[str, Any],
    parameters: tuple[str, ...],
    problem: str,
) -> None:
    """The error names the parameters, as facts and in its text (W10)."""
    with pytest.raises(RunOptionsError, match=problem) as refusal:
        make(**members)

    assert refusal.value.parameters == parameters


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"destroy": True, "refresh": False},
        {"refresh_only": True, "targets": ("a.b",)},
        {"replace": ("a.b",), "refresh": False, "targets": ("a.b",)},
    ],
)
def test_other_options_go_together(members: dict[str, Any]) -> None:
    """What Terraform takes is taken, and so is a copy with other variables."""
    options = PlanOptions(**members)

    assert evolve(options, variables=(("a", "1"),)).targets == options.targets


def test_a_changed_copy_is_validated_too() -> None:
    """No way around leads to options that exclude each other."""
    with pytest.raises(RunOptionsError):
        evolve(PlanOptions(destroy=True), refresh_only=True)


def test_an_upload_mode_is_not_a_text() -> None:
    """The modes are made from the words of the command line, and lists become tuples."""
    options = BatchOptions(upload=UploadMode("each"), select=["a", "b*"])

    assert options.upload is UploadMode.EACH
    assert options.select == ("a", "b*")
