"""The policies that the output of a policy check names."""

import pytest

from remote_backend.models.policy import PolicyResult
from remote_backend.plans.policy_output import parse_policy_output

SENTINEL = """\
Sentinel Result: false

Sentinel evaluated to false because one or more Sentinel policies evaluated
to false. This false was not due to an undefined value or runtime error.

3 policies evaluated.

## Policy 1: guard/no-public-buckets (hard-mandatory)

Result: false

Print messages:

aws_s3_bucket.logs is public

FALSE - no-public-buckets.sentinel:12:1 - Rule "main"

## Policy 2: tags (soft-mandatory)

Result: true

TRUE - tags.sentinel:1:1 - Rule "main"

## Policy 3: names (advisory)

Result: false
"""
SIMULATED = """\
Result: false

2 policies were simulated.

no-public (soft-mandatory): failed
  a is public
  b too

names (advisory): passed
"""


def test_policies_of_sentinel_are_named() -> None:
    """With level, result and trace, also from a server that ends lines with CR LF."""
    expected = (
        PolicyResult(
            name="guard/no-public-buckets",
            level="hard-mandatory",
            status="failed",
            text="Print messages:\n\naws_s3_bucket.logs is public\n\n"
            'FALSE - no-public-buckets.sentinel:12:1 - Rule "main"',
        ),
        PolicyResult(
            name="tags",
            level="soft-mandatory",
            status="passed",
            text='TRUE - tags.sentinel:1:1 - Rule "main"',
        ),
        PolicyResult(name="names", level="advisory", status="failed"),
    )
    assert parse_policy_output(SENTINEL) == expected
    assert parse_policy_output(SENTINEL.replace("\n", "\r\n")) == expected


def test_policies_of_our_own_server_are_named() -> None:
    """As it writes them for simulated plans."""
    assert parse_policy_output(SIMULATED) == (
        PolicyResult(
            name="no-public", level="soft-mandatory", status="failed", text="a is public\n  b too"
        ),
        PolicyResult(name="names", level="advisory", status="passed"),
    )  # fmt: skip


@pytest.mark.parametrize(
    "output", ["", "no public subnets\n", "## Policy 1: x\n", "## Policy 1: x (advisory)\n"]
)
def test_outputs_of_other_forms_name_none(output: str) -> None:
    """Their text is shown as it is."""
    assert parse_policy_output(output) == ()
