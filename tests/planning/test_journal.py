"""Journals: disks that take nothing or a part, and files that other versions wrote."""

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from remote_backend.errors import SelectionError
from remote_backend.formats.times import seconds_between
from remote_backend.models.cost import Cost
from remote_backend.models.failure import Failure, FailureKind, Place
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.policy import CheckReport, PolicyResult
from remote_backend.models.run_phases import PlanTimes
from remote_backend.planning.journal import Journal
from remote_backend.planning.recorded_batch import list_journals, read_journal
from tests.support.report_builders import failed_with

FULL = Path("/dev/full")
BEGINNING: dict[str, Any] = {
    "directory": "/work",
    "hostname": "tfe.test",
    "organization": "acme",
    "started_at": "2026-01-01T00:00:00.000+00:00",
    "workspaces": {"a": "ws-a"},
    "options": {"targets": [], "replace": [], "refresh": True, "destroy": False},
    "variable_names": [],
}
OUTCOME = Outcome(workspace="a", full_name="net-a", result=Result.CHANGES, plan_id="plan-1")


async def write_story(journal: Journal, id: str = "batch-1", **more: Any) -> None:
    """Write a beginning and an outcome."""
    await journal.write("batch", id=id, **{**BEGINNING, **more})
    await journal.outcome(OUTCOME)


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
async def test_what_a_full_disk_did_not_take_is_written_later(tmp_path: Path) -> None:
    """It is said once; the records come when there is room again, in order (M2)."""
    warnings: list[str] = []
    journal = Journal.at(tmp_path, "batch-1", warnings.append)
    path = tmp_path / "batch-1.journal"
    path.symlink_to(FULL)
    await journal.write("batch", id="batch-1", **BEGINNING)
    await journal.write("begun", workspace="a", configuration_version_id="cv-1")
    path.unlink()
    await journal.outcome(OUTCOME)

    assert len(warnings) == 1
    assert "cannot be resumed: No space left on device" in warnings[0]
    story = read_journal(tmp_path, None)
    assert story.begun["a"].configuration_version_id == "cv-1"
    assert story.outcomes == {"a": OUTCOME}


async def test_a_folder_that_cannot_be_made_is_no_end(tmp_path: Path) -> None:
    """A journal is insurance: without one the batch goes on (N09)."""
    warnings: list[str] = []
    (tmp_path / "file").write_text("")
    journal = Journal.at(tmp_path / "file" / "batches", "batch-1", warnings.append)
    await write_story(journal)

    assert len(warnings) == 1 and "batch-1.journal cannot be written" in warnings[0]


async def test_a_disk_that_takes_a_part_gets_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short write leaves no half line that would swallow the next record (M2)."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:7]))
    await write_story(Journal.at(tmp_path, "batch-1"))
    monkeypatch.undo()

    assert read_journal(tmp_path, None).outcomes == {"a": OUTCOME}


async def test_a_resumed_journal_begins_on_a_line_of_its_own(tmp_path: Path) -> None:
    """Half a line of a killed process does not swallow the first record of the next one."""
    await Journal.at(tmp_path, "batch-1").write("batch", id="batch-1", **BEGINNING)
    with (tmp_path / "batch-1.journal").open("ab") as file:
        file.write(b'{"kind": "outcome", "works')
    await Journal.at(tmp_path, "batch-1").outcome(OUTCOME)

    assert read_journal(tmp_path, None).outcomes == {"a": OUTCOME}


async def test_odd_text_is_written_as_well(tmp_path: Path) -> None:
    """Half an emoji in a reason, as a server cut it, comes back as it was (N25)."""
    journal = Journal.at(tmp_path, "batch-1")
    await journal.write("batch", id="batch-1", **BEGINNING)
    odd = Outcome(
        workspace="a", full_name="a", result=Result.FAILED, failure=failed_with("\ud83d \0")
    )
    await journal.outcome(odd)

    assert read_journal(tmp_path, None).outcomes == {"a": odd}


FAILURE = Failure(
    kind=FailureKind.TERRAFORM,
    title="Invalid value for variable",
    text='Error: Invalid value\n\n  on main.tf line 3:\n  var.token is "hush"\n',
    detail='The token "hush" is too short.',
    place=Place(file="main.tf", line=3),
    address="module.a.b.c",
    policies=(PolicyResult(name="tags", level="hard-mandatory", status="failed"),),
    further_errors=2,
)


async def test_a_failure_comes_back_without_its_text(tmp_path: Path) -> None:
    """The text can quote a value of a variable, and a journal holds none."""
    journal = Journal.at(tmp_path, "batch-1")
    await journal.write("batch", id="batch-1", **BEGINNING)
    await journal.outcome(evolve(OUTCOME, result=Result.FAILED, failure=FAILURE))

    assert b"hush" not in (tmp_path / "batch-1.journal").read_bytes()
    [outcome] = read_journal(tmp_path, None).ended
    assert outcome.failure == evolve(FAILURE, text="", detail="")


@pytest.mark.parametrize(
    ("members", "kind", "title"),
    [
        ({"reason": "no upload", "phase": "upload"}, FailureKind.UPLOAD, "no upload"),
        (
            {"reason": "the run errored", "phase": "plan"},
            FailureKind.TERRAFORM,
            "the run errored",
        ),
        (
            {"reason": "it stopped", "result": "canceled"},
            FailureKind.CANCELED,
            "it stopped",
        ),
        ({"failure": {"kind": "new", "title": "later"}}, FailureKind.TERRAFORM, "later"),
        (
            {"failure": {"kind": "task", "title": "x", "place": 5}},
            FailureKind.TERRAFORM,
            "x",
        ),
        (
            {"failure": {"kind": "task", "title": "x", "policies": [[]]}},
            FailureKind.TERRAFORM,
            "x",
        ),
    ],
)
async def test_failures_of_other_versions_cost_no_outcome(
    members: dict[str, Any], kind: FailureKind, title: str, tmp_path: Path
) -> None:
    """A sentence, as 0.1.0 wrote it, and odd values that a later version may write."""
    journal = Journal.at(tmp_path, "batch-1")
    await journal.write("batch", id="batch-1", **BEGINNING)
    await journal.write(
        "outcome", workspace="a", full_name="a", seconds=1, counts=None,
        **{"result": "failed", **members},
    )  # fmt: skip

    [outcome] = read_journal(tmp_path, None).ended
    assert outcome.failure == Failure(kind=kind, title=title)


@pytest.mark.parametrize("members", [{}, {"failure": None}, {"failure": []}, {"reason": 5}])
async def test_an_outcome_without_a_failure_has_none(
    members: dict[str, Any], tmp_path: Path
) -> None:
    """A plan that succeeded has no failure, whatever stands in its place."""
    journal = Journal.at(tmp_path, "batch-1")
    await journal.write("batch", id="batch-1", **BEGINNING)
    await journal.write(
        "outcome",
        workspace="a",
        full_name="a",
        seconds=1,
        counts=None,
        result="changes",
        **members,
    )

    assert [one.reason for one in read_journal(tmp_path, None).ended] == [None]


CHECKS = (
    CheckReport(
        kind="policy check",
        name="organization",
        status="soft_failed",
        text="hush",
        failed=True,
        policies=(
            PolicyResult(name="tags", level="advisory", status="passed", text="hush"),
        ),
    ),
    CheckReport(
        kind="run task", name="scan", status="passed", text="hush", level="mandatory"
    ),
    CheckReport(
        kind="cost estimate",
        name="monthly cost",
        status="finished",
        cost=Cost(prior=Decimal("0.10"), proposed=Decimal("3"), delta=Decimal("2.9")),
    ),
)
TIMES = (("pending", 0.1), ("planning", 2.5))


async def test_checks_and_times_come_back_without_texts(tmp_path: Path) -> None:
    """So a report of an earlier batch has costs, policies and times, and the journal no secret."""
    journal = Journal.at(tmp_path, "batch-1")
    await journal.write("batch", id="batch-1", mapping="net-*", **BEGINNING)
    await journal.outcome(evolve(OUTCOME, checks=CHECKS, times=TIMES, seconds=3.0))
    assert read_journal(tmp_path, None).ended_at is None
    await journal.end()

    assert b"hush" not in (tmp_path / "batch-1.journal").read_bytes()
    batch = read_journal(tmp_path, None)
    [outcome] = batch.ended
    assert outcome.cost == CHECKS[2].cost
    assert [policy.title for policy in outcome.policies] == ["tags (advisory)"]
    assert [(task.name, task.level) for task in outcome.tasks] == [("scan", "mandatory")]
    assert outcome.durations == PlanTimes(waiting=2.4, planning=0.5, total=3.0)
    assert batch.mapping == "net-*"
    assert seconds_between(batch.started_at, batch.ended_at) is not None


@pytest.mark.parametrize(
    "members",
    [
        {"checks": 5},
        {"checks": [{}]},
        {"checks": [[]]},
        {
            "checks": [
                {"kind": "cost estimate", "name": "", "status": "", "level": "",
                 "failed": False, "policies": [], "cost": ["a", "b", "c"]}
            ]
        },
        {"times": 5},
        {"times": [["pending"]]},
        {"times": [["pending", "soon"]]},
    ],
)  # fmt: skip
async def test_odd_checks_and_times_cost_no_outcome(
    members: dict[str, Any], tmp_path: Path
) -> None:
    """A later version may write them in another form; the rest of the outcome is there."""
    journal = Journal.at(tmp_path, "batch-1")
    await journal.write("batch", id="batch-1", **BEGINNING)
    await journal.write(
        "outcome", workspace="a", full_name="net-a", result="unchanged", seconds=1,
        counts=None, **members,
    )  # fmt: skip

    [outcome] = read_journal(tmp_path, None).ended
    assert (outcome.full_name, outcome.checks, outcome.times) == ("net-a", (), ())


def record(**members: Any) -> bytes:
    """Return a line of a journal."""
    return json.dumps(members).encode() + b"\n"


OTHERS = {
    "result": record(kind="batch", id="x", **BEGINNING)
    + record(kind="outcome", workspace="a", full_name="a", result="mended", seconds=1),
    "kinds": record(kind="batch", id="x", **{**BEGINNING, "workspaces": ["a"]}),
    "members": record(kind="batch", id="x"),
    "deep": record(kind="batch", id="x", **BEGINNING) + b"[" * 100_000,
    "time": record(kind="batch", id="x", **{**BEGINNING, "started_at": 5}),
    "options": record(
        kind="batch",
        id="x",
        **{
            **BEGINNING,
            "options": {**BEGINNING["options"], "refresh_only": True, "destroy": True},
        },
    ),
    "text": b"\x00" * 100 + b"not a journal\n",
}


@pytest.mark.parametrize("other", [*OTHERS, "directory"])
async def test_one_odd_journal_hides_no_other(other: str, tmp_path: Path) -> None:
    """It is left out and named, and only what is not a journal at all goes without a word (N27, L3)."""
    await write_story(Journal.at(tmp_path, "batch-1"))
    odd = tmp_path / "batch-2.journal"
    if other == "directory":
        odd.mkdir()
    else:
        odd.write_bytes(OTHERS[other])
    skipped: list[str] = []

    stories = list_journals(tmp_path, skipped.append)

    assert [story.id for story in stories] == ["batch-1"]
    assert [str(odd) in text for text in skipped] == [True] * (other != "text")
    assert read_journal(tmp_path, "batch-1").outcomes == {"a": OUTCOME}
    with pytest.raises(SelectionError, match="no batch begins with batch-2"):
        read_journal(tmp_path, "batch-2")


async def test_members_that_later_versions_add_are_passed_over(tmp_path: Path) -> None:
    """After a rollback of the tool its journals can still be read (N27)."""
    journal = Journal.at(tmp_path, "batch-1")
    options = {**BEGINNING["options"], "new": 1}
    await journal.write("batch", id="batch-1", new=1, **{**BEGINNING, "options": options})
    await journal.write("begun", workspace="a", configuration_version_id="cv", new=[])
    await journal.write("news", workspace="a")

    story = read_journal(tmp_path, None)

    assert story.unfinished == ("a",) and story.begun["a"].configuration_version_id == "cv"
