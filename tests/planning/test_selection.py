"""Which workspaces patterns mean."""

import pytest

from remote_backend.errors import SelectionError
from remote_backend.planning.selection import select_names

NAMES = ("dev", "eu-1", "eu-2", "prod")


@pytest.mark.parametrize(
    ("select", "exclude", "chosen"),
    [
        ((), (), NAMES),
        (("eu-*",), (), ("eu-1", "eu-2")),
        (("prod", "dev"), (), ("dev", "prod")),
        (("eu-1", "eu-*", "*-1", "eu-1"), (), ("eu-1", "eu-2")),
        ((), ("eu-*", "nobody"), ("dev", "prod")),
        (("eu-*",), ("*-2",), ("eu-1",)),
    ],
)
def test_each_is_chosen_once_whoever_names_it(
    select: tuple[str, ...], exclude: tuple[str, ...], chosen: tuple[str, ...]
) -> None:
    """However many patterns match a workspace, it is planned once (P146)."""
    assert select_names(NAMES, select=select, exclude=exclude) == chosen


@pytest.mark.parametrize(
    ("names", "select", "exclude", "told"),
    [
        (NAMES, ("eu-*", "stage"), (), "select=stage matches no workspace"),
        (NAMES, (), ("*",), "no workspace is left to plan; there are dev, eu-1"),
        ((), (), (), "has no workspaces"),
    ],
)
def test_nothing_to_plan_is_an_error(
    names: tuple[str, ...], select: tuple[str, ...], exclude: tuple[str, ...], told: str
) -> None:
    """It names the pattern, and what there is."""
    with pytest.raises(SelectionError) as caught:
        select_names(names, select=select, exclude=exclude)
    assert told in str(caught.value)
