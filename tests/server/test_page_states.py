"""States on pages: the list, one with what differs, and never a sensitive value."""

import hashlib
import json
from base64 import b64encode
from typing import Any

from tests.support.browser import Browser

STATES = "/app/acme/workspaces/net-dev/states"
PROVIDER = 'provider["registry.terraform.io/hashicorp/aws"]'


def state(serial: int, subnets: int) -> bytes:
    """Return a state with secrets in outputs and attributes."""
    resources = [
        {
            "mode": "managed",
            "type": "aws_db_instance",
            "name": "main",
            "provider": PROVIDER,
            "instances": [{"attributes": {"password": f"hush-{serial}", "id": "db"}}],
        },
        {
            "mode": "managed",
            "type": "aws_subnet",
            "name": "private",
            "provider": PROVIDER,
            "instances": [
                {"index_key": f"<b>{number}</b>", "attributes": {}}
                for number in range(subnets)
            ],
        },
    ]
    outputs = {
        "vpc_id": {"value": f"vpc-<i>{serial}</i>", "type": "string"},
        "password": {"value": f"hush-{serial}", "type": "string", "sensitive": True},
    }
    document = {
        "version": 4,
        "terraform_version": "1.11.4",
        "serial": serial,
        "lineage": "line",
        "outputs": outputs,
        "resources": resources,
    }
    return json.dumps(document).encode()


async def stored(browser: Browser, *states: bytes) -> list[Any]:
    """Store states in net-dev and return their resources."""
    workspace = (await browser.request("GET", "organizations/acme/workspaces/net-dev"))[
        "id"
    ]
    await browser.request("POST", f"workspaces/{workspace}/actions/lock")
    versions = []
    for serial, data in enumerate(states, 1):
        attributes = {
            "serial": serial,
            "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
            "lineage": "line",
            "state": b64encode(data).decode(),
        }
        versions.append(
            await browser.request(
                "POST",
                f"workspaces/{workspace}/state-versions",
                {"data": {"attributes": attributes}},
            )
        )
    return versions


async def test_states_show_all_but_secrets(browser: Browser) -> None:
    """Outputs, resources and differences by name; the download has the bytes as they are."""
    data = state(2, 3)
    _, newest = await stored(browser, state(1, 2), data)
    await browser.log_in(browser.server.token)
    _, listed = await browser.get(STATES)
    _, page = await browser.get(f"{STATES}/{newest['id']}")
    _, overview = await browser.get("/app/acme/workspaces/net-dev")
    async with browser.http.get(
        f"{browser.server.url}{STATES}/{newest['id']}/download"
    ) as response:
        disposition = response.headers["Content-Disposition"]
        downloaded = await response.read()

    assert "serial 2" in listed and "owner" in listed and "4 resources" in listed
    for shown in (page, overview):
        assert "vpc-&lt;i&gt;2&lt;/i&gt;" in shown and "hush" not in shown
        assert "registry.terraform.io/hashicorp/aws<" in shown.replace("<wbr>", "")
    plain = page.replace("<wbr>", "")
    assert "Differs from serial 1" in page and "changed: password" in page
    assert (
        "aws_subnet.private[&quot;&lt;b&gt;2&lt;/b&gt;&quot;]</code></th><td>new" in plain
    )
    assert downloaded == data and disposition == 'attachment; filename="net-dev-2.tfstate"'


async def test_states_of_other_workspaces_are_not_there(browser: Browser) -> None:
    """A path names a workspace and one of its own states."""
    [version] = await stored(browser, state(1, 1))
    await browser.log_in(browser.server.token)
    for path in (
        f"/app/acme/workspaces/net-slow/states/{version['id']}",
        f"/app/acme/workspaces/net-slow/states/{version['id']}/download",
        f"{STATES}/sv-0",
        f"{STATES}/sv-0/download",
    ):
        assert (await browser.get(path))[0] == 404
