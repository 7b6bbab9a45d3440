"""Settings of workspaces: those that count, those that are kept, and those that are refused."""

from typing import Any

import pytest

from tests.support.raw_client import RawClient

WORKSPACES = "/api/v2/organizations/acme/workspaces"
KEPT = {
    "allow-destroy-plan": False,
    "assessments-enabled": True,
    "auto-apply": True,
    "auto-apply-run-trigger": True,
    "auto-destroy-activity-duration": "14d",
    "auto-destroy-at": "2030-01-01T00:00:00Z",
    "file-triggers-enabled": False,
    "global-remote-state": True,
    "inherits-project-auto-destroy": False,
    "project-remote-state": True,
    "queue-all-runs": True,
    "source-name": "a tool",
    "source-url": "https://tool.test",
    "speculative-enabled": False,
    "structured-run-output-enabled": True,
    "trigger-prefixes": ["/modules"],
}


def settings(**attributes: Any) -> dict[str, Any]:
    """Return the body of a request about a workspace."""
    return {
        "data": {
            "type": "workspaces",
            "attributes": {
                name.replace("_", "-"): value for name, value in attributes.items()
            },
        }
    }


async def test_settings_are_answered_as_they_were_sent(raw_client: RawClient) -> None:
    """At creation, when read and in lists, or the tfe provider never settles (S17)."""
    made = await raw_client("POST", WORKSPACES, settings(name="kept", **KEPT))
    read = await raw_client("GET", f"{WORKSPACES}/kept")
    listed = await raw_client("GET", f"{WORKSPACES}?search%5Bname%5D=kept")
    other = await raw_client("GET", f"{WORKSPACES}/other")

    assert made.status == 201
    for resource in (made.data, read.data, listed.data[0]):
        assert KEPT.items() <= resource["attributes"].items()
    # Lists and reads say the same, also about runs and states.
    assert listed.data[0] == read.data == made.data
    assert read.data["links"]["self-html"] == "/app/acme/workspaces/kept"
    for name, default in (
        ("file-triggers-enabled", True),
        ("speculative-enabled", True),
        ("queue-all-runs", False),
        ("trigger-patterns", []),
        ("source-name", None),
    ):
        assert other.data["attributes"][name] == default


async def test_settings_are_changed_and_reset(raw_client: RawClient) -> None:
    """Null resets, absence keeps, and one kind of triggers replaces the other (S17)."""
    body = settings(description="why", working_directory="net", trigger_prefixes=["/a"])
    await raw_client("PATCH", f"{WORKSPACES}/other", body)
    kept = await raw_client("PATCH", f"{WORKSPACES}/other", settings(queue_all_runs=True))
    changed = await raw_client(
        "PATCH", f"{WORKSPACES}/other", settings(trigger_patterns=["/b/**"])
    )
    reset = await raw_client(
        "PATCH", f"{WORKSPACES}/other", settings(description=None, working_directory=None)
    )

    assert kept.data["attributes"]["description"] == "why"
    assert kept.data["attributes"]["trigger-prefixes"] == ["/a"]
    assert changed.data["attributes"]["trigger-prefixes"] == []
    assert changed.data["attributes"]["trigger-patterns"] == ["/b/**"]
    assert reset.data["attributes"]["description"] is None
    assert reset.data["attributes"]["working-directory"] == ""
    assert reset.data["attributes"]["queue-all-runs"] is True


@pytest.mark.parametrize(
    ("attributes", "status"),
    [
        ({"terraform-version": "1.9.8"}, 200),
        ({"terraform-version": "latest"}, 200),
        ({"terraform-version": "~> 1.9.0, != 1.9.3"}, 200),
        ({"terraform-version": "1.16.0-alpha2026"}, 200),
        ({"terraform-version": "nonexisting"}, 422),
        ({"terraform-version": "1.9.0,"}, 422),
        ({"execution-mode": "agent"}, 422),
        ({"trigger-patterns": ["/a"], "trigger-prefixes": ["/b"]}, 422),
        ({"agent-pool-id": "apool-1"}, 422),
        # The tfe provider 0.78 and pytfe 1.5 write empty values for none.
        ({"agent-pool-id": ""}, 200),
        ({"vcs-repo": {}}, 200),
        ({"vcs-repo": {"identifier": None}}, 200),
        ({"vcs-repo": {"identifier": "org/repo"}}, 422),
        ({"vcs-repo": "org/repo"}, 422),
        ({"queue-all-runs": "yes"}, 422),
        ({"trigger-prefixes": "/a"}, 422),
        ({"auto-destroy-activity-duration": "20m"}, 422),
        ({"setting-overwrites": "none"}, 422),
    ],
)
async def test_settings_that_cannot_be_are_refused(
    raw_client: RawClient, attributes: dict[str, Any], status: int
) -> None:
    """An answer that drops them in silence would be wrong for ever (S17)."""
    changed = await raw_client("PATCH", f"{WORKSPACES}/other", settings(**attributes))

    assert changed.status == status


async def test_the_execution_mode_is_owned_or_inherited(raw_client: RawClient) -> None:
    """A mode of its own overwrites; without overwriting it is that of the project."""
    made = await raw_client(
        "POST", WORKSPACES, settings(name="own", execution_mode="local")
    )
    given_up = await raw_client(
        "PATCH", f"{WORKSPACES}/own", settings(setting_overwrites={"execution-mode": False})
    )
    old_form = await raw_client("PATCH", f"{WORKSPACES}/own", settings(operations=False))

    modes = [
        (
            answer.data["attributes"]["execution-mode"],
            answer.data["attributes"]["operations"],
            answer.data["attributes"]["setting-overwrites"]["execution-mode"],
        )
        for answer in (made, given_up, old_form)
    ]
    assert modes == [
        ("local", False, True),
        ("remote", True, False),
        ("local", False, True),
    ]
