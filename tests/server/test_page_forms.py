"""What people do on pages: plan again, cancel, lock, change variables, make tokens."""

import re

import pytest
from aiohttp import web

from remote_backend.server.named_tokens import create_token, list_tokens
from remote_backend.server.pages import views
from tests.support.browser import Browser

WORKSPACE = "/app/acme/workspaces/net-dev"
SLOW = "/app/acme/workspaces/net-slow"
POSTED = sorted(
    route.path
    for route in views.routes
    if isinstance(route, web.RouteDef)
    and route.method == "POST"
    and "/app/-/" not in route.path
)


async def log_in_as(browser: Browser, name: str) -> str:
    """Log in with a named token, and return it."""
    token = await create_token(browser.server.token_file.parent, name)
    await browser.log_in(token)
    return token


async def test_a_workspace_is_planned_again(browser: Browser) -> None:
    """With its last configuration and the options of the form; the run says who began it."""
    await browser.plan("dev")
    await log_in_as(browser, "anna")

    status, page = await browser.submit(
        WORKSPACE,
        f"{WORKSPACE}/runs",
        mode="refresh-only",
        targets="aws_vpc.a\r\n\r\n aws_vpc.b ",
        message="after <lunch>",
    )

    assert status == 200
    assert "after &lt;lunch&gt;" in page and "by anna" in page
    assert "refresh only, targets aws_vpc.a, aws_vpc.b" in page
    [newest, _] = await browser.request(
        "GET", "organizations/acme/runs?filter[operation]=plan_only,refresh_only"
    )
    assert newest["attributes"]["refresh-only"] is True
    assert newest["attributes"]["target-addrs"] == ["aws_vpc.a", "aws_vpc.b"]


async def test_a_workspace_without_configuration_is_not_planned(browser: Browser) -> None:
    """The page says what is missing."""
    await log_in_as(browser, "anna")

    status, page = await browser.submit(WORKSPACE, f"{WORKSPACE}/runs", mode="plan")

    assert status == 422
    assert "net-dev has no configuration version that a run can use: upload one." in page


async def test_a_canceled_run_says_who_canceled_it(browser: Browser) -> None:
    """The one who canceled, and the one who began; a second cancel is too late."""
    await browser.plan("dev")
    await log_in_as(browser, "anna")
    run = await browser.begin("net-slow")
    await browser.until(run, "planning")
    await log_in_as(browser, "bob")

    await browser.submit(run, f"{run}/cancel")
    page = await browser.until(run, "canceled by bob")
    again = await browser.http.post(
        f"{browser.server.url}{run}/cancel", data={"form_token": token_in(page)}
    )

    assert "by owner" in page and again.status == 409


def token_in(page: str) -> str:
    """Return what the forms of a page send."""
    [token, *_] = re.findall('name="form_token" value="([0-9a-f]+)"', page)
    return str(token)


async def test_a_lock_names_its_holder(browser: Browser) -> None:
    """Others can only force it; a second lock is refused; the reason is text."""
    locking = f"{WORKSPACE}/settings/locking"
    await log_in_as(browser, "anna")
    _, locked = await browser.submit(locking, action="lock", reason="<i>moving</i>")
    twice, _ = await browser.submit(locking, action="lock", reason="")
    await log_in_as(browser, "bob")
    _, overview = await browser.get(WORKSPACE)
    refused, why = await browser.submit(locking, action="unlock")
    _, forced = await browser.submit(locking, action="force-unlock")
    odd, _ = await browser.submit(locking, action="explode")

    assert "Locked by anna" in locked and ">Unlock</button>" in locked
    assert twice == 409
    assert "Locked by anna" in overview and "&lt;i&gt;moving&lt;/i&gt;" in overview
    assert (refused, "locked by User anna" in why) == (409, True)
    assert "The workspace is not locked." in forced
    assert odd == 422


async def test_variables_are_added_changed_and_removed(browser: Browser) -> None:
    """A sensitive value is never shown, and an empty field keeps it; wrong names are refused."""
    page = f"{WORKSPACE}/variables"
    await log_in_as(browser, "anna")
    _, added = await browser.submit(
        page, key="zones", value='["a",\r\n "b"]', hcl="1", category="terraform"
    )
    _, hidden = await browser.submit(
        page, key="PIN", value="1234", sensitive="1", category="env"
    )
    twice, problem = await browser.submit(page, key="PIN", value="1", category="env")
    wrong, _ = await browser.submit(page, key="no name", value="1", category="terraform")
    ids = dict(
        re.findall(
            r'action="[^"]*/variables/(var-\w+)/delete">.*?Delete (\w+)<', hidden, re.S
        )
    )
    pin, zones = (next(id for id, key in ids.items() if key == k) for k in ("PIN", "zones"))
    await browser.submit(page, f"{page}/{pin}", value="", description="of the door")
    _, left = await browser.submit(page, f"{page}/{zones}/delete")

    assert "[&quot;a&quot;,\n &quot;b&quot;]" in added and "HCL" in added
    assert "1234" not in hidden and "sensitive" in hidden
    assert (twice, wrong) == (422, 422)
    assert "variable PIN is there already." in problem
    assert "of the door" in left and "zones" not in left
    elsewhere, _ = await browser.submit(page, f"{SLOW}/variables/{pin}/delete")
    assert elsewhere == 404


async def test_a_value_that_no_form_brings_back_is_kept(browser: Browser) -> None:
    """Its line ends and invisible characters survive a change of the description."""
    await browser.log_in(browser.server.token)
    workspace = await browser.request("GET", "organizations/acme/workspaces/net-slow")
    value = "a\r\nb\u200b"
    attributes = {"key": "odd", "value": value, "category": "terraform"}
    path = f"workspaces/{workspace['id']}/vars"
    made = await browser.request("POST", path, {"data": {"attributes": attributes}})

    page = f"{SLOW}/variables"
    await browser.submit(page, f"{page}/{made['id']}", value="", description="new")
    changed = await browser.request("GET", f"{path}/{made['id']}")
    await browser.submit(page, f"{page}/{made['id']}", value="plain", description="new")
    replaced = await browser.request("GET", f"{path}/{made['id']}")

    assert (changed["attributes"]["value"], changed["attributes"]["description"]) == (
        value,
        "new",
    )
    assert replaced["attributes"]["value"] == "plain"


async def test_tokens_are_made_and_revoked(browser: Browser) -> None:
    """A new one is shown once, works at once, and its session ends with it."""
    page = "/app/settings/tokens"
    await browser.log_in(browser.server.token)
    _, made = await browser.submit(page, name="carl")
    [token] = re.findall(r'aria-label="Token of carl">([^<]+)</pre>', made)
    _, listed = await browser.get(page)
    wrong, why = await browser.submit(page, name="a b")
    twice, _ = await browser.submit(page, name="carl")
    owner, _ = await browser.submit(page, f"{page}/revoke", name="owner")
    await browser.log_in(token)
    _, as_carl = await browser.get("/app")
    status, after = await browser.submit(page, f"{page}/revoke", name="carl")

    assert "credentials &quot;" in made and token not in listed and "carl" in listed
    assert (wrong, "cannot name a token" in why, twice, owner) == (422, True, 422, 422)
    assert "<span>carl</span>" in as_carl
    assert status == 200 and 'href="/app">Log in</a>' in after
    users = await list_tokens(browser.server.token_file.parent)
    assert [user.name for user in users] == ["owner"]


@pytest.mark.parametrize("path", POSTED)
async def test_forms_of_others_are_refused(browser: Browser, path: str) -> None:
    """Without a session, without its token, with that of another session, from another site."""
    address = browser.server.url + re.sub(r"{\w+}", "acme", path)
    closed = [await browser.http.post(address, data={"name": "x"})]
    await browser.log_in(browser.server.token)
    _, page = await browser.get("/app/settings/tokens")
    own = token_in(page)
    closed += [
        await browser.http.post(address, data={"name": "x"}),
        await browser.http.post(address, data={"form_token": "0" * 64}),
        await browser.http.post(address, data={"form_token": "\u20ac"}),
        await browser.http.post(
            address, data={"form_token": own}, headers={"Sec-Fetch-Site": "cross-site"}
        ),
        await browser.http.get(address, allow_redirects=False),
    ]
    await log_in_as(browser, "anna")
    closed.insert(0, await browser.http.post(address, data={"form_token": own}))

    *posted, got = [response.status for response in closed]
    assert posted == [403] * 6
    assert got in (200, 302, 404, 405)
    tokens = await list_tokens(browser.server.token_file.parent)
    assert [user.name for user in tokens] == ["owner", "anna"]
