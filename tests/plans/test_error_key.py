"""Which failures are one error, and which never are."""

from typing import Any

import pytest
from attrs import evolve

from remote_backend.models.failure import Failure, FailureKind, Place
from remote_backend.models.policy import PolicyResult
from remote_backend.plans.error_key import error_key

ERROR = Failure(
    kind=FailureKind.TERRAFORM,
    title="Unsupported argument",
    text='Error: Unsupported argument\n\n  on main.tf line 12:\n  12: var.name is "dev"\n',
    detail='An argument named "x" is not expected here.',
    place=Place(file="main.tf", line=12),
)
NAMES = ("dev", "net-dev")
OTHER_NAMES = ("prod-eu", "net-prod-eu")


def detail_key(detail: str, names: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the key of an error with an explanation."""
    return error_key(evolve(ERROR, detail=detail), names)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("no role for net-dev", "no role for net-prod-eu"),
        ("the bucket logs.dev exists", "the bucket logs.prod-eu exists"),
        ("the file dev.tfvars is wrong", "the file prod-eu.tfvars is wrong"),
        ("vpc-0a1b2c3d4e5f67890 is gone", "vpc-0123456789abcdef0 is gone"),
        ("sg-12ab34cd is gone", "sg-98fe76dc is gone"),
        ("run-CKuwsxMGgMd4W7Ui waits", "run-AojLhEfimMV5LP00 waits"),
        ("commit 1a2b3c4d5e6f7a8b9c0d", "commit 9f8e7d6c5b4a39281706"),
        (
            "key 1f0e9a54-7c1b-4c2e-9d33-6b8f2f1c0a11 is disabled",
            "key 9A8B7C6D-1111-2222-3333-444455556666 is disabled",
        ),
        (
            "arn:aws:iam::123456789012:role/a may not do this",
            "arn:aws-cn:iam::999999999999:role/b/c may not do this",
        ),
        (
            "api error AccessDenied, RequestID: 8GX2TQ, HostID: aB/+c=, denied",
            "api error AccessDenied, RequestID: 1Z, HostID: d/e==, denied",
        ),
        ("x-request-id: f00 was refused", "x-request-id: b4r was refused"),
        ("account 123456789012 is closed", "account 210987654321 is closed"),
        (
            "expired at 2026-11-27T03:07:38Z",
            "expired at 2026-11-26T23:59:59.123+01:00",
        ),
        ("at Thu, 27 Nov 2026 03:07:38 GMT", "at Fri, 28 Nov 2026 11:00:00 GMT"),
        ("gave up after 12.5s", "gave up after 1m30s"),
        ("wrapped over\ntwo lines", "wrapped over two  lines"),
    ],
)
def test_what_is_particular_to_a_workspace_does_not_separate(one: str, other: str) -> None:
    """Own names, ids, UUIDs, ARNs, times, request ids, long numbers, and how lines are wrapped."""
    assert detail_key(one, NAMES) == detail_key(other, OTHER_NAMES)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("no role for net-dev", "no role for net-other"),
        ("the developer is away", "the prod-euler is away"),
        ("port 80 is closed", "port 443 is closed"),
        ("line 12345", "line 54321"),
        ("10.0.0.0/16 is taken", "10.1.0.0/16 is taken"),
        ("module.a-b is missing", "module.a-c is missing"),
        ("no such region: eu-west-1", "no such region: us-east-1"),
        ("A managed resource is missing", "A data source is missing"),
        ("the instance type is t3.small", "the instance type is t3.large"),
        ("facade", "decade"),
    ],
)
def test_what_a_person_would_call_another_error_separates(one: str, other: str) -> None:
    """Short numbers, addresses, and words that only begin like a name."""
    assert detail_key(one, NAMES) != detail_key(other, OTHER_NAMES)


@pytest.mark.parametrize(
    ("change", "is_same"),
    [
        ({"text": "another snippet and another value"}, True),
        ({"further_errors": 3}, True),
        ({"address": "aws_vpc.b"}, True),
        ({"title": "Missing required argument"}, False),
        ({"place": Place(file="main.tf", line=13)}, False),
        ({"place": Place(file="net.tf", line=12)}, False),
        ({"place": Place(file="main.tf")}, False),
        ({"place": None}, False),
        ({"detail": "Another explanation."}, False),
        ({"kind": FailureKind.CONNECTION}, False),
    ],
)
def test_an_error_is_its_title_place_and_explanation(
    change: dict[str, Any], is_same: bool
) -> None:
    """The source lines around it can quote values, and later errors are only counted."""
    other = evolve(ERROR, **change)
    assert (error_key(ERROR, ()) == error_key(other, ())) is is_same


def test_an_error_without_an_explanation_is_its_text() -> None:
    """As from logs whose form nobody knows."""
    one, other = (evolve(ERROR, detail="", text=text) for text in ("a is b", "a is c"))
    assert error_key(one, ()) != error_key(other, ())


def refused(*policies: str, level: str = "hard-mandatory") -> Failure:
    """Return the failure of a plan that policies refused."""
    results = tuple(
        PolicyResult(name=name, level=level, status="failed", text=f"text {number}")
        for number, name in enumerate(policies)
    )
    return Failure(kind=FailureKind.POLICY, title=policies[0], text="x", policies=results)


def test_policies_are_one_error_by_the_set_of_those_that_failed() -> None:
    """Whatever their order and texts; another level is another error."""
    both = error_key(refused("tags", "cost"), ())
    assert both == error_key(refused("cost", "tags"), ())
    assert both != error_key(refused("tags"), ())
    assert both != error_key(refused("tags", "cost", level="soft-mandatory"), ())


def test_other_failures_are_their_kind_and_message() -> None:
    """Two that were canceled alike are one; a refused upload is not a lost connection."""

    def ours(kind: FailureKind, title: str) -> tuple[str, ...]:
        return error_key(Failure(kind=kind, title=title), NAMES)

    upload, connection = FailureKind.UPLOAD, FailureKind.CONNECTION
    assert ours(upload, "cv-CKuwsxMGgMd4W7Ui is errored") == ours(
        upload, "cv-AojLhEfimMV5LP00 is errored"
    )
    assert ours(upload, "no answer") != ours(connection, "no answer")
    assert ours(upload, "no answer") != ours(upload, "no room")
