"""Stored plans belong to the remote workspaces that they were made for."""

from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from remote_backend.errors import RunOptionsError
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.planned_place import ConfigurationPlace
from remote_backend.planning.base_choice import StoredBase
from remote_backend.planning.batch_context import BatchContext
from remote_backend.planning.stored_places import StoredPlaces
from tests.support.fakes import batch_context


def context(mapping: str, organization: str = "acme") -> BatchContext:
    """Return the surroundings of a configuration."""
    return evolve(batch_context(Path()), mapping=mapping, organization=organization)


def planned(name: str, full_name: str, configuration: str = "") -> Outcome:
    """Return the outcome of a plan."""
    return Outcome(
        workspace=name,
        full_name=full_name,
        configuration=configuration,
        result=Result.NO_CHANGES,
    )


def place(name: str, mapping: str, organization: str = "acme") -> ConfigurationPlace:
    """Return where the workspaces of a configuration are."""
    return ConfigurationPlace(
        name=name, hostname="tfe.test", organization=organization, mapping=mapping
    )


def stored(*outcomes: Outcome, **facts: Any) -> StoredPlaces:
    """Return stored plans with their places."""
    by_name = {outcome.workspace: outcome for outcome in outcomes}
    return StoredPlaces.of(StoredBase(name="a report", outcomes=by_name, **facts))


OF_ONE = {"hostname": "tfe.test", "organization": "acme", "mapping": "net-*"}
NET, DNS = place("stacks/net", "net-*"), place("stacks/dns", "dns-*")
OF_SEVERAL = (
    planned("dev", "net-dev", "stacks/net"),
    planned("stacks/net:prod", "net-prod", "stacks/net"),
    planned("stacks/dns:prod", "dns-prod", "stacks/dns"),
)


@pytest.mark.parametrize(
    ("plans", "name", "found"),
    [
        (
            stored(*OF_SEVERAL, configurations=(NET, DNS)),
            "stacks/net",
            {"net-dev": "dev", "net-prod": "stacks/net:prod"},
        ),
        (
            stored(*OF_SEVERAL, configurations=(NET, DNS)),
            "",
            {"net-dev": "dev", "net-prod": "stacks/net:prod"},
        ),
        (
            stored(planned("prod", "net-prod"), **OF_ONE),
            "stacks/net",
            {"net-prod": "prod"},
        ),
        (
            stored(
                planned("p", "net-prod", "old"), configurations=(place("old", "net-*"),)
            ),
            "stacks/net",
            {"net-prod": "p"},
        ),
        (
            stored(*OF_SEVERAL),
            "stacks/net",
            {"net-dev": "dev", "net-prod": "stacks/net:prod"},
        ),
        (
            stored(
                planned("a:prod", "net-prod", "a"),
                planned("b:prod", "net-prod", "b"),
                configurations=(place("a", "net-*", "other"), place("b", "net-*")),
            ),
            "stacks/net",
            {"net-prod": "b:prod"},
        ),
        (
            stored(planned("a:p", "net-p", "a"), planned("b:p", "net-p", "b")),
            "a",
            {"net-p": "a:p"},
        ),
    ],
    ids=[
        "the same directories",
        "one now, several then",
        "several now, one then",
        "a renamed directory",
        "unknown places",
        "two organizations",
        "two unknown organizations",
    ],
)
def test_the_plans_for_a_configuration(
    plans: StoredPlaces, name: str, found: dict[str, str]
) -> None:
    """They are found by server, organization and name of the remote workspace."""
    net = plans.plans_for(name, context("net-*"))

    assert {key: net[key].workspace for key in net if key.startswith("net-")} == found
    plans.require_some_in_common([context("net-*")])


@pytest.mark.parametrize(
    ("plans", "name", "own"),
    [
        (stored(**{**OF_ONE, "organization": "other"}), "", context("net-*")),
        (stored(**{**OF_ONE, "mapping": "app-*"}), "", context("net-*")),
        (stored(configurations=(NET, DNS)), "stacks/net", context("app-*")),
        (stored(configurations=(NET, DNS)), "apps", context("app-*", "other")),
    ],
    ids=[
        "another organization",
        "another mapping",
        "another mapping of the directory",
        "an organization that has none",
    ],
)
def test_plans_of_other_workspaces(
    plans: StoredPlaces, name: str, own: BatchContext
) -> None:
    """They are refused for that configuration, with both places."""
    with pytest.raises(RunOptionsError, match="a report is of .*; compare with plans of"):
        plans.plans_for(name, own)


def test_nothing_in_common() -> None:
    """Where no configuration is among those of the stored plans, the batch does not begin."""
    plans = stored(configurations=(NET, DNS))

    assert plans.plans_for("apps", context("app-*")) == {}
    plans.require_some_in_common([context("app-*"), context("dns-*")])
    with pytest.raises(RunOptionsError, match="/acme/app-*"):
        plans.require_some_in_common([context("app-*")])
