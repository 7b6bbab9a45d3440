"""Where the JSON plans of a batch are written, and in which form: the flags of `plan`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from remote_backend.cli.commands.plan_request import PlanJson
from remote_backend.cli.terraform_flags import RelativePath, value
from remote_backend.errors import RunOptionsError

__all__ = ("plan_json_flags", "plan_json_options")

Function = TypeVar("Function", bound=Callable[..., Any])


def plan_json_flags(function: Function) -> Function:
    """Declare the flags."""
    folder = value(
        "plan-json",
        "Write the JSON of each plan into this folder, and an index of them, for scanners.",
        type=RelativePath(),
        metavar="DIR",
    )
    form = value(
        "plan-json-form",
        "Which JSON: full (where the token may read it, else redacted), redacted (never the full "
        "one, which holds secrets). Default: full.",
        type=click.Choice(["full", "redacted"]),
        metavar="FORM",
    )
    return folder(form(function))


def plan_json_options(flags: Mapping[str, Any]) -> PlanJson | None:
    """Return what the flags say, with the folder made; None where no JSON is written.

    Raises `RunOptionsError` for a form without a folder, and for a folder that cannot be used.
    """
    folder, form = flags["plan_json"], flags["plan_json_form"]
    if folder is None and form is None:
        return None
    if not folder:
        raise RunOptionsError(
            "-plan-json needs a folder: -plan-json=DIR"
            if form is None
            else f"-plan-json-form={form} is for -plan-json; add -plan-json=DIR"
        )
    # Most batches hand no plans on.
    from remote_backend.planning.plan_files import prepare_plan_folder

    prepare_plan_folder(Path(folder))
    return PlanJson(Path(folder), redacted_only=form == "redacted")
