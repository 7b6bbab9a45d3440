"""No request is answered with 500, whatever it holds."""

import importlib
import json
import pkgutil
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web
from anyio.from_thread import BlockingPortal, start_blocking_portal
from attrs import Factory, frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remote_backend.server import routes
from remote_backend.server.auth import Signer
from remote_backend.server.embedded import EmbeddedServer, serve
from remote_backend.server.pages import views
from tests.support.raw_client import TOKEN, settings_in, slug

ROUTES = sorted(
    {
        (route.method, route.path)
        for module in pkgutil.iter_modules(routes.__path__)
        for route in importlib.import_module(f"{routes.__name__}.{module.name}").routes
        if isinstance(route, web.RouteDef)
    }
    | {
        (route.method, route.path)
        for route in views.routes
        if isinstance(route, web.RouteDef)
    }
    | {("PUT", "/{signed configuration}"), ("PUT", "/{signed new-state}")}
    | {("GET", f"/{{signed {kind}}}") for kind in ("archive", "log", "json-plan", "state")}
)
NAMES = (
    "name key value category hcl sensitive description global priority serial md5 state lineage "
    "force message plan-only is-destroy refresh refresh-only target-addrs variables tag-names "
    "working-directory terraform-version execution-mode operations auto-apply vcs-repo "
    "setting-overwrites trigger-patterns auto-destroy-at auto-destroy-activity-duration "
    "default-execution-mode speculative auto-queue-runs provisional reason comment "
    "id email session-timeout user-tokens-enabled organization-scoped agent-pool-id "
    "default-agent-pool-id"
).split()
RELATED = (
    "workspace project configuration-version tags tag-bindings workspaces projects vars parent run "
    "sourceable agent-pool default-agent-pool allowed-workspaces allowed-projects "
    "excluded-workspaces"
)
PARAMETERS = (
    "page[number] page[size] include sort q q[name] search[name] search[tags] search[basic] "
    "search[wildcard-name] filter[tagged][0][key] filter[tagged][0][value] filter[status] "
    "filter[operation] filter[timeframe] filter[status_group] filter[workspace_names] "
    "filter[names] filter[project][id] filter[workspace][name] filter[organization][name] "
    "filter[run-trigger][type] filter[allowed_workspaces][name] filter[nonsense]"
).split()

texts = st.text(max_size=12) | st.sampled_from(
    [
        "networking-dev",
        "acme",
        "name",
        "-name",
        "plan,workspace",
        "1",
        "²",
        "9" * 400,
        "remote",
    ]
)
values = st.recursive(
    st.none()
    | st.just("\ud800")
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
attributes = st.dictionaries(st.sampled_from(NAMES), values, max_size=4) | values
identifiers = st.fixed_dictionaries(
    {}, optional={"id": texts | values, "type": texts, "attributes": attributes}
)
relationships = st.dictionaries(
    st.sampled_from(RELATED.split()),
    st.fixed_dictionaries(
        {"data": identifiers | st.lists(identifiers, max_size=2) | values}
    )
    | values,
    max_size=3,
)
resources = st.fixed_dictionaries(
    {}, optional={"id": texts, "attributes": attributes, "relationships": relationships}
)
documents = (
    st.fixed_dictionaries({"data": resources | st.lists(identifiers, max_size=3) | values})
    | values
)
queries = st.dictionaries(st.sampled_from(PARAMETERS), texts, max_size=3)
header_values = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"),
    max_size=12,
) | st.sampled_from(
    (
        "bytes=5-2",
        "bytes=-9999999999999999999999",
        "gzip",
        "application/json; charset=nonsense",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded; charset=utf-16",
        "Wed, 99 Nov 2026 99:99:99 GMT",
        "session=a.²." + "9" * 400,
        "Bearer " + TOKEN + "\xff",
        "a:b:c",
        "[::1",
    )
)
headers = st.dictionaries(
    st.sampled_from(
        (
            *("Host", "Range", "If-Range", "If-Modified-Since", "If-None-Match", "Cookie"),
            *("Content-Type", "Content-Encoding", "Accept", "Accept-Encoding", "Expect"),
            *("Authorization", "X-Forwarded-Proto", "X-Forwarded-Host", "Origin"),
            *("User-Agent", "X-HTTP-Method-Override", "Sec-WebSocket-Key", "Upgrade"),
        )
    ),
    header_values,
    max_size=3,
)


@frozen
class Sent:
    """A request: its route, the parts of its path, its query and its body."""

    route: tuple[str, str]
    part: str
    known: bool
    query: dict[str, str]
    body: bytes
    headers: dict[str, str] = Factory(dict)


bodies = documents.map(json.dumps).map(str.encode) | st.binary(max_size=20)
requests = st.builds(
    Sent,
    st.sampled_from(ROUTES),
    texts.filter(bool),
    st.booleans(),
    queries,
    bodies,
    st.just({}) | headers,
)


@frozen
class Client:
    """A server, and requests from outside of its event loop."""

    portal: BlockingPortal
    server: EmbeddedServer
    session: aiohttp.ClientSession
    ids: dict[str, str]
    form_token: str

    def send(self, sent: Sent) -> int:
        """Send a request and return its status."""
        return self.portal.call(self._send, sent)

    async def _send(self, sent: Sent) -> int:
        method, path = sent.route
        # Later requests need the things that exist.
        is_known = sent.known and method != "DELETE" and "delete" not in path
        for name, id in self.ids.items():
            kept = "/" if name.startswith("signed") else ""
            path = path.replace(f"{{{name}}}", quote(id if is_known else sent.part, kept))
        query = "&".join(f"{quote(k, '')}={quote(v, '')}" for k, v in sent.query.items())
        async with self.session.request(
            method,
            f"{self.server.url}{path}?{query}",
            data=sent.body,
            headers=sent.headers,
            allow_redirects=False,
        ) as response:
            await response.read()
            return response.status


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Run one server for all requests."""
    folder: Path = tmp_path_factory.mktemp("any-request")
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serve(settings_in(folder), {})) as server,
        portal.wrap_async_context_manager(authorized_session()) as session,
    ):
        ids = portal.call(find_ids, server, session)
        signer = Signer((folder / "data" / "signing-secret").read_bytes().strip())
        for kind in ("configuration", "archive", "log", "json-plan", "state", "new-state"):
            id = ids[
                "configuration_id" if kind in ("configuration", "archive") else "run_id"
            ]
            ids[f"signed {kind}"] = signer.path(kind, id)[1:]
        form_token = portal.call(find_form_token, server, session)
        yield Client(portal, server, session, ids, form_token)


@asynccontextmanager
async def authorized_session() -> AsyncIterator[aiohttp.ClientSession]:
    """Open a session, inside its event loop, that sends the token with each request."""
    jar = aiohttp.CookieJar(unsafe=True)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.ClientSession(headers=headers, cookie_jar=jar) as session:
        yield session


async def find_form_token(server: EmbeddedServer, session: aiohttp.ClientSession) -> str:
    """Return what the forms of a session must send."""
    async with session.get(f"{server.url}/app/settings/tokens") as response:
        [token, *_] = re.findall(
            'name="form_token" value="([0-9a-f]+)"', await response.text()
        )
    return str(token)


async def find_ids(
    server: EmbeddedServer, session: aiohttp.ClientSession
) -> dict[str, str]:
    """Return ids of things that exist, by the names that paths have for them."""
    base = f"{server.url}/api/v2"
    await session.post(f"{server.url}/app/-/login", data={"token": TOKEN})

    async def data(method: str, path: str, body: Any = None) -> Any:
        async with session.request(method, f"{base}/{path}", json=body) as response:
            return (await response.json(content_type=None))["data"]

    workspace = (await data("GET", "organizations/acme/workspaces/other"))["id"]
    manual = {"data": {"attributes": {"auto-queue-runs": False, "speculative": True}}}
    version = await data("POST", f"workspaces/{workspace}/configuration-versions", manual)
    await session.put(version["attributes"]["upload-url"], data=slug())
    workspace_of_run = {"workspace": {"data": {"type": "workspaces", "id": workspace}}}
    batch = f"batch-{'0' * 16}"
    run_data = {"relationships": workspace_of_run, "attributes": {"message": f"({batch})"}}
    run = await data("POST", "runs", {"data": run_data})
    named = {"data": {"attributes": {"name": "shared", "value": "key"}}}
    source = await data("GET", "organizations/acme/workspaces/networking-dev")
    sourceable = {"sourceable": {"data": {"type": "workspaces", "id": source["id"]}}}
    trigger = {"data": {"relationships": sourceable}}
    variable = {"data": {"attributes": {"key": "x", "category": "terraform"}}}
    made = await data("POST", f"workspaces/{workspace}/vars", variable)
    return {
        "organization": "acme",
        "workspace_id": workspace,
        "workspace_name": "other",
        "workspace": "other",
        "name": "pages.css",
        "batch_id": batch,
        "suffix": "json",
        "page": "runs",
        "item": run["id"],
        "part": "log",
        "configuration_id": version["id"],
        "project_id": (await data("GET", "organizations/acme/projects"))[0]["id"],
        "variable_set_id": (await data("POST", "organizations/acme/varsets", named))["id"],
        "variable_id": made["id"],
        "agent_pool_id": (await data("POST", "organizations/acme/agent-pools", named))[
            "id"
        ],
        "ssh_key_id": (await data("POST", "organizations/acme/ssh-keys", named))["id"],
        "run_trigger_id": (
            await data("POST", f"workspaces/{workspace}/run-triggers", trigger)
        )["id"],
        "user_id": (await data("GET", "account/details"))["id"],
        **dict.fromkeys(
            (
                *("run_id", "plan_id", "apply_id", "cost_estimate_id", "policy_check_id"),
                *("state_version_id", "output_id", "tag_id", "comment_id"),
                *("run_event_id", "state_id"),
            ),
            run["id"],
        ),
    }


def test_all_parts_of_paths_are_known(client: Client) -> None:
    """The test below fills each part of each path."""
    parts = {part for _, path in ROUTES for part in re.findall(r"{(.*?)}", path)}

    assert len(ROUTES) > 100
    assert parts <= set(client.ids)


def test_logs_are_followed_from_any_offset(client: Client) -> None:
    """An offset of more digits than Python reads is the end of the log (S16)."""
    route = ("GET", "/app/{organization}/workspaces/{workspace}/runs/{run_id}/log")
    offsets = ("9" * 30, "9" * 5000)
    statuses = {client.send(Sent(route, "x", True, {"offset": n}, b"")) for n in offsets}

    assert statuses == {400}


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(sent=requests)
def test_no_request_breaks_the_server(client: Client, sent: Sent) -> None:
    """Each route, with random documents, queries, headers and parts of its path (S16)."""
    assert client.send(sent) < 500


FIELDS = (
    "action reason mode targets message key value category hcl sensitive description name "
    "workspace all batch search result tag sort locked page"
).split()
FORM_ROUTES = [
    route for route in ROUTES if route[0] == "POST" and route[1].startswith("/app/")
]
form_fields = st.dictionaries(
    st.sampled_from(FIELDS),
    texts | st.sampled_from(("lock", "destroy", "other", "1")),
    max_size=4,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(route=st.sampled_from(FORM_ROUTES), part=texts.filter(bool), fields=form_fields)
def test_no_form_breaks_the_server(
    client: Client, route: tuple[str, str], part: str, fields: dict[str, str]
) -> None:
    """Each form of a page, with the token of its session and anything in its fields."""
    form = {**fields, "form_token": client.form_token}
    body = "&".join(f"{name}={quote(value, '')}" for name, value in form.items()).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    is_known = len(part) % 2 == 0
    sent = Sent(route, part, is_known, {}, body, headers)

    assert client.send(sent) < 500


def test_half_a_character_is_refused(client: Client) -> None:
    """JSON can escape what no database stores, in a name or in an id; whole ones are fine."""
    path = ("POST", "/api/v2/organizations/{organization}/varsets")
    statuses = [
        client.send(
            Sent(path, "x", True, {}, b'{"data": {"attributes": {"name": "%s"}}}' % name)
        )
        for name in (rb"\ud83d", rb"\ud83d\ude00")
    ]

    assert statuses == [400, 201]


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_each_route_survives_a_nested_document(
    client: Client, route: tuple[str, str]
) -> None:
    """A thousand levels in the body, and a query that repeats (S16)."""
    body = b'{"data":' + b"[" * 1000 + b"]" * 1000 + b"}"

    assert client.send(Sent(route, "x", True, {"include": "x" * 3000}, body)) < 500
