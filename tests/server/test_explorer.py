"""Explorer views come from the newest configuration of each workspace."""

import pytest

from remote_backend.server.components import Component
from tests.support.raw_client import RawClient, archive_of

EXPLORER = "/api/v2/organizations/acme/explorer"
TEXTS = {
    "main.tf": 'module "vpc" {\n  source  = "terraform-aws-modules/vpc/aws"\n  version = "5.1.0"\n}\n'
    'module "own" {\n  source = "./own"\n}\nmodule "out" {\n  source = "../.."\n}\n',
    "own/main.tf.json": '{"module": {"dns": {"source": "git::https://git.test/dns.git"}}}',
    "unused/main.tf": 'module "x" {\n  source = "a/unused/b"\n}\n',
    ".terraform.lock.hcl": 'provider "registry.terraform.io/hashicorp/aws" {\n  version = "5.60.0"\n}\n',
}
FILES = {name: text.encode() for name, text in TEXTS.items()}


async def rows(raw_client: RawClient, query: str) -> list[dict[str, object]]:
    """Return the attributes of the rows that a query returns."""
    answer = await raw_client("GET", f"{EXPLORER}?{query}")
    assert answer.status == 200
    return [resource["attributes"] for resource in answer.data]


async def test_modules_are_those_that_the_configuration_reaches(
    raw_client: RawClient,
) -> None:
    """Local modules are followed within the archive, and are not rows of their own."""
    workspace = await raw_client.workspace()
    await raw_client.uploaded(workspace, archive_of(FILES))

    assert await rows(raw_client, "type=modules") == [
        {
            "name": "dns",
            "source": "git::https://git.test/dns.git",
            "version": None,
            "workspace-count": 1,
            "workspaces": "networking-dev",
        },
        {
            "name": "vpc",
            "source": "terraform-aws-modules/vpc/aws",
            "version": "5.1.0",
            "workspace-count": 1,
            "workspaces": "networking-dev",
        },
    ]


async def test_providers_are_those_of_the_lock_file(raw_client: RawClient) -> None:
    """The lock file has exact versions."""
    workspace = await raw_client.workspace()
    await raw_client.uploaded(workspace, archive_of(FILES))

    assert await rows(raw_client, "type=providers") == [
        {
            "name": "aws",
            "source": "registry.terraform.io/hashicorp/aws",
            "version": "5.60.0",
            "workspace-count": 1,
            "workspaces": "networking-dev",
        }
    ]


async def test_workspaces_and_versions(raw_client: RawClient) -> None:
    """Each workspace is a row, also one without a configuration; versions have their users."""
    workspace = await raw_client.workspace()
    await raw_client.uploaded(workspace, archive_of(FILES))

    found = await rows(
        raw_client, "type=workspaces&filter[0][workspace_name][is][0]=networking-dev"
    )
    versions = await rows(raw_client, "type=tf_versions")

    assert [row["modules"] for row in found] == [
        "git::https://git.test/dns.git, terraform-aws-modules/vpc/aws/5.1.0"
    ]
    assert found[0]["external-id"] == workspace
    assert "networking-dev" in str(versions[0]["workspaces"])


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("filter[0][name][is][0]=vpc", ["vpc"]),
        ("filter[0][source][contains][0]=git", ["dns"]),
        ("filter[0][name][is_not][0]=vpc", ["dns"]),
        ("filter[0][name][contains][0]=v&filter[1][version][is][0]=5.0", []),
    ],
)
async def test_filters_are_all_applied(
    raw_client: RawClient, query: str, names: list[str]
) -> None:
    """With several filters a row must pass each."""
    await raw_client.uploaded(await raw_client.workspace(), archive_of(FILES))

    found = await rows(raw_client, f"type=modules&{query}")

    assert [row["name"] for row in found] == names


@pytest.mark.parametrize(
    "query",
    [
        "type=resources",
        "",
        "type=modules&filter[0][name][gt][0]=1",
        "type=modules&filter[0][size][is][0]=1",
        "type=modules&filter[name]=vpc",
        "type=modules&sort=name",
    ],
)
async def test_what_is_not_understood_is_refused(raw_client: RawClient, query: str) -> None:
    """A filter that is ignored would return too much."""
    await raw_client.uploaded(await raw_client.workspace(), archive_of(FILES))

    assert (await raw_client("GET", f"{EXPLORER}?{query}")).status == 400


async def test_a_broken_archive_has_no_components(raw_client: RawClient) -> None:
    """It does not end the view of the others."""
    await raw_client.uploaded(await raw_client.workspace(), b"no archive")

    assert await rows(raw_client, "type=modules") == []


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("terraform-aws-modules/vpc/aws", "vpc"),
        ("app.terraform.io/acme/vpc/aws", "vpc"),
        ("git::https://git.test/acme/dns.git?ref=v1", "dns"),
        ("github.com/acme/net", "net"),
        ("registry.terraform.io/hashicorp/aws", "aws"),
    ],
)
def test_names_of_components(source: str, name: str) -> None:
    """The name is the part of the source that people say."""
    assert Component(source).name == name
