"""The first error of logs, recorded from Terraform 1.11 and as other programs write them."""

from itertools import pairwise

import pytest

from remote_backend.models.failure import Failure, Place
from remote_backend.models.plan import Counts
from remote_backend.plans.error_key import error_key
from remote_backend.plans.log_facts import LogFacts
from tests.support.paths import SAMPLES
from tests.support.report_builders import failure_in_log

# With colors and frames, without both (-no-color), and with -json.
FORMS = ("log", "txt", "jsonl")
CONDITION = (
    """\
Error: Resource precondition failed

  on main.tf line 10, in resource "terraform_data" "subnet":
  10:       condition     = can(cidrhost(var.cidr, 0))
     var.cidr is "10.0.300.0/20\"""",
    """\
The subnet a is not a network: 10.0.300.0/20.

Take another one. This sentence is long enough that Terraform must wrap it
at its 78th column.""",
)
PROVIDER = (
    """\
Error: Unable to find remote state

  with data.terraform_remote_state.x,
  on main.tf line 1, in data "terraform_remote_state" "x":
   1: data "terraform_remote_state" "x" {""",
    "No stored state was found for the given workspace in the given backend.",
)


def recorded(name: str, form: str) -> bytes:
    """Return a recorded log."""
    return (SAMPLES / "errors" / f"{name}.{form}").read_bytes()


def failure_in(log: bytes) -> Failure:
    """Return the failure in a log that has one."""
    failure = failure_in_log(log)
    assert failure is not None
    return failure


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("name", "title", "line", "address", "further_errors"),
    [
        ("argument", "Unsupported argument", 3, None, 0),
        ("condition", "Resource precondition failed", 10, None, 1),
        ("variable", "No value for required variable", 1, None, 1),
        ("provider", "Unable to find remote state", 1, "data.terraform_remote_state.x", 0),
    ],
)
def test_a_plan_fails_by_its_first_error(
    name: str, title: str, line: int, address: str | None, further_errors: int, form: str
) -> None:
    """Its summary, file, line and resource are the same in all three forms (A4)."""
    failure = failure_in(recorded(name, form))

    assert (failure.title, failure.place) == (title, Place(file="main.tf", line=line))
    assert (failure.address, failure.further_errors) == (address, further_errors)
    assert failure.reason == f"{title} (main.tf:{line})"
    assert failure.text.startswith(f"Error: {title}\n\n  ")
    assert error_key(failure, ()) == error_key(failure_in(recorded(name, "log")), ())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("name", "source", "detail"), [("condition", *CONDITION), ("provider", *PROVIDER)]
)
def test_the_text_is_the_whole_error(
    name: str, source: str, detail: str, form: str
) -> None:
    """Without frames, colors and the lines about reading; only the wrapping differs."""
    failure = failure_in(recorded(name, form))

    assert failure.text == f"{source}\n\n{failure.detail}"
    assert failure.detail.split() == detail.split()
    assert form != "log" or failure.detail == detail


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["argument", "condition", "provider"])
def test_a_log_may_be_cut_anywhere(name: str, form: str) -> None:
    """However its bytes come, the first error is the same."""
    log = recorded(name, form)
    expected = failure_in(log)

    for size in (1, 7, 100, 1000):
        facts = LogFacts()
        for start, end in pairwise([*range(0, len(log), size), len(log)]):
            facts.feed(log[start:end])
        assert facts.failure == expected


def test_a_log_of_terraform_1_15_says_the_same() -> None:
    """Also the numbers of the part that it had planned; recorded with 1.15.5."""
    facts = LogFacts()
    facts.feed(recorded("condition-1.15", "log"))

    assert facts.failure == failure_in(recorded("condition", "log"))
    assert facts.counts == Counts(1)


def test_two_errors_of_one_place_have_an_order() -> None:
    """Resources are visited in any order, and workspaces must not fail for two reasons by that."""
    log = recorded("condition", "log")
    begin = log.index(b"\x1b[31m\xe2\x95\xb7")
    middle = log.index(b"\x1b[31m\xe2\x95\xb7", begin + 1)
    swapped = log[:begin] + log[middle:] + log[begin:middle]

    assert swapped != log
    assert failure_in(swapped) == failure_in(log)


OTF = b"\x02\n\x1b[91mError: \x1b[0munable to download config: access to the resource is not permitted\n\x03"
OLD = (
    b"\x1b[0m\x1b[1mdata.a.b: Refreshing state...\x1b[0m\n\x1b[31m\n"
    b"\x1b[1m\x1b[31mError: \x1b[0m\x1b[0m\x1b[1mInvalid index\x1b[0m\n\n"
    b"\x1b[0m  on net/main.tf line 7, in locals:\n   7:   a = \x1b[4mvar.b[3]\x1b[0m\n"
    b"    |----------------\n    | var.b is list of string with 1 element\n\n"
    b"The given key does not identify an element in this collection value.\n\x1b[0m\x1b[0m\n"
    b"Operation failed: failed running terraform plan (exit 1)\n"
)


@pytest.mark.parametrize(
    ("log", "title", "place", "detail"),
    [
        (
            OTF,
            "unable to download config: access to the resource is not permitted",
            None,
            "",
        ),
        (
            OLD,
            "Invalid index",
            Place(file="net/main.tf", line=7),
            "The given key does not identify an element in this collection value.",
        ),
        (
            b"Error: Error running plan: 1 error(s) occurred:\r\n\r\n* a.b: no\r\n\r\nWarning: x\r\n",
            "Error running plan: 1 error(s) occurred:",
            None,
            "* a.b: no",
        ),
        (b"Error: \n\nno summary\nat all\n", "no summary", None, "no summary\nat all"),
        (
            b"Error: Failed\n\naws_a.b: Still reading... [10s elapsed]\nno answer\n",
            "Failed",
            None,
            "no answer",
        ),
        (
            b"Error: Bad\n\n  with module.a.b[\"x\"],\n  on <value for var.x> line 1:\n\nno\n",
            "Bad",
            Place(file="<value for var.x>", line=1),
            "no",
        ),
        (
            b"Error: Bad\n\n  on a.tf line 99999999999, in b:\n   1: c\n\nno\n",
            "Bad",
            Place(file="a.tf line 99999999999"),
            "no",
        ),
        (b"Error: caf\xff\n", "caf\ufffd", None, ""),
    ],
)  # fmt: skip
def test_errors_of_other_programs_are_read(
    log: bytes, title: str, place: Place | None, detail: str
) -> None:
    """OTF, Terraform before 0.15, and odd ones."""
    failure = failure_in(log)
    assert (failure.title, failure.place, failure.detail) == (title, place, detail)


@pytest.mark.parametrize(
    "log",
    [
        b"",
        b"No changes.\n",
        b'      + text = "Error: none"\n      Error: none\n',
        b"Warning: Error: none\n",
        b"Error: \n",
        b'{"@level":"info","@message":"x = Error: none"}\n',
        b"\x1b[31m\xe2\x94\x82\x1b[0m no Error: here\n",
    ],
)
def test_what_only_looks_like_an_error_is_none(log: bytes) -> None:
    """Values of a plan, warnings, and words within a line."""
    assert failure_in_log(log) is None


@pytest.mark.parametrize(
    "log",
    [
        b'{"@level":"error","@message":"Error: Too \\"long\\"","diagnostic":{"severity":"error",'
        b'"summary":"Too \\"long\\"","detail":"' + b"x" * 100_000 + b'"}}\n',
        b'{"@level": "error", "@message": "Error: Too \\"long\\"", "diagnostic": []}\n',
        b'{"@level":"error","@message":"Error: Too \\"long\\"","x":' + b"[" * 50_000 + b"\n",
        b'{"@level":"error","@message":"Error: x","diagnostic":{"severity":"error","summary":'
        b'"Too \\n\\"long\\"","range":{"filename":[],"start":{"line":"1"}},"snippet":{"code":1,"values":[1]}}}\n',
    ],
)  # fmt: skip
def test_odd_structured_errors_have_a_title(log: bytes) -> None:
    """A message that is cut, or of another form than today's, is named by what can be read."""
    assert failure_in(log).title == 'Too "long"'


def test_a_long_error_is_kept_in_part() -> None:
    """A log without an end costs no more memory than 64 KiB of it, and the text says so."""
    facts = LogFacts()
    facts.feed(b"Error: Long\n\n")
    for _ in range(100):
        facts.feed(b"x" * 9_999 + b"\n")

    assert facts.failure is not None
    text, _, note = facts.failure.text.rpartition("\n")
    assert (facts.failure.title, len(text)) == ("Long", 1 << 16)
    assert note == "... the rest of this error is left out"
