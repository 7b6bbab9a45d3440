"""What is read from the journals of batches, and with which options a batch goes on."""

from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from remote_backend.errors import RunOptionsError, VariablesDiffer
from remote_backend.models.configuration import UploadMode
from remote_backend.models.run import PlanOptions
from remote_backend.planning.batch_id import is_id_of_batch, new_batch_id, short_id
from remote_backend.planning.journal import Journal
from remote_backend.planning.options import BatchOptions
from remote_backend.planning.recorded_batch import (
    RecordedBatch,
    read_journal,
    require_same_batch,
)

PLAN = PlanOptions(targets=("a.b",), refresh=False, message="why")
RECORDED = RecordedBatch(
    id="batch-1",
    directory=Path("/work"),
    hostname="tfe.test",
    organization="acme",
    started_at="2026-01-01T00:00:00.000+00:00",
    workspaces={"a": "ws-a"},
    options=BatchOptions(plan=PLAN, upload=UploadMode.EACH),
    variable_names=("token",),
)


def require(
    options: BatchOptions, hostname: str = "tfe.test", organization: str = "acme"
) -> None:
    """Check whether the recorded batch can go on."""
    require_same_batch(RECORDED, options, hostname=hostname, organization=organization)


async def test_options_are_read_as_they_were_written(tmp_path: Path) -> None:
    """All but the values of variables come back, with the folder of the journal."""
    plan = evolve(PLAN, variables=(("token", '"secret"'),))
    await Journal.at(tmp_path, "batch-1").begin(
        plan,
        id="batch-1",
        directory="/work",
        hostname="tfe.test",
        organization="acme",
        upload="each",
        workspaces={"a": "ws-a"},
    )

    recorded = read_journal(tmp_path, None)

    options = BatchOptions(plan=PLAN, upload=UploadMode.EACH, journal_folder=tmp_path)
    assert recorded.options == options
    assert recorded.variable_names == ("token",)


def test_a_batch_goes_on_with_its_own_options(tmp_path: Path) -> None:
    """Only the variables, and the place of caches, are given again."""
    options = RECORDED.options_to_resume((("token", '"x"'),), cache_folder=tmp_path)

    require(options)
    assert options.plan == evolve(PLAN, variables=(("token", '"x"'),))
    assert (options.upload, options.cache_folder) == (UploadMode.EACH, tmp_path)


@pytest.mark.parametrize("plan", [PlanOptions(), evolve(PLAN, destroy=True)])
def test_a_batch_does_not_go_on_with_other_options(plan: PlanOptions) -> None:
    """Half of its workspaces would be planned in another way than the rest."""
    with pytest.raises(RunOptionsError, match="was planned with other options"):
        require(BatchOptions(plan=plan))


@pytest.mark.parametrize("place", [{"hostname": "b.test"}, {"organization": "other"}])
def test_a_batch_does_not_go_on_elsewhere(place: dict[str, Any]) -> None:
    """The ids of its workspaces and runs mean nothing there."""
    with pytest.raises(RunOptionsError, match="was planned on tfe.test in acme"):
        require(RECORDED.options_to_resume((("token", "1"),)), **place)


@pytest.mark.parametrize("names", [(), ("other",), ("token", "other")])
def test_a_batch_needs_its_variables_again(names: tuple[str, ...]) -> None:
    """No journal keeps their values, so their names must be the same."""
    variables = tuple((name, "1") for name in names)
    with pytest.raises(VariablesDiffer, match=r"run variables \(token\)"):
        require(RECORDED.options_to_resume(variables))


def test_a_batch_is_called_by_the_beginning_of_its_id() -> None:
    """People type it with the prefix that all ids have, or without."""
    id = new_batch_id()

    assert is_id_of_batch(id[:9], id)
    assert is_id_of_batch(short_id(id), id)
    assert not is_id_of_batch("x", id)
