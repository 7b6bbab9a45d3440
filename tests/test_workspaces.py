"""Which workspaces there are, from literal answers."""

from typing import Any

import pytest

from remote_backend.client import Client
from remote_backend.errors import RunRefused, SelectionError, UnexpectedAnswer
from remote_backend.models.workspace import NameMode, Permissions, PrefixMode, Workspace
from remote_backend.workspaces import Named, find_named, list_named, require_plannable
from tests.fakes import ScriptedTransport, answer

PATH = "organizations/acme/workspaces"
PREFIX = PrefixMode("net-")


def resource(name: str, **attributes: Any) -> dict[str, Any]:
    """Return a workspace as a resource."""
    return {
        "id": f"ws-{name}",
        "type": "workspaces",
        "attributes": {"name": name, **attributes},
    }


def client(script: dict[str, Any]) -> Client:
    """Return a client of a scripted server."""
    return Client(ScriptedTransport(script), "acme")


async def test_all_pages_are_read_and_foreign_names_left_out() -> None:
    """The server's search is fuzzy and knows no case; what belongs to us is decided here (P82, P83)."""
    pages = [
        answer(
            200,
            {
                "data": [resource("net-b"), resource("NET-c"), resource("my-net-d")],
                "meta": {"pagination": {"current-page": 1, "next-page": 2}},
            },
        ),
        answer(200, {"data": [resource("net-a"), resource("net-")]}),
    ]

    found = await list_named(client({f"GET {PATH}": pages}), PREFIX)

    assert [named.short for named in found] == ["a", "b"]


async def test_nulls_and_unknown_things_are_tolerated() -> None:
    """Attributes and relationships may be null, missing or new (P95)."""
    odd = resource(
        "net-a",
        **{
            "working-directory": None,
            "structured-run-output-enabled": None,
            "permissions": None,
            "brand-new": {"x": [1]},
            "locked": None,
        },
    )
    odd["relationships"] = {"current-run": {"data": None}, "project": None, "outputs": {}}

    (found,) = await list_named(
        client({f"GET {PATH}": answer(200, {"data": [odd]})}), PREFIX
    )

    assert found.remote.working_directory == ""
    assert found.remote.permissions == Permissions()


async def test_a_wrong_type_is_told_without_its_value() -> None:
    """The member is named; what it held may be a secret."""
    bad = answer(200, {"data": [resource("net-a", locked="secret")]})

    with pytest.raises(UnexpectedAnswer, match="locked") as caught:
        await list_named(client({f"GET {PATH}": bad}), PREFIX)

    assert "secret" not in str(caught.value)


async def test_default_is_no_workspace_of_a_prefix() -> None:
    """Nothing is asked for it (P86)."""
    with pytest.raises(SelectionError, match="no workspace is selected"):
        await find_named(client({}), PREFIX, "default")


async def test_a_full_name_is_understood_when_it_exists() -> None:
    """Terraform takes a name with the prefix for a full one; two meanings are an error (P84)."""
    one = {f"GET {PATH}/net-net-a": answer(404), f"GET {PATH}/net-a": told("net-a")}
    two = {f"GET {PATH}/net-net-a": told("net-net-a"), f"GET {PATH}/net-a": told("net-a")}

    assert (await find_named(client(one), PREFIX, "net-a")).short == "a"
    with pytest.raises(SelectionError, match="could mean two workspaces"):
        await find_named(client(two), PREFIX, "net-a")


async def test_name_mode_has_one_workspace() -> None:
    """It is called `default`, and no other name is accepted (P91)."""
    script = {f"GET {PATH}/app": told("app")}

    assert (
        await find_named(client(script), NameMode("app"), "default")
    ).remote.name == "app"
    with pytest.raises(SelectionError, match="there is no workspace dev here"):
        await find_named(client(script), NameMode("app"), "dev")


def told(name: str) -> Any:
    """Return an answer with a workspace."""
    return answer(200, {"data": resource(name)})


@pytest.mark.parametrize(
    ("workspace", "problem"),
    [
        (
            Workspace(id="ws", name="net-a", permissions=Permissions(can_queue_run=False)),
            "may not queue runs in net-a",
        ),
        (Workspace(id="ws", name="net-a", execution_mode="local"), "execution mode local"),
        (Workspace(id="ws", name="net-a", operations=False), "execution mode local"),
    ],
)
def test_what_cannot_be_planned_is_told_before_anything_is_sent(
    workspace: Workspace, problem: str
) -> None:
    """Missing permission and local execution; unknown permissions are tried."""
    with pytest.raises(RunRefused, match=problem):
        require_plannable(Named("a", workspace))
    require_plannable(Named("a", Workspace(id="ws", name="net-a", execution_mode="agent")))
