"""What GitHub Actions gets beside the log: annotations, and outputs for later steps."""

import io
import json
from decimal import Decimal
from pathlib import Path

import pytest

from remote_backend.cli.output.github import annotations, write_outputs
from remote_backend.cli.output.screen import screen_of
from remote_backend.models.changes import PlannedChanges, ResourceChange
from remote_backend.models.cost import Cost
from remote_backend.models.failure import Failure, FailureKind, Place
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.plan import Counts
from remote_backend.models.policy import CheckReport
from tests.support.command_line import CommandLine, write_backend

GITHUB = {"GITHUB_ACTIONS": "true"}


def failed(name: str, title: str, place: Place | None = None) -> Outcome:
    """Return a plan that failed by an error of Terraform."""
    failure = Failure(
        kind=FailureKind.TERRAFORM,
        title=title,
        text=f"Error: {title}\n\n100 % wrong\x1b[31m",
        place=place,
    )
    return Outcome(workspace=name, full_name=name, result=Result.FAILED, failure=failure)


def changed(name: str, action: str) -> Outcome:
    """Return a plan with one change."""
    counts = Counts(1, 0, 1, 0) if action == "replace" else Counts(0, 1, 0, 0)
    changes = PlannedChanges(resources=(ResourceChange(address="a.b", action=action),))
    return Outcome(
        workspace=name,
        full_name=name,
        result=Result.CHANGES,
        counts=counts,
        changes=changes,
    )


def lines_of(directory: Path, *outcomes: Outcome, **environ: str) -> list[str]:
    """Return the annotations of a batch."""
    screen = screen_of(io.StringIO(), io.StringIO(), GITHUB, no_color=False)
    assert screen.colors
    lines = annotations(screen, outcomes, directory=directory, environ=environ)
    return "".join(lines).splitlines()


def test_each_kind_of_error_is_one_annotation_at_its_place(tmp_path: Path) -> None:
    """With file and line as a pull request has them, and with the workspaces (2i)."""
    stack = tmp_path / "stacks" / "net"
    stack.mkdir(parents=True)
    (stack / "main.tf").touch()
    place = Place(file="main.tf", line=12)

    lines = lines_of(
        stack,
        failed("dev", "Unsupported argument", place),
        failed("prod", "Unsupported argument", place),
        failed("eu", "No, really: %"),
        GITHUB_WORKSPACE=str(tmp_path),
    )

    assert lines == [
        "::error file=stacks/net/main.tf,line=12,title=dev%2C prod%3A Unsupported argument "
        "(main.tf%3A12)::Error: Unsupported argument%0A%0A100 %25 wrong%0A%0AIn dev, prod",
        "::error title=eu%3A No%2C really%3A %25::Error: No, really: %25%0A%0A100 %25 wrong",
    ]


@pytest.mark.parametrize("file", ["gone.tf", ".terraform/m.tf", "../../x.tf", "a\0b", ""])
def test_a_file_that_is_not_in_the_checkout_is_not_named(file: str, tmp_path: Path) -> None:
    """GitHub would show the annotation nowhere."""
    inner = tmp_path / "inner"
    (inner / ".terraform").mkdir(parents=True)
    (inner / ".terraform" / "m.tf").touch()
    (tmp_path.parent / "x.tf").touch()
    outcome = failed("dev", "no", Place(file=file))

    [line] = lines_of(inner, outcome, GITHUB_WORKSPACE=str(tmp_path))
    [bare] = lines_of(inner, outcome)

    assert line.startswith("::error title=") and bare == line


def test_the_tenth_error_counts_the_others(tmp_path: Path) -> None:
    """GitHub keeps ten of a step."""
    outcomes = [failed(f"w{number:02}", f"kind {'x' * number}") for number in range(13)]

    lines = lines_of(tmp_path, *outcomes)

    assert len(lines) == 10
    assert lines[9].endswith("%0A%0Aand 3 more kinds of errors")
    assert not any("more kind" in line for line in lines[:9])
    assert lines_of(tmp_path, *outcomes[:11])[9].endswith("and 1 more kind of errors")


def test_what_is_destroyed_is_one_warning(tmp_path: Path) -> None:
    """However many workspaces do it."""
    lines = lines_of(
        tmp_path, changed("a", "replace"), changed("b", "delete"), changed("c", "update")
    )
    assert lines == ["::warning title=2 workspaces destroy or replace::a, b"]
    assert lines_of(tmp_path, changed("a", "delete")) == [
        "::warning title=1 workspace destroys or replaces::a"
    ]
    assert lines_of(tmp_path, changed("c", "update")) == []


def unseen(name: str, *outputs_of: str) -> Outcome:
    """Return a plan that does not see what others will change."""
    result = Result.NO_CHANGES
    return Outcome(workspace=name, full_name=name, result=result, unseen_outputs=outputs_of)


def test_plans_that_do_not_see_the_same_are_one_warning(tmp_path: Path) -> None:
    """A reviewer would take their plans for complete; nine at most, since GitHub keeps ten."""
    title = "::warning title=Outputs that are not seen yet::"
    lines = lines_of(
        tmp_path,
        unseen("a", "net"),
        unseen("b", "net"),
        unseen("c", "dns", "net"),
        unseen("d"),
    )
    assert lines == [
        f"{title}a, b read outputs of net, which change; their plans do not see this yet",
        f"{title}c reads outputs of dns, net, which change; its plan does not see this yet",
    ]
    many = [unseen(f"w{number}", f"net-{number}") for number in range(12)]
    assert len(lines_of(tmp_path, *many, changed("x", "delete"))) == 10


def outputs_of(path: Path) -> dict[str, str]:
    """Return the outputs in a file of a runner."""
    pairs = [line.partition("=") for line in path.read_text().splitlines()]
    return {name: value for name, _, value in pairs}


def test_outputs_are_numbers_and_lists(tmp_path: Path) -> None:
    """By the names of 2i, behind what other commands of the step wrote."""
    file = tmp_path / "output"
    file.write_text("earlier=1\n")
    cost = Cost(prior=Decimal("1.00"), proposed=Decimal("3.50"), delta=Decimal("2.50"))
    check = CheckReport(
        kind="cost estimate", name="cost", status="finished", text="", cost=cost
    )
    outcomes = (
        failed("bad\nresult=forged", "no"),
        changed("a", "replace"),
        Outcome(
            workspace="c", full_name="c", result=Result.CHANGES, counts=Counts(0, 2, 0, 0),
            checks=(check,),
        ),
        Outcome(workspace="d", full_name="d", result=Result.NO_CHANGES, counts=Counts()),
    )  # fmt: skip

    warning = write_outputs(
        outcomes,
        batch_id="batch-1",
        reports=("r.md", "r.html"),
        environ={"GITHUB_OUTPUT": str(file)},
    )

    assert warning is None
    assert outputs_of(file) == {
        "earlier": "1",
        "result": "failed",
        "batch": "batch-1",
        "total": "4",
        "failed": "1",
        "canceled": "0",
        "changed": "2",
        "destructive": "1",
        "unchanged": "1",
        "add": "1",
        "change": "2",
        "destroy": "1",
        "replace": "1",
        "cost_delta": "2.50",
        "report": str(Path("r.md").absolute()),
        "failed_workspaces": json.dumps(["bad\nresult=forged"]),
        "changed_workspaces": '["a", "c"]',
        "destructive_workspaces": '["a"]',
    }


async def test_a_job_gets_annotations_and_outputs(
    command_line: CommandLine, tmp_path: Path
) -> None:
    """Of one plan, of a batch, and of a command that planned nothing."""
    file = tmp_path / "output"
    environ = {**GITHUB, "GITHUB_OUTPUT": str(file), "GITHUB_WORKSPACE": str(tmp_path)}
    one = await command_line.run("plan", TF_WORKSPACE="dev", **environ)
    assert outputs_of(file)["changed_workspaces"] == '["dev"]'
    many = await command_line.run("plan", "-all", **environ)
    assert outputs_of(file)["total"] == "3"
    assert "::warning title=1 workspace destroys or replaces::prod\n" in many.out
    assert "::warning" not in one.out
    write_backend(command_line, lambda text: text.replace("networking-", "broken-"))
    await command_line.run("plan", "-all", **environ)
    assert outputs_of(file)["failed_workspaces"] == '["one"]'
    write_backend(command_line, lambda text: text.replace("networking-", "zzz-"))
    nothing = await command_line.run("plan", "-all", **environ)
    assert (outputs_of(file)["result"], outputs_of(file)["total"]) == ("failed", "0")
    assert "::error title=Nothing was planned::organization acme has no " in nothing.out
    lost = await command_line.run(
        "plan", TF_WORKSPACE="dev", **{**environ, "GITHUB_OUTPUT": "/no/such/file"}
    )
    assert "Warning: GITHUB_OUTPUT cannot be written: No such file" in lost.err
