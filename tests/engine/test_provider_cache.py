"""Packages of providers that runs share."""

import os
from pathlib import Path

import anyio
import pytest

from remote_backend.engine.lock_file import LOCK_FILE
from remote_backend.engine.provider_cache import ProviderCache, providers_in
from tests.support.provider_mirrors import ADDRESS, SYSTEM_NAME, lock_text, write_package

KEPT = Path("kept", ADDRESS, "1.2.3", SYSTEM_NAME)


def run_folders(folder: Path, name: str, lock: str = "") -> tuple[Path, Path]:
    """Return the plugin cache and the configuration of a new run."""
    configuration = folder / name
    configuration.mkdir()
    (configuration / "main.tf").write_text("# the same for all")
    if lock:
        (configuration / LOCK_FILE).write_text(lock)
    return folder / f"{name}.engine" / "plugins", configuration


async def install(cache: ProviderCache, folder: Path, name: str, lock: str = "") -> Path:
    """Do what `init` does: install what is not in the cache of the run; return its package."""
    plugins, configuration = run_folders(folder, name, lock)
    package = plugins / ADDRESS / "1.2.3" / SYSTEM_NAME
    async with cache.linked_into(plugins, configuration):
        if not package.exists():
            write_package(plugins)
    return package


async def test_a_package_is_moved_and_then_linked(tmp_path: Path) -> None:
    """The run that downloaded it has a link too, and the program can be executed."""
    cache = ProviderCache(tmp_path / "kept")

    first = await install(cache, tmp_path, "one")
    second = await install(cache, tmp_path, "two")

    assert first.is_symlink() and second.is_symlink()
    assert first.resolve() == second.resolve() == tmp_path / KEPT
    assert os.access(second / "terraform-provider-fake_v1.2.3", os.X_OK)


async def test_nothing_is_kept_of_a_run_that_fails(tmp_path: Path) -> None:
    """What it downloaded may be half of a package; the next run of its kind does not wait."""
    cache = ProviderCache(tmp_path / "kept")
    plugins, configuration = run_folders(tmp_path, "one")
    with pytest.raises(ZeroDivisionError):
        async with cache.linked_into(plugins, configuration):
            write_package(plugins)
            raise ZeroDivisionError

    with anyio.fail_after(10):
        package = await install(cache, tmp_path, "two")

    assert package.resolve() == tmp_path / KEPT


async def test_configurations_that_are_known_are_forgotten_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that runs for years plans many of them."""
    monkeypatch.setattr("remote_backend.engine.provider_cache._MOST_KEYS", 2)
    cache = ProviderCache(tmp_path / "kept")
    for number in range(5):
        plugins, configuration = run_folders(tmp_path, str(number))
        (configuration / "main.tf").write_text(f"# {number}")
        async with cache.linked_into(plugins, configuration):
            pass

    assert len(cache._firsts) <= 2


async def test_a_package_without_its_record_is_replaced(tmp_path: Path) -> None:
    """A server that was killed between the two steps may have left it."""
    (tmp_path / KEPT).mkdir(parents=True)
    (tmp_path / KEPT / "half").touch()

    await install(ProviderCache(tmp_path / "kept"), tmp_path, "one")

    assert [path.name for path in (tmp_path / KEPT).iterdir()] == [
        "terraform-provider-fake_v1.2.3"
    ]


async def test_a_lock_file_that_is_not_understood_gets_no_links(tmp_path: Path) -> None:
    """The hashes in it are for Terraform to check, with a package from the source."""
    cache = ProviderCache(tmp_path / "kept")
    await install(cache, tmp_path, "one")
    odd = lock_text("h1:other").replace("{\n", "{ ", 1)

    package = await install(cache, tmp_path, "two", odd)

    assert not package.is_symlink()


async def test_a_linked_lock_file_is_left_alone(tmp_path: Path) -> None:
    """Other folders may use it too."""
    cache = ProviderCache(tmp_path / "kept")
    await install(cache, tmp_path, "one")
    plugins, configuration = run_folders(tmp_path, "two")
    (tmp_path / "shared.hcl").write_text(lock_text("h1:other"))
    (configuration / LOCK_FILE).symlink_to(tmp_path / "shared.hcl")

    async with cache.linked_into(plugins, configuration):
        assert not list(plugins.iterdir())


async def test_unused_packages_are_removed(tmp_path: Path) -> None:
    """Those that a run has used since the time stay."""
    cache = ProviderCache(tmp_path / "kept")
    await install(cache, tmp_path, "one")
    record = (tmp_path / KEPT).with_name(f"{SYSTEM_NAME}.json")
    os.utime(record, (1000, 1000))

    cache.remove_unused(before=1000)
    assert (tmp_path / KEPT).exists()
    cache.remove_unused(before=1001)

    assert not (tmp_path / KEPT).exists() and not record.exists()
    assert (await install(cache, tmp_path, "two")).resolve() == tmp_path / KEPT


async def test_a_run_marks_the_packages_that_it_uses(tmp_path: Path) -> None:
    """Others are linked too and count as unused."""
    cache = ProviderCache(tmp_path / "kept")
    await install(cache, tmp_path, "one")
    record = (tmp_path / KEPT).with_name(f"{SYSTEM_NAME}.json")
    marks = []
    for name, uses in (("two", False), ("three", True)):
        os.utime(record, (1000, 1000))
        plugins, configuration = run_folders(tmp_path, name)
        async with cache.linked_into(plugins, configuration):
            used = configuration / ".terraform/providers" / ADDRESS / "1.2.3"
            used.mkdir(parents=True)
            if uses:
                (used / SYSTEM_NAME).symlink_to(plugins / ADDRESS / "1.2.3" / SYSTEM_NAME)
        marks.append(record.stat().st_mtime > 1000)

    assert marks == [False, True]


async def test_a_system_without_links_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows allows links to some users only; runs have their packages all the same."""
    cache = ProviderCache(tmp_path / "kept")
    await install(cache, tmp_path, "one")

    def refuse(*_: object, **__: object) -> None:
        raise OSError("a required privilege is not held by the client")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    second = await install(cache, tmp_path, "two")
    third = await install(ProviderCache(tmp_path / "other"), tmp_path, "three")

    for package in (second, third):
        assert (package / "terraform-provider-fake_v1.2.3").is_file()
        assert not package.is_symlink()


def test_the_providers_of_a_mirror_are_its_folders(tmp_path: Path) -> None:
    """Both forms of mirrors have one for each provider."""
    write_package(tmp_path)
    (tmp_path / "notes.txt").touch()

    assert providers_in(tmp_path) == [ADDRESS]
    assert providers_in(None) == []
