"""The page about the architecture names what there is."""

import importlib
import re

import pytest

from tests.support.modules import module_names
from tests.support.paths import REPOSITORY

PAGE = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
MODULES = {name.removeprefix("remote_backend.") for name in module_names()}
NAMES = sorted(
    name
    for name in set(re.findall(r"`([a-z_]+(?:\.\w+)+)`", PAGE))
    if not name.endswith(".py")
)


def test_the_walk_has_names() -> None:
    """The page spells the stops of a plan as module and name."""
    assert "planning.workspace_plan.WorkspacePlan.carry_out" in NAMES
    assert "api.wire.runs.request_to_queue_run" in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_name_on_the_page_exists(name: str) -> None:
    """Each module, class, function and method of the page is found where it says."""
    parts = name.split(".")
    module = max(
        (end for end in range(len(parts) + 1) if ".".join(parts[:end]) in MODULES),
        default=0,
    )
    assert module, f"{name} begins with no module"
    found = importlib.import_module("remote_backend." + ".".join(parts[:module]))
    for part in parts[module:]:
        found = getattr(found, part)
