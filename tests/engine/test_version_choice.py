"""The version that a workspace or a run is planned with."""

import pytest

from remote_backend.engine.version_choice import choose_version, satisfies, version_order


@pytest.mark.parametrize(
    ("version", "constraint", "expected"),
    [
        ("1.9.8", "1.9.8", True),
        ("1.9.8", "= 1.9.8", True),
        ("1.9.8", "v1.9.8", True),
        ("1.9.8", "1.9.7", False),
        ("1.9.8", "~> 1.9.0", True),
        ("1.10.0", "~> 1.9.0", False),
        ("1.10.0", "~> 1.9", True),
        ("2.0.0", "~> 1.9", False),
        ("1.9.3", "~> 1.9.0, != 1.9.3", False),
        ("1.9.8", ">= 1.5, < 1.10", True),
        ("1.10.0", ">= 1.5, < 1.10", False),
        ("1.10.0", "> 1.9.8", True),
        ("1.9.8", "<= 1.9.8", True),
        ("1.10.0-rc1", ">= 1.9.0", False),
        ("1.10.0-rc1", "1.10.0-rc1", True),
        ("1.10.0-rc2", ">= 1.10.0-rc1", True),
        ("1.9.8", "nonsense", False),
        ("unreadable", "1.9.8", False),
    ],
)
def test_constraints_are_those_of_terraform(
    version: str, constraint: str, expected: bool
) -> None:
    """All conditions count, and a candidate is taken only where one is named."""
    assert satisfies(version, constraint) is expected


def test_the_newest_version_that_satisfies_is_chosen() -> None:
    """`latest` is the usual version, and none may satisfy."""
    versions = ("1.9.8", "1.11.4", "1.9.10", "1.12.0-rc1")

    assert choose_version(versions, "latest") == "1.9.8"
    assert choose_version(versions, "~> 1.9.0") == "1.9.10"
    assert choose_version(versions, ">= 1.9") == "1.11.4"
    assert choose_version(versions, "~> 1.5.0") is None


def test_versions_are_sorted_by_their_numbers() -> None:
    """A release follows its candidates, and what is not a version comes first."""
    versions = ["1.10.0", "1.9.8", "odd", "1.10.0-rc10", "1.10.0-rc2", "1.10.0-beta1"]

    assert sorted(versions, key=version_order) == [
        *("odd", "1.9.8", "1.10.0-beta1", "1.10.0-rc2", "1.10.0-rc10", "1.10.0"),
    ]
