"""Providers are installed once, from where they should come, and as the lock file says."""

import os
import re
import shlex
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import pytest
from attrs import evolve

from remote_backend.errors import SettingsError
from remote_backend.server.embedded import serve
from tests.support.fake_engines import write_engine
from tests.support.provider_mirrors import (
    ADDRESS,
    CONFIGURATION,
    SYSTEM_NAME,
    NetworkMirror,
    lock_text,
    network_mirror,
    provider_archive,
    write_package,
)
from tests.support.raw_client import RawClient, archive_of, settings_in
from tests.support.servers import hosted
from tests.support.terraform_clients import TERRAFORM_1_15

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="providers are scripts")
SYSTEM = {"PATH": os.environ["PATH"]}
WRONG = "h1:AAAAqC8qZSD4Yb3HkA4nYNUYBE1kdUwYmr4fGKTQSoA="


@pytest.fixture
async def mirror(tmp_path: Path) -> AsyncIterator[NetworkMirror]:
    """Serve the provider over the network."""
    async with network_mirror(tmp_path / "mirror") as served:
        yield served


@asynccontextmanager
async def serving(
    folder: Path, environ: dict[str, str], **settings: Any
) -> AsyncIterator[RawClient]:
    """Run a server whose engine is Terraform for `init`; plans would start the provider."""
    init = f'exec {shlex.join(TERRAFORM_1_15)} "$@"'
    engine = write_engine(folder / "terraform", "1.15.5", init=init)
    chosen = evolve(settings_in(folder), engine=str(engine), workers=4, **settings)
    async with (
        hosted(serve(chosen, {**SYSTEM, **environ})) as server,
        aiohttp.ClientSession() as session,
    ):
        yield RawClient(server, session, folder)


async def planned(client: RawClient, lock: str | None = None) -> tuple[str, str]:
    """Plan a configuration that needs the provider; return the status and the log.

    Lines of Terraform are joined, because it breaks them by their width.
    """
    files = {"main.tf": CONFIGURATION.encode()}
    if lock is not None:
        files[".terraform.lock.hcl"] = lock.encode()
    dev = await client.workspace()
    run_id = (await client.run(dev, await client.uploaded(dev, archive_of(files)))).data[
        "id"
    ]
    run = await client.until(run_id, "planned_and_finished", "errored")
    log = re.sub(r"(\x1b\[[0-9;]*m|│|\s)+", " ", await client.log(run_id))
    return run["attributes"]["status"], log


def kept_package(client: RawClient) -> Path:
    """Return where the server keeps the provider."""
    return client.folder / "data" / "providers" / ADDRESS / "1.2.3" / SYSTEM_NAME


async def test_concurrent_runs_download_a_provider_once(
    tmp_path: Path, mirror: NetworkMirror
) -> None:
    """The first run goes ahead, and later ones find the package, also after a restart."""
    results: list[tuple[str, str]] = []
    async with serving(tmp_path, mirror.environ(tmp_path)) as client:

        async def plan() -> None:
            results.append(await planned(client))

        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(plan)
    async with serving(tmp_path, mirror.environ(tmp_path)) as client:
        results.append(await planned(client))
        assert kept_package(client).is_dir()

    assert [status for status, _ in results] == ["planned_and_finished"] * 4, results
    assert mirror.downloads == 1


async def test_a_locked_provider_is_kept_with_its_hash(
    tmp_path: Path, mirror: NetworkMirror
) -> None:
    """The lock file of another system has archives and no hash of this system's package."""
    locks = {
        "package": lock_text(mirror.package_hash(tmp_path / "unpacked")),
        "archives": lock_text(WRONG, "zh:of-another-system", mirror.archive_hash),
        "more archives": lock_text(
            "zh:one-more", "zh:of-another-system", mirror.archive_hash
        ),
    }
    downloads = {}
    async with serving(tmp_path, mirror.environ(tmp_path)) as client:
        for name in ("archives", "archives", "package", "more archives"):
            status, log = await planned(client, locks[name])
            assert status == "planned_and_finished", log
            downloads[name] = mirror.downloads

    assert set(downloads.values()) == {1}


@pytest.mark.parametrize("hash", [WRONG, "zh:of-another-system"])
async def test_a_provider_with_another_hash_is_refused(
    tmp_path: Path, mirror: NetworkMirror, hash: str
) -> None:
    """Terraform says so, whether the package is kept already or not; others go on."""
    async with serving(tmp_path, mirror.environ(tmp_path)) as client:
        before = await planned(client, lock_text(hash))
        good = await planned(client)
        after = await planned(client, lock_text(hash))
        last = await planned(client)

    for status, log in (before, after):
        assert status == "errored"
        assert "doesn't match any of the checksums" in log
        assert "1.2.3" in log
    assert good[0] == last[0] == "planned_and_finished"


async def test_a_filesystem_mirror_has_its_providers_alone(
    tmp_path: Path, mirror: NetworkMirror
) -> None:
    """Nothing is asked over the network for them, nothing copied, and a new build is seen at once."""
    package = write_package(tmp_path / "files")
    files = tmp_path / "files"
    async with serving(tmp_path, mirror.environ(tmp_path), provider_mirror=files) as client:
        first = await planned(client)
        (package / "terraform-provider-fake_v1.2.3").write_bytes(b"#!/bin/sh\nexit 2\n")
        second = await planned(client)
        assert not kept_package(client).exists()

    assert first[0] == second[0] == "planned_and_finished", first[1]
    assert not mirror.requests


async def test_a_packed_mirror_can_be_used(tmp_path: Path) -> None:
    """Its archives are unpacked for each run, because they may change."""
    folder = tmp_path / "files" / ADDRESS
    folder.mkdir(parents=True)
    name = f"terraform-provider-fake_1.2.3_{SYSTEM_NAME}.zip"
    (folder / name).write_bytes(provider_archive())
    async with serving(tmp_path, {}, provider_mirror=tmp_path / "files") as client:
        status, log = await planned(client)
        assert not kept_package(client).exists()

    assert status == "planned_and_finished", log


async def test_builds_of_one_configuration_or_workspace_are_not_shared(
    tmp_path: Path, mirror: NetworkMirror
) -> None:
    """Archives in `terraform.d/plugins`, and what a CLI configuration of the workspace leads to."""
    bundled = (
        f"terraform.d/plugins/{ADDRESS}/terraform-provider-fake_1.2.3_{SYSTEM_NAME}.zip"
    )
    files = {"main.tf": CONFIGURATION.encode()}
    async with serving(tmp_path, {"SSL_CERT_FILE": str(mirror.ca_file)}) as client:
        dev = await client.workspace()
        path = f"/api/v2/workspaces/{dev}/vars"
        for archive in ({**files, bundled: provider_archive()}, files):
            run = await client.run(dev, await client.uploaded(dev, archive_of(archive)))
            await client.until(run.data["id"], "planned_and_finished")
            assert not kept_package(client).exists()
            name, value = (
                "TF_CLI_CONFIG_FILE",
                mirror.environ(tmp_path)["TF_CLI_CONFIG_FILE"],
            )
            attributes = {"key": name, "value": value, "category": "env"}
            await client("POST", path, {"data": {"type": "vars", "attributes": attributes}})

    assert mirror.downloads == 1


async def test_a_provider_that_is_nowhere_fails_its_run_alone(
    tmp_path: Path, mirror: NetworkMirror
) -> None:
    """The message is that of Terraform, and the next run of this configuration does not wait."""
    async with serving(tmp_path, mirror.environ(tmp_path)) as client:
        missing = CONFIGURATION.replace("acme/fake", "acme/gone")
        dev = await client.workspace()
        version = await client.uploaded(dev, archive_of({"main.tf": missing.encode()}))
        for _ in range(2):
            run_id = (await client.run(dev, version)).data["id"]
            await client.until(run_id, "errored")
            assert "Failed to query available provider packages" in await client.log(run_id)


async def test_a_mirror_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Before the server listens to anyone."""
    settings = evolve(settings_in(tmp_path), provider_mirror=tmp_path / "gone")

    with pytest.raises(SettingsError, match=r"mirror .*gone is not a folder"):
        async with serve(settings, SYSTEM):
            pass
