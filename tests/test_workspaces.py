"""Which workspaces there are, from literal answers."""

from typing import Any

import pytest

from remote_backend.api.client import Client
from remote_backend.api.messages import Response
from remote_backend.errors import (
    NoSuchWorkspace,
    Rejected,
    RunRefused,
    SelectionError,
    UnexpectedAnswer,
)
from remote_backend.models.workspace import (
    ByName,
    ByPrefix,
    ByTags,
    Permissions,
    Workspace,
    WorkspaceMapping,
)
from remote_backend.notices import Notice, Notices
from remote_backend.workspaces import (
    LocalWorkspace,
    create_workspace,
    find_workspace,
    list_workspaces,
    no_workspaces,
    require_plannable,
    selectable_name,
)
from tests.support.fakes import ScriptedTransport, answer
from tests.support.workspace_documents import resource

PATH = "organizations/acme/workspaces"
PREFIX = ByPrefix("net-")


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

    found = await list_workspaces(client({f"GET {PATH}": pages}), PREFIX)

    assert [named.name for named in found] == ["a", "b"]


async def test_nulls_and_unknown_things_are_tolerated() -> None:
    """Attributes and relationships may be null, missing or new (P95, P148)."""
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

    (found,) = await list_workspaces(
        client({f"GET {PATH}": answer(200, {"data": [odd]})}), PREFIX
    )

    assert found.remote.working_directory == ""
    assert found.remote.permissions == Permissions()


async def test_a_wrong_type_is_told_without_its_value() -> None:
    """The member is named; what it held may be a secret."""
    bad = answer(200, {"data": resource("net-a", locked="secret")})

    with pytest.raises(UnexpectedAnswer, match="locked") as caught:
        await find_workspace(client({f"GET {PATH}/net-a": bad}), PREFIX, "a")

    assert "secret" not in str(caught.value)


def page(*names: str, **pagination: Any) -> Response:
    """Return a page of a list; without numbers it says nothing about pages."""
    document: dict[str, Any] = {"data": [resource(name) for name in names]}
    if pagination:
        numbers = {key.replace("_", "-"): value for key, value in pagination.items()}
        document["meta"] = {"pagination": numbers}
    return answer(200, document)


def names(first: int, last: int) -> list[str]:
    """Return names of workspaces."""
    return [f"net-{number}" for number in range(first, last)]


async def listed(*pages: Response) -> tuple[int, int, list[str]]:
    """Return how many workspaces are listed, in how many requests, and all warnings."""
    heard: list[Notice] = []
    transport = ScriptedTransport({f"GET {PATH}": pages})
    client = Client(transport, "acme", Notices(heard.append))
    workspaces = await list_workspaces(client, PREFIX)
    return len(workspaces), len(transport.requests), [str(one) for one in heard]


async def test_odd_items_of_a_list_are_left_out_and_named() -> None:
    """The others are there; what an item held may be a secret (L2)."""
    odd = [resource("net-b", locked="secret"), {"type": "workspaces"}, 7, None]
    document = {"data": [resource("net-a"), *odd]}

    count, _, warnings = await listed(answer(200, document))

    assert count == 1 and len(warnings) == 4
    assert "workspace ws-net-b is left out" in warnings[0] and "locked" in warnings[0]
    assert "number 3 of the list" in warnings[1]
    assert "secret" not in "".join(warnings)


async def test_numbers_of_pages_may_be_text() -> None:
    """Some servers write them so; no page is missed (L2)."""
    first = page("net-a", current_page="1", next_page="2")
    last = page("net-b", current_page="2", next_page=None)

    assert await listed(first, last) == (2, 2, [])


@pytest.mark.parametrize("odd", ["soon", "", True, 1.5, [2], {}, "9" * 5000, "\u0662"])
async def test_nonsense_is_not_a_number_of_a_page(odd: Any) -> None:
    """It ends the list, and is not an error (L2)."""
    assert await listed(page("net-a", current_page=odd, next_page=odd)) == (1, 1, [])


async def test_a_server_that_ignores_the_page_is_noticed() -> None:
    """Its list ends with the first page that brings nothing new, and a warning (P83)."""
    same = [page("net-a", current_page=1, next_page=number) for number in range(2, 9)]

    count, requests, warnings = await listed(*same)

    assert (count, requests) == (1, 2)
    assert "repeats the pages" in warnings[0] and len(warnings) == 1


async def test_a_list_without_end_ends() -> None:
    """A thousand pages are a hundred thousand workspaces (P83)."""
    pages = [
        page(f"net-{number}", current_page=number, next_page=number + 1)
        for number in range(1, 1003)
    ]

    count, requests, warnings = await listed(*pages)

    assert (count, requests, len(warnings)) == (1000, 1000, 1)


async def test_full_pages_without_numbers_are_followed_by_others() -> None:
    """A server that says nothing about pages may have them all the same (P83)."""
    pages = [page(*names(0, 100)), page(*names(100, 200)), page(*names(200, 230))]

    assert await listed(*pages) == (230, 3, [])
    assert await listed(page(*names(0, 99))) == (99, 1, [])
    # One that ignores the number gives everything at once.
    assert await listed(page(*names(0, 130))) == (130, 2, [])


async def test_a_round_number_of_workspaces_is_doubted() -> None:
    """Servers that cap a list at 500 do not say so (P93)."""
    count, requests, warnings = await listed(page(*names(0, 500)))

    assert (count, requests) == (500, 2)
    assert warnings == [
        "Warning: workspaces: the server lists exactly 500 items and does not say whether "
        "there are more, so others may be missing"
    ]


async def test_a_server_that_insists_on_searches_gets_them() -> None:
    """A refused list is asked for once more, with searches for nothing (P93)."""
    transport = ScriptedTransport({f"GET {PATH}": [answer(400), page("net-a")]})

    assert len(await Client(transport, "acme").list_workspaces()) == 1

    assert dict(transport.requests[1].query)["search[tags]"] == ""
    assert "search[tags]" not in dict(transport.requests[0].query)


async def test_the_error_of_a_server_names_the_request() -> None:
    """By the id that its operators can look for in their logs (P58)."""
    refused = answer(422, {"errors": [{"title": "no"}]}, x_request_id="abc-1")

    with pytest.raises(
        Rejected, match=r"answered with 422 \(request abc-1\): no"
    ) as caught:
        await client({f"GET {PATH}/net-a": refused}).find_workspace("net-a")

    assert caught.value.request_id == "abc-1"


async def test_default_is_no_workspace_of_a_prefix() -> None:
    """Only the names that there are instead are asked for, and told (P86, P87)."""
    script = {f"GET {PATH}": page("net-a", "net-b")}

    with pytest.raises(SelectionError, match="no workspace is selected.*; there are a, b$"):
        await find_workspace(client(script), PREFIX, "default")


async def test_a_prefix_of_nothing_is_compared_with_what_is_visible() -> None:
    """A typing error and a token that sees nothing have other remedies; one request decides."""
    some = {f"GET {PATH}": page("web-a", "web-b", "web-d", "web-c")}
    one = {f"GET {PATH}": page("web-a")}
    none = {f"GET {PATH}": page()}

    async def text(script: dict[str, Any], mapping: WorkspaceMapping = PREFIX) -> str:
        return str(await no_workspaces(client(script), mapping))

    assert "(4 others are visible, such as web-a, web-b, web-c); check the prefix" in (
        await text(some)
    )
    assert "(1 other is visible, such as web-a)" in await text(one)
    assert "it sees no workspace there" in await text(none)
    assert (await text(some, ByName("wbe-a"))).endswith("; did you mean web-a?")


async def test_a_mistyped_name_brings_the_nearest() -> None:
    """All names follow, for where the guess is wrong; nothing is guessed that is not near."""
    near = {f"GET {PATH}": page("net-prod", "net-dev"), f"GET {PATH}/net-prdo": answer(404)}
    far = {f"GET {PATH}": page("net-prod"), f"GET {PATH}/net-xyz": answer(404)}

    with pytest.raises(
        NoSuchWorkspace, match=r"; did you mean prod\? There are dev, prod$"
    ):
        await find_workspace(client(near), PREFIX, "prdo")
    with pytest.raises(NoSuchWorkspace, match="; there are prod$"):
        await find_workspace(client(far), PREFIX, "xyz")


@pytest.mark.parametrize("names", [answer(403), answer(404)])
async def test_names_that_cannot_be_listed_hide_no_error(names: Response) -> None:
    """The error about the name is told without them."""
    script = {f"GET {PATH}": names, f"GET {PATH}/net-a": answer(404)}

    with pytest.raises(
        NoSuchWorkspace, match="no workspace net-a, or the token may not see"
    ):
        await find_workspace(client(script), PREFIX, "a")


@pytest.mark.parametrize("short", ["", " ", "\t\n"])
@pytest.mark.parametrize("mode", [PREFIX, ByName("app"), ByTags((("net", ""),))])
async def test_an_empty_name_means_no_workspace(mode: WorkspaceMapping, short: str) -> None:
    """Behind a prefix it would be the workspace that is called like the prefix (P85)."""
    with pytest.raises(SelectionError, match="is not the name of a workspace"):
        await find_workspace(client({}), mode, short)
    with pytest.raises(SelectionError):
        await create_workspace(client({}), mode, short)


async def test_a_full_name_is_understood_when_it_exists() -> None:
    """Terraform takes a name with the prefix for a full one; two meanings are an error (P84)."""
    one = {f"GET {PATH}/net-net-a": answer(404), f"GET {PATH}/net-a": told("net-a")}
    two = {f"GET {PATH}/net-net-a": told("net-net-a"), f"GET {PATH}/net-a": told("net-a")}

    assert (await find_workspace(client(one), PREFIX, "net-a")).name == "a"
    with pytest.raises(SelectionError, match="could mean two workspaces") as caught:
        await find_workspace(client(two), PREFIX, "net-a")
    assert str(caught.value).endswith("write a for net-a, or net-net-a for net-net-a")


async def test_a_doubtful_short_name_is_remembered_whole() -> None:
    """The next command finds the same workspace by the name that was remembered (F5)."""
    script = {
        f"GET {PATH}/net-net-net-a": answer(404),
        f"GET {PATH}/net-net-a": told("net-net-a"),
    }

    named = await find_workspace(client(script), PREFIX, "net-net-a")

    assert named.name == "net-a"
    assert selectable_name(PREFIX, named) == "net-net-a"
    assert selectable_name(PREFIX, LocalWorkspace("a", named.remote)) == "a"
    assert selectable_name(ByName("net-net-a"), named) == "default"


async def test_name_mode_has_one_workspace() -> None:
    """It is called `default`, and no other name is accepted (P91)."""
    script = {f"GET {PATH}/app": told("app")}

    assert (
        await find_workspace(client(script), ByName("app"), "default")
    ).remote.name == "app"
    with pytest.raises(SelectionError, match="there is no workspace dev here"):
        await find_workspace(client(script), ByName("app"), "dev")


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
        require_plannable(LocalWorkspace("a", workspace))
    require_plannable(
        LocalWorkspace("a", Workspace(id="ws", name="net-a", execution_mode="agent"))
    )
