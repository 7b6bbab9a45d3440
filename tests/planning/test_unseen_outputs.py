"""A plan that reads a state whose outputs are about to change does not see that, and says so."""

from pathlib import Path

import pytest

from remote_backend.models.outcome import Outcome, Result
from remote_backend.planning.batch_context import BatchContext
from remote_backend.planning.unseen_outputs import find_state_readers


def context(directory: Path, hostname: str = "tfe.test") -> BatchContext:
    """Return where a configuration is."""
    return BatchContext(
        directory=directory,
        hostname=hostname,
        organization="acme",
        run_url=lambda name, run_id: "",
    )


def outcome(
    name: str, configuration: str, *, outputs_change: bool = False, failed: bool = False
) -> Outcome:
    """Return how the workspace `CONFIGURATION-NAME` ended."""
    return Outcome(
        workspace=f"{configuration}:{name}",
        full_name=f"{configuration}-{name}",
        configuration=configuration,
        result=Result.FAILED if failed else Result.NO_CHANGES,
        outputs_change=outputs_change,
    )


def reads(name: str, **more: str) -> str:
    """Return a configuration that reads the outputs of a workspace."""
    members = {"workspace": f'"{name}"', **more}
    lines = "\n".join(f"  {key} = {value}" for key, value in members.items())
    return f'data "tfe_outputs" "x" {{\n{lines}\n}}\n'


def unseen(
    folder: Path, text: str, *outcomes: Outcome, host: str = "tfe.test"
) -> list[str]:
    """Return what the plans of `app` with this text do not see."""
    for name, content in (("net", ""), ("app", text)):
        (folder / name).mkdir()
        (folder / name / "main.tf").write_text(content)
    readers = find_state_readers(
        {"net": context(folder / "net"), "app": context(folder / "app", host)}
    )
    judged = readers.judge(outcomes)
    return [f"{each.workspace} {', '.join(each.unseen_outputs)}".strip() for each in judged]


CHANGING = outcome("prod", "net", outputs_change=True)


@pytest.mark.parametrize("failed", [False, True])
def test_the_other_workspace_is_named(tmp_path: Path, failed: bool) -> None:
    """Also where the plan failed: it may have missed a new output."""
    reader = outcome("prod", "app", failed=failed)
    assert unseen(tmp_path, reads("net-prod"), CHANGING, reader) == [
        "net:prod",
        "app:prod net:prod",
    ]


def test_each_workspace_reads_its_own(tmp_path: Path) -> None:
    """`terraform.workspace` is the full name of the workspace."""
    text = reads('${terraform.workspace == "app-prod" ? "net-prod" : "net-dev"}')
    both = (outcome("prod", "app"), outcome("dev", "app"))
    assert unseen(tmp_path, text, CHANGING, outcome("dev", "net"), *both) == [
        "net:prod",
        "net:dev",
        "app:prod net:prod",
        "app:dev",
    ]


def test_workspaces_of_one_configuration(tmp_path: Path) -> None:
    """They can read each other; none is warned of itself."""
    outcomes = [outcome(name, "app", outputs_change=True) for name in ("a", "b")]
    assert unseen(tmp_path, reads("app-a") + reads("app-b"), *outcomes) == [
        "app:a app:b",
        "app:b app:a",
    ]


@pytest.mark.parametrize(
    ("text", "host"),
    [
        (reads("net-prod", organization='"other"'), "tfe.test"),
        (reads("net-prod"), "other.test"),
        (reads("net-prod", organization="var.organization"), "tfe.test"),
        (reads("net-dev"), "tfe.test"),
        ("data {", "tfe.test"),
    ],
    ids=["organization", "host", "unknown", "unchanged", "fault"],
)
def test_other_workspaces_are_not_meant(tmp_path: Path, text: str, host: str) -> None:
    """Organization and host must be the same, and the outputs must change."""
    outcomes = (CHANGING, outcome("dev", "net"), outcome("prod", "app"))
    assert unseen(tmp_path, text, *outcomes, host=host)[-1] == "app:prod"


def test_a_configuration_that_cannot_be_read(tmp_path: Path) -> None:
    """It reads nothing, and costs no batch; a row without a configuration costs nothing either."""
    readers = find_state_readers({"app": context(tmp_path / "gone")})
    outcomes = (CHANGING, outcome("prod", "app"))
    assert readers.judge(outcomes) == outcomes
