"""Workspaces and rights as servers tell them, in the cases that hurt people."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from remote_backend.api.client import Client
from remote_backend.api.messages import Response
from remote_backend.cli.hints import message_of
from remote_backend.errors import NotFound, SelectionError
from remote_backend.models.workspace import ByName, ByPrefix, ByTags, WorkspaceMapping
from remote_backend.planning.upload import upload_configuration
from remote_backend.workspaces import (
    create_workspace,
    find_workspace,
    list_workspaces,
    no_workspaces,
)
from tests.support.fakes import ScriptedTransport, answer
from tests.support.workspace_documents import resource

PREFIX = ByPrefix("app-")
COLLECTION = "organizations/acme/workspaces"


def found(name: str, **attributes: object) -> Response:
    """Return an answer with a workspace."""
    return answer(200, {"data": resource(name, **attributes)})


@pytest.mark.parametrize(
    "version", ["~> 1.6.0", "latest", "1.7.0-beta1", "", None, "nonsense"]
)
async def test_any_terraform_version_is_fine(version: str | None) -> None:
    """Constraints and nonsense block nobody (P92)."""
    script = {
        f"GET {COLLECTION}/app-dev": found("app-dev", **{"terraform-version": version})
    }
    named = await find_workspace(Client(ScriptedTransport(script), "acme"), PREFIX, "dev")
    assert named.remote.name == "app-dev"


async def test_a_name_that_is_taken_unseen_is_a_matter_of_rights() -> None:
    """404 at reading and a taken name at making mean that the token may not see it (P94)."""
    script = {
        f"GET {COLLECTION}/app-dev": answer(404),
        f"POST {COLLECTION}": answer(
            422, {"errors": [{"detail": "Name has already been taken"}]}
        ),
    }
    with pytest.raises(SelectionError, match="may not see it"):
        await create_workspace(Client(ScriptedTransport(script), "acme"), PREFIX, "dev")


async def test_a_token_that_may_not_upload_is_explained() -> None:
    """404 for a workspace that was read before is a matter of rights, or of the token's kind (P102)."""
    script = {"POST workspaces/ws-1/configuration-versions": answer(404)}
    with pytest.raises(
        NotFound, match="the token of a user or a team .* not that of an org"
    ):
        await upload_configuration(
            Client(ScriptedTransport(script), "acme"), "ws-1", Path("no-archive")
        )


async def test_a_workspace_whose_answer_was_lost_is_adopted() -> None:
    """It is looked for by its name, and no second one is asked for (P46)."""
    script: dict[str, Any] = {
        f"GET {COLLECTION}/app-dev": [answer(404), found("app-dev")],
        f"POST {COLLECTION}": answer(502),
    }
    transport = ScriptedTransport(script)
    named = await create_workspace(Client(transport, "acme"), PREFIX, "dev")
    assert named.remote.name == "app-dev"
    assert [sent for sent in transport.sent() if sent.startswith("POST")] == [
        f"POST {COLLECTION}"
    ]


async def test_forbidden_is_not_absent() -> None:
    """403 is reported; nothing is taken for missing (P101)."""
    script = {f"GET {COLLECTION}/app": answer(403)}
    with pytest.raises(NotFound):
        await find_workspace(
            Client(ScriptedTransport(script), "acme"), ByName("app"), "default"
        )


async def test_tags_without_a_match_are_no_error() -> None:
    """There are just no workspaces, and none is made or tagged (P89)."""
    transport = ScriptedTransport({f"GET {COLLECTION}": answer(200, {"data": []})})
    mode = ByTags((("net", ""), ("team", "a")))
    assert await list_workspaces(Client(transport, "acme"), mode) == ()
    assert dict(transport.requests[0].query)["search[tags]"] == "net"
    assert dict(transport.requests[0].query)["filter[tagged][0][key]"] == "team"


@pytest.mark.parametrize("following", [1, "1", None, "x", 0])
async def test_pages_end(following: object) -> None:
    """A server that names a page again, or none, or nonsense, is not asked for ever (P83)."""
    page = answer(
        200,
        {
            "data": [resource("app-dev")],
            "meta": {"pagination": {"current-page": 1, "next-page": following}},
        },
    )
    transport = ScriptedTransport({f"GET {COLLECTION}": page})
    named = await list_workspaces(Client(transport, "acme"), PREFIX)
    assert [one.name for one in named] == ["dev"]
    assert len(transport.requests) <= 2


def tagged(*names: str) -> Response:
    """Return a page of workspaces."""
    return answer(200, {"data": [resource(name) for name in names]})


async def test_a_name_without_the_tag_is_refused() -> None:
    """Terraform refuses it too; the search of the server is fuzzy (P88)."""
    mode = ByTags((("net", ""), ("team", "a")))
    script = {
        f"GET {COLLECTION}": tagged("dev-2", "DEV"),
        f"GET {COLLECTION}/dev": found("dev"),
    }

    with pytest.raises(SelectionError, match="does not have the tags .* net, team=a; add"):
        await find_workspace(Client(ScriptedTransport(script), "acme"), mode, "dev")


async def test_a_name_with_the_tag_costs_one_request() -> None:
    """The list that shows its tags shows the workspace too (P88)."""
    transport = ScriptedTransport({f"GET {COLLECTION}": tagged("dev", "dev-2")})

    named = await find_workspace(Client(transport, "acme"), ByTags((("net", ""),)), "dev")

    assert named.remote.name == "dev"
    (request,) = transport.requests
    assert ("search[tags]", "net") in request.query


@pytest.mark.parametrize("short", ["nowhere", "default"])
async def test_a_missing_name_comes_with_the_tagged_ones(short: str) -> None:
    """The candidates are those of the configuration, also for nobody's choice (P87)."""
    script = {
        f"GET {COLLECTION}": tagged("dev", "prod"),
        f"GET {COLLECTION}/{short}": answer(404),
    }

    with pytest.raises(SelectionError, match="there are dev, prod$"):
        await find_workspace(
            Client(ScriptedTransport(script), "acme"), ByTags((("net", ""),)), short
        )


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        (
            ByName("app"),
            "no workspace app, .*`remote-backend workspace new app` makes it",
        ),
        (ByTags((("a", ""), ("b", "c"))), "the tags a, b=c, .* tags on the server"),
        (
            PREFIX,
            "starts with app-, .*; check the prefix; `remote-backend workspace new NAME` makes one",
        ),
    ],
)
async def test_what_to_do_without_workspaces_fits_the_mode(
    mode: WorkspaceMapping, told: str
) -> None:
    """`workspace new` is not advised where it is refused (P89, W9)."""
    client = Client(ScriptedTransport({f"GET {COLLECTION}": answer(403)}), "acme")

    assert re.search(told, message_of(await no_workspaces(client, mode)))


@pytest.mark.parametrize("version", ["1.11.4", None])
async def test_a_new_workspace_plans_with_the_version_that_is_given(
    version: str | None,
) -> None:
    """Without one nothing is said about versions, and the server decides (W5)."""
    script = {
        f"GET {COLLECTION}/app-dev": answer(404),
        f"POST {COLLECTION}": found("app-dev"),
    }
    transport = ScriptedTransport(script)

    await create_workspace(Client(transport, "acme"), PREFIX, "dev", version)

    body = transport.requests[-1].body
    assert isinstance(body, bytes)
    sent = json.loads(body)["data"]["attributes"]
    assert sent == {"name": "app-dev"} | ({"terraform-version": version} if version else {})
